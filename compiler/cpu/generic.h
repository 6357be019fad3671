/// Shorthands for making linalg.generic operations.
#ifndef TESSERA_COMPILER_CPU_GENERIC_H
#define TESSERA_COMPILER_CPU_GENERIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace tessera::compiler::cpu {

using BodyBuilder = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A linalg.generic with one output `init`: `maps` for inputs and then the output over `parallel` parallel dimensions
/// followed by `reduction` ones; `body` gets the input elements and the output element and returns the new one.
inline mlir::Value makeGeneric(mlir::OpBuilder &builder, mlir::Location location, mlir::ValueRange inputs,
                               mlir::Value init, llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                               unsigned reduction, BodyBuilder body) {
  llvm::SmallVector<mlir::utils::IteratorType> iterators(parallel, mlir::utils::IteratorType::parallel);
  iterators.append(reduction, mlir::utils::IteratorType::reduction);
  auto generic = builder.create<mlir::linalg::GenericOp>(
      location, mlir::TypeRange{init.getType()}, inputs, mlir::ValueRange{init}, maps, iterators,
      [&](mlir::OpBuilder &within, mlir::Location inner, mlir::ValueRange arguments) {
        within.create<mlir::linalg::YieldOp>(inner, body(within, inner, arguments));
      });
  return generic.getResult(0);
}

inline mlir::Value makeEmpty(mlir::OpBuilder &builder, mlir::Location location, llvm::ArrayRef<int64_t> shape,
                             mlir::Type element) {
  return builder.create<mlir::tensor::EmptyOp>(location, shape, element);
}

/// `value`, of static shape, with its dimensions in another order: dimension i of the result is dimension order[i].
inline mlir::Value makeTransposed(mlir::OpBuilder &builder, mlir::Location location, mlir::Value value,
                                  llvm::ArrayRef<int64_t> order) {
  const auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  const auto rank = static_cast<unsigned>(order.size());
  llvm::SmallVector<int64_t> shape;
  for (const int64_t i : order)
    shape.push_back(type.getDimSize(static_cast<unsigned>(i)));
  const mlir::AffineMap from =
      mlir::inversePermutation(mlir::AffineMap::getPermutationMap(order, builder.getContext()));
  return makeGeneric(builder, location, value, makeEmpty(builder, location, shape, type.getElementType()),
                     {from, builder.getMultiDimIdentityMap(rank)}, rank, 0,
                     [](mlir::OpBuilder &, mlir::Location, mlir::ValueRange values) { return values[0]; });
}

inline mlir::Value constantInt(mlir::OpBuilder &builder, mlir::Location location, int64_t value,
                               unsigned bits) {
  return builder.create<mlir::arith::ConstantIntOp>(location, value, bits);
}

/// A tensor of `shape` filled with one integer.
inline mlir::Value makeFilled(mlir::PatternRewriter &rewriter, mlir::Location location,
                              llvm::ArrayRef<int64_t> shape, int64_t value, unsigned bits) {
  const mlir::Value scalar = constantInt(rewriter, location, value, bits);
  const mlir::Value empty = makeEmpty(rewriter, location, shape, rewriter.getIntegerType(bits));
  return rewriter.create<mlir::linalg::FillOp>(location, scalar, empty).getResult(0);
}

/// NHWC `input` with pad = [top, bottom, left, right] of one int8 value around it; itself where nothing is to pad.
mlir::Value padPicture(mlir::PatternRewriter &rewriter, mlir::Location location, mlir::Value input,
                       llvm::ArrayRef<int64_t> pad, int64_t value);

} // namespace tessera::compiler::cpu

#endif
