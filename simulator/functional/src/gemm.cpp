// GEMM. The sums of a group of micro-ops with one destination stay in registers: that is what the micro-ops one after the
// other give.
#include <cstring>

#include "loop_nest.h"

namespace tessera::simulator {

using isa::ErrorCode;

ErrorCode execute(CoreState &s, const isa::Gemm &g) {
  const MicroOpRange range{g.uopBgn, g.uopEnd, g.iterOut, g.iterIn};
  if (range.empty())
    return ErrorCode::None;
  if (!range.fits(s))
    return ErrorCode::SramBounds;
  const IndexWalk dst{g.dstFactorOut, g.dstFactorIn, 0}, src{g.srcFactorOut, g.srcFactorIn, 0},
      wgt{g.wgtFactorOut, g.wgtFactorIn, 0};
  const isa::MicroOp top = greatest(s, range);
  if (dst.highest(g.iterOut, g.iterIn, top.dst) >= s.machine.accDepth)
    return ErrorCode::SramBounds;
  if (!g.reset && (src.highest(g.iterOut, g.iterIn, top.src) >= s.machine.inpDepth ||
                   wgt.highest(g.iterOut, g.iterIn, top.wgt) >= s.machine.wgtDepth))
    return ErrorCode::SramBounds;

  const isa::MicroOp *begin = s.uop.data() + g.uopBgn, *end = s.uop.data() + g.uopEnd;
  for (uint32_t i = 0; i < g.iterOut && !s.stopping(); ++i)
    for (uint32_t j = 0; j < g.iterIn; ++j) {
      const uint32_t d0 = dst.at(i, j), s0 = src.at(i, j), w0 = wgt.at(i, j);
      const ReduceSources sources{s.inp.data() + size_t{s0} * s.shape.inpBytes,
                                  s.wgt.data() + size_t{w0} * s.shape.wgtBytes,
                                  s.wgtSum128.data() + size_t{w0} * s.shape.blockOut};
      for (const isa::MicroOp *u = begin; u != end;) {
        const isa::MicroOp *next = groupEnd(u, end);
        const uint32_t d = u->dst + d0;
        if (g.reset) {
          std::memset(s.accElement(d), 0, size_t{s.shape.lanes} * 4);
          std::memset(s.outElement(d), 0, s.shape.lanes);
        } else {
          s.kernels->matmul(s.shape, s.accElement(d), u, static_cast<size_t>(next - u), sources);
          s.kernels->lowBytes(s.accElement(d), s.outElement(d), s.shape.lanes);
        }
        u = next;
      }
    }
  return ErrorCode::None;
}

} // namespace tessera::simulator
