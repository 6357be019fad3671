/// L2_NORMALIZATION of float32 and int8.

#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/normalise.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// A call of the host's function: each row is over its own length.
Expected<void> importBytes(Importer &importer, const Operator &op) {
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  for (const Tensor *tensor : {&input, &output})
    if (auto ok = importer.checkInt8(op, *tensor, tensor == &input ? "input" : "output"); !ok)
      return ok;
  const auto &quantisation = output.quantisation;
  if (quantisation.scales[0] != 1.0f / 128 || quantisation.zeroPoints[0] != 0)
    return Error{prefixOf(op) + "output scale " + numberText(static_cast<double>(quantisation.scales[0])) +
                 ", zero point " + std::to_string(quantisation.zeroPoints[0]) + ", expected 1/128 and 0"};
  const int64_t depth = input.shape.back();
  if (depth > isa::kNormaliseMaxDepth)
    return Error{prefixOf(op) + "depth " + std::to_string(depth) + " is above " +
                 std::to_string(isa::kNormaliseMaxDepth)};
  const int64_t integers[] = {input.elements() / depth, depth, input.quantisation.zeroPoints[0],
                              input.isUnsigned};
  const auto wide = importer.type({4}, 64);
  mlir::OpBuilder &builder = importer.builder();
  const mlir::Value numbers = importer.make<mlir::tosa::ConstOp>(
      wide, mlir::DenseElementsAttr::get(wide, llvm::ArrayRef<int64_t>(integers)));
  auto call = builder.create<mlir::tosa::CustomOp>(
      importer.location(), mlir::TypeRange{importer.typeOf(output)}, builder.getStringAttr("kernel"),
      builder.getStringAttr("tessera"), builder.getStringAttr("tsr_kernel_normalise"),
      mlir::ValueRange{importer.inputValue(op, 0), numbers});
  importer.setOutput(op, call.getResult(0));
  return {};
}

} // namespace

Expected<void> importL2Norm(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  const auto *options = op.options<tflite::L2NormOptions>();
  const tflite::Activation activation = options ? options->activation() : tflite::Activation::NONE;
  if (input.shape.empty() || input.shape != output.shape)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not of one shape with a dimension to normalise"};
  if (!input.isFloat() || !output.isFloat()) {
    if (activation != tflite::Activation::NONE)
      return Error{prefixOf(op) + "a fused activation of int8 is not supported"};
    return importBytes(importer, op);
  }
  // x / max(sqrt(sum of squares along the last dimension), 1e-6)
  const mlir::Value x = importer.inputValue(op, 0);
  const auto noShift = importer.builder().getI8IntegerAttr(0);
  std::vector<int64_t> shape = input.shape;
  const auto last = static_cast<int32_t>(shape.size() - 1);
  shape.back() = 1;
  const mlir::Type row = mlir::cast<mlir::RankedTensorType>(x.getType()).clone(shape);
  const mlir::Value squares = importer.make<mlir::tosa::MulOp>(x.getType(), x, x, noShift);
  mlir::Value sum =
      importer.make<mlir::tosa::ReduceSumOp>(row, squares, importer.builder().getI32IntegerAttr(last));
  sum = importer.make<mlir::tosa::MaximumOp>(
      row, sum, importer.constantF32(std::vector<int64_t>(shape.size(), 1), {1e-12f}));
  const mlir::Value inverse = importer.make<mlir::tosa::RsqrtOp>(row, sum);
  auto value =
      importer.activate(op, activation, importer.make<mlir::tosa::MulOp>(x.getType(), x, inverse, noShift));
  if (!value)
    return value.error();
  importer.setOutput(op, *value);
  return {};
}

} // namespace tessera::compiler::frontend
