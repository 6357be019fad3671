#include "cpu/generic.h"
#include "cpu/patterns.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cstdio>
#include <cstdlib>

namespace tessera::compiler::cpu {

namespace {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::failure;
using mlir::Location;
using mlir::LogicalResult;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;
namespace arith = mlir::arith;

/// Mean of the bytes of a window inside the picture, halves away from zero ("half_away") or up ("half_up").
struct AveragePattern : mlir::OpRewritePattern<mlir::tosa::AvgPool2dOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::AvgPool2dOp op, mlir::PatternRewriter &rewriter) const override {
    const auto rounding = op->getAttrOfType<mlir::StringAttr>("tessera.rounding");
    if (!rounding)
      return failure();
    const Location location = op.getLoc();
    mlir::MLIRContext *context = op.getContext();
    const auto outType = mlir::cast<mlir::RankedTensorType>(op.getType());
    const auto out = outType.getShape();
    const auto in = mlir::cast<mlir::RankedTensorType>(op.getInput().getType()).getShape();
    const auto kernel = op.getKernel();
    const auto stride = op.getStride();
    const auto pad = op.getPad();

    // Padding adds zero bytes to the sum; the window is an operand for its extents alone.
    const Value input = padPicture(rewriter, location, op.getInput(), pad, 0);
    const Value window = makeEmpty(rewriter, location, kernel, rewriter.getI8Type());
    AffineExpr n, y, x, c, ky, kx;
    mlir::bindDims(context, n, y, x, c, ky, kx);
    const Value sum =
        makeGeneric(rewriter, location, {input, window}, makeFilled(rewriter, location, out, 0, 32),
                    {AffineMap::get(6, 0, {n, y * stride[0] + ky, x * stride[1] + kx, c}, context),
                     AffineMap::get(6, 0, {ky, kx}, context), AffineMap::get(6, 0, {n, y, x, c}, context)},
                    4, 2, [](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
                      const Value wide =
                          builder.create<arith::ExtSIOp>(inner, builder.getI32Type(), arguments[0]);
                      return builder.create<arith::AddIOp>(inner, arguments[2], wide);
                    });

    // How many rows and columns of the window lie inside, by output row and column.
    const Value rows = insideTable(rewriter, location, out[1], stride[0], pad[0], kernel[0], in[1]);
    const Value columns = insideTable(rewriter, location, out[2], stride[1], pad[2], kernel[1], in[2]);
    if (!rows || !columns)
      return failure();
    const Value empty = makeEmpty(rewriter, location, out, rewriter.getI8Type());
    const AffineMap identity = rewriter.getMultiDimIdentityMap(4);
    const AffineMap row = AffineMap::get(4, 0, rewriter.getAffineDimExpr(1));
    const AffineMap column = AffineMap::get(4, 0, rewriter.getAffineDimExpr(2));
    rewriter.replaceOp(op, makeGeneric(rewriter, location, {sum, rows, columns}, empty,
                                       {identity, row, column, identity}, 4, 0,
                                       rounding.getValue() == "half_up" ? meanUp : roundedMean));
    return mlir::success();
  }

private:
  /// A constant of `count` window extents after clipping to the picture; null where a window lies outside.
  static Value insideTable(mlir::PatternRewriter &rewriter, Location location, int64_t count, int64_t stride,
                           int64_t before, int64_t window, int64_t extent) {
    llvm::SmallVector<int32_t> table;
    for (int64_t position = 0; position < count; ++position) {
      const int64_t first = position * stride - before;
      const int64_t inside = std::min(first + window, extent) - std::max<int64_t>(first, 0);
      if (inside < 1)
        return {};
      table.push_back(static_cast<int32_t>(inside));
    }
    const auto type = mlir::RankedTensorType::get({count}, rewriter.getI32Type());
    return rewriter.create<arith::ConstantOp>(location, mlir::DenseIntElementsAttr::get(type, table));
  }

