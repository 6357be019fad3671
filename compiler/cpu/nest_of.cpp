#include "cpu/nest_of.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tessera::compiler::cpu {

namespace {

/// Adds `factor` times the expression to coefficients and constant; false where it is not linear.
bool addLinear(mlir::AffineExpr expression, int64_t factor, llvm::MutableArrayRef<int64_t> coefficients,
               int64_t &constant) {
  if (auto dimension = mlir::dyn_cast<mlir::AffineDimExpr>(expression)) {
    coefficients[dimension.getPosition()] += factor;
    return true;
  }
  if (auto number = mlir::dyn_cast<mlir::AffineConstantExpr>(expression)) {
    constant += factor * number.getValue();
    return true;
  }
  auto binary = mlir::dyn_cast<mlir::AffineBinaryOpExpr>(expression);
  if (binary && binary.getKind() == mlir::AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, coefficients, constant) &&
           addLinear(binary.getRHS(), factor, coefficients, constant);
  if (binary && binary.getKind() == mlir::AffineExprKind::Mul)
    if (auto number = mlir::dyn_cast<mlir::AffineConstantExpr>(binary.getRHS()))
      return addLinear(binary.getLHS(), factor * number.getValue(), coefficients, constant);
  return false;
}

bool isNumber(mlir::Type type) { return type.isIntOrFloat() && type.getIntOrFloatBitWidth() % 8 == 0; }

/// The operand's array in memory, where its strides are known; `offset` grows by the place of the first element.
std::optional<Array> arrayOf(mlir::linalg::LinalgOp op, mlir::OpOperand &operand, int64_t &offset) {
  const auto type = mlir::cast<mlir::MemRefType>(operand.get().getType());
  llvm::SmallVector<int64_t> strides;
  int64_t ignored = 0;
  if (!isNumber(type.getElementType()) || failed(mlir::getStridesAndOffset(type, strides, ignored)))
    return std::nullopt;
  return linearArray(op.getMatchingIndexingMap(&operand), strides, type.getElementTypeBitWidth() / 8, offset);
}

/// Every element of the output is one of a constant's, which is named right here.
bool isSpread(mlir::linalg::LinalgOp op) {
  if (!mlir::isa<mlir::linalg::GenericOp>(op) || !op.hasPureBufferSemantics() || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 0 ||
      !op.getIndexingMapsArray()[1].isIdentity())
    return false;
  const mlir::Value given = op.getDpsInputs()[0];
  return given.getDefiningOp<mlir::memref::GetGlobalOp>() && constantOf(given) &&
         op.getBlock()->getTerminator()->getOperand(0) == op.getBlock()->getArgument(0);
}

/// Where an output's first values stand in the constant that was spread: a stride for each of the reader's loops.
std::optional<Array> startOf(mlir::linalg::LinalgOp op, mlir::OpOperand &output,
                             mlir::linalg::LinalgOp spread) {
  int64_t offset = 0;
  const auto constant = arrayOf(spread, *spread.getDpsInputOperand(0), offset);
  if (!constant || offset != 0)
    return std::nullopt;
  const mlir::AffineMap map = op.getMatchingIndexingMap(&output);
  Array start;
  start.strides.assign(map.getNumDims(), 0);
  start.elementBytes = constant->elementBytes;
  for (auto [expression, stride] : llvm::zip(map.getResults(), constant->strides))
    if (!addLinear(expression, stride, start.strides, offset))
      return std::nullopt;
  return offset == 0 ? std::optional<Array>(start) : std::nullopt;
}

bool isArithmetic(mlir::Operation &inner) {
  return mlir::OpTrait::hasElementwiseMappableTraits(&inner) && inner.getNumResults() == 1 &&
         inner.getNumRegions() == 0 && inner.getResult(0).getType().isIntOrFloat();
}

/// Arithmetic that vectors have as well: no function of the C library.
bool isVectorArithmetic(mlir::Operation &inner) {
  if (mlir::isa<mlir::arith::ConstantOp>(inner))
    return true;
  if (!mlir::isa<mlir::math::MathDialect>(inner.getDialect()))
    return isArithmetic(inner);
  if (mlir::isa<mlir::math::ExpOp, mlir::math::TanhOp, mlir::math::ErfOp>(inner))
    return inner.getResult(0).getType().isF32();
  return mlir::isa<mlir::math::AbsFOp, mlir::math::AbsIOp, mlir::math::CeilOp, mlir::math::FloorOp,
                   mlir::math::RoundOp, mlir::math::RoundEvenOp, mlir::math::SqrtOp, mlir::math::TruncOp>(
      inner);
}

/// Whether the operation can only be moved over: it reads and writes no buffer.
bool touchesNothing(mlir::Operation &op) {
  return mlir::isMemoryEffectFree(&op) || mlir::isa<mlir::memref::AllocOp>(op);
}

/// Strides of what `last` reads or writes, for the loops of the reduction that writes `sums`.
std::optional<Array> lastArrayOf(mlir::linalg::LinalgOp op, mlir::OpOperand &sums,
                                 mlir::linalg::LinalgOp last, mlir::OpOperand &operand, int64_t &offset) {
  const auto own = arrayOf(last, operand, offset);
  if (!own)
    return std::nullopt;
  const mlir::AffineMap map = op.getMatchingIndexingMap(&sums);
  Array array;
  array.strides.assign(map.getNumDims(), 0);
  array.elementBytes = own->elementBytes;
  for (auto [expression, stride] : llvm::zip(map.getResults(), own->strides))
    if (!addLinear(expression, stride, array.strides, offset))
      return std::nullopt;
  return array;
}

/// Gives `result` its `last`, where all that it reads and writes has known strides.
void addLast(mlir::linalg::LinalgOp op, NestOf &result) {
  mlir::linalg::LinalgOp last = lastReadAfter(op);
  if (!last)
    return;
  LastArrays arrays;
  std::vector<NestInput> inputs;
  for (mlir::OpOperand *operand : last.getDpsInputOperands()) {
    if (last.getMatchingBlockArgument(operand).use_empty())
      continue;
    NestInput input;
    input.operand = operand;
    if (operand->get() != result.output->get() && mlir::isa<mlir::MemRefType>(operand->get().getType())) {
      const auto array = lastArrayOf(op, *result.output, last, *operand, input.offset);
      if (!array)
        return;
      input.array = static_cast<unsigned>(arrays.inputs.size());
      arrays.inputs.push_back(*array);
    }
    inputs.push_back(input);
  }
  int64_t offset = 0;
  const auto output = lastArrayOf(op, *result.output, last, *last.getDpsInitOperand(0), offset);
  if (!output || offset != 0)
    return;
  arrays.output = *output;
  result.nest.last = std::move(arrays);
  result.last = last;
  result.lastInputs = std::move(inputs);
}

} // namespace

