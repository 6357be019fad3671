/// A buffer as one line of elements.
#ifndef TESSERA_COMPILER_CPU_FLAT_BUFFER_H
#define TESSERA_COMPILER_CPU_FLAT_BUFFER_H

#include "mlir/IR/Builders.h"

namespace tessera::compiler::cpu {

/// `buffer`'s elements in one dimension, from its first; how many there are is nobody's question.
mlir::Value flatBuffer(mlir::OpBuilder &builder, mlir::Location location, mlir::Value buffer);

} // namespace tessera::compiler::cpu

#endif
