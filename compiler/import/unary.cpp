/// Operators of one float32 number each: EXP, LOG, ABS, NEG, FLOOR, CEIL, SIN, COS, SQUARE, SQRT, RSQRT, HARD_SWISH; PRELU,
/// of int8 too.

#include "import/broadcast.h"
#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

Expected<void> checkReal(const Operator &op, const Tensor &input, const Tensor &output) {
  if (!input.isFloat() || !output.isFloat() || input.shape != output.shape)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + " of shape " + shapeText(input.shape) +
                 ", output " + typeName(output.type) + " of shape " + shapeText(output.shape) +
                 ", expected float32 of one shape"};
  return {};
}

} // namespace

Expected<void> importUnary(Importer &importer, const Operator &op) {
  using Code = tflite::BuiltinOperator;
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  if (auto ok = checkReal(op, importer.input(op, 0), importer.output(op)); !ok)
    return ok;
  const mlir::Value x = importer.inputValue(op, 0);
  const mlir::Type type = x.getType();
  const auto noShift = importer.builder().getI8IntegerAttr(0);
  const std::vector<int64_t> ones(importer.output(op).shape.size(), 1);
  mlir::Value value;
  switch (op.code) {
  case Code::EXP:
    value = importer.make<mlir::tosa::ExpOp>(type, x);
    break;
  case Code::LOG:
    value = importer.make<mlir::tosa::LogOp>(type, x);
    break;
  case Code::ABS:
    value = importer.make<mlir::tosa::AbsOp>(type, x);
    break;
  case Code::NEG:
    value = importer.make<mlir::tosa::NegateOp>(type, x, mlir::tosa::UnaryOpQuantizationAttr());
    break;
  case Code::FLOOR:
    value = importer.make<mlir::tosa::FloorOp>(type, x);
    break;
  case Code::CEIL:
    value = importer.make<mlir::tosa::CeilOp>(type, x);
    break;
  case Code::SIN:
    value = importer.make<mlir::tosa::SinOp>(type, x);
    break;
  case Code::COS:
    value = importer.make<mlir::tosa::CosOp>(type, x);
    break;
  case Code::SQUARE:
    value = importer.make<mlir::tosa::MulOp>(type, x, x, noShift);
    break;
  case Code::SQRT:
    value = importer.make<mlir::tosa::PowOp>(type, x, importer.constantF32(ones, {0.5f}));
    break;
  case Code::RSQRT:
    value = importer.make<mlir::tosa::RsqrtOp>(type, x);
    break;
  case Code::HARD_SWISH: {
    // x * min(max(x + 3, 0), 6) / 6
    const mlir::Value raised = importer.make<mlir::tosa::AddOp>(type, x, importer.constantF32(ones, {3.0f}));
    auto six = importer.activate(op, tflite::Activation::RELU6, raised);
    if (!six)
      return six.error();
    value = importer.make<mlir::tosa::MulOp>(type, x, *six, noShift);
    value = importer.make<mlir::tosa::MulOp>(type, value, importer.constantF32(ones, {1.0f / 6}), noShift);
    break;
  }
  default:
    return Error{"operator " + std::to_string(op.index) + " (" + op.name + ") is not supported"};
  }
  importer.setOutput(op, value);
  return {};
}

namespace {

/// Numbers that are not negative by one factor, the others times the slope by another, each rounded by itself.
Expected<void> importPrelu8(Importer &importer, const Operator &op) {
  const Tensor &input = importer.input(op, 0), &slope = importer.input(op, 1), &output = importer.output(op);
  for (const Tensor *tensor : {&input, &slope, &output})
    if (auto ok = importer.checkInt8(op, *tensor, "an operand"); !ok)
      return ok;
  const auto scaleIn = [](const Tensor &tensor) {
    return static_cast<double>(tensor.quantisation.scales[0]);
  };
  auto above = scaleOf(scaleIn(input) / scaleIn(output));
  auto below = scaleOf(scaleIn(input) * scaleIn(slope) / scaleIn(output));
  if (!above || !below)
    return Error{prefixOf(op) + (above ? below : above).error().message};
  const mlir::Value x =
      importer.rescale(withRank(importer, op, 0), input.quantisation.zeroPoints[0], 0, {kOne}, 32);
  const mlir::Value slopes =
      importer.rescale(withRank(importer, op, 1), slope.quantisation.zeroPoints[0], 0, {kOne}, 32);
  const mlir::Value zero = importer.constantI32(std::vector<int64_t>(output.shape.size(), 1), {0});
  const mlir::Type type = x.getType();
  const mlir::Value positive = importer.make<mlir::tosa::MaximumOp>(type, x, zero);
  const mlir::Value negative = importer.make<mlir::tosa::MinimumOp>(type, x, zero);
  const mlir::Value product =
      importer.make<mlir::tosa::MulOp>(type, negative, slopes, importer.builder().getI8IntegerAttr(0));
  const mlir::Value sides[2] = {importer.rescale(positive, 0, 0, {*above}, 32),
                                importer.rescale(product, 0, 0, {*below}, 32)};
  const mlir::Value sum = importer.make<mlir::tosa::AddOp>(type, sides[0], sides[1]); // one of them is 0
  importer.setOutput(op, importer.rescale(sum, 0, output.quantisation.zeroPoints[0], {kOne}, 8));
  return {};
}

} // namespace

Expected<void> importPrelu(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &slope = importer.input(op, 1), &output = importer.output(op);
  const bool isReal = input.isFloat() && slope.isFloat() && output.isFloat();
  if ((!isReal && !input.isInt8()) || input.shape != output.shape)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + " " + shapeText(input.shape) +
                 ", slopes " + typeName(slope.type) + ", output " + typeName(output.type) + " " +
                 shapeText(output.shape) + ", expected all float32 or all int8, of one shape"};
  if (auto ok = checkBroadcast(importer, op); !ok)
    return ok;
  if (!isReal)
    return importPrelu8(importer, op);
  const mlir::Value x = importer.inputValue(op, 0);
  const mlir::Value slopes = withRank(importer, op, 1);
  const mlir::Value zero = importer.constantF32(std::vector<int64_t>(output.shape.size(), 1), {0.0f});
  const mlir::Type type = x.getType();
  const mlir::Value above = importer.make<mlir::tosa::MaximumOp>(type, x, zero);
  const mlir::Value below = importer.make<mlir::tosa::MinimumOp>(type, x, zero);
  const mlir::Value scaled =
      importer.make<mlir::tosa::MulOp>(type, below, slopes, importer.builder().getI8IntegerAttr(0));
  importer.setOutput(op, importer.make<mlir::tosa::AddOp>(type, above, scaled));
  return {};
}

} // namespace tessera::compiler::frontend
