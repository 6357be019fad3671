/// The custom operation lstm: a loop over the steps that carries the hidden state and the cells, from none.

#include "cpu/generic.h"
#include "cpu/patterns.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cstdio>
#include <optional>

namespace tessera::compiler::cpu {

namespace {

using mlir::AffineMap;
using mlir::Location;
using mlir::LogicalResult;
using mlir::OpBuilder;
using mlir::Value;
using mlir::ValueRange;
namespace arith = mlir::arith;

struct Factor {
  int multiplier = 0, shift = 0;
};

/// What implementation_attrs says; the factors of integer networks alone.
struct Parameters {
  bool isReal = false;
  Factor recurrent[4]; ///< of the gates, in the format's order: input, forget, cell, output
  Factor keep, add, give;
  int zeroPoint = 0; ///< of the hidden state
  int clip = 0;      ///< of the cells; 0: none
  double realClip = 0;
};

std::optional<Parameters> parametersOf(const std::string &text) {
  Parameters p;
  if (std::sscanf(text.c_str(), "clip=%la", &p.realClip) == 1) {
    p.isReal = true;
    return p;
  }
  Factor *r = p.recurrent;
  if (std::sscanf(
          text.c_str(),
          "input=%d,%d forget=%d,%d cell=%d,%d output=%d,%d keep=%d,%d add=%d,%d give=%d,%d zero=%d clip=%d",
          &r[0].multiplier, &r[0].shift, &r[1].multiplier, &r[1].shift, &r[2].multiplier, &r[2].shift,
          &r[3].multiplier, &r[3].shift, &p.keep.multiplier, &p.keep.shift, &p.add.multiplier, &p.add.shift,
          &p.give.multiplier, &p.give.shift, &p.zeroPoint, &p.clip) != 16)
    return std::nullopt;
  return p;
}

/// The arithmetic of one element.
class Element {
public:
  Element(OpBuilder &builder, Location location, const Parameters &parameters, ValueRange tables)
      : builder_(builder), location_(location), p_(parameters), tables_(tables) {}

  /// A gate from what the input and the hidden state give it.
  Value gate(Value fromInput, Value fromHidden, size_t which) {
    const bool isTanh = which == 2;
    if (p_.isReal) {
      const Value sum = builder_.create<arith::AddFOp>(location_, fromInput, fromHidden);
      return isTanh ? tanh(sum) : logistic(sum);
    }
    const Value recurrent = clamp(scale(fromHidden, p_.recurrent[which]), 16);
    const Value sum = clamp(builder_.create<arith::AddIOp>(location_, widen(fromInput), recurrent), 16);
    return lookUp(tables_[isTanh ? 1 : 0], sum);
  }

  Value newCell(Value input, Value forget, Value candidate, Value cell) {
    if (p_.isReal) {
      const Value kept = builder_.create<arith::MulFOp>(location_, forget, cell);
      const Value added = builder_.create<arith::MulFOp>(location_, input, candidate);
      Value sum = builder_.create<arith::AddFOp>(location_, kept, added);
      if (p_.realClip > 0) {
        sum = builder_.create<arith::MinNumFOp>(location_, sum, real(p_.realClip));
        sum = builder_.create<arith::MaxNumFOp>(location_, sum, real(-p_.realClip));
      }
      return sum;
    }
    const Value kept = clamp(scale(multiply(forget, widen(cell)), p_.keep), 16);
    const Value added = clamp(scale(multiply(input, candidate), p_.add), 16);
    Value sum = clamp(builder_.create<arith::AddIOp>(location_, kept, added), 16);
    if (p_.clip > 0)
      sum = between(sum, -p_.clip, p_.clip);
    return builder_.create<arith::TruncIOp>(location_, builder_.getI16Type(), sum);
  }

