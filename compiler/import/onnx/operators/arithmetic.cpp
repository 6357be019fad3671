// Element-wise arithmetic, comparisons, logic and bits.

#include "import/onnx/operators.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

/// The second operand of the old binary operators: before version 7 it broadcasts only where attributes say so.
Tensor secondOperand(Call &call) {
  const Tensor a = call.in(0), b = call.in(1);
  if (call.opset() >= 7 || !call.integer("broadcast", 0) || b.rank() == 0)
    return b;
  const int64_t axis = call.hasAttribute("axis") ? call.axis(0, a.rank()) : a.rank() - b.rank();
  if (axis < 0 || axis + b.rank() > a.rank())
    fail("operand of rank ", b.rank(), " at axis ", axis, " of rank ", a.rank());
  Shape shape = b.shape();
  shape.resize(static_cast<size_t>(a.rank() - axis), Extent(1));
  return call.emitter.reshape(b, shape);
}

template <auto F> Values unary(Call &call) {
  const Tensor x = call.in(0);
  return {call.emitter.map(x.type(), {x}, [](const Scalars &s) { return F(s[0]); })};
}
template <auto F> Values binary(Call &call) {
  const Tensor x = call.in(0);
  return {
      call.emitter.map(x.type(), {x, secondOperand(call)}, [](const Scalars &s) { return F(s[0], s[1]); })};
}
template <auto F> Values predicate(Call &call) {
  return {call.emitter.map(Type::Bool, {call.in(0), secondOperand(call)},
                           [](const Scalars &s) { return F(s[0], s[1]); })};
}
template <auto F> Values logical(Call &call) {
  if (call.in(0).type() != Type::Bool || call.in(1).type() != Type::Bool)
    fail("operands are ", typeName(call.in(0).type()), " and ", typeName(call.in(1).type()),
         ", expected bool");
  return predicate<F>(call);
}
template <Real R> Values real(Call &call) {
  return unary<[](Scalar x) { return apply(R, x); }>(call);
}

/// Any number of operands, folded from the left.
template <auto F> Values variadic(Call &call) {
  Tensor sum = call.in(0);
  for (size_t i = 1; i < call.inputs(); ++i)
    sum = call.emitter.map(sum.type(), {sum, call.in(i)}, [](const Scalars &s) { return F(s[0], s[1]); });
  return {sum};
}

constexpr auto kAdd = [](Scalar a, Scalar b) { return a + b; };
constexpr auto kSubtract = [](Scalar a, Scalar b) { return a - b; };
constexpr auto kMultiply = [](Scalar a, Scalar b) { return a * b; };
constexpr auto kDivide = [](Scalar a, Scalar b) { return a / b; };
constexpr auto kMinimum = [](Scalar a, Scalar b) { return minimum(a, b); };
constexpr auto kMaximum = [](Scalar a, Scalar b) { return maximum(a, b); };
constexpr auto kNegate = [](Scalar x) { return -x; };
constexpr auto kAbsolute = [](Scalar x) { return absolute(x); };
constexpr auto kReciprocal = [](Scalar x) { return 1.0 / x; };
constexpr auto kSign = [](Scalar x) {
  const Scalar zero = constantLike(x, int64_t{0});
  // Zero and NaN are their own sign.
  const Scalar self = isFloat(x.type()) ? x + zero : x;
  const Scalar below = isUnsigned(x.type()) ? self : select(x < zero, constantLike(x, int64_t{-1}), self);
  return select(x > zero, constantLike(x, int64_t{1}), below);
};
constexpr auto kEqual = [](Scalar a, Scalar b) { return a == b; };
constexpr auto kLess = [](Scalar a, Scalar b) { return a < b; };
constexpr auto kLessOrEqual = [](Scalar a, Scalar b) { return a <= b; };
constexpr auto kGreater = [](Scalar a, Scalar b) { return a > b; };
constexpr auto kGreaterOrEqual = [](Scalar a, Scalar b) { return a >= b; };
constexpr auto kAnd = [](Scalar a, Scalar b) { return a & b; };
constexpr auto kOr = [](Scalar a, Scalar b) { return a | b; };
constexpr auto kXor = [](Scalar a, Scalar b) { return a ^ b; };
constexpr auto kNot = [](Scalar x) { return ~x; };

Values mean(Call &call) {
  const Tensor sum = variadic<kAdd>(call)[0].tensor();
  const auto count = static_cast<int64_t>(call.inputs());
  return {call.emitter.map(sum.type(), {sum}, [&](const Scalars &s) { return s[0] / count; })};
}

/// The sign of the divisor (Python's %), or with fmod the sign of the dividend (C's).
Values modulo(Call &call) {
  const bool isC = call.integer("fmod", 0) != 0;
  const Tensor x = call.in(0);
  return {call.emitter.map(x.type(), {x, call.in(1)}, [&](const Scalars &s) {
    const Scalar rest = remainder(s[0], s[1]);
    if (isC || isUnsigned(x.type()))
      return rest;
    const Scalar zero = constantLike(rest, int64_t{0});
    const Scalar differs = (rest != zero) & ((rest < zero) ^ (s[1] < constantLike(s[1], int64_t{0})));
    return select(differs, rest + s[1], rest);
  })};
}

/// The base's type; an integer base with a real exponent is computed in float64.
Values powerOf(Call &call) {
  const Tensor x = call.in(0), y = secondOperand(call);
  return {call.emitter.map(x.type(), {x, y}, [&](const Scalars &s) {
    const bool isMixed = isInteger(x.type()) && isFloat(y.type());
    const Type type = isMixed                                           ? Type::Float64
                      : storageBits(x.type()) < 32 && isFloat(x.type()) ? Type::Float32
                                                                        : x.type();
    return cast(power(cast(s[0], type), cast(s[1], type)), isMixed ? x.type() : type);
  })};
}

