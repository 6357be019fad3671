/// ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, POW, ADD_N, RELU and its kin, QUANTIZE, DEQUANTIZE.

#include "import/broadcast.h"
#include "import/operators.h"
#include "import/shape_text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// The value shifted left by 20, by 15, by 7.
constexpr Scale kLeft20{1 << 30, 10};
constexpr Scale kLeft7{1 << 30, 23};
constexpr Scale kLeft15{1 << 30, 15};

bool isQuantised(const Tensor &tensor) {
  return (tensor.isInt8() || tensor.type == tflite::TensorType::INT16) &&
         tensor.quantisation.scales.size() == 1;
}

/// Checks two operands of the output's type that broadcast to it, as NumPy does: float32, int32 or, with one scale, int8 and int16.
Expected<void> checkBinary(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  const bool isPlain = output.isFloat() || output.type == tflite::TensorType::INT32;
  if (!isPlain && !isQuantised(output))
    if (auto ok = importer.checkInt8(op, output, "output"); !ok)
      return ok;
  for (size_t i = 0; i < 2; ++i) {
    const Tensor &input = importer.input(op, i);
    if (input.type != output.type || (!isPlain && !isQuantised(input)))
      return Error{prefixOf(op) + "input " + std::to_string(i) + " is " + typeName(input.type) + " with " +
                   std::to_string(input.quantisation.scales.size()) + " scales, the output " +
                   typeName(output.type)};
  }
  return checkBroadcast(importer, op);
}

/// The output of float32 and int32 arithmetic.
Expected<void> finishPlain(Importer &importer, const Operator &op, tflite::Activation activation,
                           mlir::Value value) {
  if (!importer.output(op).isFloat() && activation != tflite::Activation::NONE)
    return Error{prefixOf(op) + "a fused activation of int32 is not supported"};
  auto active = importer.activate(op, activation, value);
  if (!active)
    return active.error();
  importer.setOutput(op, *active);
  return {};
}

Expected<Scale> scaleFor(const Operator &op, double factor) {
  auto scale = scaleOf(factor);
  if (!scale)
    return Error{prefixOf(op) + scale.error().message};
  return scale;
}

/// Twice the greater scale of two operands.
double commonScale(Importer &importer, const Operator &op) {
  return 2 * static_cast<double>(std::max(importer.input(op, 0).quantisation.scales[0],
                                          importer.input(op, 1).quantisation.scales[0]));
}

/// Both operands as int32 in steps of the common scale, `shift` more bits below the point.
Expected<std::array<mlir::Value, 2>> onCommonScale(Importer &importer, const Operator &op, Scale shift) {
  std::array<mlir::Value, 2> sides;
  for (size_t i = 0; i < 2; ++i) {
    const Quantisation &quantisation = importer.input(op, i).quantisation;
    auto scale = scaleFor(op, static_cast<double>(quantisation.scales[0]) / commonScale(importer, op));
    if (!scale)
      return scale.error();
    const mlir::Value shifted =
        importer.rescale(withRank(importer, op, i), quantisation.zeroPoints[0], 0, {shift}, 32);
    sides[i] = importer.rescale(shifted, 0, 0, {*scale}, 32);
  }
  return sides;
}

/// Bits of a quantised type that QUANTIZE takes or gives; 0 where it does neither.
unsigned quantisedBits(tflite::TensorType type) {
  switch (type) {
  case tflite::TensorType::INT8:
    return 8;
  case tflite::TensorType::INT16:
    return 16;
  case tflite::TensorType::INT32:
    return 32;
  default:
    return 0;
  }
}

} // namespace

std::string quantisationText(const Tensor &tensor) {
  char text[80];
  std::snprintf(text, sizeof text, "scale=%a zero_point=%d",
                static_cast<double>(tensor.quantisation.scales[0]),
                static_cast<int>(tensor.quantisation.zeroPoints[0]));
  return text;
}