  Value newHidden(Value output, Value cell) {
    if (p_.isReal)
      return builder_.create<arith::MulFOp>(location_, output, tanh(cell));
    const Value product = multiply(lookUp(tables_[2], widen(cell)), output);
    const Value sum = builder_.create<arith::AddIOp>(location_, scale(product, p_.give), i32(p_.zeroPoint));
    return builder_.create<arith::TruncIOp>(location_, builder_.getI8Type(), clamp(sum, 8));
  }

  /// A term of the sum over the hidden state.
  Value term(Value sum, Value hidden, Value weight) {
    if (p_.isReal)
      return builder_.create<arith::AddFOp>(location_, sum,
                                            builder_.create<arith::MulFOp>(location_, hidden, weight));
    const Value value = builder_.create<arith::SubIOp>(location_, widen(hidden), i32(p_.zeroPoint));
    return builder_.create<arith::AddIOp>(location_, sum, multiply(value, widen(weight)));
  }

private:
  Value i32(int64_t value) { return constantInt(builder_, location_, value, 32); }
  Value real(double value) {
    return builder_.create<arith::ConstantOp>(location_, builder_.getF32FloatAttr(static_cast<float>(value)));
  }
  Value widen(Value value) {
    return builder_.create<arith::ExtSIOp>(location_, builder_.getI32Type(), value);
  }
  Value multiply(Value a, Value b) { return builder_.create<arith::MulIOp>(location_, a, b); }
  Value between(Value value, int64_t low, int64_t high) {
    return builder_.create<arith::MinSIOp>(
        location_, builder_.create<arith::MaxSIOp>(location_, value, i32(low)), i32(high));
  }
  Value clamp(Value value, int bits) { return between(value, -(1 << (bits - 1)), (1 << (bits - 1)) - 1); }
  Value scale(Value value, Factor factor) {
    return builder_.create<mlir::tosa::ApplyScaleOp>(
        location_, builder_.getI32Type(), value, i32(factor.multiplier),
        constantInt(builder_, location_, factor.shift, 8), builder_.getBoolAttr(true));
  }
  Value lookUp(Value table, Value position) {
    const Value index = builder_.create<arith::IndexCastOp>(
        location_, builder_.getIndexType(), builder_.create<arith::AddIOp>(location_, position, i32(32768)));
    return widen(builder_.create<mlir::tensor::ExtractOp>(location_, table, ValueRange{index}));
  }
  Value logistic(Value x) {
    const Value power = builder_.create<mlir::math::ExpOp>(
        location_, builder_.create<arith::NegFOp>(location_, x).getResult());
    const Value sum = builder_.create<arith::AddFOp>(location_, real(1), power);
    return builder_.create<arith::DivFOp>(location_, real(1), sum);
  }
  Value tanh(Value x) { return builder_.create<mlir::math::TanhOp>(location_, x); }

