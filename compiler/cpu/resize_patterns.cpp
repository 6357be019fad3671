/// The custom operations resize_bilinear and resize_nearest: pixels of the input taken through tables of rows and columns.

#include "cpu/generic.h"
#include "cpu/patterns.h"

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

/// Reads the input at a row and column that tables gave, in the batch and channel of the output's element.
class Reader {
public:
  Reader(OpBuilder &builder, Location location, Value picture)
      : builder_(builder), location_(location), picture_(picture) {}

  Value at(Value row, Value column) {
    const auto index = [&](Value number) -> Value {
      return builder_.create<arith::IndexCastOp>(location_, builder_.getIndexType(), number);
    };
    const Value batch = builder_.create<mlir::linalg::IndexOp>(location_, 0);
    const Value channel = builder_.create<mlir::linalg::IndexOp>(location_, 3);
    return builder_.create<mlir::tensor::ExtractOp>(location_, picture_,
                                                    ValueRange{batch, index(row), index(column), channel});
  }

private:
  OpBuilder &builder_;
  Location location_;
  Value picture_;
};

/// What the body of a bilinear resize gets: the two rows and columns and the way from the first to the second.
struct Point {
  Value top, bottom, down;
  Value left, right, across;
};

/// Signed bytes: 10 bits below the point in each direction, halves away from zero.
Value signedMean(OpBuilder &builder, Location location, Value picture, const Point &point) {
  Reader reader(builder, location, picture);
  const mlir::Type wide = builder.getI64Type();
  const auto widen = [&](Value value) -> Value {
    return builder.create<arith::ExtSIOp>(location, wide, value);
  };
  const auto constant = [&](int64_t value) { return constantInt(builder, location, value, 64); };
  const auto rest = [&](Value steps) -> Value {
    return builder.create<arith::SubIOp>(location, constant(1024), steps);
  };
  const Value down = widen(point.down), across = widen(point.across);
  Value sum = constant(0);
  const auto add = [&](Value row, Value column, Value rowShare, Value columnShare) {
    Value term = builder.create<arith::MulIOp>(location, widen(reader.at(row, column)), rowShare);
    term = builder.create<arith::MulIOp>(location, term, columnShare);
    sum = builder.create<arith::AddIOp>(location, sum, term);
  };
  add(point.top, point.left, rest(down), rest(across));
  add(point.bottom, point.left, down, rest(across));
  add(point.top, point.right, rest(down), across);
  add(point.bottom, point.right, down, across);
  const Value isPositive =
      builder.create<arith::CmpIOp>(location, arith::CmpIPredicate::sgt, sum, constant(0));
  const Value half =
      builder.create<arith::SelectOp>(location, isPositive, constant(1 << 19), constant(-(1 << 19)));
  sum = builder.create<arith::AddIOp>(location, sum, half);
  const Value mean = builder.create<arith::DivSIOp>(location, sum, constant(1 << 20));
  return builder.create<arith::TruncIOp>(location, builder.getI8Type(), mean);
}

/// float32, and unsigned bytes in float32: the terms in the reference kernel's order.
Value realMean(OpBuilder &builder, Location location, Value picture, const Point &point, bool isUnsigned) {
  Reader reader(builder, location, picture);
  const mlir::Type real = builder.getF32Type();
  const auto constant = [&](float value) -> Value {
    return builder.create<arith::ConstantOp>(location, builder.getF32FloatAttr(value));
  };
  const auto rest = [&](Value distance) -> Value {
    return builder.create<arith::SubFOp>(location, constant(1), distance);
  };
  const auto term = [&](Value row, Value column, Value rowShare, Value columnShare) -> Value {
    Value value = reader.at(row, column);
    if (isUnsigned) {
      value = builder.create<arith::ExtSIOp>(location, builder.getI32Type(), value);
      value = builder.create<arith::AddIOp>(location, value, constantInt(builder, location, 128, 32));
      value = builder.create<arith::SIToFPOp>(location, real, value);
    }
    value = builder.create<arith::MulFOp>(location, value, rowShare);
    return builder.create<arith::MulFOp>(location, value, columnShare);
  };
  Value sum = term(point.top, point.left, rest(point.down), rest(point.across));
  const auto add = [&](Value value) { sum = builder.create<arith::AddFOp>(location, sum, value); };
  add(term(point.bottom, point.left, point.down, rest(point.across)));
  add(term(point.top, point.right, rest(point.down), point.across));
  add(term(point.bottom, point.right, point.down, point.across));
  if (!isUnsigned)
    return sum;
  add(constant(0.5f));
  Value whole = builder.create<arith::FPToSIOp>(location, builder.getI32Type(), sum);
  whole = builder.create<arith::SubIOp>(location, whole, constantInt(builder, location, 128, 32));
  return builder.create<arith::TruncIOp>(location, builder.getI8Type(), whole);
}

struct ResizePattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) const override {
    const bool isBilinear = op.getOperatorName() == "resize_bilinear";
    if (op.getDomainName() != "tessera" || (!isBilinear && op.getOperatorName() != "resize_nearest"))
      return mlir::failure();
    const Location location = op.getLoc();
    const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
    const llvm::StringRef kind = op.getImplementationAttrs();
    const Value picture = op.getInputs()[0];
    // One half of the tables goes by rows, the other by columns.
    const ValueRange tables = op.getInputs().drop_front();
    llvm::SmallVector<AffineMap> maps;
    for (size_t i = 0; i < tables.size(); ++i)
      maps.push_back(AffineMap::get(4, 0, rewriter.getAffineDimExpr(i < tables.size() / 2 ? 1 : 2)));
    maps.push_back(rewriter.getMultiDimIdentityMap(4));
    rewriter.replaceOp(
        op, makeGeneric(rewriter, location, tables,
                        makeEmpty(rewriter, location, type.getShape(), type.getElementType()), maps, 4, 0,
                        [&](OpBuilder &builder, Location inner, ValueRange a) -> Value {
                          if (!isBilinear)
                            return Reader(builder, inner, picture).at(a[0], a[1]);
                          const Point point{a[0], a[1], a[2], a[3], a[4], a[5]};
                          return kind == "signed"
                                     ? signedMean(builder, inner, picture, point)
                                     : realMean(builder, inner, picture, point, kind == "unsigned");
                        }));
    return mlir::success();
  }
};

} // namespace

void populateResizePatterns(mlir::RewritePatternSet &patterns) {
  patterns.add<ResizePattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
