/// SOFTMAX.

#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/softmax.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

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
