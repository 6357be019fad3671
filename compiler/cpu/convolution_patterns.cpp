#include "cpu/generic.h"
#include "cpu/patterns.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace tessera::compiler::cpu {

mlir::Value padPicture(mlir::PatternRewriter &rewriter, mlir::Location location, mlir::Value input,
                       llvm::ArrayRef<int64_t> pad, int64_t value) {
  if (llvm::all_of(pad, [](int64_t amount) { return amount == 0; }))
    return input;
  const auto type = mlir::cast<mlir::RankedTensorType>(input.getType());
  llvm::SmallVector<mlir::OpFoldResult> low;
  llvm::SmallVector<mlir::OpFoldResult> high;
  llvm::SmallVector<int64_t> shape(type.getShape());
  const int64_t before[4] = {0, pad[0], pad[2], 0};
  const int64_t after[4] = {0, pad[1], pad[3], 0};
  for (unsigned d = 0; d < 4; ++d) {
    low.push_back(rewriter.getIndexAttr(before[d]));
    high.push_back(rewriter.getIndexAttr(after[d]));
    shape[d] += before[d] + after[d];
  }
  const mlir::Value fill = constantInt(rewriter, location, value, type.getElementTypeBitWidth());
  return rewriter.create<mlir::tensor::PadOp>(location, type.clone(shape), input, low, high, fill);
}

namespace {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::failure;
using mlir::LogicalResult;
using mlir::Value;

mlir::DenseElementsAttr constantOf(Value value) {
  mlir::DenseElementsAttr attribute;
  return mlir::matchPattern(value, mlir::m_Constant(&attribute)) ? attribute : nullptr;
}

/// Sums are of 32 bits, those of int16 inputs also of 64.
bool isSum(mlir::Type type) { return type.isInteger(32) || type.isInteger(64); }

/// The accumulator, of whatever width, plus the product of two narrower integers.
Value multiplyAccumulate(mlir::OpBuilder &builder, mlir::Location location, mlir::ValueRange arguments) {
  const mlir::Type wide = arguments[2].getType();
  const Value left = builder.create<mlir::arith::ExtSIOp>(location, wide, arguments[0]);
  const Value right = builder.create<mlir::arith::ExtSIOp>(location, wide, arguments[1]);
  const Value product = builder.create<mlir::arith::MulIOp>(location, left, right);
  return builder.create<mlir::arith::AddIOp>(location, arguments[2], product);
}

/// Constant weights of an operation: int8, or int16 where they have a zero point, which is subtracted then.
mlir::DenseElementsAttr weightsOf(Value value,
                                  std::optional<mlir::tosa::ConvOpQuantizationAttr> quantisation) {
  const auto weights = constantOf(value);
  if (!weights || !weights.getElementType().isInteger(8))
    return nullptr;
  const int64_t zeroPoint = quantisation ? quantisation->getWeightZp() : 0;
  if (zeroPoint == 0)
    return weights;
  llvm::SmallVector<int16_t> wide;
  for (int8_t weight : weights.getValues<int8_t>())
    wide.push_back(static_cast<int16_t>(weight - zeroPoint));
  const auto type = mlir::cast<mlir::RankedTensorType>(weights.getType());
  return mlir::DenseElementsAttr::get(
      mlir::RankedTensorType::get(type.getShape(), mlir::IntegerType::get(value.getContext(), 16)),
      llvm::ArrayRef<int16_t>(wide));
}

/// bias[o] - zeroPoint * sum of the weights of channel o, as a constant. `channelOf` names the channel of a weight by its
/// position in memory.
Value foldedBias(mlir::PatternRewriter &rewriter, mlir::Location location, mlir::DenseElementsAttr bias,
                 mlir::DenseElementsAttr weights, int64_t zeroPoint,
                 llvm::function_ref<int64_t(int64_t)> channelOf) {
  llvm::SmallVector<llvm::APInt> sums(bias.getValues<llvm::APInt>());
  int64_t position = 0;
  for (const llvm::APInt &weight : weights.getValues<llvm::APInt>()) {
    llvm::APInt &sum = sums[static_cast<size_t>(channelOf(position++))];
    sum -= llvm::APInt(sum.getBitWidth(), static_cast<uint64_t>(zeroPoint * weight.getSExtValue()), true);
  }
  const auto type = mlir::cast<mlir::RankedTensorType>(bias.getType());
  return rewriter.create<mlir::arith::ConstantOp>(location, mlir::DenseElementsAttr::get(type, sums));
}

/// `bias` along the last dimension of a tensor of `shape`.
Value broadcastBias(mlir::PatternRewriter &rewriter, mlir::Location location, Value bias,
                    llvm::ArrayRef<int64_t> shape) {
  const auto rank = static_cast<unsigned>(shape.size());
  const Value empty = makeEmpty(rewriter, location, shape, mlir::getElementTypeOrSelf(bias.getType()));
  const AffineMap last = AffineMap::get(rank, 0, rewriter.getAffineDimExpr(rank - 1));
  return makeGeneric(
      rewriter, location, bias, empty, {last, rewriter.getMultiDimIdentityMap(rank)}, rank, 0,
      [](mlir::OpBuilder &, mlir::Location, mlir::ValueRange arguments) { return arguments[0]; });
}

struct Conv2DPattern : mlir::OpRewritePattern<mlir::tosa::Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::Conv2DOp op, mlir::PatternRewriter &rewriter) const override {
    const auto weights = weightsOf(op.getWeight(), op.getQuantizationInfo());
    const auto bias = constantOf(op.getBias());
    const auto outType = mlir::cast<mlir::RankedTensorType>(op.getType());
    if (!weights || !bias || !isSum(outType.getElementType()))
      return failure();
    const mlir::Location location = op.getLoc();
    const int64_t zeroPoint = op.getQuantizationInfo() ? op.getQuantizationInfo()->getInputZp() : 0;
    const auto weightShape = mlir::cast<mlir::RankedTensorType>(weights.getType()).getShape();
    const int64_t channelWeights = weightShape[1] * weightShape[2] * weightShape[3];
    const Value start = broadcastBias(rewriter, location,
                                      foldedBias(rewriter, location, bias, weights, zeroPoint,
                                                 [&](int64_t position) { return position / channelWeights; }),
                                      outType.getShape());
    Value input = padPicture(rewriter, location, op.getInput(), op.getPad(), zeroPoint);
    Value kernel = rewriter.create<mlir::arith::ConstantOp>(location, weights);

