/// Vectors from and to a line of elements (flat_buffer.h).
#ifndef TESSERA_COMPILER_CPU_VECTOR_MEMORY_H
#define TESSERA_COMPILER_CPU_VECTOR_MEMORY_H

#include "mlir/IR/Builders.h"

namespace tessera::compiler::cpu {

/// Vectors have as many lanes as the constructor says; of one with fewer elements (`lanes`) nothing behind them is read or written.
class VectorMemory {
public:
  VectorMemory(mlir::OpBuilder &builder, mlir::Location location, int64_t lanes)
      : builder_(builder), location_(location), lanes_(lanes) {}

  /// Elements `stride` apart, from `place`; a scalar where `stride` is 0.
  mlir::Value load(mlir::Value flat, mlir::Value place, int64_t stride, int64_t lanes);
  void store(mlir::Value flat, mlir::Value place, int64_t stride, int64_t lanes, mlir::Value value);

private:
  mlir::Value loadRun(mlir::Value flat, mlir::Value place, int64_t lanes);
  mlir::Value apart(int64_t stride);
  mlir::Value mask(int64_t lanes);
  mlir::Value zero(mlir::VectorType type);

  mlir::OpBuilder &builder_;
  mlir::Location location_;
  int64_t lanes_;
};

} // namespace tessera::compiler::cpu

#endif
