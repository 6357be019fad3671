#include "cpu/byte_products.h"

#include "cpu/generic.h"
#include "cpu/sum_of_products.h"

#include "mlir/IR/Matchers.h"

namespace tessera::compiler::cpu {

using mlir::Value;
using mlir::linalg::GenericOp;
namespace arith = mlir::arith;

bool isBytes(Value value) {
  const auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && type.getElementType().isInteger(8) && !mlir::matchPattern(value, mlir::m_Constant());
}

std::optional<ByteProducts> byteProductsOf(mlir::Operation *operation) {
  auto op = mlir::dyn_cast<GenericOp>(operation);
  if (!op || !op.hasPureTensorSemantics() || op.getNumReductionLoops() == 0 || op.getNumDpsInputs() != 2)
    return std::nullopt;
  const auto factors = factorsOf<arith::AddIOp, arith::MulIOp>(op);
  if (!factors)
    return std::nullopt;
  ByteProducts result{op, nullptr, nullptr, nullptr, {}};
  for (const Factor &factor : *factors) {
    if (!factor.isSigned() || !factor.extension->getResult(0).getType().isInteger(32))
      return std::nullopt;
    const Value value = factor.operand->get();
    mlir::DenseIntElementsAttr weights;
    if (mlir::matchPattern(value, mlir::m_Constant(&weights))) {
      if (!weights.getElementType().isInteger(8) && !weights.getElementType().isInteger(16))
        return std::nullopt;
      result.weights = weights;
      result.weightMap = op.getMatchingIndexingMap(factor.operand);
    } else if (isBytes(value) && op.getMatchingBlockArgument(factor.operand).hasOneUse()) {
      result.picture = factor.operand;
      result.wide = mlir::cast<arith::ExtSIOp>(factor.extension);
    }
  }
  if (!result.picture || !result.weights || !result.weightMap.isProjectedPermutation())
    return std::nullopt;
  // A weight counts once for each step of the loops that it does not move in.
  for (const auto &[loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == mlir::utils::IteratorType::reduction && op.getStaticLoopRanges()[loop] != 1 &&
        !result.weightMap.isFunctionOfDim(static_cast<unsigned>(loop)))
      return std::nullopt;
  const mlir::AffineMap read = op.getMatchingIndexingMap(result.picture);
  for (const mlir::AffineExpr expression : result.weightMap.getResults()) {
    const unsigned loop = mlir::cast<mlir::AffineDimExpr>(expression).getPosition();
    const bool isParallel = op.getIteratorTypesArray()[loop] == mlir::utils::IteratorType::parallel;
    result.hasFilters = result.hasFilters || (isParallel && !read.isFunctionOfDim(loop));
  }
  return result;
}

std::optional<Start> startOf(const ByteProducts &sums) {
  GenericOp op = sums.op;
  const mlir::AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  const auto outType = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
  if (!out.isProjectedPermutation() || !outType.hasStaticShape())
    return std::nullopt;
  Start result;
  auto &channels = result.channels;
  const auto weightShape = sums.weights.getType().getShape();
  for (const auto &[dim, expression] : llvm::enumerate(sums.weightMap.getResults())) {
    const auto found = llvm::find(out.getResults(), expression);
    if (found != out.getResults().end())
      channels.push_back({static_cast<unsigned>(dim), static_cast<unsigned>(found - out.getResults().begin()),
                          weightShape[dim]});
  }
  int64_t count = 1;
  for (const Channel &channel : channels)
    count *= channel.extent;
  auto &start = result.values;
  start.assign(static_cast<size_t>(count), 0);
  mlir::Operation *before = op.getDpsInits()[0].getDefiningOp();
  llvm::APInt same;
  if (auto fill = mlir::dyn_cast_if_present<mlir::linalg::FillOp>(before)) {
    if (!mlir::matchPattern(fill.getInputs()[0], mlir::m_ConstantInt(&same)))
      return std::nullopt;
    start.assign(start.size(), static_cast<uint32_t>(same.getSExtValue()));
  } else {
    auto spread = mlir::dyn_cast_if_present<GenericOp>(before);
    mlir::DenseIntElementsAttr bias;
    if (!spread || spread.getNumDpsInputs() != 1 || spread.getNumReductionLoops() != 0 ||
        !spread.getBlock()->without_terminator().empty() || !spread.getIndexingMapsArray()[1].isIdentity() ||
        spread.getBlock()->getTerminator()->getOperand(0) != spread.getBlock()->getArgument(0) ||
        !mlir::matchPattern(spread.getDpsInputs()[0], mlir::m_Constant(&bias)))
      return std::nullopt;
    // Steps in the bias of each channel.
    llvm::SmallVector<int64_t> biasSteps(channels.size(), 0);
    int64_t stride = 1;
    const mlir::AffineMap read = spread.getIndexingMapsArray()[0];
    for (unsigned i = read.getNumResults(); i-- > 0; stride *= bias.getType().getShape()[i]) {
      if (bias.getType().getShape()[i] == 1)
        continue;
      auto dim = mlir::dyn_cast<mlir::AffineDimExpr>(read.getResult(i));
      const auto channel =
          llvm::find_if(channels, [&](const Channel &c) { return dim && c.outDim == dim.getPosition(); });
      if (channel == channels.end())
        return std::nullopt;
      biasSteps[static_cast<size_t>(channel - channels.begin())] = stride;
    }
    const llvm::SmallVector<llvm::APInt> values(bias.getValues<llvm::APInt>());
    for (size_t i = 0; i < start.size(); ++i) {
      int64_t rest = static_cast<int64_t>(i), place = 0;
      for (size_t channel = channels.size(); channel-- > 0;) {
        place += rest % channels[channel].extent * biasSteps[channel];
        rest /= channels[channel].extent;
      }
      start[i] = static_cast<uint32_t>(values[static_cast<size_t>(place)].getSExtValue());
    }
  }
  return result;
}

namespace {

/// Takes 128 times the weights away from what their sums start from.
template <typename T> void lower(Start &start, mlir::DenseIntElementsAttr weights) {
  const auto shape = weights.getType().getShape();
  llvm::SmallVector<int64_t> steps(shape.size(), 0);
  int64_t step = 1;
  for (const Channel &channel : llvm::reverse(start.channels)) {
    steps[channel.weightDim] = step;
    step *= channel.extent;
  }
  int64_t position = 0;
  for (const T weight : weights.getValues<T>()) {
    int64_t rest = position++, channel = 0;
    for (size_t dim = shape.size(); dim-- > 0;) {
      channel += rest % shape[dim] * steps[dim];
      rest /= shape[dim];
    }
    start.values[static_cast<size_t>(channel)] -=
        128 * static_cast<uint32_t>(static_cast<int32_t>(weight)); // wraps
  }
}

} // namespace

Value lowerStart(const ByteProducts &sums, Start start) {
  if (sums.weights.getElementType().isInteger(8))
    lower<int8_t>(start, sums.weights);
  else
    lower<int16_t>(start, sums.weights);
  GenericOp op = sums.op;
  const auto outType = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
  llvm::SmallVector<int64_t> shape;
  for (const Channel &channel : start.channels)
    shape.push_back(channel.extent);
  mlir::OpBuilder builder(op);
  const mlir::Location location = op.getLoc();
  llvm::SmallVector<mlir::AffineExpr> read;
  for (const Channel &channel : start.channels)
    read.push_back(builder.getAffineDimExpr(channel.outDim));
  const auto rank = static_cast<unsigned>(outType.getRank());
  const std::vector<int32_t> held(start.values.begin(), start.values.end());
  const Value constant = builder.create<arith::ConstantOp>(
      location, mlir::DenseElementsAttr::get(mlir::RankedTensorType::get(shape, builder.getI32Type()),
                                             llvm::ArrayRef<int32_t>(held)));
  return makeGeneric(
      builder, location, constant, makeEmpty(builder, location, outType.getShape(), outType.getElementType()),
      {mlir::AffineMap::get(rank, 0, read, op.getContext()), builder.getMultiDimIdentityMap(rank)}, rank, 0,
      [](mlir::OpBuilder &, mlir::Location, mlir::ValueRange values) { return values[0]; });
}

} // namespace tessera::compiler::cpu
