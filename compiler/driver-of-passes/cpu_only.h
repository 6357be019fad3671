/// A network without NPU: one CPU segment and a tessera_main that calls it.
#ifndef TESSERA_COMPILER_DRIVER_OF_PASSES_CPU_ONLY_H
#define TESSERA_COMPILER_DRIVER_OF_PASSES_CPU_ONLY_H

#include "mlir/IR/BuiltinOps.h"

namespace tessera::compiler {

/// Makes of @main (docs/tosa-input.md) the body @cpu_body_0, and adds @cpu_segment_0 and @tessera_main
/// (docs/host-code.md). The LLVM dialect must be loadable in the context.
void placeAllOnCpu(mlir::ModuleOp module);

} // namespace tessera::compiler

#endif
