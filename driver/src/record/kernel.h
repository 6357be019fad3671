// Kernels: from an affine loop nest to hardware iterations and a list of micro-ops.
//
// The core runs iter_out, iter_in and the micro-ops, in that nesting. Loops of one iteration are dropped; a loop whose steps
// continue those of the loop inside it is merged with it; then at most two outer loops become iterations where count and steps fit
// their fields, and all loops inside are unrolled into micro-ops, in order. Indices count elements of their memory.
#ifndef TESSERA_DRIVER_RECORD_KERNEL_H
#define TESSERA_DRIVER_RECORD_KERNEL_H

#include "tessera/isa/encoding.h"
#include "tessera/isa/error.h"

#include <array>
#include <cstdint>
#include <vector>

namespace tessera::driver {

/// dst, src and wgt, in this order everywhere.
using Indices = std::array<uint32_t, 3>;

struct Loop {
  uint32_t extent = 1;
  Indices stride{};
  friend bool operator==(const Loop &, const Loop &) = default;
};

/// Outermost loop first; the innermost `reduceLoops` walk a reduction.
struct Nest {
  std::vector<Loop> loops;
  uint32_t reduceLoops = 0;
  friend bool operator==(const Nest &, const Nest &) = default;
};

/// What the micro-ops of an instruction mean to each other.
enum class KernelUse : uint8_t {
  Accumulate, ///< GEMM, ALU: one after the other, so any loop may be an iteration
  Group,      ///< REDUCE: a reduction is a run of micro-ops with one dst
  Element     ///< VEC: each its own result, no reductions
};

/// How a kernel is lowered.
struct KernelRules {
  KernelUse use = KernelUse::Accumulate;
  std::array<bool, 3> used{true, true, true}; ///< indices that the instruction reads; others become 0
  Indices factorLimit{};                      ///< greatest step of an iteration
  Indices microOpLimit{};                     ///< greatest index in a micro-op
  uint32_t iterationLimit = (1u << 14) - 1;
  uint32_t microOpCount = 0; ///< micro-ops that the UOP memory holds
};

struct HardwareKernel {
  uint32_t iterOut = 1, iterIn = 1;
  Indices factorOut{}, factorIn{};
  std::vector<isa::MicroOp> microOps;

  /// Greatest dst, src and wgt index that it reaches, without a base.
  std::array<uint64_t, 3> highest() const;
};

isa::Expected<HardwareKernel> lowerKernel(const Nest &nest, const KernelRules &rules);

} // namespace tessera::driver

#endif
