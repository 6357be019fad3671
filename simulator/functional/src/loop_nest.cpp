#include "loop_nest.h"

#include <algorithm>

namespace tessera::simulator {

isa::MicroOp greatest(const CoreState &state, const MicroOpRange &range) {
  isa::MicroOp result;
  for (uint32_t n = range.begin; n < range.end; ++n) {
    const isa::MicroOp &u = state.uop[n];
    result.dst = std::max(result.dst, u.dst);
    result.src = std::max(result.src, u.src);
    result.wgt = std::max(result.wgt, u.wgt);
  }
  return result;
}

} // namespace tessera::simulator
