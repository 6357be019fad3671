/// Sums of products: reductions whose body is out + a * b of two inputs, in any order, as they are or extended.
#ifndef TESSERA_COMPILER_CPU_SUM_OF_PRODUCTS_H
#define TESSERA_COMPILER_CPU_SUM_OF_PRODUCTS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <array>
#include <optional>

namespace tessera::compiler::cpu {

/// An input's element, as the product takes it.
struct Factor {
  mlir::OpOperand *operand = nullptr;
  mlir::Operation *extension = nullptr; ///< arith.extsi or arith.extui; null: the element is taken as it is

  mlir::Type type() const { return mlir::getElementTypeOrSelf(operand->get().getType()); }
  bool isSigned() const { return mlir::isa_and_present<mlir::arith::ExtSIOp>(extension); }
  bool isUnsigned() const { return mlir::isa_and_present<mlir::arith::ExtUIOp>(extension); }
};

/// The factors of an operation whose one output is a sum of products of two inputs, of `Add` and `Multiply` (arith's of floats or of integers); nothing where its body is
/// another.
template <typename Add, typename Multiply>
std::optional<std::array<Factor, 2>> factorsOf(mlir::linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1)
    return std::nullopt;
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<Add>();
  const mlir::Value state = op.getBlock()->getArguments().back();
  if (!sum || (sum.getLhs() != state && sum.getRhs() != state))
    return std::nullopt;
  auto product = (sum.getLhs() == state ? sum.getRhs() : sum.getLhs()).template getDefiningOp<Multiply>();
  if (!product)
    return std::nullopt;
  std::array<Factor, 2> factors;
  for (auto [factor, value] : llvm::zip(factors, product->getOperands())) {
    factor.extension = value.getDefiningOp();
    if (factor.extension && !factor.isSigned() && !factor.isUnsigned())
      return std::nullopt;
    auto argument =
        mlir::dyn_cast<mlir::BlockArgument>(factor.extension ? factor.extension->getOperand(0) : value);
    if (!argument || argument.getOwner() != op.getBlock() || argument == state)
      return std::nullopt;
    factor.operand = op.getMatchingOpOperand(argument);
  }
  return factors[0].operand != factors[1].operand ? std::optional(factors) : std::nullopt;
}

} // namespace tessera::compiler::cpu

#endif