  /// arguments: sum, rows, columns. Raised by 128, the bytes are not negative and the division rounds down.
  static Value meanUp(OpBuilder &builder, Location location, ValueRange arguments) {
    const Value count = builder.create<arith::MulIOp>(location, arguments[1], arguments[2]);
    const Value half = builder.create<arith::ShRUIOp>(location, count, constantInt(builder, location, 1, 32));
    const Value raise =
        builder.create<arith::MulIOp>(location, count, constantInt(builder, location, 128, 32));
    const Value sum = builder.create<arith::AddIOp>(
        location, builder.create<arith::AddIOp>(location, arguments[0], raise), half);
    const Value mean =
        builder.create<arith::SubIOp>(location, builder.create<arith::DivSIOp>(location, sum, count),
                                      constantInt(builder, location, 128, 32));
    return builder.create<arith::TruncIOp>(location, builder.getI8Type(), mean);
  }

  /// arguments: sum, rows, columns.
  static Value roundedMean(OpBuilder &builder, Location location, ValueRange arguments) {
    const Value count = builder.create<arith::MulIOp>(location, arguments[1], arguments[2]);
    const Value half = builder.create<arith::ShRUIOp>(location, count, constantInt(builder, location, 1, 32));
    const Value up = builder.create<arith::AddIOp>(location, arguments[0], half);
    const Value down = builder.create<arith::SubIOp>(location, arguments[0], half);
    const Value positive = builder.create<arith::CmpIOp>(location, arith::CmpIPredicate::sgt, arguments[0],
                                                         constantInt(builder, location, 0, 32));
    const Value dividend = builder.create<arith::SelectOp>(location, positive, up, down);
    const Value mean = builder.create<arith::DivSIOp>(location, dividend, count);
    return builder.create<arith::TruncIOp>(location, builder.getI8Type(), mean);
  }
};

/// isa::softmaxRow in arithmetic operations: what softmax.cpp in isa/ says, step for step.
class SoftmaxMath {
public:
  SoftmaxMath(OpBuilder &builder, Location location) : builder_(builder), location_(location) {}

  Value i32(int64_t value) { return constantInt(builder_, location_, value, 32); }
  Value add(Value a, Value b) { return builder_.create<arith::AddIOp>(location_, a, b); }
  Value sub(Value a, Value b) { return builder_.create<arith::SubIOp>(location_, a, b); }
  Value shl(Value a, Value b) { return builder_.create<arith::ShLIOp>(location_, a, b); }
  Value sra(Value a, Value b) { return builder_.create<arith::ShRSIOp>(location_, a, b); }

  /// saturatingRoundingDoublingHighMul; -2^31 times itself does not occur here.
  Value multiply(Value a, Value b) {
    const mlir::Type wide = builder_.getI64Type();
    const Value product =
        builder_.create<arith::MulIOp>(location_, builder_.create<arith::ExtSIOp>(location_, wide, a),
                                       builder_.create<arith::ExtSIOp>(location_, wide, b));
    const Value rounded = add(product, constantInt(builder_, location_, int64_t{1} << 30, 64));
    return builder_.create<arith::TruncIOp>(location_, builder_.getI32Type(),
                                            sra(rounded, constantInt(builder_, location_, 31, 64)));
  }

  Value saturatingShiftLeft(Value a, int bits) {
    const mlir::Type wide = builder_.getI64Type();
    Value value =
        shl(builder_.create<arith::ExtSIOp>(location_, wide, a), constantInt(builder_, location_, bits, 64));
    value =
        builder_.create<arith::MinSIOp>(location_, value, constantInt(builder_, location_, INT32_MAX, 64));
    value =
        builder_.create<arith::MaxSIOp>(location_, value, constantInt(builder_, location_, INT32_MIN, 64));
    return builder_.create<arith::TruncIOp>(location_, builder_.getI32Type(), value);
  }

  Value headroom(Value sum) { return builder_.create<mlir::math::CountLeadingZerosOp>(location_, sum); }

  /// softmaxReciprocal(sum).scale
  Value reciprocal(Value sum) {
    const Value fraction = sub(shl(sum, headroom(sum)), i32(INT32_MIN));
    const Value halfDenominator = add(i32(1 << 30), sra(fraction, i32(1)));
    Value x = add(i32(1515870810), multiply(halfDenominator, i32(-1010580540)));
    for (int step = 0; step < 3; ++step) {
      const Value error = sub(i32(1 << 29), multiply(halfDenominator, x));
      x = add(x, saturatingShiftLeft(multiply(x, error), 2));
    }
    return saturatingShiftLeft(x, 1);
  }

