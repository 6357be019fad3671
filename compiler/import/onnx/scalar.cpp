#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::onnx_import {

namespace arith = mlir::arith;
namespace math = mlir::math;
using mlir::Value;

namespace {

template <class Op, class... Arguments> Value fold(Emitter &emitter, Arguments &&...arguments) {
  auto &impl = emitter.impl();
  return impl.builder.createOrFold<Op>(impl.location, std::forward<Arguments>(arguments)...);
}

template <class Op> Scalar unary(Scalar x) {
  return scalarOf(x.emitter(), fold<Op>(x.emitter(), valueOf(x)), x.type());
}
template <class Op> Scalar binary(Scalar a, Scalar b) {
  return scalarOf(a.emitter(), fold<Op>(a.emitter(), valueOf(a), valueOf(b)), a.type());
}

/// float32 for the floats that have no arithmetic of their own.
Scalar wide(Scalar x) {
  return x.type() == Type::Float16 || isEncodedFloat(x.type()) ? cast(x, Type::Float32) : x;
}

void checkSame(Scalar a, Scalar b) {
  if (a.type() != b.type())
    fail("operands are ", typeName(a.type()), " and ", typeName(b.type()));
}

void checkNumber(Scalar x, const char *what) {
  if (!isFloat(x.type()) && !isInteger(x.type()) && x.type() != Type::Index)
    fail(what, " of ", typeName(x.type()), " is not defined");
}

template <class FloatOp, class IntOp> Scalar arithmetic(Scalar a, Scalar b) {
  a = wide(a);
  b = wide(b);
  checkSame(a, b);
  checkNumber(a, "arithmetic");
  return isFloat(a.type()) ? binary<FloatOp>(a, b) : binary<IntOp>(a, b);
}

std::optional<int64_t> constantInteger(Scalar x) {
  mlir::IntegerAttr attribute;
  if (!mlir::matchPattern(valueOf(x), mlir::m_Constant(&attribute)))
    return std::nullopt;
  return attribute.getValue().getSExtValue();
}

/// `divide(a, b')` with a divisor that cannot trap; 0 where b is 0.
template <class SignedOp, class UnsignedOp> Scalar safeDivision(Scalar a, Scalar b, bool isRemainder) {
  const auto known = constantInteger(b);
  const auto divide = [&](Scalar divisor) {
    return isUnsigned(a.type()) ? binary<UnsignedOp>(a, divisor) : binary<SignedOp>(a, divisor);
  };
  if (known && *known != 0 && *known != -1)
    return divide(b);
  const Scalar zero = constantLike(a, int64_t{0}), one = constantLike(a, int64_t{1});
  const Scalar isZero = b == zero;
  if (isUnsigned(a.type()))
    return select(isZero, zero, divide(select(isZero, one, b)));
  const Scalar isMinusOne = b == constantLike(b, int64_t{-1});
  const Scalar quotient = divide(select(isZero | isMinusOne, one, b));
  return select(isZero, zero, select(isMinusOne, isRemainder ? zero : zero - a, quotient));
}

Scalar compare(Scalar a, Scalar b, arith::CmpFPredicate floats, arith::CmpIPredicate signedInts,
               arith::CmpIPredicate unsignedInts) {
  a = wide(a);
  b = wide(b);
  checkSame(a, b);
  Emitter &emitter = a.emitter();
  const Value result = isFloat(a.type())
                           ? fold<arith::CmpFOp>(emitter, floats, valueOf(a), valueOf(b))
                           : fold<arith::CmpIOp>(emitter, isUnsigned(a.type()) ? unsignedInts : signedInts,
                                                 valueOf(a), valueOf(b));
  return scalarOf(emitter, result, Type::Bool);
}

void checkBits(Scalar x) {
  if (x.type() != Type::Bool && !isInteger(x.type()) && x.type() != Type::Index)
    fail("bitwise arithmetic of ", typeName(x.type()), " is not defined");
}

template <class Op> Scalar bitwise(Scalar a, Scalar b) {
  checkSame(a, b);
  checkBits(a);
  return binary<Op>(a, b);
}

} // namespace

Scalar constantLike(Scalar x, double value) {
  const Type type = wide(x).type();
  if (isFloat(type))
    return x.emitter().constant(type, value);
  if (!(value > -0x1p63 && value < 0x1p63))
    fail("the number ", value, " stands beside ", typeName(type), " numbers");
  return x.emitter().constant(type, static_cast<int64_t>(value));
}
Scalar constantLike(Scalar x, int64_t value) {
  const Type type = wide(x).type();
  return isFloat(type) ? x.emitter().constant(type, static_cast<double>(value))
                       : x.emitter().constant(type, value);
}

