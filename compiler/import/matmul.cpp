/// BATCH_MATMUL of float32 and int8.

#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// An operand as [batch, rows, columns]: its last two dimensions swapped where `isTurned`, its batch repeated to the output's. Empty where they do
/// not fit.
mlir::Value matrices(Importer &importer, const Operator &op, size_t i, bool isTurned) {
  const std::vector<int64_t> &wanted = importer.output(op).shape;
  std::vector<int64_t> shape = importer.input(op, i).shape;
  shape.insert(shape.begin(), wanted.size() - shape.size(), 1);
  mlir::Value value = importer.reshape(importer.inputValue(op, i), shape);
  const size_t rank = shape.size();
  if (isTurned) {
    std::vector<int32_t> order;
    for (size_t d = 0; d < rank; ++d)
      order.push_back(static_cast<int32_t>(d + 2 < rank ? d : d + 2 == rank ? rank - 1 : rank - 2));
    value = importer.transpose(value, order);
    std::swap(shape[rank - 2], shape[rank - 1]);
  }
  std::vector<int64_t> times(rank, 1);
  int64_t batch = 1;
  for (size_t d = 0; d + 2 < rank; ++d) {
    if (shape[d] != wanted[d] && shape[d] != 1)
      return {};
    times[d] = wanted[d] / shape[d];
    shape[d] = wanted[d];
    batch *= wanted[d];
  }
  if (llvm::any_of(times, [](int64_t n) { return n != 1; }))
    value =
        importer.make<mlir::tosa::TileOp>(mlir::cast<mlir::RankedTensorType>(value.getType()).clone(shape),
                                          value, importer.builder().getDenseI64ArrayAttr(times));
  return importer.reshape(value, {batch, shape[rank - 2], shape[rank - 1]});
}

} // namespace

Expected<void> importBatchMatMul(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &left = importer.input(op, 0), &right = importer.input(op, 1), &output = importer.output(op);
  const bool isReal = left.isFloat() && right.isFloat() && output.isFloat();
  for (const Tensor *tensor : {&left, &right, &output})
    if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, *tensor, "an operand"); !ok)
      return ok;
  const size_t rank = output.shape.size();
  const Error shapes{prefixOf(op) + "inputs " + shapeText(left.shape) + " and " + shapeText(right.shape) +
                     " do not make output " + shapeText(output.shape)};
  if (rank < 2 || left.shape.size() < 2 || right.shape.size() < 2 || left.shape.size() > rank ||
      right.shape.size() > rank)
    return shapes;
  const auto *options = op.options<tflite::BatchMatMulOptions>();
  const mlir::Value a = matrices(importer, op, 0, options && options->adj_x());
  const mlir::Value b = matrices(importer, op, 1, options && options->adj_y());
  if (!a || !b)
    return shapes;
  const auto aShape = mlir::cast<mlir::RankedTensorType>(a.getType()).getShape(),
             bShape = mlir::cast<mlir::RankedTensorType>(b.getType()).getShape();
  if (aShape[2] != bShape[1] || aShape[1] != output.shape[rank - 2] || bShape[2] != output.shape[rank - 1])
    return shapes;
  const std::vector<int64_t> product{aShape[0], aShape[1], bShape[2]};
  mlir::OpBuilder &builder = importer.builder();
  if (isReal) {
    const auto type = mlir::RankedTensorType::get(product, builder.getF32Type());
    importer.setOutput(op, importer.reshape(importer.make<mlir::tosa::MatMulOp>(
                                                type, a, b, mlir::tosa::MatMulOpQuantizationAttr()),
                                            output.shape));
    return {};
  }
  // The product of the scales is float32's in the reference kernel.
  auto scale = scaleOf(static_cast<double>(left.quantisation.scales[0] * right.quantisation.scales[0]) /
                       static_cast<double>(output.quantisation.scales[0]));
  if (!scale)
    return Error{prefixOf(op) + scale.error().message};
  const mlir::Value sum = importer.make<mlir::tosa::MatMulOp>(
      importer.type(product, 32), a, b,
      builder.getAttr<mlir::tosa::MatMulOpQuantizationAttr>(left.quantisation.zeroPoints[0],
                                                            right.quantisation.zeroPoints[0]));
  importer.setOutput(
      op, importer.reshape(importer.rescale(sum, 0, output.quantisation.zeroPoints[0], {*scale}, 8),
                           output.shape));
  return {};
}

} // namespace tessera::compiler::frontend