  /// The output of a table entry, given the row's sum and its reciprocal: `bits` below the point, from the type's least value on.
  Value output(Value exponential, Value scale, Value sum, int bits) {
    const mlir::Type wide = builder_.getI64Type();
    const Value product = builder_.create<arith::ExtSIOp>(location_, wide, multiply(scale, exponential));
    // 12 - headroom + 31 - bits
    const Value exponent =
        builder_.create<arith::ExtSIOp>(location_, wide, sub(i32(12 + 31 - bits), headroom(sum)));
    const Value one = constantInt(builder_, location_, 1, 64);
    const Value half = shl(one, sub(exponent, one));
    Value value = sra(add(product, half), exponent);
    const int64_t most = int64_t{1} << (bits - 1);
    value = sub(value, constantInt(builder_, location_, most, 64));
    value = builder_.create<arith::MinSIOp>(location_, value, constantInt(builder_, location_, most - 1, 64));
    return builder_.create<arith::TruncIOp>(location_, builder_.getIntegerType(static_cast<unsigned>(bits)),
                                            value);
  }

private:
  OpBuilder &builder_;
  Location location_;
};

LogicalResult rewriteSoftmax(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) {
  const Location location = op.getLoc();
  mlir::MLIRContext *context = op.getContext();
  const Value input = op.getInputs()[0];
  const auto type = mlir::cast<mlir::RankedTensorType>(input.getType());
  const auto element = mlir::cast<mlir::IntegerType>(
      mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType()).getElementType());
  const auto rank = static_cast<unsigned>(type.getRank());
  const AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  llvm::SmallVector<AffineExpr> rowDims;
  for (unsigned d = 0; d + 1 < rank; ++d)
    rowDims.push_back(rewriter.getAffineDimExpr(d));
  const AffineMap row = AffineMap::get(rank, 0, rowDims, context);
  const auto rows = type.getShape().drop_back();

  const Value maximum =
      makeGeneric(rewriter, location, {input}, makeFilled(rewriter, location, rows, -128, 8), {identity, row},
                  rank - 1, 1, [](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
                    return builder.create<arith::MaxSIOp>(inner, arguments[0], arguments[1]);
                  });
  const Value table = op.getInputs()[1];
  const Value exponentials = makeGeneric(
      rewriter, location, {input, maximum},
      makeEmpty(rewriter, location, type.getShape(), rewriter.getI32Type()), {identity, row, identity}, rank,
      0, [&](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
        SoftmaxMath math(builder, inner);
        const Value value = builder.create<arith::ExtSIOp>(inner, builder.getI32Type(), arguments[0]);
        const Value peak = builder.create<arith::ExtSIOp>(inner, builder.getI32Type(), arguments[1]);
        const Value position = math.add(math.sub(value, peak), math.i32(255));
        const Value index = builder.create<arith::IndexCastOp>(inner, builder.getIndexType(), position);
        return builder.create<mlir::tensor::ExtractOp>(inner, table, ValueRange{index});
      });
  const Value sum = makeGeneric(
      rewriter, location, {exponentials}, makeFilled(rewriter, location, rows, 0, 32), {identity, row},
      rank - 1, 1, [](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
        SoftmaxMath math(builder, inner);
        // Entries are not negative, but the largest one and the half pass 2^31.
        const Value rounded =
            builder.create<arith::ShRUIOp>(inner, math.add(arguments[0], math.i32(1 << 11)), math.i32(12));
        return math.add(arguments[1], rounded);
      });
  const AffineMap rowIdentity = rewriter.getMultiDimIdentityMap(rank - 1);
  const Value scale =
      makeGeneric(rewriter, location, {sum}, makeEmpty(rewriter, location, rows, rewriter.getI32Type()),
                  {rowIdentity, rowIdentity}, rank - 1, 0,
                  [](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
                    return SoftmaxMath(builder, inner).reciprocal(arguments[0]);
                  });
  rewriter.replaceOp(op, makeGeneric(rewriter, location, {exponentials, scale, sum},
                                     makeEmpty(rewriter, location, type.getShape(), element),
                                     {identity, row, row, identity}, rank, 0,
                                     [&](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
                                       return SoftmaxMath(builder, inner)
                                           .output(arguments[0], arguments[1], arguments[2],
                                                   static_cast<int>(element.getWidth()));
                                     }));
  return mlir::success();
}

