/// Linalg on buffers to loops whose reductions keep their value in a register: what pass cpu-register-tile leaves.
///
/// Upstream's loops load and store the output element at every step of a reduction, and LLVM cannot always prove that
/// this may stay in a register. Here the output element is loaded once before the reduction loops and stored once after;
/// short reductions are unrolled, so that the innermost parallel loop can be vectorised.
#ifndef TESSERA_COMPILER_CPU_LOOPS_H
#define TESSERA_COMPILER_CPU_LOOPS_H

#include "cpu/cpu_target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::cpu {

/// Replaces every Linalg operation of `function`; extents may be dynamic.
/// Fails, with a diagnostic at the operation, where one does not fit.
mlir::LogicalResult lowerLinalgToLoops(mlir::func::FuncOp function, const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
