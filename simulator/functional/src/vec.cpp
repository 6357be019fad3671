// VEC.
#include <algorithm>

#include "loop_nest.h"

namespace tessera::simulator {

using isa::Destination;
using isa::ErrorCode;
using isa::ExitMode;
using isa::VecOp;

namespace {

constexpr uint32_t kMaxLanes = 1024;

int32_t low8(int32_t v) { return static_cast<int8_t>(v); }

void compute(const CoreState &s, VecOp op, const int32_t *a, const int32_t *c, const int32_t *bias,
             int32_t *v) {
  const uint32_t lanes = s.shape.lanes;
  switch (op) {
  case VecOp::Requantise:
    for (uint32_t l = 0; l < lanes; ++l)
      v[l] = bias ? isa::wrapAdd(a[l], bias[l % s.shape.blockOut]) : a[l];
    break;
  case VecOp::Add:
    s.kernels->scaledAdd(s.shape, a, c, v, s.set.lhs, s.set.rhs, s.set.exit.mode);
    break;
  case VecOp::Mul:
    for (uint32_t l = 0; l < lanes; ++l)
      v[l] = (low8(a[l]) - s.set.lhs.zeroPoint) * (low8(c[l]) - s.set.rhs.zeroPoint);
    break;
  }
}

} // namespace

ErrorCode execute(CoreState &s, const isa::Vec &x) {
  const MicroOpRange range{x.uopBgn, x.uopEnd, x.iterOut, x.iterIn};
  if (range.empty())
    return ErrorCode::None;
  if (!range.fits(s))
    return ErrorCode::SramBounds;
  const isa::SetGeometry &g = s.set.geometry;
  const IndexWalk dst{g.dstFactorOut, g.dstFactorIn, x.dstBase},
      lhs{g.dstFactorOut, g.dstFactorIn, x.lhsBase}, rhs{g.srcFactorOut, g.srcFactorIn, x.rhsBase};
  const isa::MicroOp top = greatest(s, range);
  const bool readsRhs = x.op != VecOp::Requantise;
  if (!s.resultFits(x.destination, dst.highest(x.iterOut, x.iterIn, top.dst)) ||
      lhs.highest(x.iterOut, x.iterIn, top.dst) >= s.machine.accDepth ||
      (readsRhs && rhs.highest(x.iterOut, x.iterIn, top.src) >= s.machine.accDepth))
    return ErrorCode::SramBounds;
  const ExitMode mode = s.set.exit.mode;
  const bool addsBias = x.op == VecOp::Requantise && mode != ExitMode::Average;
  const bool readsPar = addsBias || (x.destination != Destination::Acc && mode != ExitMode::None);
  if (readsPar && x.par >= s.machine.parDepth)
    return ErrorCode::SramBounds;
  const uint32_t par = readsPar ? x.par : 0;

  alignas(64) int32_t v[kMaxLanes];
  for (uint32_t i = 0; i < x.iterOut && !s.stopping(); ++i)
    for (uint32_t j = 0; j < x.iterIn; ++j) {
      const uint32_t d0 = dst.at(i, j), a0 = lhs.at(i, j), c0 = rhs.at(i, j);
      for (uint32_t n = x.uopBgn; n < x.uopEnd; ++n) {
        const isa::MicroOp &u = s.uop[n];
        const int32_t *a = s.accElement(u.dst + a0);
        const int32_t *c = readsRhs ? s.accElement(u.src + c0) : a;
        compute(s, x.op, a, c, addsBias ? s.parRow(par, 0) : nullptr, v);
        s.writeResult(x.destination, u.dst + d0, par, v);
      }
    }
  return ErrorCode::None;
}

} // namespace tessera::simulator
