// The loops that GEMM, ALU, REDUCE and VEC share, and the bounds of the indices that they reach.
#ifndef TESSERA_FUNCTIONAL_LOOP_NEST_H
#define TESSERA_FUNCTIONAL_LOOP_NEST_H

#include <cstdint>

#include "core_state.h"

namespace tessera::simulator {

/// One index: factor of each loop, and what is added once.
struct IndexWalk {
  uint32_t factorOut = 0, factorIn = 0, base = 0;
  uint32_t at(uint32_t i, uint32_t j) const { return base + i * factorOut + j * factorIn; }
  /// The greatest index that is reached when the micro-op's own part is at most `microOp`.
  uint64_t highest(uint32_t iterOut, uint32_t iterIn, uint32_t microOp) const {
    return uint64_t{base} + microOp + uint64_t{iterOut - 1} * factorOut + uint64_t{iterIn - 1} * factorIn;
  }
};

struct MicroOpRange {
  uint32_t begin, end, iterOut, iterIn;
  /// An empty loop or range does nothing, whatever else the instruction says.
  bool empty() const { return begin >= end || iterOut == 0 || iterIn == 0; }
  bool fits(const CoreState &state) const { return end <= state.machine.uopDepth; }
};

/// Greatest dst, src and wgt among micro-ops [begin, end), each by itself.
isa::MicroOp greatest(const CoreState &state, const MicroOpRange &range);

/// First micro-op past the group that starts at `u`: a maximal run with the same dst.
inline const isa::MicroOp *groupEnd(const isa::MicroOp *u, const isa::MicroOp *end) {
  const uint32_t dst = u->dst;
  while (++u != end && u->dst == dst) {
  }
  return u;
}

} // namespace tessera::simulator

#endif