Scalar operator+(Scalar a, Scalar b) { return arithmetic<arith::AddFOp, arith::AddIOp>(a, b); }
Scalar operator-(Scalar a, Scalar b) { return arithmetic<arith::SubFOp, arith::SubIOp>(a, b); }
Scalar operator*(Scalar a, Scalar b) { return arithmetic<arith::MulFOp, arith::MulIOp>(a, b); }
Scalar operator/(Scalar a, Scalar b) {
  a = wide(a);
  b = wide(b);
  checkSame(a, b);
  checkNumber(a, "division");
  return isFloat(a.type()) ? binary<arith::DivFOp>(a, b)
                           : safeDivision<arith::DivSIOp, arith::DivUIOp>(a, b, false);
}
Scalar operator-(Scalar a) {
  a = wide(a);
  checkNumber(a, "negation");
  return isFloat(a.type()) ? unary<arith::NegFOp>(a) : constantLike(a, int64_t{0}) - a;
}
Scalar operator&(Scalar a, Scalar b) { return bitwise<arith::AndIOp>(a, b); }
Scalar operator|(Scalar a, Scalar b) { return bitwise<arith::OrIOp>(a, b); }
Scalar operator^(Scalar a, Scalar b) { return bitwise<arith::XOrIOp>(a, b); }
Scalar operator~(Scalar a) {
  checkBits(a);
  return a ^ (a.type() == Type::Bool ? a.emitter().boolean(true) : constantLike(a, int64_t{-1}));
}

Scalar operator<(Scalar a, Scalar b) {
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, arith::CmpIPredicate::ult);
}
Scalar operator<=(Scalar a, Scalar b) {
  return compare(a, b, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle, arith::CmpIPredicate::ule);
}
Scalar operator>(Scalar a, Scalar b) { return b < a; }
Scalar operator>=(Scalar a, Scalar b) { return b <= a; }
Scalar operator==(Scalar a, Scalar b) {
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq, arith::CmpIPredicate::eq);
}
Scalar operator!=(Scalar a, Scalar b) {
  return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne, arith::CmpIPredicate::ne);
}

Scalar remainder(Scalar a, Scalar b) {
  a = wide(a);
  b = wide(b);
  checkSame(a, b);
  checkNumber(a, "remainder");
  return isFloat(a.type()) ? binary<arith::RemFOp>(a, b)
                           : safeDivision<arith::RemSIOp, arith::RemUIOp>(a, b, true);
}

Scalar minimum(Scalar a, Scalar b) {
  return isUnsigned(a.type()) ? arithmetic<arith::MinimumFOp, arith::MinUIOp>(a, b)
                              : arithmetic<arith::MinimumFOp, arith::MinSIOp>(a, b);
}
Scalar maximum(Scalar a, Scalar b) {
  return isUnsigned(a.type()) ? arithmetic<arith::MaximumFOp, arith::MaxUIOp>(a, b)
                              : arithmetic<arith::MaximumFOp, arith::MaxSIOp>(a, b);
}
Scalar clamp(Scalar x, Scalar low, Scalar high) { return minimum(maximum(x, low), high); }

Scalar select(Scalar condition, Scalar yes, Scalar no) {
  if (yes.type() != no.type()) {
    yes = wide(yes);
    no = wide(no);
  }
  checkSame(yes, no);
  if (condition.type() != Type::Bool)
    fail("a condition is ", typeName(condition.type()), ", not bool");
  return scalarOf(yes.emitter(),
                  fold<arith::SelectOp>(yes.emitter(), valueOf(condition), valueOf(yes), valueOf(no)),
                  yes.type());
}

namespace {

Scalar shift(Scalar a, Scalar bits, bool left) {
  checkSame(a, bits);
  checkBits(a);
  const Scalar width = constantLike(a, static_cast<int64_t>(valueBits(a.type())));
  const Scalar zero = constantLike(a, int64_t{0});
  const Scalar fits = isUnsigned(a.type()) ? bits < width : (bits < width) & (bits >= zero);
  const Scalar by = select(fits, bits, zero);
  const Scalar moved = left                   ? binary<arith::ShLIOp>(a, by)
                       : isUnsigned(a.type()) ? binary<arith::ShRUIOp>(a, by)
                                              : binary<arith::ShRSIOp>(a, by);
  return select(fits, moved, zero);
}

} // namespace

Scalar shiftLeft(Scalar a, Scalar bits) { return shift(a, bits, true); }
Scalar shiftRight(Scalar a, Scalar bits) { return shift(a, bits, false); }

