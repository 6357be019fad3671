// Activation functions.

#include "import/onnx/operators/common.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

template <auto F> Values unary(Call &call) {
  return {mapUnary(call.in(0), [&](Scalar x) { return F(call, x); })};
}

/// What is 0 in the type of x.
Scalar zero(Scalar x) { return constantLike(x, int64_t{0}); }

constexpr auto kRelu = [](Call &, Scalar x) { return maximum(x, zero(x)); };
constexpr auto kLeakyRelu = [](Call &call, Scalar x) {
  return select(x < zero(x), x * call.real("alpha", 0.01), x);
};
constexpr auto kElu = [](Call &call, Scalar x) {
  return select(x < zero(x), apply(Real::Expm1, x) * call.real("alpha", 1), x);
};
constexpr auto kCelu = [](Call &call, Scalar x) {
  const double alpha = call.real("alpha", 1);
  return maximum(x, zero(x)) + minimum(zero(x), apply(Real::Expm1, x / alpha) * alpha);
};
constexpr auto kSelu = [](Call &call, Scalar x) {
  const double alpha = call.real("alpha", 1.67326319217681884765625);
  const double gamma = call.real("gamma", 1.05070102214813232421875);
  return select(x > zero(x), x * gamma, apply(Real::Expm1, x) * (alpha * gamma));
};
constexpr auto kSigmoid = [](Call &, Scalar x) { return sigmoidOf(x); };
constexpr auto kHardSigmoid = [](Call &call, Scalar x) {
  return clamp(x * call.real("alpha", 0.2) + call.real("beta", 0.5), zero(x), constantLike(x, 1.0));
};
constexpr auto kHardSwish = [](Call &, Scalar x) {
  return x * clamp(x * (1.0 / 6) + 0.5, zero(x), constantLike(x, 1.0));
};
/// ln(1 + e^x), without the overflow.
Scalar softplusOf(Scalar x) { return maximum(x, zero(x)) + apply(Real::Log1p, expOf(-absolute(x))); }
constexpr auto kSoftplus = [](Call &, Scalar x) { return softplusOf(x); };
constexpr auto kSoftsign = [](Call &, Scalar x) { return x / (absolute(x) + 1.0); };
constexpr auto kThresholdedRelu = [](Call &call, Scalar x) {
  return select(x > call.real("alpha", 1), x, zero(x));
};
constexpr auto kMish = [](Call &, Scalar x) { return x * tanhOf(softplusOf(x)); };
constexpr auto kSwish = [](Call &call, Scalar x) { return x * sigmoidOf(x * call.real("alpha", 1)); };
constexpr auto kGelu = [](Call &call, Scalar x) {
  if (call.text("approximate", "none") == "tanh")
    return x * 0.5 * (1.0 + tanhOf((x + x * x * x * 0.044715) * std::sqrt(2 / M_PI)));
  return x * 0.5 * (1.0 + apply(Real::Erf, x * M_SQRT1_2));
};

Values shrink(Call &call) {
  const double bias = call.real("bias", 0), lambda = call.real("lambd", 0.5);
  const Tensor x = call.in(0);
  const bool isReal = isFloat(x.type());
  return {call.emitter.map(x.type(), {x}, [&](const Scalars &s) {
    // Integers are compared and shifted as real numbers.
    const Scalar v = isReal ? s[0] : cast(s[0], Type::Float32);
    const Scalar result = select(v < -lambda, v + bias, select(v > lambda, v - bias, zero(v)));
    return isReal ? result : cast(result, x.type());
  })};
}

/// A slope for each channel (dimension 1) where old versions give one a channel; else broadcast to x.
Values prelu(Call &call) {
  const Tensor x = call.in(0);
  Tensor slope = call.in(1);
  if (call.opset() < 7 && slope.rank() == 1 && !slope.extent(0).is(1) && x.rank() > 2) {
    Shape shape(static_cast<size_t>(x.rank() - 1), Extent(1));
    shape[0] = slope.extent(0);
    slope = call.emitter.reshape(slope, shape);
  }
  return {call.emitter.mapTo(x.shape(), x.type(), {x, slope},
                             [](const Scalars &s) { return select(s[0] < zero(s[0]), s[0] * s[1], s[0]); })};
}

} // namespace

OperatorTable activationOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Celu", 12, now, unary<kCelu>},
      {"Elu", 1, now, unary<kElu>},
      {"Gelu", 20, now, unary<kGelu>},
      {"Gelu", 1, now, unary<kGelu>, "com.microsoft"},
      {"HardSigmoid", 1, now, unary<kHardSigmoid>},
      {"HardSwish", 14, now, unary<kHardSwish>},
      {"LeakyRelu", 1, now, unary<kLeakyRelu>},
      {"Mish", 18, now, unary<kMish>},
      {"PRelu", 1, now, prelu},
      {"Relu", 1, now, unary<kRelu>},
      {"Selu", 1, now, unary<kSelu>},
      {"Shrink", 9, now, shrink},
      {"Sigmoid", 1, now, unary<kSigmoid>},
      {"Softplus", 1, now, unary<kSoftplus>},
      {"Softsign", 1, now, unary<kSoftsign>},
      {"Swish", 24, now, unary<kSwish>},
      {"ThresholdedRelu", 1, now, unary<kThresholdedRelu>},
  };
}

} // namespace tessera::compiler::onnx_import
