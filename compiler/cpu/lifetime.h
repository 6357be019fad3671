/// How long buffers live: positions of operations, and everything that a buffer is known by.
#ifndef TESSERA_COMPILER_CPU_LIFETIME_H
#define TESSERA_COMPILER_CPU_LIFETIME_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tessera::compiler::cpu {

/// All operations of a function in the order in which they stand, inner ones after the one that holds them.
class Positions {
public:
  explicit Positions(mlir::func::FuncOp function);
  int64_t first(mlir::Operation *op) const { return spans_.lookup(op).first; }
  /// Of the operation and of everything in it.
  int64_t last(mlir::Operation *op) const { return spans_.lookup(op).second; }

private:
  llvm::DenseMap<mlir::Operation *, std::pair<int64_t, int64_t>> spans_;
};

/// The life of an allocation, through views, loops and branches.
struct Lifetime {
  int64_t first = 0;
  int64_t last = 0;
  bool isCarried = false;              ///< a loop around it takes it to the next step or out
  bool leavesBlock = false;            ///< known outside the block that makes it
  mlir::Operation *lastUser = nullptr; ///< in the block that makes it
};
Lifetime lifetimeOf(mlir::memref::AllocOp alloc, const Positions &positions);

} // namespace tessera::compiler::cpu

#endif
