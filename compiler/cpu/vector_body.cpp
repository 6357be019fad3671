#include "cpu/vector_body.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::Value;
namespace arith = mlir::arith;

/// A product that is only added to something: one operation with the addition.
bool isFactorOf(mlir::Operation &inner) {
  return mlir::isa<arith::MulFOp>(inner) && inner.hasOneUse() &&
         mlir::isa<arith::AddFOp>(*inner.user_begin());
}

} // namespace

Value VectorBody::write(mlir::Block &block, mlir::IRMapping &mapping) {
  for (mlir::Operation &inner : block.without_terminator())
    mapping.map(inner.getResult(0), writeOperation(inner, mapping));
  return asVector(mapping.lookupOrDefault(block.getTerminator()->getOperand(0)));
}

Value VectorBody::writeFused(mlir::Block &block, mlir::IRMapping &mapping) {
  for (mlir::Operation &inner : block.without_terminator()) {
    if (isFactorOf(inner))
      continue;
    mapping.map(inner.getResult(0), writeSum(inner, mapping));
  }
  return asVector(mapping.lookupOrDefault(block.getTerminator()->getOperand(0)));
}

/// Of a sum with a product that stands for itself alone both at once.
Value VectorBody::writeSum(mlir::Operation &inner, mlir::IRMapping &mapping) {
  if (auto sum = mlir::dyn_cast<arith::AddFOp>(inner))
    for (const unsigned side : {1u, 0u})
      if (auto product = sum->getOperand(side).getDefiningOp<arith::MulFOp>();
          product && product->getBlock() == inner.getBlock() && isFactorOf(*product))
        if (!mapping.contains(product.getResult()))
          return builder_.create<mlir::vector::FMAOp>(
              location_, asVector(mapping.lookupOrDefault(product.getLhs())),
              asVector(mapping.lookupOrDefault(product.getRhs())),
              asVector(operandOf(sum->getOperand(1 - side), *inner.getBlock(), mapping)));
  return writeOperation(inner, mapping);
}

Value VectorBody::writeOperation(mlir::Operation &inner, mlir::IRMapping &mapping) {
  llvm::SmallVector<Value> operands;
  bool isVector = false;
  for (Value operand : inner.getOperands()) {
    operands.push_back(mapping.lookupOrDefault(operand));
    isVector = isVector || mlir::isa<mlir::VectorType>(operands.back().getType());
  }
  // What is the same for all lanes is computed once.
  mlir::Operation *copy = inner.cloneWithoutRegions();
  for (size_t i = 0; i < operands.size(); ++i)
    copy->setOperand(static_cast<unsigned>(i), isVector ? asVector(operands[i]) : operands[i]);
  if (isVector)
    copy->getResult(0).setType(mlir::VectorType::get({lanes_}, inner.getResult(0).getType()));
  builder_.insert(copy);
  return copy->getResult(0);
}

/// The other side of a sum, which may be a product of its own.
Value VectorBody::operandOf(Value value, mlir::Block &block, mlir::IRMapping &mapping) {
  if (auto product = value.getDefiningOp<arith::MulFOp>();
      product && product->getBlock() == &block && !mapping.contains(value))
    return writeOperation(*product.getOperation(), mapping);
  return mapping.lookupOrDefault(value);
}

Value VectorBody::asVector(Value value) {
  if (mlir::isa<mlir::VectorType>(value.getType()))
    return value;
  return builder_.create<mlir::vector::BroadcastOp>(location_,
                                                    mlir::VectorType::get({lanes_}, value.getType()), value);
}

} // namespace tessera::compiler::cpu