Scalar power(Scalar base, Scalar exponent) {
  base = wide(base);
  exponent = wide(exponent);
  checkSame(base, exponent);
  if (isFloat(base.type()))
    return binary<math::PowFOp>(base, exponent);
  // By squaring, bit after bit; what is below zero as an exponent has the result 0.
  Emitter &emitter = base.emitter();
  const Scalar zero = constantLike(base, int64_t{0}), one = constantLike(base, int64_t{1});
  const Scalars result = emitter.loop(emitter.index(0), emitter.index(valueBits(base.type())),
                                      {one, base, exponent}, [&](Scalar, const Scalars &state) -> Scalars {
                                        const Scalar odd = (state[2] & one) != zero;
                                        return {select(odd, state[0] * state[1], state[0]),
                                                state[1] * state[1], shiftRight(state[2], one)};
                                      });
  return isUnsigned(base.type()) ? result[0] : select(exponent < zero, zero, result[0]);
}

Scalar apply(Real function, Scalar x) {
  x = wide(x);
  if (!isFloat(x.type()))
    fail("a function of real numbers got ", typeName(x.type()));
  switch (function) {
  case Real::Abs:
    return unary<math::AbsFOp>(x);
  case Real::Ceil:
    return unary<math::CeilOp>(x);
  case Real::Floor:
    return unary<math::FloorOp>(x);
  case Real::Trunc:
    return unary<math::TruncOp>(x);
  case Real::RoundEven:
    return unary<math::RoundEvenOp>(x);
  case Real::Exp:
    return unary<math::ExpOp>(x);
  case Real::Expm1:
    return unary<math::ExpM1Op>(x);
  case Real::Log:
    return unary<math::LogOp>(x);
  case Real::Log1p:
    return unary<math::Log1pOp>(x);
  case Real::Sqrt:
    return unary<math::SqrtOp>(x);
  case Real::Sin:
    return unary<math::SinOp>(x);
  case Real::Cos:
    return unary<math::CosOp>(x);
  case Real::Tan:
    return unary<math::TanOp>(x);
  case Real::Asin:
    return unary<math::AsinOp>(x);
  case Real::Acos:
    return unary<math::AcosOp>(x);
  case Real::Atan:
    return unary<math::AtanOp>(x);
  case Real::Sinh:
    return unary<math::SinhOp>(x);
  case Real::Cosh:
    return unary<math::CoshOp>(x);
  case Real::Tanh:
    return unary<math::TanhOp>(x);
  case Real::Asinh:
    return unary<math::AsinhOp>(x);
  case Real::Acosh:
    return unary<math::AcoshOp>(x);
  case Real::Atanh:
    return unary<math::AtanhOp>(x);
  case Real::Erf:
    return unary<math::ErfOp>(x);
  }
  return x;
}

Scalar absolute(Scalar x) {
  if (isFloat(x.type()))
    return apply(Real::Abs, x);
  return isUnsigned(x.type()) ? x : maximum(x, -x);
}
Scalar floorOf(Scalar x) { return apply(Real::Floor, x); }
Scalar ceilOf(Scalar x) { return apply(Real::Ceil, x); }
Scalar roundEven(Scalar x) { return apply(Real::RoundEven, x); }
Scalar expOf(Scalar x) { return apply(Real::Exp, x); }
Scalar logOf(Scalar x) { return apply(Real::Log, x); }
Scalar sqrtOf(Scalar x) { return apply(Real::Sqrt, x); }
Scalar tanhOf(Scalar x) { return apply(Real::Tanh, x); }
Scalar sigmoidOf(Scalar x) { return 1.0 / (1.0 + expOf(-x)); }

Scalar isNan(Scalar x) {
  x = wide(x);
  return scalarOf(x.emitter(),
                  fold<arith::CmpFOp>(x.emitter(), arith::CmpFPredicate::UNO, valueOf(x), valueOf(x)),
                  Type::Bool);
}

Scalar bitcast(Scalar x, Type type) {
  auto &impl = x.emitter().impl();
  if (storageBits(x.type()) == storageBits(type) && (x.type() == Type::Bool || type == Type::Bool))
    return cast(x, type); // one bit in registers, a byte that is 0 or 1 in memory
  if (storageBits(x.type()) != storageBits(type))
    fail("the bits of ", typeName(x.type()), " cannot be those of ", typeName(type));
  if (impl.mlirType(x.type()) == impl.mlirType(type))
    return scalarOf(x.emitter(), valueOf(x), type);
  return scalarOf(x.emitter(), fold<arith::BitcastOp>(x.emitter(), impl.mlirType(type), valueOf(x)), type);
}

Scalar narrowed(Scalar scalar, Type type) {
  if (scalar.type() == type)
    return scalar;
  if (isFloat(scalar.type()) && isFloat(type))
    return cast(scalar, type);
  fail("computed ", typeName(scalar.type()), " where ", typeName(type), " is due");
}

} // namespace tessera::compiler::onnx_import
