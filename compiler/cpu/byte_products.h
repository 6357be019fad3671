/// Sums of products of bytes with constant weights, on tensors, and the constants that they start from.
///
/// A sum whose bytes are read as 128 more than they are is 128 times the sum of its weights too large; where it starts from a constant it can start that much lower, exactly
/// (modulo 2^32).
#ifndef TESSERA_COMPILER_CPU_BYTE_PRODUCTS_H
#define TESSERA_COMPILER_CPU_BYTE_PRODUCTS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <vector>

namespace tessera::compiler::cpu {

/// A tensor of bytes that is no constant.
bool isBytes(mlir::Value value);

/// out + sext(picture) * sext(weights) of a tensor of bytes and a constant, in a reduction.
struct ByteProducts {
  mlir::linalg::GenericOp op;
  mlir::OpOperand *picture = nullptr;
  mlir::arith::ExtSIOp wide; ///< of the picture's element
  mlir::DenseIntElementsAttr weights;
  mlir::AffineMap weightMap;
  bool hasFilters =
      false; ///< the weights move in a parallel loop that the picture does not: more than one sum reads a byte
};

std::optional<ByteProducts> byteProductsOf(mlir::Operation *operation);

/// The weights' parallel loops, with where the output has them.
struct Channel {
  unsigned weightDim, outDim;
  int64_t extent;
};

/// Constant values that sums start from, one for each combination of the channels.
struct Start {
  llvm::SmallVector<Channel> channels;
  std::vector<uint32_t> values;
};

/// Nothing where the sums start from something else, or their shape is known only when it runs.
std::optional<Start> startOf(const ByteProducts &sums);

/// What the sums start from, 128 times their weights lower: a constant, spread over a tensor like the one that they stand in.
mlir::Value lowerStart(const ByteProducts &sums, Start start);

} // namespace tessera::compiler::cpu

#endif