Expected<void> importAddSub(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  const bool subtract = op.code == tflite::BuiltinOperator::SUB;
  tflite::Activation activation = tflite::Activation::NONE;
  if (const auto *options = op.options<tflite::AddOptions>())
    activation = options->activation();
  else if (const auto *subOptions = op.options<tflite::SubOptions>())
    activation = subOptions->activation();
  const Tensor &output = importer.output(op);
  if (!isQuantised(output)) {
    const mlir::Type type = importer.typeOf(output);
    const mlir::Value left = withRank(importer, op, 0), right = withRank(importer, op, 1);
    return finishPlain(importer, op, activation,
                       subtract ? importer.make<mlir::tosa::SubOp>(type, left, right)
                                : importer.make<mlir::tosa::AddOp>(type, left, right));
  }
  auto bounds = activationBounds(op, activation, output);
  if (!bounds)
    return bounds.error();

  // Both sides to half of the greater scale with 20 bits below the point (15 for int16), then to the output's scale.
  const bool isInt8 = output.isInt8();
  auto sides = onCommonScale(importer, op, isInt8 ? kLeft20 : kLeft15);
  if (!sides)
    return sides.error();
  auto scale = scaleFor(op, commonScale(importer, op) / ((isInt8 ? 1 << 20 : 1 << 15) *
                                                         static_cast<double>(output.quantisation.scales[0])));
  if (!scale)
    return scale.error();
  const auto type = importer.type(output.shape, 32);
  const mlir::Value sum = subtract ? importer.make<mlir::tosa::SubOp>(type, (*sides)[0], (*sides)[1])
                                   : importer.make<mlir::tosa::AddOp>(type, (*sides)[0], (*sides)[1]);
  const mlir::Value bytes =
      importer.rescale(sum, 0, output.quantisation.zeroPoints[0], {*scale}, isInt8 ? 8 : 16);
  importer.setOutput(op, importer.clamp(bytes, *bounds));
  return {};
}

Expected<void> importMul(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  const auto *options = op.options<tflite::MulOptions>();
  const tflite::Activation activation = options ? options->activation() : tflite::Activation::NONE;
  const Tensor &output = importer.output(op);
  if (!isQuantised(output)) {
    const mlir::Value left = withRank(importer, op, 0), right = withRank(importer, op, 1);
    return finishPlain(importer, op, activation,
                       importer.make<mlir::tosa::MulOp>(importer.typeOf(output), left, right,
                                                        importer.builder().getI8IntegerAttr(0)));
  }
  auto bounds = activationBounds(op, activation, output);
  if (!bounds)
    return bounds.error();
  mlir::Value sides[2];
  const double factor = static_cast<double>(importer.input(op, 0).quantisation.scales[0]) *
                        static_cast<double>(importer.input(op, 1).quantisation.scales[0]) /
                        static_cast<double>(output.quantisation.scales[0]);
  for (size_t i = 0; i < 2; ++i)
    sides[i] = importer.rescale(withRank(importer, op, i), importer.input(op, i).quantisation.zeroPoints[0],
                                0, {kOne}, 32);
  auto scale = scaleFor(op, factor);
  if (!scale)
    return scale.error();
  const mlir::Value product = importer.builder().create<mlir::tosa::MulOp>(
      importer.location(), importer.type(output.shape, 32), sides[0], sides[1],
      importer.builder().getI8IntegerAttr(0));
  const mlir::Value bytes =
      importer.rescale(product, 0, output.quantisation.zeroPoints[0], {*scale}, output.isInt8() ? 8 : 16);
  importer.setOutput(op, importer.clamp(bytes, *bounds));
  return {};
}