/// float32 to int8 or int16, and back from any integers, at the edges of the network.
LogicalResult rewriteEdge(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter, bool quantize) {
  double scale = 0;
  int zeroPoint = 0;
  if (std::sscanf(op.getImplementationAttrs().str().c_str(), "scale=%la zero_point=%d", &scale, &zeroPoint) !=
      2)
    return failure();
  const Location location = op.getLoc();
  const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
  const AffineMap identity = rewriter.getMultiDimIdentityMap(static_cast<unsigned>(type.getRank()));
  const auto real = [](OpBuilder &builder, Location inner, double value, mlir::FloatType kind) -> Value {
    return builder.create<arith::ConstantOp>(inner, builder.getFloatAttr(kind, value));
  };
  rewriter.replaceOp(
      op,
      makeGeneric(
          rewriter, location, {op.getInputs()[0]},
          makeEmpty(rewriter, location, type.getShape(), type.getElementType()), {identity, identity},
          static_cast<unsigned>(type.getRank()), 0,
          [&](OpBuilder &builder, Location inner, ValueRange arguments) -> Value {
            const mlir::FloatType single = builder.getF32Type();
            if (quantize) {
              // round(x / scale) + zero point; the bounds are wider than the result's type and narrower than int32.
              const auto narrow = mlir::cast<mlir::IntegerType>(type.getElementType());
              const int64_t most = int64_t{1} << (narrow.getWidth() - 1);
              const auto wide = static_cast<double>(4 * most);
              const Value steps =
                  builder.create<arith::DivFOp>(inner, arguments[0], real(builder, inner, scale, single));
              Value rounded = builder.create<mlir::math::RoundOp>(inner, steps);
              rounded = builder.create<arith::MaxNumFOp>(inner, rounded, real(builder, inner, -wide, single));
              rounded = builder.create<arith::MinNumFOp>(inner, rounded, real(builder, inner, wide, single));
              Value whole = builder.create<arith::FPToSIOp>(inner, builder.getI32Type(), rounded);
              whole = builder.create<arith::AddIOp>(inner, whole, constantInt(builder, inner, zeroPoint, 32));
              whole = builder.create<arith::MaxSIOp>(inner, whole, constantInt(builder, inner, -most, 32));
              whole = builder.create<arith::MinSIOp>(inner, whole, constantInt(builder, inner, most - 1, 32));
              return builder.create<arith::TruncIOp>(inner, narrow, whole);
            }
            Value whole = arguments[0];
            if (!whole.getType().isInteger(32))
              whole = builder.create<arith::ExtSIOp>(inner, builder.getI32Type(), whole);
            whole = builder.create<arith::SubIOp>(inner, whole, constantInt(builder, inner, zeroPoint, 32));
            const mlir::FloatType wide = builder.getF64Type();
            const Value steps = builder.create<arith::SIToFPOp>(inner, wide, whole);
            const Value product =
                builder.create<arith::MulFOp>(inner, steps, real(builder, inner, scale, wide));
            return builder.create<arith::TruncFOp>(inner, single, product);
          }));
  return mlir::success();
}

struct CustomPattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) const override {
    if (op.getDomainName() != "tessera")
      return failure();
    if (op.getOperatorName() == "softmax")
      return rewriteSoftmax(op, rewriter);
    if (op.getOperatorName() == "quantize" || op.getOperatorName() == "dequantize")
      return rewriteEdge(op, rewriter, op.getOperatorName() == "quantize");
    return failure();
  }
};

} // namespace

void populateCustomPatterns(mlir::RewritePatternSet &patterns) {
  patterns.add<AveragePattern, CustomPattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