  OpBuilder &builder_;
  Location location_;
  const Parameters &p_;
  ValueRange tables_;
};

struct LstmPattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(mlir::tosa::CustomOp op, mlir::PatternRewriter &rewriter) const override {
    if (op.getDomainName() != "tessera" || op.getOperatorName() != "lstm")
      return mlir::failure();
    const auto parameters = parametersOf(op.getImplementationAttrs().str());
    if (!parameters)
      return mlir::failure();
    const Location location = op.getLoc();
    const auto type = mlir::cast<mlir::RankedTensorType>(op.getResult(0).getType());
    const llvm::SmallVector<int64_t> state(type.getShape().drop_front());
    const bool isReal = parameters->isReal;
    const mlir::Type real = rewriter.getF32Type();
    const auto filled = [&](int64_t value, unsigned bits) -> Value {
      if (!isReal)
        return makeFilled(rewriter, location, state, value, bits);
      const Value zero = rewriter.create<arith::ConstantOp>(location, rewriter.getF32FloatAttr(0));
      return rewriter.create<mlir::linalg::FillOp>(location, zero, makeEmpty(rewriter, location, state, real))
          .getResult(0);
    };
    const ValueRange operands = op.getInputs();
    const ValueRange tables = operands.drop_front(8);
    const AffineMap identity = rewriter.getMultiDimIdentityMap(2);
    const auto index = [&](int64_t value) -> Value {
      return rewriter.create<arith::ConstantIndexOp>(location, value);
    };
    const Value start[3] = {filled(parameters->zeroPoint, 8), filled(0, 16),
                            makeEmpty(rewriter, location, type.getShape(), type.getElementType())};
    auto loop =
        rewriter.create<mlir::scf::ForOp>(location, index(0), index(type.getDimSize(0)), index(1), start);
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(loop.getBody());
      const Value hidden = loop.getRegionIterArg(0), cell = loop.getRegionIterArg(1);
      const llvm::SmallVector<mlir::OpFoldResult> at{loop.getInductionVar(), rewriter.getIndexAttr(0),
                                                     rewriter.getIndexAttr(0)};
      const llvm::SmallVector<mlir::OpFoldResult> size{
          rewriter.getIndexAttr(1), rewriter.getIndexAttr(state[0]), rewriter.getIndexAttr(state[1])};
      const llvm::SmallVector<mlir::OpFoldResult> stride(3, rewriter.getIndexAttr(1));
      llvm::SmallVector<Value> sums, steps;
      for (size_t gate = 0; gate < 4; ++gate) {
        const auto from = mlir::cast<mlir::RankedTensorType>(operands[gate].getType());
        steps.push_back(rewriter.create<mlir::tensor::ExtractSliceOp>(
            location, mlir::RankedTensorType::get(state, from.getElementType()), operands[gate], at, size,
            stride));
        mlir::AffineExpr b, s, k;
        mlir::bindDims(rewriter.getContext(), b, s, k);
        sums.push_back(
            makeGeneric(rewriter, location, {hidden, operands[4 + gate]}, filled(0, 32),
                        {AffineMap::get(3, 0, {b, k}, rewriter.getContext()),
                         AffineMap::get(3, 0, {s, k}, rewriter.getContext()),
                         AffineMap::get(3, 0, {b, s}, rewriter.getContext())},
                        2, 1, [&](OpBuilder &builder, Location inner, ValueRange a) {
                          return Element(builder, inner, *parameters, tables).term(a[2], a[0], a[1]);
                        }));
      }
      const mlir::Type cellType = isReal ? real : mlir::Type(rewriter.getI16Type());
      const Value newCell = makeGeneric(
          rewriter, location, {steps[0], sums[0], steps[1], sums[1], steps[2], sums[2], cell},
          makeEmpty(rewriter, location, state, cellType), llvm::SmallVector<AffineMap>(8, identity), 2, 0,
          [&](OpBuilder &builder, Location inner, ValueRange a) {
            Element element(builder, inner, *parameters, tables);
            return element.newCell(element.gate(a[0], a[1], 0), element.gate(a[2], a[3], 1),
                                   element.gate(a[4], a[5], 2), a[6]);
          });
      const Value newHidden = makeGeneric(rewriter, location, {steps[3], sums[3], newCell},
                                          makeEmpty(rewriter, location, state, type.getElementType()),
                                          llvm::SmallVector<AffineMap>(4, identity), 2, 0,
                                          [&](OpBuilder &builder, Location inner, ValueRange a) {
                                            Element element(builder, inner, *parameters, tables);
                                            return element.newHidden(element.gate(a[0], a[1], 3), a[2]);
                                          });
      const Value all = rewriter.create<mlir::tensor::InsertSliceOp>(
          location, newHidden, loop.getRegionIterArg(2), at, size, stride);
      rewriter.create<mlir::scf::YieldOp>(location, ValueRange{newHidden, newCell, all});
    }
    rewriter.replaceOp(op, loop.getResult(2));
    return mlir::success();
  }
};

} // namespace

void populateLstmPattern(mlir::RewritePatternSet &patterns) {
  patterns.add<LstmPattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
