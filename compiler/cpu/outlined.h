/// Operations of a body that become a function of their own.
#ifndef TESSERA_COMPILER_CPU_OUTLINED_H
#define TESSERA_COMPILER_CPU_OUTLINED_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::cpu {

/// A private function behind `behind` of copies of `inside` (constants, buffers of its own) and then `moved`, and at `place` its call with `arguments`. Buffers that are not views of one another
/// are marked as such where arguments are plain pointers; a descriptor is none. The originals stay.
mlir::func::FuncOp makeOutlined(mlir::func::FuncOp behind, mlir::Location location, const llvm::Twine &name,
                                llvm::ArrayRef<mlir::Operation *> inside,
                                llvm::ArrayRef<mlir::Operation *> moved,
                                llvm::ArrayRef<mlir::Value> arguments, mlir::Operation *place,
                                bool hasPlainPointers);

} // namespace tessera::compiler::cpu

#endif
