#include "option_text.h"

#include <charconv>

namespace tessera::driver {

std::vector<std::pair<std::string, std::string>> splitOptions(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> items;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const size_t equals = item.find('=');
    items.emplace_back(item.substr(0, equals), equals == item.npos ? "" : item.substr(equals + 1));
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
  }
  return items;
}

std::optional<uint64_t> parseNumber(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

} // namespace tessera::driver