    AffineExpr n, y, x, o, ky, kx, c;
    mlir::bindDims(op.getContext(), n, y, x, o, ky, kx, c);
    const AffineExpr row = y * op.getStride()[0] + ky * op.getDilation()[0];
    const AffineMap outMap = AffineMap::get(6, 0, {n, y, x, o}, op.getContext());
    if (op.getDilation()[1] == 1) {
      // Without gaps the pixels of a window's row and their channels are one run of bytes, in picture and weights.
      const int64_t channels = weightShape[3];
      input = collapseLastTwo(rewriter, location, input);
      kernel = collapseLastTwo(rewriter, location, kernel);
      const AffineExpr run = kx;
      const AffineMap inMap =
          AffineMap::get(6, 0, {n, row, x * (op.getStride()[1] * channels) + run}, op.getContext());
      const AffineMap weightMap = AffineMap::get(6, 0, {o, ky, run}, op.getContext());
      rewriter.replaceOp(op, makeGeneric(rewriter, location, {input, kernel}, start,
                                         {inMap, weightMap, outMap}, 4, 2, multiplyAccumulate));
      return mlir::success();
    }
    const AffineMap inMap =
        AffineMap::get(7, 0, {n, row, x * op.getStride()[1] + kx * op.getDilation()[1], c}, op.getContext());
    const AffineMap weightMap = AffineMap::get(7, 0, {o, ky, kx, c}, op.getContext());
    rewriter.replaceOp(op,
                       makeGeneric(rewriter, location, {input, kernel}, start,
                                   {inMap, weightMap, AffineMap::get(7, 0, {n, y, x, o}, op.getContext())}, 4,
                                   3, multiplyAccumulate));
    return mlir::success();
  }

private:
  static Value collapseLastTwo(mlir::PatternRewriter &rewriter, mlir::Location location, Value value) {
    const llvm::SmallVector<mlir::ReassociationIndices> groups = {{0}, {1}, {2, 3}};
    return rewriter.create<mlir::tensor::CollapseShapeOp>(location, value, groups);
  }
};

