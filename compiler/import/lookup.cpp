/// LOGISTIC, TANH, LEAKY_RELU, ELU, HARD_SWISH: of one byte each, so int8 ones are a table of 256 that the reference kernel's arithmetic fills.

#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/activation.h"
#include "tessera/isa/numerics.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// Checks one input and output of one shape, both float32 or both int8 with one scale.
Expected<void> checkUnary(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " differ"};
  if (input.isFloat() && output.isFloat())
    return {};
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  return importer.checkInt8(op, output, "output");
}

/// The table that kernels fill with a function of real numbers.
void importReals(Importer &importer, const Operator &op, float (*function)(float)) {
  const Quantisation &input = importer.input(op, 0).quantisation;
  const Quantisation &output = importer.output(op).quantisation;
  importer.setOutput(op, importer.lookUp(importer.inputValue(op, 0), [&](int64_t byte) {
    const float real = input.scales[0] * static_cast<float>(byte - input.zeroPoints[0]);
    const float steps = std::round(function(real) * (1 / output.scales[0]));
    return static_cast<int64_t>(std::clamp(steps, -512.0f, 512.0f)) + output.zeroPoints[0];
  }));
}

/// A function whose output has one scale and zero point for all int8 networks. uint8 ones have any: their kernel fills its table in
/// float32.
Expected<void> importFixed(Importer &importer, const Operator &op, float (*function)(float),
                           std::array<int8_t, 256> (*tableOf)(double, int32_t), float outputScale,
                           int64_t outputZeroPoint) {
  const Quantisation &input = importer.input(op, 0).quantisation;
  const Quantisation &output = importer.output(op).quantisation;
  if (importer.input(op, 0).isUnsigned && importer.output(op).isUnsigned) {
    importReals(importer, op, function);
    return {};
  }
  if (output.scales[0] != outputScale || output.zeroPoints[0] != outputZeroPoint)
    return Error{prefixOf(op) + "output scale " + numberText(static_cast<double>(output.scales[0])) +
                 ", zero point " + std::to_string(output.zeroPoints[0]) + ", expected " +
                 numberText(static_cast<double>(outputScale)) + " and " + std::to_string(outputZeroPoint)};
  if (input.scales[0] >= 8)
    return Error{prefixOf(op) + "input scale " + numberText(static_cast<double>(input.scales[0])) +
                 " is not below 8"};
  const auto table = tableOf(static_cast<double>(input.scales[0]), static_cast<int32_t>(input.zeroPoints[0]));
  importer.setOutput(op, importer.lookUp(importer.inputValue(op, 0), [&](int64_t byte) {
    return table[static_cast<size_t>(byte + 128)];
  }));
  return {};
}

/// Of int16 tensors: one side of zero is rescaled by one factor, the other by the other.
Expected<void> importLeakyRelu16(Importer &importer, const Operator &op, float alpha) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  for (const Tensor *tensor : {&input, &output})
    if (tensor->type != tflite::TensorType::INT16 || tensor->quantisation.scales.size() != 1 ||
        tensor->quantisation.zeroPoints[0] != 0 || tensor->shape != output.shape)
      return Error{prefixOf(op) + "input and output are not both int16 of shape " + shapeText(output.shape) +
                   ", one scale and zero point 0"};
  const float from = input.quantisation.scales[0], to = output.quantisation.scales[0];
  auto identity = scaleOf(static_cast<double>(from / to));
  auto slope = scaleOf(static_cast<double>(from * alpha / to));
  if (!identity || !slope || !(alpha >= 0))
    return Error{prefixOf(op) + "slope " + numberText(static_cast<double>(alpha)) +
                 " does not fit the scales"};
  const mlir::Value value = importer.inputValue(op, 0);
  const mlir::Type type = value.getType();
  const auto scalar = importer.type(std::vector<int64_t>(output.shape.size(), 1), 16);
  const mlir::Value zero = importer.make<mlir::tosa::ConstOp>(
      scalar, mlir::DenseElementsAttr::get(scalar, mlir::Attribute(importer.builder().getI16IntegerAttr(0))));
  const mlir::Value above = importer.make<mlir::tosa::MaximumOp>(type, value, zero);
  const mlir::Value below = importer.make<mlir::tosa::MinimumOp>(type, value, zero);
  importer.setOutput(op,
                     importer.make<mlir::tosa::AddOp>(type, importer.rescale(above, 0, 0, {*identity}, 16),
                                                      importer.rescale(below, 0, 0, {*slope}, 16)));
  return {};
}

} // namespace

Expected<void> importLogistic(Importer &importer, const Operator &op) {
  if (auto ok = checkUnary(importer, op); !ok)
    return ok;
  if (!importer.output(op).isFloat())
    return importFixed(
        importer, op, [](float x) { return 1 / (1 + std::exp(-x)); }, isa::logisticTable, 1.0f / 256, -128);
  const mlir::Value value = importer.inputValue(op, 0);
  importer.setOutput(
      op, importer.builder().create<mlir::tosa::SigmoidOp>(importer.location(), value.getType(), value));
  return {};
}

