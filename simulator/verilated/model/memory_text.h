// Reads the text of a memory model: "name,key=value,...". Values are decimal numbers.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace tessera::cycle {

class MemoryText {
public:
  explicit MemoryText(const std::string &text) {
    std::size_t at = 0;
    for (bool first = true; at <= text.size(); first = false) {
      std::size_t comma = text.find(',', at);
      if (comma == std::string::npos)
        comma = text.size();
      std::string part = text.substr(at, comma - at);
      at = comma + 1;
      if (first) {
        name_ = part;
        continue;
      }
      std::size_t equals = part.find('=');
      char *end = nullptr;
      uint64_t value = equals == std::string::npos ? 0 : std::strtoull(part.c_str() + equals + 1, &end, 10);
      if (equals == std::string::npos || equals + 1 == part.size() || *end != 0)
        error_ = "memory model parameter '" + part + "' is not key=number";
      else
        values_.emplace_back(part.substr(0, equals), value);
    }
  }

  const std::string &name() const { return name_; }

  /// The value of `key`, which counts as known from then on.
  uint64_t take(const char *key, uint64_t fallback, uint64_t least, uint64_t greatest) {
    for (std::size_t k = 0; k < values_.size(); ++k) {
      if (values_[k].first != key)
        continue;
      uint64_t value = values_[k].second;
      values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(k));
      if (value < least || value > greatest)
        error_ = std::string("memory model parameter ") + key + " " + std::to_string(value) + " is not in " +
                 std::to_string(least) + " to " + std::to_string(greatest);
      return value;
    }
    return fallback;
  }

  /// Empty if all was understood.
  std::string error() const {
    if (error_.empty() && !values_.empty())
      return "memory model " + name_ + " has no parameter '" + values_.front().first + "'";
    return error_;
  }

private:
  std::string name_, error_;
  std::vector<std::pair<std::string, uint64_t>> values_;
};

} // namespace tessera::cycle
