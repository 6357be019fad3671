/// Operations that end in calls: checks that fail when the network runs, and functions of the C library's mathematics.
#ifndef TESSERA_COMPILER_CPU_RUNTIME_CALLS_H
#define TESSERA_COMPILER_CPU_RUNTIME_CALLS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tessera::compiler::cpu {

/// A call of a C function that takes a text, which becomes a global of this name.
void callWithText(mlir::OpBuilder &builder, mlir::Location location, mlir::ModuleOp module,
                  llvm::StringRef name, llvm::StringRef global, llvm::StringRef text);

/// Every cf.assert becomes a branch to tsr_host_fail with its message.
void assertsToCalls(mlir::ModuleOp module);

/// Calls of kernels (kernel_pattern.cpp) get pointers in place of memrefs.
void kernelsToPointers(mlir::ModuleOp module);

/// Functions that LLVM has no intrinsic for, or a coarser one (expm1, log1p), become calls of the C library: tanhf, erf, ...
void mathToCalls(mlir::ModuleOp module);

} // namespace tessera::compiler::cpu

#endif