Expected<void> importTanh(Importer &importer, const Operator &op) {
  if (auto ok = checkUnary(importer, op); !ok)
    return ok;
  if (!importer.output(op).isFloat())
    return importFixed(importer, op, [](float x) { return std::tanh(x); }, isa::tanhTable, 1.0f / 128, 0);
  const mlir::Value value = importer.inputValue(op, 0);
  importer.setOutput(
      op, importer.builder().create<mlir::tosa::TanhOp>(importer.location(), value.getType(), value));
  return {};
}

Expected<void> importLeakyRelu(Importer &importer, const Operator &op) {
  const auto *options = op.options<tflite::LeakyReluOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const float alpha = options->alpha();
  if (!op.inputs.empty() && op.inputs[0] >= 0 && importer.input(op, 0).type == tflite::TensorType::INT16)
    return importLeakyRelu16(importer, op, alpha);
  if (auto ok = checkUnary(importer, op); !ok)
    return ok;
  const mlir::Value value = importer.inputValue(op, 0);
  mlir::OpBuilder &builder = importer.builder();
  if (importer.output(op).isFloat()) {
    // max(x, 0) + alpha * min(x, 0)
    const auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    const std::vector<int64_t> ones(static_cast<size_t>(type.getRank()), 1);
    const mlir::Value zero = importer.constantF32(ones, {0.0f});
    const mlir::Value slope = importer.constantF32(ones, {alpha});
    const auto location = importer.location();
    const mlir::Value above = builder.create<mlir::tosa::MaximumOp>(location, type, value, zero);
    const mlir::Value below = builder.create<mlir::tosa::MinimumOp>(location, type, value, zero);
    const mlir::Value scaled =
        builder.create<mlir::tosa::MulOp>(location, type, below, slope, builder.getI8IntegerAttr(0));
    importer.setOutput(op, builder.create<mlir::tosa::AddOp>(location, type, above, scaled));
    return {};
  }
  const Quantisation &input = importer.input(op, 0).quantisation;
  const Quantisation &output = importer.output(op).quantisation;
  const auto identity = isa::quantizeMultiplier(static_cast<double>(input.scales[0] / output.scales[0]));
  const auto slope = isa::quantizeMultiplier(static_cast<double>(input.scales[0] * alpha / output.scales[0]));
  importer.setOutput(op, importer.lookUp(value, [&](int64_t byte) {
    const auto steps = static_cast<int32_t>(byte - input.zeroPoints[0]);
    const auto &factor = steps >= 0 ? identity : slope;
    return output.zeroPoints[0] +
           isa::multiplyDoubleRounding(steps, static_cast<int32_t>(factor.multiplier), factor.shift);
  }));
  return {};
}

Expected<void> importElu(Importer &importer, const Operator &op) {
  if (auto ok = checkUnary(importer, op); !ok)
    return ok;
  if (!importer.output(op).isFloat()) {
    importReals(importer, op, [](float x) { return x < 0 ? std::exp(x) - 1 : x; });
    return {};
  }
  // max(x, 0) + exp(min(x, 0)) - 1
  const mlir::Value value = importer.inputValue(op, 0);
  const mlir::Type type = value.getType();
  const std::vector<int64_t> ones(importer.output(op).shape.size(), 1);
  const mlir::Value zero = importer.constantF32(ones, {0.0f});
  const mlir::Value above = importer.make<mlir::tosa::MaximumOp>(type, value, zero);
  const mlir::Value below = importer.make<mlir::tosa::MinimumOp>(type, value, zero);
  const mlir::Value power = importer.make<mlir::tosa::ExpOp>(type, below);
  const mlir::Value curve = importer.make<mlir::tosa::SubOp>(type, power, importer.constantF32(ones, {1.0f}));
  importer.setOutput(op, importer.make<mlir::tosa::AddOp>(type, above, curve));
  return {};
}

Expected<void> importHardSwish(Importer &importer, const Operator &op) {
  if (auto ok = checkUnary(importer, op); !ok)
    return ok;
  if (importer.output(op).isFloat())
    return importUnary(importer, op);
  const Quantisation &input = importer.input(op, 0).quantisation;
  const Quantisation &output = importer.output(op).quantisation;
  const auto table = isa::hardSwishTable(input.scales[0], static_cast<int32_t>(input.zeroPoints[0]),
                                         output.scales[0], static_cast<int32_t>(output.zeroPoints[0]));
  if (!table)
    return Error{prefixOf(op) + "input scale " + numberText(static_cast<double>(input.scales[0])) +
                 " and output scale " + numberText(static_cast<double>(output.scales[0])) +
                 " are too far apart"};
  importer.setOutput(op, importer.lookUp(importer.inputValue(op, 0), [&](int64_t byte) {
    return (*table)[static_cast<size_t>(byte + 128)];
  }));
  return {};
}

} // namespace tessera::compiler::frontend
