// The inner loops of the functional model: what is done for one group of micro-ops or one vector of lanes.
//
// Contract: every implementation gives the bytes of the portable one, which calls isa's scalar functions; tests compare
// them. Indices are valid: callers check them first. A lane is one accumulator of an ACC element, batch * blockOut of them,
// lane b * blockOut + o.
// Layouts: INP is stored with the sign bit flipped (unsigned, 128 too large), [element][batch][blockIn]; WGT as
// [element][k / 4][o][k % 4] (blockIn padded with zeros to a multiple of 4), with the sum over k of every (element, o) times
// 128 beside it: sum x*w = sum (x+128)*w - 128 * sum w, which is what the byte dot product instructions want.
#ifndef TESSERA_FUNCTIONAL_KERNELS_H
#define TESSERA_FUNCTIONAL_KERNELS_H

#include <cstddef>
#include <cstdint>

#include "tessera/isa/encoding.h"
#include "tessera/isa/numerics.h"

namespace tessera::simulator {

/// Sizes that the kernels need, from the machine configuration.
struct KernelShape {
  uint32_t batch, blockIn, blockOut;
  uint32_t kGroups;  ///< blockIn / 4, rounded up
  uint32_t lanes;    ///< batch * blockOut
  uint32_t inpBytes; ///< batch * blockIn
  uint32_t wgtBytes; ///< kGroups * blockOut * 4
};

/// INP and WGT as they stand when all index offsets but the micro-op's own are added.
struct ReduceSources {
  const uint8_t *inp;
  const int8_t *wgt;
  const int32_t *wgtSum128;
};

/// Parameters of a result's way out; rows have blockOut values.
struct ExitRows {
  const int32_t *bias, *multiplier, *shift;
};

struct Kernels {
  const char *name;
  /// acc[lanes] += the products of micro-ops [u, u + count).
  void (*matmul)(const KernelShape &, int32_t *acc, const isa::MicroOp *u, size_t count,
                 const ReduceSources &);
  /// acc[lanes] = low bytes to out[lanes].
  void (*lowBytes)(const int32_t *acc, int8_t *out, size_t lanes);
  /// out[lanes] = exit(v[lanes]).
  void (*exit)(const KernelShape &, const int32_t *v, int8_t *out, const ExitRows &,
               const isa::ExitSettings &);
  /// v[lanes] = scale(x, lhs) + scale(y, rhs), wrapping.
  void (*scaledAdd)(const KernelShape &, const int32_t *x, const int32_t *y, int32_t *v,
                    const isa::OperandSettings &lhs, const isa::OperandSettings &rhs, isa::ExitMode);
};

const Kernels &portableKernels();
/// The fastest kernels that this processor runs.
const Kernels &bestKernels();

} // namespace tessera::simulator

#endif
