// Option texts: "name,key=value,key=value".
#ifndef TESSERA_DRIVER_OPTION_TEXT_H
#define TESSERA_DRIVER_OPTION_TEXT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::driver {

/// The items in order; an item without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> splitOptions(std::string_view text);

/// A whole number, decimal or 0x; nothing where `text` is something else or too large.
std::optional<uint64_t> parseNumber(std::string_view text);

} // namespace tessera::driver

#endif