std::optional<Array> linearArray(mlir::AffineMap map, llvm::ArrayRef<int64_t> strides, int64_t elementBytes,
                                 int64_t &offset) {
  Array array;
  array.strides.assign(map.getNumDims(), 0);
  array.elementBytes = elementBytes;
  for (auto [result, stride] : llvm::zip(map.getResults(), strides)) {
    llvm::SmallVector<int64_t> coefficients(map.getNumDims(), 0);
    int64_t constant = 0;
    if (!addLinear(result, 1, coefficients, constant))
      return std::nullopt;
    for (auto [total, coefficient] : llvm::zip(array.strides, coefficients)) {
      if (coefficient != 0 && mlir::ShapedType::isDynamic(stride))
        return std::nullopt;
      total += coefficient == 0 ? 0 : coefficient * stride;
    }
    if (constant != 0 && mlir::ShapedType::isDynamic(stride))
      return std::nullopt;
    offset += constant == 0 ? 0 : constant * stride;
  }
  return array;
}

mlir::linalg::LinalgOp firstWriteBefore(mlir::linalg::LinalgOp op, mlir::Value buffer) {
  const bool isOwn = mlir::isa<mlir::BlockArgument>(buffer) || buffer.getDefiningOp<mlir::memref::AllocOp>();
  if (!isOwn || buffer.getParentBlock() != op->getBlock())
    return nullptr;
  mlir::linalg::LinalgOp found;
  for (mlir::Operation *user : buffer.getUsers()) {
    mlir::Operation *here = op->getBlock()->findAncestorOpInBlock(*user);
    if (user == op.getOperation() || !here || !here->isBeforeInBlock(op))
      continue;
    auto first = mlir::dyn_cast<mlir::linalg::LinalgOp>(user);
    const bool fits = first && (mlir::isa<mlir::linalg::FillOp>(user) ||
                                (op.getNumReductionLoops() > 0 && isSpread(first)));
    if (found || !fits || first->getBlock() != op->getBlock() || first.getDpsInits()[0] != buffer)
      return nullptr;
    found = first;
  }
  return found;
}

bool approximatesFunction(mlir::linalg::LinalgOp op) {
  return llvm::any_of(*op.getBlock(), [](mlir::Operation &inner) {
    return mlir::isa<mlir::math::ExpOp, mlir::math::TanhOp, mlir::math::ErfOp>(inner);
  });
}