struct DepthwisePattern : mlir::OpRewritePattern<mlir::tosa::DepthwiseConv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::DepthwiseConv2DOp op,
                                mlir::PatternRewriter &rewriter) const override {
    const auto weights = weightsOf(op.getWeight(), op.getQuantizationInfo());
    const auto bias = constantOf(op.getBias());
    const auto outType = mlir::cast<mlir::RankedTensorType>(op.getType());
    if (!weights || !bias || !isSum(outType.getElementType()))
      return failure();
    const mlir::Location location = op.getLoc();
    const int64_t zeroPoint = op.getQuantizationInfo() ? op.getQuantizationInfo()->getInputZp() : 0;
    const auto weightShape = mlir::cast<mlir::RankedTensorType>(weights.getType()).getShape();
    const int64_t channels = weightShape[2];
    const int64_t multiplier = weightShape[3];
    const int64_t outChannels = channels * multiplier;
    const Value input = padPicture(rewriter, location, op.getInput(), op.getPad(), zeroPoint);
    const Value start = broadcastBias(rewriter, location,
                                      foldedBias(rewriter, location, bias, weights, zeroPoint,
                                                 [&](int64_t position) { return position % outChannels; }),
                                      outType.getShape());
    mlir::MLIRContext *context = op.getContext();
    const Value weightValue = rewriter.create<mlir::arith::ConstantOp>(location, weights);
    if (multiplier == 1) {
      AffineExpr n, y, x, c, ky, kx;
      mlir::bindDims(context, n, y, x, c, ky, kx);
      const AffineExpr row = y * op.getStride()[0] + ky * op.getDilation()[0];
      const AffineExpr column = x * op.getStride()[1] + kx * op.getDilation()[1];
      const llvm::SmallVector<mlir::ReassociationIndices> groups = {{0}, {1}, {2, 3}};
      const Value kernel = rewriter.create<mlir::tensor::CollapseShapeOp>(location, weightValue, groups);
      rewriter.replaceOp(op, makeGeneric(rewriter, location, {input, kernel}, start,
                                         {AffineMap::get(6, 0, {n, row, column, c}, context),
                                          AffineMap::get(6, 0, {ky, kx, c}, context),
                                          AffineMap::get(6, 0, {n, y, x, c}, context)},
                                         4, 2, multiplyAccumulate));
      return mlir::success();
    }
    AffineExpr n, y, x, c, m, ky, kx;
    mlir::bindDims(context, n, y, x, c, m, ky, kx);
    const AffineExpr row = y * op.getStride()[0] + ky * op.getDilation()[0];
    const AffineExpr column = x * op.getStride()[1] + kx * op.getDilation()[1];
    const auto out = outType.getShape();
    const llvm::SmallVector<mlir::ReassociationIndices> groups = {{0}, {1}, {2}, {3, 4}};
    const auto split =
        mlir::RankedTensorType::get({out[0], out[1], out[2], channels, multiplier}, outType.getElementType());
    const Value splitStart = rewriter.create<mlir::tensor::ExpandShapeOp>(location, split, start, groups);
    const Value sum = makeGeneric(rewriter, location, {input, weightValue}, splitStart,
                                  {AffineMap::get(7, 0, {n, row, column, c}, context),
                                   AffineMap::get(7, 0, {ky, kx, c, m}, context),
                                   AffineMap::get(7, 0, {n, y, x, c, m}, context)},
                                  5, 2, multiplyAccumulate);
    rewriter.replaceOpWithNewOp<mlir::tensor::CollapseShapeOp>(op, sum, groups);
    return mlir::success();
  }
};

struct FullyConnectedPattern : mlir::OpRewritePattern<mlir::tosa::FullyConnectedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::FullyConnectedOp op,
                                mlir::PatternRewriter &rewriter) const override {
    const auto weights = weightsOf(op.getWeight(), op.getQuantizationInfo());
    const auto bias = constantOf(op.getBias());
    const auto outType = mlir::cast<mlir::RankedTensorType>(op.getType());
    if (!weights || !bias || !isSum(outType.getElementType()))
      return failure();
    const mlir::Location location = op.getLoc();
    const int64_t zeroPoint = op.getQuantizationInfo() ? op.getQuantizationInfo()->getInputZp() : 0;
    const int64_t depth = mlir::cast<mlir::RankedTensorType>(weights.getType()).getShape()[1];
    const Value start = broadcastBias(rewriter, location,
                                      foldedBias(rewriter, location, bias, weights, zeroPoint,
                                                 [&](int64_t position) { return position / depth; }),
                                      outType.getShape());
    AffineExpr n, o, c;
    mlir::bindDims(op.getContext(), n, o, c);
    const Value weightValue = rewriter.create<mlir::arith::ConstantOp>(location, weights);
    rewriter.replaceOp(op, makeGeneric(rewriter, location, {op.getInput(), weightValue}, start,
                                       {AffineMap::get(3, 0, {n, c}, op.getContext()),
                                        AffineMap::get(3, 0, {o, c}, op.getContext()),
                                        AffineMap::get(3, 0, {n, o}, op.getContext())},
                                       2, 1, multiplyAccumulate));
    return mlir::success();
  }
};

} // namespace

void populateConvolutionPatterns(mlir::RewritePatternSet &patterns) {
  patterns.add<Conv2DPattern, DepthwisePattern, FullyConnectedPattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
