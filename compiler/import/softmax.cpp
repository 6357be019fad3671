/// SOFTMAX, LOG_SOFTMAX.

#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/softmax.h"

#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// exp(beta * (x - max)) / sum of it, in float32.
Expected<void> importReal(Importer &importer, const Operator &op, float beta) {
  mlir::OpBuilder &builder = importer.builder();
  const Tensor &input = importer.input(op, 0);
  const mlir::RankedTensorType type = importer.typeOf(input);
  std::vector<int64_t> rows = input.shape;
  rows.back() = 1;
  const mlir::Type rowType = type.clone(rows);
  const auto along = builder.getI32IntegerAttr(static_cast<int32_t>(rows.size() - 1));
  const mlir::Value value = importer.inputValue(op, 0);
  const mlir::Value peak = importer.make<mlir::tosa::ReduceMaxOp>(rowType, value, along);
  mlir::Value power = importer.make<mlir::tosa::SubOp>(type, value, peak);
  if (beta != 1.0f) {
    const std::vector<int64_t> ones(rows.size(), 1);
    power = importer.make<mlir::tosa::MulOp>(type, power, importer.constantF32(ones, {beta}),
                                             builder.getI8IntegerAttr(0));
  }
  const mlir::Value exponential = importer.make<mlir::tosa::ExpOp>(type, power);
  const mlir::Value sum = importer.make<mlir::tosa::ReduceSumOp>(rowType, exponential, along);
  const mlir::Value inverse = importer.make<mlir::tosa::ReciprocalOp>(rowType, sum);
  importer.setOutput(
      op, importer.make<mlir::tosa::MulOp>(type, exponential, inverse, builder.getI8IntegerAttr(0)));
  return {};
}

} // namespace

Expected<void> importSoftmax(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const auto *options = op.options<tflite::SoftmaxOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (input.shape.empty() || input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not of one shape"};
  if (input.isFloat() && output.isFloat())
    return importReal(importer, op, options->beta());
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  const bool isLong = output.type == tflite::TensorType::INT16 && output.quantisation.scales.size() == 1;
  if (auto ok = isLong ? Expected<void>() : importer.checkInt8(op, output, "output"); !ok)
    return ok;
  const float step = isLong ? 1.0f / 65536 : 1.0f / 256;
  const int64_t zero = isLong ? -32768 : -128;
  // Files write the step of int16 with fewer digits, and the kernel takes a thousandth more or less.
  const float tolerance = isLong ? step / 1000 : 0;
  if (output.quantisation.zeroPoints[0] != zero || std::abs(output.quantisation.scales[0] - step) > tolerance)
    return Error{prefixOf(op) + "output scale " +
                 numberText(static_cast<double>(output.quantisation.scales[0])) + ", zero point " +
                 std::to_string(output.quantisation.zeroPoints[0]) + ", expected " +
                 (isLong ? "1/65536 and -32768" : "1/256 and -128")};
  if (!(options->beta() > 0 && options->beta() < 1e6f))
    return Error{prefixOf(op) + "beta " + numberText(static_cast<double>(options->beta())) +
                 " is not between 0 and 1e+06"};
  if (!isa::softmaxScaleFits(static_cast<double>(options->beta()),
                             static_cast<double>(input.quantisation.scales[0])))
    return Error{prefixOf(op) + "input scale " +
                 numberText(static_cast<double>(input.quantisation.scales[0])) + " is too small"};
  if (input.shape.back() > isa::kSoftmaxMaxDepth)
    return Error{prefixOf(op) + "depth " + std::to_string(input.shape.back()) + " is above " +
                 std::to_string(isa::kSoftmaxMaxDepth)};

  const auto table = isa::softmaxTable(static_cast<double>(options->beta()),
                                       static_cast<double>(input.quantisation.scales[0]));
  mlir::OpBuilder &builder = importer.builder();
  const mlir::Value exponentials = importer.constantI32({256}, table);
  auto custom = builder.create<mlir::tosa::CustomOp>(
      importer.location(), mlir::TypeRange{importer.typeOf(output)}, builder.getStringAttr("softmax"),
      builder.getStringAttr("tessera"), builder.getStringAttr(""),
      mlir::ValueRange{importer.inputValue(op, 0), exponentials});
  importer.setOutput(op, custom.getResult(0));
  return {};
}

/// x - max - log(sum of exp(x - max)), in float32.
Expected<void> importLogSoftmax(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (!input.isFloat() || !output.isFloat() || input.shape.empty() || input.shape != output.shape)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + " " + shapeText(input.shape) +
                 ", output " + typeName(output.type) + " " + shapeText(output.shape) +
                 ", only float32 of one shape is supported"};
  const mlir::RankedTensorType type = importer.typeOf(input);
  std::vector<int64_t> rows = input.shape;
  rows.back() = 1;
  const mlir::Type rowType = type.clone(rows);
  const auto along = importer.builder().getI32IntegerAttr(static_cast<int32_t>(rows.size() - 1));
  const mlir::Value value = importer.inputValue(op, 0);
  const mlir::Value peak = importer.make<mlir::tosa::ReduceMaxOp>(rowType, value, along);
  const mlir::Value below = importer.make<mlir::tosa::SubOp>(type, value, peak);
  const mlir::Value sum =
      importer.make<mlir::tosa::ReduceSumOp>(rowType, importer.make<mlir::tosa::ExpOp>(type, below), along);
  importer.setOutput(
      op, importer.make<mlir::tosa::SubOp>(type, below, importer.make<mlir::tosa::LogOp>(rowType, sum)));
  return {};
}

} // namespace tessera::compiler::frontend
