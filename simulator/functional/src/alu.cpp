// ALU.
#include "loop_nest.h"

namespace tessera::simulator {

using isa::AluOpcode;
using isa::ErrorCode;

namespace {

/// Runs the loops with one operation, so that the compiler makes vector code of the lanes. The operands may be the same
/// element, never overlapping parts of two.
template <class Operation>
void runLoops(CoreState &s, const isa::Alu &a, const IndexWalk &dst, const IndexWalk &src,
              Operation operation) {
  const uint32_t lanes = s.shape.lanes;
  for (uint32_t i = 0; i < a.iterOut && !s.stopping(); ++i)
    for (uint32_t j = 0; j < a.iterIn; ++j)
      for (uint32_t n = a.uopBgn; n < a.uopEnd; ++n) {
        const uint32_t d = s.uop[n].dst + dst.at(i, j);
        int32_t *to = s.accElement(d);
        const int32_t *from = s.accElement(s.uop[n].src + src.at(i, j));
        if (a.useImm)
          for (uint32_t l = 0; l < lanes; ++l)
            to[l] = operation(from[l], a.imm);
        else
          for (uint32_t l = 0; l < lanes; ++l)
            to[l] = operation(to[l], from[l]);
        s.kernels->lowBytes(to, s.outElement(d), lanes);
      }
}

} // namespace

ErrorCode execute(CoreState &s, const isa::Alu &a) {
  const MicroOpRange range{a.uopBgn, a.uopEnd, a.iterOut, a.iterIn};
  if (range.empty())
    return ErrorCode::None;
  if (!range.fits(s))
    return ErrorCode::SramBounds;
  const IndexWalk dst{a.dstFactorOut, a.dstFactorIn, 0}, src{a.srcFactorOut, a.srcFactorIn, 0};
  const isa::MicroOp top = greatest(s, range);
  if (dst.highest(a.iterOut, a.iterIn, top.dst) >= s.machine.accDepth ||
      src.highest(a.iterOut, a.iterIn, top.src) >= s.machine.accDepth)
    return ErrorCode::SramBounds;

  switch (a.aluOpcode) {
  case AluOpcode::Min:
    runLoops(s, a, dst, src, [](int32_t x, int32_t y) { return isa::aluOp(AluOpcode::Min, x, y); });
    break;
  case AluOpcode::Max:
    runLoops(s, a, dst, src, [](int32_t x, int32_t y) { return isa::aluOp(AluOpcode::Max, x, y); });
    break;
  case AluOpcode::Add:
    runLoops(s, a, dst, src, [](int32_t x, int32_t y) { return isa::aluOp(AluOpcode::Add, x, y); });
    break;
  case AluOpcode::Shr:
    runLoops(s, a, dst, src, [](int32_t x, int32_t y) { return isa::aluOp(AluOpcode::Shr, x, y); });
    break;
  case AluOpcode::Mul:
    runLoops(s, a, dst, src, [](int32_t x, int32_t y) { return isa::aluOp(AluOpcode::Mul, x, y); });
    break;
  }
  return ErrorCode::None;
}

} // namespace tessera::simulator
