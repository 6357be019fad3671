/// A Linalg operation on buffers seen as a loop nest over flat arrays (loop_nest.h).
#ifndef TESSERA_COMPILER_CPU_NEST_OF_H
#define TESSERA_COMPILER_CPU_NEST_OF_H

#include "cpu/loop_nest.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <optional>

namespace tessera::compiler::cpu {

/// An input that its body reads: a buffer with its array in the nest, or a scalar, which has none.
struct NestInput {
  mlir::OpOperand *operand = nullptr;
  std::optional<unsigned> array;
  int64_t offset = 0; ///< of the element at which all indices are 0
};

struct NestOf {
  LoopNest nest;
  std::vector<NestInput> inputs;
  mlir::OpOperand *output = nullptr;
  mlir::linalg::LinalgOp
      first; ///< what wrote the output's first values (firstWriteBefore), where nothing else did
  mlir::linalg::LinalgOp last;       ///< what makes of the finished sums what is kept of them (lastReadAfter)
  std::vector<NestInput> lastInputs; ///< of `last`; the sums and scalars have no array
};

/// Nothing where the operation is no reduction of one output by element-wise arithmetic, or an array's strides are not known.
std::optional<NestOf> nestOf(mlir::linalg::LinalgOp op);

/// The array that `map` walks, a stride each of the map's dimensions, where memory has `strides` for the map's results; `offset` grows by the place
/// of the first element. Nothing where the map is not linear, or needs a stride that is dynamic.
std::optional<Array> linearArray(mlir::AffineMap map, llvm::ArrayRef<int64_t> strides, int64_t elementBytes,
                                 int64_t &offset);

/// The buffer that a view is of.
mlir::Value rootOf(mlir::Value buffer);

/// What wrote all of `op`'s output `buffer` before it, where that is the only earlier user of the buffer: a fill, or of a reduction an operation that
/// spreads a constant along some dimensions (a bias). Else null.
mlir::linalg::LinalgOp firstWriteBefore(mlir::linalg::LinalgOp op, mlir::Value buffer);

/// The operation behind `op` that reads each finished sum once, element by element, where nobody else reads the sums; it may write
/// in their place, but not where `op` reads, under any name. Else null.
mlir::linalg::LinalgOp lastReadAfter(mlir::linalg::LinalgOp op);

/// Whether the body has a function that becomes a polynomial (approximate_math.cpp): it is long then.
bool approximatesFunction(mlir::linalg::LinalgOp op);

/// The constant that `buffer` is, through views that move nothing; null where it is none.
mlir::memref::GlobalOp constantOf(mlir::Value buffer);

} // namespace tessera::compiler::cpu

#endif
