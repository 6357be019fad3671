// A small JSON reader for machine files: objects, arrays, strings, integers, true, false and null. Errors carry line and
// column. Depth is limited, so no input can exhaust the stack.
#pragma once

#include "tessera/isa/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::isa::json {

struct Value {
  enum class Kind { Null, Boolean, Integer, String, Array, Object };
  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0;
  std::string string;
  std::vector<Value> items;      ///< of an array, or the members of an object in the order of the text
  std::vector<std::string> keys; ///< of an object, unique, as long as items

  /// The member of an object, or null.
  const Value *find(std::string_view key) const;
};

/// Numbers must be whole and fit int64; everything else is RFC 8259, escapes limited to the basic multilingual plane.
Expected<Value> parse(std::string_view text);

} // namespace tessera::isa::json
