/// The custom operations around sums of products: rescale_wide for 64-bit sums; quantize_rows and dequantize_sum for int8 weights and
/// float32 inputs.

#include "cpu/generic.h"
#include "cpu/patterns.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::AffineMap;
using mlir::Location;
using mlir::LogicalResult;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;
namespace arith = mlir::arith;

/// Shorthands for float64 and float32 arithmetic.
class Real {
public:
  Real(OpBuilder &builder, Location location) : builder_(builder), location_(location) {}

  Value constant(double value, bool isWide) {
    const mlir::FloatType type = isWide ? builder_.getF64Type() : builder_.getF32Type();
    return builder_.create<arith::ConstantOp>(location_, builder_.getFloatAttr(type, value));
  }
  Value widen(Value a) { return builder_.create<arith::ExtFOp>(location_, builder_.getF64Type(), a); }
  Value narrow(Value a) { return builder_.create<arith::TruncFOp>(location_, builder_.getF32Type(), a); }
  Value add(Value a, Value b) { return builder_.create<arith::AddFOp>(location_, a, b); }
  Value sub(Value a, Value b) { return builder_.create<arith::SubFOp>(location_, a, b); }
  Value mul(Value a, Value b) { return builder_.create<arith::MulFOp>(location_, a, b); }
  Value div(Value a, Value b) { return builder_.create<arith::DivFOp>(location_, a, b); }
  Value min(Value a, Value b) { return builder_.create<arith::MinNumFOp>(location_, a, b); }
  Value max(Value a, Value b) { return builder_.create<arith::MaxNumFOp>(location_, a, b); }
  Value abs(Value a) { return builder_.create<mlir::math::AbsFOp>(location_, a); }
  Value round(Value a) { return builder_.create<mlir::math::RoundOp>(location_, a); }
  Value less(Value a, Value b) {
    return builder_.create<arith::CmpFOp>(location_, arith::CmpFPredicate::OLT, a, b);
  }
  Value equal(Value a, Value b) {
    return builder_.create<arith::CmpFOp>(location_, arith::CmpFPredicate::OEQ, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return builder_.create<arith::SelectOp>(location_, condition, a, b);
  }
  Value whole(Value a) { return builder_.create<arith::FPToSIOp>(location_, builder_.getI32Type(), a); }

private:
  OpBuilder &builder_;
  Location location_;
};

/// (sum * multiplier + half) >> shift, its low 32 bits, saturated.
LogicalResult rewriteRescale(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) {
  const Location location = op.getLoc();
  const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
  const auto element = mlir::cast<mlir::IntegerType>(type.getElementType());
  const auto rank = static_cast<unsigned>(type.getRank());
  const AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  const bool isOne = mlir::cast<mlir::RankedTensorType>(op.getInputs()[1].getType()).getDimSize(0) == 1;
  const AffineMap channel = AffineMap::get(
      rank, 0, isOne ? rewriter.getAffineConstantExpr(0) : rewriter.getAffineDimExpr(rank - 1));
  rewriter.replaceOp(
      op,
      makeGeneric(
          rewriter, location, op.getInputs(), makeEmpty(rewriter, location, type.getShape(), element),
          {identity, channel, channel, identity}, rank, 0,
          [&](OpBuilder &builder, Location inner, ValueRange a) -> Value {
            const mlir::Type wide = builder.getI64Type();
            const Value factor = builder.create<arith::ExtSIOp>(inner, wide, a[1]);
            const Value shift = builder.create<arith::ExtSIOp>(inner, wide, a[2]);
            const Value one = constantInt(builder, inner, 1, 64);
            const Value half =
                builder.create<arith::ShLIOp>(inner, one, builder.create<arith::SubIOp>(inner, shift, one));
            Value value = builder.create<arith::MulIOp>(inner, a[0], factor);
            value = builder.create<arith::AddIOp>(inner, value, half);
            value = builder.create<arith::ShRSIOp>(inner, value, shift);
            value = builder.create<arith::TruncIOp>(inner, builder.getI32Type(), value);
            const int64_t most = int64_t{1} << (element.getWidth() - 1);
            value = builder.create<arith::MaxSIOp>(inner, value, constantInt(builder, inner, -most, 32));
            value = builder.create<arith::MinSIOp>(inner, value, constantInt(builder, inner, most - 1, 32));
            return builder.create<arith::TruncIOp>(inner, element, value);
          }));
  return mlir::success();
}

/// What a row's extremes make of it: scale, what real values are multiplied by (1 / scale, or 127 / range where it is symmetric: another
/// float32), and the zero point (float64, whole). As TFLite's PortableSymmetricQuantizeFloats and PortableAsymmetricQuantizeFloats.
struct RowScale {
  Value scale, factor, zeroPoint;
};
RowScale rowScale(OpBuilder &builder, Location location, Value lowest, Value highest, bool isAsymmetric) {
  Real real(builder, location);
  const Value one = real.constant(1, false);
  if (!isAsymmetric) {
    const Value range = real.max(real.abs(lowest), real.abs(highest));
    const Value isZero = real.equal(range, real.constant(0, false));
    const Value steps = real.constant(127, false);
    return {real.select(isZero, one, real.div(range, steps)),
            real.select(isZero, one, real.div(steps, range)), real.constant(0, true)};
  }
  // The range holds zero; the zero point is the nearer of those that its two ends give.
  const Value low = real.widen(lowest), high = real.widen(highest);
  const Value isZero = real.equal(low, high);
  const Value range = real.select(isZero, real.constant(255, true), real.sub(high, low));
  const Value scale = real.div(range, real.constant(255, true));
  const Value least = real.constant(-128, true), most = real.constant(127, true);
  const Value fromLow = real.sub(least, real.div(low, scale));
  const Value fromHigh = real.sub(most, real.div(high, scale));
  const Value lowError = real.add(real.constant(128, true), real.abs(real.div(low, scale)));
  const Value highError = real.add(real.constant(127, true), real.abs(real.div(high, scale)));
  Value zeroPoint = real.select(real.less(lowError, highError), fromLow, fromHigh);
  zeroPoint = real.min(real.max(real.round(zeroPoint), least), most);
  const Value single = real.narrow(scale);
  return {single, real.div(one, single), real.select(isZero, real.constant(0, true), zeroPoint)};
}

/// float32 [B, ...] to int16 (the quantised byte less its zero point) and one scale for each of the B.
LogicalResult rewriteQuantizeRows(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) {
  const Location location = op.getLoc();
  const Value input = op.getInputs()[0];
  const auto type = mlir::cast<mlir::RankedTensorType>(input.getType());
  const auto rank = static_cast<unsigned>(type.getRank());
  const bool isAsymmetric = op.getImplementationAttrs() == "asymmetric";
  const AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  const AffineMap row = AffineMap::get(rank, 0, rewriter.getAffineDimExpr(0));
  const llvm::SmallVector<int64_t> rows{type.getDimSize(0)};
  const mlir::FloatType single = rewriter.getF32Type();
  // Zero is always in the range.
  const auto zeros = [&](llvm::ArrayRef<int64_t> shape) {
    return rewriter
        .create<mlir::linalg::FillOp>(location, Real(rewriter, location).constant(0, false),
                                      makeEmpty(rewriter, location, shape, single))
        .getResult(0);
  };
  // Of each column first, whose neighbours stand in the lanes of vectors, then of the row of those.
  llvm::SmallVector<mlir::AffineExpr> inOrder{rewriter.getAffineDimExpr(0)};
  for (unsigned i = 2; i < rank; ++i)
    inOrder.push_back(rewriter.getAffineDimExpr(i));
  inOrder.push_back(rewriter.getAffineDimExpr(1));
  const AffineMap columnsLast = AffineMap::get(rank, 0, inOrder, rewriter.getContext());
  const AffineMap columns = AffineMap::getMultiDimIdentityMap(rank, rewriter.getContext()).getMajorSubMap(2);
  const AffineMap table = rewriter.getMultiDimIdentityMap(2);
  const auto extreme = [&](bool isHighest) {
    const auto choose = [&](OpBuilder &builder, Location inner, ValueRange a) -> Value {
      Real real(builder, inner);
      return isHighest ? real.max(a[0], a[1]) : real.min(a[0], a[1]);
    };
    Value values = input;
    if (rank > 2)
      values =
          makeGeneric(rewriter, location, {input}, zeros({type.getDimSize(0), type.getDimSize(rank - 1)}),
                      {columnsLast, columns}, 2, rank - 2, choose);
    return makeGeneric(rewriter, location, {values}, zeros(rows), {table, table.getMajorSubMap(1)}, 1, 1,
                       choose);
  };
  const Value lowest = extreme(false), highest = extreme(true);
  const AffineMap line = rewriter.getMultiDimIdentityMap(1);
  const Value scales =
      makeGeneric(rewriter, location, {lowest, highest}, makeEmpty(rewriter, location, rows, single),
                  {line, line, line}, 1, 0, [&](OpBuilder &builder, Location inner, ValueRange a) {
                    return rowScale(builder, inner, a[0], a[1], isAsymmetric).scale;
                  });
  const auto narrow = rewriter.getI16Type();
  const Value values = makeGeneric(
      rewriter, location, {input, lowest, highest}, makeEmpty(rewriter, location, type.getShape(), narrow),
      {identity, row, row, identity}, rank, 0,
      [&](OpBuilder &builder, Location inner, ValueRange a) -> Value {
        Real real(builder, inner);
        const RowScale is = rowScale(builder, inner, a[1], a[2], isAsymmetric);
        const Value zeroPoint = real.narrow(is.zeroPoint);
        Value steps = real.mul(a[0], is.factor);
        steps = real.round(real.add(zeroPoint, steps));
        steps = real.max(steps, real.constant(isAsymmetric ? -128 : -127, false));
        steps = real.min(steps, real.constant(127, false));
        return builder.create<arith::TruncIOp>(inner, narrow, real.whole(real.sub(steps, zeroPoint)));
      });
  rewriter.replaceOp(op, {values, scales});
  return mlir::success();
}

/// sum * (scale of the row * scale of the channel) + bias of the channel.
LogicalResult rewriteDequantizeSum(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) {
  const Location location = op.getLoc();
  const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
  const auto rank = static_cast<unsigned>(type.getRank());
  const AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  const AffineMap row = AffineMap::get(rank, 0, rewriter.getAffineDimExpr(0));
  const AffineMap channel = AffineMap::get(rank, 0, rewriter.getAffineDimExpr(rank - 1));
  rewriter.replaceOp(op, makeGeneric(rewriter, location, op.getInputs(),
                                     makeEmpty(rewriter, location, type.getShape(), type.getElementType()),
                                     {identity, row, channel, channel, identity}, rank, 0,
                                     [](OpBuilder &builder, Location inner, ValueRange a) -> Value {
                                       Real real(builder, inner);
                                       const Value sum =
                                           builder.create<arith::SIToFPOp>(inner, builder.getF32Type(), a[0]);
                                       return real.add(real.mul(sum, real.mul(a[1], a[2])), a[3]);
                                     }));
  return mlir::success();
}

struct SumPattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) const override {
    if (op.getDomainName() != "tessera")
      return mlir::failure();
    if (op.getOperatorName() == "rescale_wide")
      return rewriteRescale(op, rewriter);
    if (op.getOperatorName() == "quantize_rows")
      return rewriteQuantizeRows(op, rewriter);
    if (op.getOperatorName() == "dequantize_sum")
      return rewriteDequantizeSum(op, rewriter);
    return mlir::failure();
  }
};

} // namespace

void populateSumPatterns(mlir::RewritePatternSet &patterns) {
  patterns.add<SumPattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
