// The kernels in plain C++: isa's scalar functions lane by lane.
#include "kernels.h"

namespace tessera::simulator {
namespace {

void matmul(const KernelShape &shape, int32_t *acc, const isa::MicroOp *u, size_t count,
            const ReduceSources &from) {
  for (size_t n = 0; n < count; ++n) {
    const int8_t *w = from.wgt + size_t{u[n].wgt} * shape.wgtBytes;
    for (uint32_t b = 0; b < shape.batch; ++b) {
      const uint8_t *x = from.inp + size_t{u[n].src} * shape.inpBytes + size_t{b} * shape.blockIn;
      for (uint32_t o = 0; o < shape.blockOut; ++o) {
        int32_t sum = 0;
        for (uint32_t k = 0; k < shape.blockIn; ++k)
          sum += (int32_t{x[k]} - 128) * w[(k / 4 * shape.blockOut + o) * 4 + k % 4];
        int32_t &a = acc[b * shape.blockOut + o];
        a = isa::wrapAdd(a, sum);
      }
    }
  }
}

void lowBytes(const int32_t *acc, int8_t *out, size_t lanes) {
  for (size_t l = 0; l < lanes; ++l)
    out[l] = static_cast<int8_t>(acc[l]);
}

void exitLanes(const KernelShape &shape, const int32_t *v, int8_t *out, const ExitRows &rows,
               const isa::ExitSettings &settings) {
  for (uint32_t l = 0; l < shape.lanes; ++l) {
    const uint32_t o = l % shape.blockOut;
    out[l] = isa::exitValue(v[l], static_cast<uint32_t>(rows.multiplier[o]), rows.shift[o], rows.bias[o],
                            settings);
  }
}

void scaledAdd(const KernelShape &shape, const int32_t *x, const int32_t *y, int32_t *v,
               const isa::OperandSettings &lhs, const isa::OperandSettings &rhs, isa::ExitMode mode) {
  for (uint32_t l = 0; l < shape.lanes; ++l)
    v[l] = isa::wrapAdd(isa::scaleOperand(x[l], lhs, mode), isa::scaleOperand(y[l], rhs, mode));
}

} // namespace

const Kernels &portableKernels() {
  static const Kernels kernels{"portable", matmul, lowBytes, exitLanes, scaledAdd};
  return kernels;
}

} // namespace tessera::simulator
