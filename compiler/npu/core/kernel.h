// An affine kernel as record.h takes it: a nest of loops over micro-ops, outermost first.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tessera::compiler::npu {

struct Kernel {
  struct Loop {
    uint32_t extent;
    uint32_t dst, src, wgt; // steps of the three indices, in elements
    bool operator==(const Loop &) const = default;
  };
  std::vector<Loop> loops;
  uint32_t reduceLoops = 0; // how many of the innermost loops walk the reduction
  bool operator==(const Kernel &) const = default;

  // Largest index that a micro-op of the kernel has: dst, src, wgt.
  std::array<uint32_t, 3> reach() const {
    std::array<uint32_t, 3> last{0, 0, 0};
    for (const Loop &loop : loops) {
      last[0] += (loop.extent - 1) * loop.dst;
      last[1] += (loop.extent - 1) * loop.src;
      last[2] += (loop.extent - 1) * loop.wgt;
    }
    return last;
  }
};

} // namespace tessera::compiler::npu
