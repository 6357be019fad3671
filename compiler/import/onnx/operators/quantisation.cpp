#include "import/onnx/operators/quantisation.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

Scalar quantised(Scalar steps, Scalar zeroPoint, Type type) {
  Emitter &emitter = steps.emitter();
  const Scalar rounded = select(isNan(steps), constantLike(steps, 0.0), roundEven(steps));
  const Scalar moved = rounded + cast(zeroPoint, rounded.type());
  const int bits = static_cast<int>(valueBits(type));
  const double low = isUnsigned(type) ? 0 : -std::ldexp(1, bits - 1);
  const double high = std::ldexp(1, isUnsigned(type) ? bits : bits - 1) - 1;
  const Type real = moved.type();
  return cast(clamp(moved, emitter.constant(real, low), emitter.constant(real, high)), type);
}

Tensor requantised(const Tensor &sums, const Tensor &xScale, const Tensor &wScale, const Tensor &yScale,
                   const Tensor &yZero) {
  Emitter &emitter = sums.emitter();
  const Type type = yZero.type();
  const Tensor factor = emitter.map(xScale.type(), {xScale, wScale, yScale}, [&](const Scalars &s) {
    // Narrow scales round after each step.
    const Scalar product = cast(s[0] * s[1], xScale.type());
    return product / s[2];
  });
  return emitter.map(type, {sums, factor, yZero}, [&](const Scalars &s) {
    return quantised(cast(s[0], Type::Float32) * cast(s[1], Type::Float32), s[2], type);
  });
}

namespace {

/// Scale or zero point as it broadcasts to `x`: one value, one a slice of the axis, or one a block of the axis.
class Granularity {
public:
  Granularity(Call &call, const Tensor &x, const Tensor &scale)
      : call_(call), x_(x), block_(call.integer("block_size", 0)) {
    isSingle_ = scale.rank() == 0 || (scale.isStatic() && scale.count() == 1 && scale.rank() <= 1);
    if (!isSingle_)
      axis_ = static_cast<size_t>(call.axis(1, x.rank()));
    if (block_ < 0 || (block_ > 0 && scale.rank() != x.rank()))
      fail("block_size ", block_, " with scales of rank ", scale.rank());
  }

  Tensor applied(const Tensor &parameter) const {
    Emitter &emitter = call_.emitter;
    if (isSingle_)
      return parameter.rank() == 0 ? parameter : emitter.reshape(parameter, {});
    if (block_ == 0) {
      if (parameter.rank() != 1)
        fail("scales of rank ", parameter.rank(), ", expected 0 or 1");
      emitter.requireEqual(parameter.extent(0), x_.shape()[axis_], "one scale a slice of the axis is needed");
      Shape shape(x_.shape().size(), Extent(1));
      shape[axis_] = parameter.extent(0);
      return emitter.reshape(parameter, shape);
    }
    for (size_t d = 0; d < x_.shape().size(); ++d)
      emitter.requireEqual(parameter.shape()[d],
                           d == axis_ ? ceilDivide(x_.shape()[d], Extent(block_)) : x_.shape()[d],
                           "the scales do not fit the blocks");
    return emitter.generate(parameter.type(), x_.shape(), [&](const Scalars &at) {
      Scalars position = at;
      position[axis_] = at[axis_] / block_;
      return parameter.at(position);
    });
  }

private:
  Call &call_;
  const Tensor &x_;
  int64_t block_;
  bool isSingle_ = false;
  size_t axis_ = 0;
};

Values quantizeLinear(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), scale = call.in(1);
  const auto stated = static_cast<Type>(call.integer("output_dtype", 0));
  const Type type = call.has(2) ? call.in(2).type() : stated != Type::Undefined ? stated : Type::Uint8;
  const auto precision = static_cast<Type>(call.integer("precision", 0));
  const Type computed = precision != Type::Undefined ? precision : scale.type();
  const bool saturates = call.integer("saturate", 1) != 0;
  const Granularity granularity(call, x, scale);
  Tensors operands{x, granularity.applied(scale)};
  if (call.has(2) && isInteger(type))
    operands.push_back(granularity.applied(call.in(2)));
  return {emitter.mapTo(x.shape(), type, operands, [&](const Scalars &s) {
    const Scalar steps = cast(cast(s[0], computed) / cast(s[1], computed), computed);
    if (type == Type::Float4E2M1) // the zero point is added even where it is 0: minus zero becomes zero
      return encode(steps + constantLike(steps, 0.0), type, true);
    if (!isInteger(type))
      return encode(steps, type, saturates);
    const Scalar zero = s.size() > 2 ? s[2] : emitter.constant(Type::Int32, int64_t{0});
    return quantised(steps, zero, type);
  })};
}

Values dequantizeLinear(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), scale = call.in(1);
  const auto stated = static_cast<Type>(call.integer("output_dtype", 0));
  const Type type = stated != Type::Undefined ? stated : scale.type();
  const Granularity granularity(call, x, scale);
  Tensors operands{x, granularity.applied(scale)};
  const bool isWhole = isInteger(x.type());
  if (call.has(2) && isWhole)
    operands.push_back(granularity.applied(call.in(2)));
  return {emitter.mapTo(x.shape(), type, operands, [&](const Scalars &s) {
    Scalar steps = isWhole ? cast(s[0], Type::Int32) : cast(s[0], Type::Float32);
    if (s.size() > 2)
      steps = steps - cast(s[2], Type::Int32);
    return cast(steps, Type::Float32) * cast(s[1], Type::Float32);
  })};
}

/// uint8 with the scale and zero point that the data itself asks for; 0 is always one of the steps.
Values dynamicQuantizeLinear(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const std::vector<int64_t> axes = allAxes(x.rank());
  const Scalar zero = emitter.constant(x.type(), 0.0);
  const auto extreme = [&](bool isHigh) {
    return emitter.reduce(x.type(), x, axes, zero, [&](Scalar sum, const Scalars &s) {
      return isHigh ? maximum(sum, s[0]) : minimum(sum, s[0]);
    });
  };
  const Tensor low = extreme(false), high = extreme(true);
  const Tensor scale = emitter.map(x.type(), {low, high}, [](const Scalars &s) {
    const Scalar step = (s[1] - s[0]) / 255.0;
    return select(s[0] == s[1], constantLike(step, 1.0), step);
  });
  const Tensor zeroPoint = emitter.map(Type::Uint8, {low, scale}, [&](const Scalars &s) {
    return quantised(-s[0] / s[1], emitter.constant(Type::Int32, int64_t{0}), Type::Uint8);
  });
  const Tensor y = emitter.map(Type::Uint8, {x, scale, zeroPoint},
                               [](const Scalars &s) { return quantised(s[0] / s[1], s[2], Type::Uint8); });
  return {y, scale, zeroPoint};
}

} // namespace

OperatorTable quantisationOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"DequantizeLinear", 10, now, dequantizeLinear},
      {"DequantizeLinear", 1, now, dequantizeLinear, "com.microsoft"},
      {"DynamicQuantizeLinear", 11, now, dynamicQuantizeLinear},
      {"QuantizeLinear", 10, now, quantizeLinear},
      {"QuantizeLinear", 1, now, quantizeLinear, "com.microsoft"},
  };
}

} // namespace tessera::compiler::onnx_import
