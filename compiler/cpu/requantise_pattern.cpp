// The custom operation `requantise` (compiler/form/requantise.h) on the host: mode ONNX of tessera/isa/numerics.h, element by element.
#include "cpu/generic.h"
#include "cpu/patterns.h"
#include "form/requantise.h"

#include "mlir/Dialect/Math/IR/Math.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;
namespace arith = mlir::arith;

/// isa::exitValue of mode Onnx with the bounds of int8, operation for operation; arguments: sum, scale. Products are cut to
/// numbers that are far outside int8 with every zero point, and that int32 holds.
Value exitValue(OpBuilder &builder, Location location, ValueRange arguments, int32_t zeroPoint) {
  const mlir::FloatType single = builder.getF32Type();
  const auto real = [&](double value) -> Value {
    return builder.create<arith::ConstantOp>(location, builder.getFloatAttr(single, value));
  };
  const Value sum = builder.create<arith::SIToFPOp>(location, single, arguments[0]);
  Value product = builder.create<arith::MulFOp>(location, sum, arguments[1]);
  const Value isNumber = builder.create<arith::CmpFOp>(location, arith::CmpFPredicate::ORD, product, product);
  product = builder.create<arith::SelectOp>(location, isNumber, product, real(0));
  product = builder.create<arith::MaxNumFOp>(location, product, real(-512));
  product = builder.create<arith::MinNumFOp>(location, product, real(512));
  const Value rounded = builder.create<mlir::math::RoundEvenOp>(location, product);
  Value whole = builder.create<arith::FPToSIOp>(location, builder.getI32Type(), rounded);
  whole = builder.create<arith::AddIOp>(location, whole, constantInt(builder, location, zeroPoint, 32));
  whole = builder.create<arith::MaxSIOp>(location, whole, constantInt(builder, location, INT8_MIN, 32));
  whole = builder.create<arith::MinSIOp>(location, whole, constantInt(builder, location, INT8_MAX, 32));
  return builder.create<arith::TruncIOp>(location, builder.getI8Type(), whole);
}

struct RequantisePattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(mlir::tosa::CustomOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    const auto requantise = readRequantise(op);
    if (!requantise)
      return mlir::failure();
    const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
    const auto rank = static_cast<unsigned>(type.getRank());
    const mlir::AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
    const mlir::AffineExpr channel = requantise->scales.size() == 1 ? rewriter.getAffineConstantExpr(0)
                                                                    : rewriter.getAffineDimExpr(rank - 1);
    const mlir::AffineMap scale = mlir::AffineMap::get(rank, 0, channel);
    rewriter.replaceOp(op,
                       makeGeneric(rewriter, op.getLoc(), op.getInputs(),
                                   makeEmpty(rewriter, op.getLoc(), type.getShape(), type.getElementType()),
                                   {identity, scale, identity}, rank, 0,
                                   [&](OpBuilder &builder, Location inner, ValueRange arguments) {
                                     return exitValue(builder, inner, arguments, requantise->zeroPoint);
                                   }));
    return mlir::success();
  }
};

} // namespace

void populateRequantisePattern(mlir::RewritePatternSet &patterns) {
  patterns.add<RequantisePattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
