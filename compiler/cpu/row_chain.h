/// Chains of operations on tensors that go row by row: softmax and layer normalisation with what is element by element around them, attention with its products.
/// All operations of a chain have some parallel loops in common, its rows; what a row becomes depends on no other row, so that a block of rows can
/// go through the whole chain before the next.
#ifndef TESSERA_COMPILER_CPU_ROW_CHAIN_H
#define TESSERA_COMPILER_CPU_ROW_CHAIN_H

#include "cpu/cpu_target.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace tessera::compiler::cpu {

/// Which dimension of a tensor, or loop of an operation, each of a chain's rows is.
using RowPlaces = llvm::SmallVector<unsigned>;

struct RowChain {
  llvm::SmallVector<int64_t> rows; ///< extents of the common loops, all above 1, from the outermost
  llvm::SmallVector<mlir::Operation *>
      members; ///< Linalg operations and reshapes, in order; only the last one's result is read by others
  llvm::DenseMap<mlir::Operation *, RowPlaces> loops; ///< of the Linalg operations
  llvm::DenseMap<mlir::Value, RowPlaces> places;      ///< of the members' results
  /// Members that write where they read their last reader's input: the input.
  llvm::DenseMap<mlir::Operation *, mlir::Value> inPlace;

  mlir::Operation *last() const { return members.back(); }
  /// Of all that is read and written row by row, for one row.
  int64_t bytesOfRow() const;
};

/// The longest chain around `spread`, an element-wise operation that reads one number of each row beside the row's elements, where that number is reduced from rows.
/// Nothing where there is none. What goes into no chain: shapes that only the run knows; reductions over windows or with constants (weights, which their own tiles
/// read once); what such a reduction's reader makes of its sums, while they are in registers; products whose other operand is larger than what stays
/// in the cache, for each block would read it from behind; and what others read as well.
std::optional<RowChain> rowChainOf(mlir::linalg::LinalgOp spread, const CpuTarget &target);

/// The dimensions of what a reshape reads that those of its result come from, where each is alone among dimensions of one element.
std::optional<RowPlaces> placesBefore(mlir::Operation *reshape, llvm::ArrayRef<unsigned> places);

} // namespace tessera::compiler::cpu

#endif
