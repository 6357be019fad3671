/// RESHAPE and its kin, CONCATENATION, SOFTMAX.

#include "import/importer.h"
#include "import/shape_text.h"

#include "tessera/isa/softmax.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

Expected<void> importReshape(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (input.type != output.type || (!input.isInt8() && input.type != tflite::TensorType::FLOAT32))
    return Error{prefixOf(op) + "input is " + typeName(input.type) + ", output " + typeName(output.type) +
                 ", expected int8 or float32 for both"};
  if (input.elements() != output.elements())
    return Error{prefixOf(op) + "shape " + shapeText(input.shape) + " cannot become " +
                 shapeText(output.shape)};
  importer.setOutput(op, importer.reshape(importer.inputValue(op, 0), output.shape));
  return {};
}

Expected<void> importConcatenation(Importer &importer, const Operator &op) {
  const size_t parts = op.inputs.size();
  if (auto ok = importer.checkOperands(op, std::max<size_t>(parts, 1), 1024); !ok)
    return ok;
  const auto *options = op.options<tflite::ConcatenationOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkInt8(op, output, "output"); !ok)
    return ok;
  auto bounds = activationBounds(op, options->activation(), output);
  if (!bounds)
    return bounds.error();
  const auto rank = static_cast<int32_t>(output.shape.size());
  const int32_t axis = options->axis() < 0 ? options->axis() + rank : options->axis();
  if (axis < 0 || axis >= rank)
    return Error{prefixOf(op) + "axis " + std::to_string(options->axis()) + " is outside shape " +
                 shapeText(output.shape)};
  const auto along = static_cast<size_t>(axis);

  std::vector<mlir::Value> values;
  int64_t length = 0;
  for (size_t i = 0; i < parts; ++i) {
    const Tensor &input = importer.input(op, i);
    if (auto ok = importer.checkInt8(op, input, "input"); !ok)
      return ok;
    // The reference kernel copies bytes, so scales that differ would mean something else there.
    if (input.quantisation.scales != output.quantisation.scales ||
        input.quantisation.zeroPoints != output.quantisation.zeroPoints)
      return Error{prefixOf(op) + "input " + std::to_string(i) + " is quantised unlike the output"};
    std::vector<int64_t> expected = output.shape;
    if (input.shape.size() == expected.size())
      expected[along] = input.shape[along];
    if (input.shape != expected)
      return Error{prefixOf(op) + "input " + shapeText(input.shape) + " does not fit output " +
                   shapeText(output.shape)};
    length += input.shape[along];
    values.push_back(importer.inputValue(op, i));
  }
  if (length != output.shape[along])
    return Error{prefixOf(op) + "inputs have " + std::to_string(length) + " along axis " +
                 std::to_string(axis) + ", the output " + std::to_string(output.shape[along])};
  const mlir::Value joined = importer.builder().create<mlir::tosa::ConcatOp>(
      importer.location(), importer.typeOf(output), values, importer.builder().getI32IntegerAttr(axis));
  importer.setOutput(op, importer.clamp(joined, *bounds));
  return {};
}

Expected<void> importSoftmax(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const auto *options = op.options<tflite::SoftmaxOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, output, "output"); !ok)
    return ok;
  if (input.shape.empty() || input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not of one shape"};
  if (output.quantisation.zeroPoints[0] != -128 || output.quantisation.scales[0] != 1.0f / 256)
    return Error{prefixOf(op) + "output scale " +
                 numberText(static_cast<double>(output.quantisation.scales[0])) + ", zero point " +
                 std::to_string(output.quantisation.zeroPoints[0]) + ", expected 1/256 and -128"};
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

} // namespace tessera::compiler::frontend