Expected<void> importDiv(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (!output.isFloat())
    return Error{prefixOf(op) + "output is " + typeName(output.type) + ", only float32 is supported"};
  const auto *options = op.options<tflite::DivOptions>();
  const mlir::Value left = withRank(importer, op, 0), right = withRank(importer, op, 1);
  const mlir::Value inverse = importer.make<mlir::tosa::ReciprocalOp>(right.getType(), right);
  return finishPlain(importer, op, options ? options->activation() : tflite::Activation::NONE,
                     importer.make<mlir::tosa::MulOp>(importer.typeOf(output), left, inverse,
                                                      importer.builder().getI8IntegerAttr(0)));
}

Expected<void> importSquaredDifference(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  const auto noShift = importer.builder().getI8IntegerAttr(0);
  if (!isQuantised(output)) {
    const mlir::Type type = importer.typeOf(output);
    const mlir::Value difference =
        importer.make<mlir::tosa::SubOp>(type, withRank(importer, op, 0), withRank(importer, op, 1));
    importer.setOutput(op, importer.make<mlir::tosa::MulOp>(type, difference, difference, noShift));
    return {};
  }
  if (!output.isInt8())
    return Error{prefixOf(op) + "output is " + typeName(output.type) +
                 ", only int8, int32 and float32 are supported"};
  // Both sides to half of the greater scale with 7 bits below the point; the square has 14.
  auto sides = onCommonScale(importer, op, kLeft7);
  if (!sides)
    return sides.error();
  const double common = commonScale(importer, op);
  auto scale =
      scaleFor(op, common * common / ((1 << 14) * static_cast<double>(output.quantisation.scales[0])));
  if (!scale)
    return scale.error();
  const auto type = importer.type(output.shape, 32);
  const mlir::Value difference = importer.make<mlir::tosa::SubOp>(type, (*sides)[0], (*sides)[1]);
  const mlir::Value square = importer.make<mlir::tosa::MulOp>(type, difference, difference, noShift);
  importer.setOutput(op, importer.rescale(square, 0, output.quantisation.zeroPoints[0], {*scale}, 8));
  return {};
}

Expected<void> importPow(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (!output.isFloat())
    return Error{prefixOf(op) + "output is " + typeName(output.type) + ", only float32 is supported"};
  importer.setOutput(op, importer.make<mlir::tosa::PowOp>(importer.typeOf(output), withRank(importer, op, 0),
                                                          withRank(importer, op, 1)));
  return {};
}

Expected<void> importAddN(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1 << 16); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (!output.isFloat() && output.type != tflite::TensorType::INT32)
    return Error{prefixOf(op) + "output is " + typeName(output.type) +
                 ", only float32 and int32 are supported"};
  mlir::Value sum;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i] < 0 || importer.input(op, i).type != output.type ||
        importer.input(op, i).shape != output.shape)
      return Error{prefixOf(op) + "input " + std::to_string(i) + " is not of the output's type and shape"};
    const mlir::Value value = importer.inputValue(op, i);
    sum = sum ? importer.make<mlir::tosa::AddOp>(value.getType(), sum, value) : value;
  }
  importer.setOutput(op, sum);
  return {};
}

Expected<void> importExtreme(Importer &importer, const Operator &op) {
  if (auto ok = checkBinary(importer, op); !ok)
    return ok;
  for (size_t i = 0; i < 2; ++i)
    if (auto ok = importer.checkAlike(op, importer.input(op, i), importer.output(op)); !ok)
      return ok;
  const mlir::Type type = importer.typeOf(importer.output(op));
  const mlir::Value left = withRank(importer, op, 0), right = withRank(importer, op, 1);
  importer.setOutput(op, op.code == tflite::BuiltinOperator::MAXIMUM
                             ? importer.make<mlir::tosa::MaximumOp>(type, left, right)
                             : importer.make<mlir::tosa::MinimumOp>(type, left, right));
  return {};
}

