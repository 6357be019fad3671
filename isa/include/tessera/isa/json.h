// A small JSON reader and writer of strings, for machine files and the metadata of program images. Errors carry line and
// column. Depth is limited to 32, so no input can exhaust the stack.
#pragma once

#include "tessera/isa/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::isa::json {

struct Value {
  enum class Kind { Null, Boolean, Integer, Real, String, Array, Object };
  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0;
  double real = 0; ///< of a Real, and of an Integer too
  std::string string;
  std::vector<Value> items;      ///< of an array, or the members of an object in the order of the text
  std::vector<std::string> keys; ///< of an object, unique, as long as items

  /// The member of an object, or null.
  const Value *find(std::string_view key) const;
};

/// RFC 8259. A number without fraction and exponent must fit int64; \u escapes stay in the basic multilingual plane; keys of an
/// object must differ.
Expected<Value> parse(std::string_view text);

/// The text as a JSON string, with quotes.
std::string quote(std::string_view text);

} // namespace tessera::isa::json