Values shift(Call &call) {
  const std::string direction = call.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    fail("direction '", direction, "' is neither LEFT nor RIGHT");
  const bool left = direction == "LEFT";
  const Tensor x = call.in(0);
  return {call.emitter.map(x.type(), {x, call.in(1)}, [&](const Scalars &s) {
    return left ? shiftLeft(s[0], s[1]) : shiftRight(s[0], s[1]);
  })};
}

Values where(Call &call) {
  const Tensor yes = call.in(1);
  return {call.emitter.map(yes.type(), {call.in(0), yes, call.in(2)},
                           [](const Scalars &s) { return select(s[0], s[1], s[2]); })};
}

Values nan(Call &call) {
  return {call.emitter.map(Type::Bool, {call.in(0)}, [](const Scalars &s) { return isNan(s[0]); })};
}

Values infinite(Call &call) {
  const bool positive = call.integer("detect_positive", 1) != 0,
             negative = call.integer("detect_negative", 1) != 0;
  return {call.emitter.map(Type::Bool, {call.in(0)}, [&](const Scalars &s) {
    Scalar result = call.emitter.boolean(false);
    if (positive)
      result = result | (s[0] == constantLike(s[0], HUGE_VAL));
    if (negative)
      result = result | (s[0] == constantLike(s[0], -HUGE_VAL));
    return result;
  })};
}

/// Bounds as attributes before version 11, as optional inputs from then on.
Values clip(Call &call) {
  const Tensor x = call.in(0);
  Tensors operands{x};
  const bool asInputs = call.opset() >= 11;
  const bool hasLow = asInputs ? call.has(1) : call.hasAttribute("min");
  const bool hasHigh = asInputs ? call.has(2) : call.hasAttribute("max");
  const auto bound = [&](size_t i, const char *name) {
    return asInputs ? call.in(i)
                    : call.emitter.scalarTensor(call.emitter.constant(x.type(), call.real(name, 0)));
  };
  if (hasLow)
    operands.push_back(bound(1, "min"));
  if (hasHigh)
    operands.push_back(bound(2, "max"));
  return {call.emitter.map(x.type(), operands, [&](const Scalars &s) {
    Scalar result = s[0];
    if (hasLow)
      result = maximum(result, s[1]);
    return hasHigh ? minimum(result, s.back()) : result;
  })};
}

Values bitCast(Call &call) {
  return {call.emitter.retype(call.in(0), static_cast<Type>(call.integer("to", 0)))};
}

} // namespace

OperatorTable arithmeticOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Abs", 1, now, unary<kAbsolute>},
      {"Acos", 7, now, real<Real::Acos>},
      {"Acosh", 9, now, real<Real::Acosh>},
      {"Add", 1, now, binary<kAdd>},
      {"And", 1, now, logical<kAnd>},
      {"Asin", 7, now, real<Real::Asin>},
      {"Asinh", 9, now, real<Real::Asinh>},
      {"Atan", 7, now, real<Real::Atan>},
      {"Atanh", 9, now, real<Real::Atanh>},
      {"BitCast", 26, now, bitCast},
      {"BitShift", 11, now, shift},
      {"BitwiseAnd", 18, now, binary<kAnd>},
      {"BitwiseNot", 18, now, unary<kNot>},
      {"BitwiseOr", 18, now, binary<kOr>},
      {"BitwiseXor", 18, now, binary<kXor>},
      {"Ceil", 1, now, real<Real::Ceil>},
      {"Clip", 1, now, clip},
      {"Cos", 7, now, real<Real::Cos>},
      {"Cosh", 9, now, real<Real::Cosh>},
      {"Div", 1, now, binary<kDivide>},
      {"Equal", 1, now, predicate<kEqual>},
      {"Erf", 9, now, real<Real::Erf>},
      {"Exp", 1, now, real<Real::Exp>},
      {"Floor", 1, now, real<Real::Floor>},
      {"Greater", 1, now, predicate<kGreater>},
      {"GreaterOrEqual", 12, now, predicate<kGreaterOrEqual>},
      {"IsInf", 10, now, infinite},
      {"IsNaN", 9, now, nan},
      {"Less", 1, now, predicate<kLess>},
      {"LessOrEqual", 12, now, predicate<kLessOrEqual>},
      {"Log", 1, now, real<Real::Log>},
      {"Max", 1, now, variadic<kMaximum>},
      {"Mean", 1, now, mean},
      {"Min", 1, now, variadic<kMinimum>},
      {"Mod", 10, now, modulo},
      {"Mul", 1, now, binary<kMultiply>},
      {"Neg", 1, now, unary<kNegate>},
      {"Not", 1, now, unary<kNot>},
      {"Or", 1, now, logical<kOr>},
      {"Pow", 1, now, powerOf},
      {"Reciprocal", 1, now, unary<kReciprocal>},
      {"Round", 11, now, real<Real::RoundEven>},
      {"Sign", 9, now, unary<kSign>},
      {"Sin", 7, now, real<Real::Sin>},
      {"Sinh", 9, now, real<Real::Sinh>},
      {"Sqrt", 1, now, real<Real::Sqrt>},
      {"Sub", 1, now, binary<kSubtract>},
      {"Sum", 1, now, variadic<kAdd>},
      {"Tan", 7, now, real<Real::Tan>},
      {"Tanh", 1, now, real<Real::Tanh>},
      {"Where", 9, now, where},
      {"Xor", 1, now, logical<kXor>},
  };
}

} // namespace tessera::compiler::onnx_import