mlir::linalg::LinalgOp lastReadAfter(mlir::linalg::LinalgOp op) {
  const mlir::Value sums = op.getDpsInits()[0];
  const auto type = mlir::cast<mlir::MemRefType>(sums.getType());
  mlir::Operation *next = op->getNextNode();
  while (next && touchesNothing(*next))
    next = next->getNextNode();
  auto last = mlir::dyn_cast_if_present<mlir::linalg::LinalgOp>(next);
  if (!last || !mlir::isa<mlir::linalg::GenericOp>(next) || !last.hasPureBufferSemantics() ||
      last.getNumDpsInits() != 1 || last.getNumReductionLoops() != 0 || !type.hasStaticShape() ||
      !llvm::all_of(last.getBlock()->without_terminator(), isVectorArithmetic))
    return nullptr;
  mlir::OpOperand *into = last.getDpsInitOperand(0);
  if (last.payloadUsesValueFromOperand(into) || !last.getMatchingIndexingMap(into).isIdentity())
    return nullptr;
  bool readsSums = false;
  for (mlir::OpOperand *operand : last.getDpsInputOperands()) {
    if (operand->get() != sums)
      continue;
    if (!last.getMatchingIndexingMap(operand).isIdentity())
      return nullptr;
    readsSums = true;
  }
  const mlir::Value kept = into->get();
  // A long body is written behind a tile (tile_kernel.h): the sums then stand where it writes, and what else it reads must lie elsewhere.
  for (const mlir::Value input : last.getDpsInputs())
    if (input != sums && rootOf(input) == rootOf(kept) && approximatesFunction(last))
      return nullptr;
  // A tile is written before later ones have read what they need.
  const bool isRead =
      llvm::any_of(op.getDpsInputs(), [&](mlir::Value input) { return rootOf(input) == rootOf(kept); });
  if (!readsSums || isRead)
    return nullptr;
  if (kept == sums)
    return last;
  // The sums are nobody else's.
  mlir::Operation *first = firstWriteBefore(op, sums);
  const bool isOwn = sums.getDefiningOp<mlir::memref::AllocOp>() && first &&
                     llvm::all_of(sums.getUsers(), [&](mlir::Operation *user) {
                       return user == first || user == op || user == last;
                     });
  return isOwn ? last : nullptr;
}

mlir::Value rootOf(mlir::Value buffer) {
  while (auto view = buffer.getDefiningOp<mlir::ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

mlir::memref::GlobalOp constantOf(mlir::Value buffer) {
  while (mlir::Operation *view = buffer.getDefiningOp()) {
    if (auto get = mlir::dyn_cast<mlir::memref::GetGlobalOp>(view)) {
      auto global =
          mlir::SymbolTable::lookupNearestSymbolFrom<mlir::memref::GlobalOp>(get, get.getNameAttr());
      return global && global.getConstant() && global.getInitialValue() &&
                     mlir::isa<mlir::DenseElementsAttr>(*global.getInitialValue())
                 ? global
                 : nullptr;
    }
    if (!mlir::isa<mlir::memref::CollapseShapeOp, mlir::memref::ExpandShapeOp>(view))
      return nullptr;
    buffer = view->getOperand(0);
  }
  return nullptr;
}

std::optional<NestOf> nestOf(mlir::linalg::LinalgOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      mlir::isa<mlir::linalg::MapOp>(op))
    return std::nullopt;
  NestOf result;
  result.output = op.getDpsInitOperand(0);
  if (!op.payloadUsesValueFromOperand(result.output) ||
      !llvm::all_of(op.getBlock()->without_terminator(), isArithmetic))
    return std::nullopt;
  for (auto [extent, iterator] : llvm::zip(op.getStaticLoopRanges(), op.getIteratorTypesArray())) {
    const bool isReduction = iterator == mlir::utils::IteratorType::reduction;
    const auto source = static_cast<unsigned>(result.nest.loops.size());
    result.nest.loops.push_back(
        {mlir::ShapedType::isDynamic(extent) ? LoopNest::kUnknown : extent, isReduction, source});
    if (extent == 0)
      return std::nullopt;
  }
  int64_t outputOffset = 0;
  auto output = arrayOf(op, *result.output, outputOffset);
  if (!output || outputOffset != 0)
    return std::nullopt;
  result.nest.output = *output;
  for (mlir::OpOperand *operand : op.getDpsInputOperands()) {
    if (op.getMatchingBlockArgument(operand).use_empty())
      continue;
    NestInput input;
    input.operand = operand;
    if (mlir::isa<mlir::MemRefType>(operand->get().getType())) {
      auto array = arrayOf(op, *operand, input.offset);
      if (!array)
        return std::nullopt;
      array->isConstant = constantOf(operand->get()) != nullptr;
      input.array = static_cast<unsigned>(result.nest.inputs.size());
      result.nest.inputs.push_back(*array);
    } else if (!isNumber(operand->get().getType())) {
      return std::nullopt;
    }
    result.inputs.push_back(input);
  }
  result.first = firstWriteBefore(op, result.output->get());
  if (result.first && !mlir::isa<mlir::linalg::FillOp>(result.first.getOperation())) {
    result.nest.start = startOf(op, *result.output, result.first);
    if (!result.nest.start)
      result.first = nullptr;
  }
  result.nest.startsFromMemory = !result.first;
  if (result.first)
    addLast(op, result);
  result.nest.normalise();
  return result;
}

} // namespace tessera::compiler::cpu
