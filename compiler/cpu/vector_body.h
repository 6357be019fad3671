/// The body of a Linalg operation on vectors: each of its operations does as many elements as there are lanes.
#ifndef TESSERA_COMPILER_CPU_VECTOR_BODY_H
#define TESSERA_COMPILER_CPU_VECTOR_BODY_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace tessera::compiler::cpu {

class VectorBody {
public:
  VectorBody(mlir::OpBuilder &builder, mlir::Location location, int64_t lanes)
      : builder_(builder), location_(location), lanes_(lanes) {}

  /// The vector that `block`, of element-wise arithmetic, yields; `mapping` has vectors, or scalars that are the same in all lanes, for its arguments.
  mlir::Value write(mlir::Block &block, mlir::IRMapping &mapping);
  /// The same; products of floats that are only added to something become one operation with the addition, which rounds once.
  mlir::Value writeFused(mlir::Block &block, mlir::IRMapping &mapping);

  mlir::Value asVector(mlir::Value value);

private:
  mlir::Value writeSum(mlir::Operation &inner, mlir::IRMapping &mapping);
  mlir::Value writeOperation(mlir::Operation &inner, mlir::IRMapping &mapping);
  mlir::Value operandOf(mlir::Value value, mlir::Block &block, mlir::IRMapping &mapping);

  mlir::OpBuilder &builder_;
  mlir::Location location_;
  int64_t lanes_;
};

} // namespace tessera::compiler::cpu

#endif
