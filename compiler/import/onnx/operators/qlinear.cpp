// ONNX Runtime's operators on bytes that state their scales (domain com.microsoft), in float32 as they are defined. Where their
// parameters are constants quantised/ makes integer layers of them.

#include "import/onnx/operators/quantisation.h"

namespace tessera::compiler::onnx_import {

namespace {

/// scale * (x - zero point), of inputs i, i + 1, i + 2.
Tensor dequantised(Call &call, size_t i) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(i);
  Tensors operands{x, call.in(i + 1)};
  if (call.has(i + 2))
    operands.push_back(call.in(i + 2));
  return emitter.map(Type::Float32, operands, [](const Scalars &s) {
    Scalar steps = cast(s[0], Type::Int32);
    if (s.size() > 2)
      steps = steps - cast(s[2], Type::Int32);
    return cast(steps, Type::Float32) * s[1];
  });
}

/// `real` as bytes with the scale and zero point of inputs i, i + 1.
Tensor asBytes(Call &call, const Tensor &real, size_t i, Type fallback) {
  Emitter &emitter = call.emitter;
  const bool hasZero = call.has(i + 1);
  const Type type = hasZero ? call.in(i + 1).type() : fallback;
  Tensors operands{real, call.in(i)};
  if (hasZero)
    operands.push_back(call.in(i + 1));
  return emitter.map(type, operands, [&](const Scalars &s) {
    const Scalar zero = hasZero ? s[2] : emitter.constant(Type::Int32, int64_t{0});
    return quantised(s[0] / s[1], zero, type);
  });
}

/// a, scale, zero, b, scale, zero, y scale, y zero.
Values qLinearAdd(Call &call) {
  return {asBytes(call, dequantised(call, 0) + dequantised(call, 3), 6, call.in(0).type())};
}
Values qLinearMul(Call &call) {
  return {asBytes(call, dequantised(call, 0) * dequantised(call, 3), 6, call.in(0).type())};
}

/// x, scale, zero, y scale, y zero.
Values qLinearGlobalAveragePool(Call &call) {
  const Tensor x = dequantised(call, 0);
  if (x.rank() < 3)
    fail("rank ", x.rank(), ", expected 3 or more");
  std::vector<int64_t> axes = allAxes(x.rank());
  if (call.integer("channels_last", 0) != 0)
    axes = std::vector<int64_t>(axes.begin() + 1, axes.end() - 1);
  else
    axes.erase(axes.begin(), axes.begin() + 2);
  return {asBytes(call, meanOver(x, axes), 3, call.in(0).type())};
}

} // namespace

OperatorTable qLinearOperators() {
  constexpr int now = kNewestOpset;
  constexpr const char *microsoft = "com.microsoft";
  return {
      {"QLinearAdd", 1, now, qLinearAdd, microsoft},
      {"QLinearGlobalAveragePool", 1, now, qLinearGlobalAveragePool, microsoft},
      {"QLinearMul", 1, now, qLinearMul, microsoft},
  };
}

} // namespace tessera::compiler::onnx_import
