// Runs of indices: rows, columns and channel blocks of a layer, cut into pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tessera::compiler::npu {

struct Range {
  uint32_t begin = 0, end = 0;
  uint32_t size() const { return end - begin; }
  bool operator==(const Range &) const = default;
};

// [0, total) in pieces of `size`, the last one shorter.
inline std::vector<Range> cut(uint32_t total, uint32_t size) {
  std::vector<Range> ranges;
  for (uint32_t begin = 0; begin < total; begin += size)
    ranges.push_back({begin, std::min(begin + size, total)});
  return ranges;
}

} // namespace tessera::compiler::npu
