// REDUCE.
#include <algorithm>
#include <limits>

#include "loop_nest.h"

namespace tessera::simulator {

using isa::Destination;
using isa::ErrorCode;
using isa::ReduceInit;
using isa::ReduceOp;

namespace {

constexpr uint32_t kMaxLanes = 1024;

/// x(t)[lane] stands at inp + t * lanes + lane, also where an element of ACC spans R elements of INP.
template <class Step>
void forTaps(const KernelShape &shape, const isa::MicroOp *u, size_t count, const ReduceSources &from,
             uint32_t taps, Step step) {
  for (size_t n = 0; n < count; ++n) {
    const uint8_t *x = from.inp + size_t{u[n].src} * shape.inpBytes;
    for (uint32_t t = 0; t < taps; ++t, x += shape.lanes)
      step(x, u[n], t);
  }
}

void reduceGroup(const CoreState &s, const isa::Reduce &r, int32_t *acc, const isa::MicroOp *u, size_t count,
                 const ReduceSources &from) {
  const KernelShape &shape = s.shape;
  const uint32_t taps = r.taps + 1, lanes = shape.lanes;
  switch (r.op) {
  case ReduceOp::Matmul:
    s.kernels->matmul(shape, acc, u, count, from);
    break;
  case ReduceOp::Depthwise:
    forTaps(shape, u, count, from, taps, [&](const uint8_t *x, const isa::MicroOp &op, uint32_t t) {
      const int8_t *w =
          from.wgt + size_t{op.wgt} * shape.wgtBytes + size_t{t / 4} * shape.blockOut * 4 + t % 4;
      for (uint32_t b = 0; b < shape.batch; ++b)
        for (uint32_t o = 0; o < shape.blockOut; ++o) {
          const uint32_t l = b * shape.blockOut + o;
          const int32_t product = (int32_t{x[l]} - 128) * w[o * 4];
          acc[l] = static_cast<int32_t>(static_cast<uint32_t>(acc[l]) + static_cast<uint32_t>(product));
        }
    });
    break;
  case ReduceOp::Sum:
    forTaps(shape, u, count, from, taps, [&](const uint8_t *x, const isa::MicroOp &, uint32_t) {
      for (uint32_t l = 0; l < lanes; ++l)
        acc[l] = static_cast<int32_t>(static_cast<uint32_t>(acc[l]) + x[l] - 128u);
    });
    break;
  case ReduceOp::Max:
    forTaps(shape, u, count, from, taps, [&](const uint8_t *x, const isa::MicroOp &, uint32_t) {
      for (uint32_t l = 0; l < lanes; ++l)
        acc[l] = std::max(acc[l], int32_t{x[l]} - 128);
    });
    break;
  }
}

bool indicesFit(const CoreState &s, const isa::Reduce &r, const isa::MicroOp &top, const IndexWalk &dst,
                const IndexWalk &src, const IndexWalk &wgt) {
  const uint64_t d = dst.highest(r.iterOut, r.iterIn, top.dst);
  if (!s.resultFits(r.destination, d))
    return false;
  if (r.init == ReduceInit::Acc && d >= s.machine.accDepth)
    return false;
  uint64_t x = src.highest(r.iterOut, r.iterIn, top.src);
  if (r.op != ReduceOp::Matmul)
    x += uint64_t{r.taps} * s.inpPerOut + s.inpPerOut - 1;
  if (x >= s.machine.inpDepth)
    return false;
  const bool readsWeights = r.op == ReduceOp::Matmul || r.op == ReduceOp::Depthwise;
  return !readsWeights || wgt.highest(r.iterOut, r.iterIn, top.wgt) < s.machine.wgtDepth;
}

} // namespace

ErrorCode execute(CoreState &s, const isa::Reduce &r) {
  const MicroOpRange range{r.uopBgn, r.uopEnd, r.iterOut, r.iterIn};
  if (range.empty())
    return ErrorCode::None;
  if (!range.fits(s))
    return ErrorCode::SramBounds;
  const isa::SetGeometry &g = s.set.geometry;
  const IndexWalk dst{g.dstFactorOut, g.dstFactorIn, r.dstBase},
      src{g.srcFactorOut, g.srcFactorIn, r.srcBase}, wgt{g.wgtFactorOut, g.wgtFactorIn, r.wgtBase};
  if (!indicesFit(s, r, greatest(s, range), dst, src, wgt))
    return ErrorCode::SramBounds;
  const bool readsPar = r.init == ReduceInit::Bias ||
                        (r.destination != Destination::Acc && s.set.exit.mode != isa::ExitMode::None);
  if (readsPar && r.par >= s.machine.parDepth)
    return ErrorCode::SramBounds;
  const uint32_t par = readsPar ? r.par : 0;

  alignas(64) int32_t acc[kMaxLanes];
  const uint32_t lanes = s.shape.lanes;
  const isa::MicroOp *begin = s.uop.data() + r.uopBgn, *end = s.uop.data() + r.uopEnd;
  for (uint32_t i = 0; i < r.iterOut && !s.stopping(); ++i)
    for (uint32_t j = 0; j < r.iterIn; ++j) {
      const uint32_t d0 = dst.at(i, j), s0 = src.at(i, j), w0 = wgt.at(i, j);
      const ReduceSources from{s.inp.data() + size_t{s0} * s.shape.inpBytes,
                               s.wgt.data() + size_t{w0} * s.shape.wgtBytes,
                               s.wgtSum128.data() + size_t{w0} * s.shape.blockOut};
      for (const isa::MicroOp *u = begin; u != end;) {
        const isa::MicroOp *next = groupEnd(u, end);
        const uint32_t d = u->dst + d0;
        switch (r.init) {
        case ReduceInit::Zero:
          std::fill_n(acc, lanes, r.op == ReduceOp::Max ? std::numeric_limits<int32_t>::min() : 0);
          break;
        case ReduceInit::Bias:
          for (uint32_t b = 0; b < s.shape.batch; ++b)
            std::copy_n(s.parRow(par, 0), s.shape.blockOut, acc + size_t{b} * s.shape.blockOut);
          break;
        case ReduceInit::Acc:
          std::copy_n(s.accElement(d), lanes, acc);
          break;
        }
        reduceGroup(s, r, acc, u, static_cast<size_t>(next - u), from);
        s.writeResult(r.destination, d, par, acc);
        u = next;
      }
    }
  return ErrorCode::None;
}

} // namespace tessera::simulator