Expected<void> importRelu(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " differ"};
  const bool six = op.code == tflite::BuiltinOperator::RELU6;
  const tflite::Activation activation = six ? tflite::Activation::RELU6
                                        : op.code == tflite::BuiltinOperator::RELU
                                            ? tflite::Activation::RELU
                                            : tflite::Activation::RELU_N1_TO_1;
  if (input.isFloat() && output.isFloat())
    return finishPlain(importer, op, activation, importer.inputValue(op, 0));
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, output, "output"); !ok)
    return ok;
  auto bounds = activationBounds(op, activation, six ? input : output);
  if (!bounds)
    return bounds.error();
  mlir::Value bytes = importer.inputValue(op, 0);
  if (!six) {
    // RELU6 only clamps in the reference kernel; RELU rescales, with a quotient in float.
    auto scale =
        scaleFor(op, static_cast<double>(input.quantisation.scales[0] / output.quantisation.scales[0]));
    if (!scale)
      return scale.error();
    bytes = importer.rescale(bytes, input.quantisation.zeroPoints[0], output.quantisation.zeroPoints[0],
                             {*scale}, 8);
  }
  importer.setOutput(op, importer.clamp(bytes, *bounds));
  return {};
}

Expected<void> importQuantize(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " differ"};
  const unsigned outputBits = quantisedBits(output.type);
  for (const Tensor *tensor : {&input, &output})
    if (!(tensor == &input && input.isFloat()) &&
        (quantisedBits(tensor->type) == 0 || tensor->quantisation.scales.size() != 1))
      return Error{prefixOf(op) + (tensor == &input ? "input" : "output") + " is " + typeName(tensor->type) +
                   " with " + std::to_string(tensor->quantisation.scales.size()) +
                   " scales, expected 8, 16 or 32 bits with one"};
  if (input.isFloat()) {
    if (outputBits == 32)
      return Error{prefixOf(op) + "float32 to int32 is not supported"};
    importer.setOutput(op, importer.custom("quantize", importer.typeOf(output), {importer.inputValue(op, 0)},
                                           quantisationText(output)));
    return {};
  }
  auto scale = scaleFor(op, static_cast<double>(input.quantisation.scales[0]) /
                                static_cast<double>(output.quantisation.scales[0]));
  if (!scale)
    return scale.error();
  mlir::Value value = importer.inputValue(op, 0);
  if (input.type != output.type || input.quantisation.scales != output.quantisation.scales ||
      input.quantisation.zeroPoints != output.quantisation.zeroPoints)
    value = importer.rescale(value, input.quantisation.zeroPoints[0], output.quantisation.zeroPoints[0],
                             {*scale}, outputBits);
  importer.setOutput(op, value);
  return {};
}

Expected<void> importDequantize(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (!output.isFloat() || input.shape != output.shape)
    return Error{prefixOf(op) + "output is " + typeName(output.type) + " of shape " +
                 shapeText(output.shape) + ", expected float32 of shape " + shapeText(input.shape)};
  if (input.type == tflite::TensorType::FLOAT16 && input.isConstant()) {
    std::vector<float> values;
    for (size_t at = 0; at + 1 < input.data.size(); at += 2) {
      const llvm::APInt bits(16, input.data[at] + 256u * input.data[at + 1]);
      llvm::APFloat value(llvm::APFloat::IEEEhalf(), bits);
      bool loses = false;
      value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &loses);
      values.push_back(value.convertToFloat());
    }
    importer.setOutput(op, importer.constantF32(output.shape, values));
    return {};
  }
  if (input.type == tflite::TensorType::FLOAT16) {
    importer.setOutput(op, importer.builder().create<mlir::tosa::CastOp>(
                               importer.location(), importer.typeOf(output), importer.inputValue(op, 0)));
    return {};
  }
  if (quantisedBits(input.type) == 0 || input.quantisation.scales.size() != 1)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + " with " +
                 std::to_string(input.quantisation.scales.size()) +
                 " scales, expected float16, or 8, 16 or 32 bits with one"};
  importer.setOutput(op, importer.custom("dequantize", importer.typeOf(output), {importer.inputValue(op, 0)},
                                         quantisationText(input)));
  return {};
}

} // namespace tessera::compiler::frontend
