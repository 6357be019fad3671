/// SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND and GATHER: pictures cut into blocks and put together, rows picked
/// by number. No value changes.

#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

Expected<void> importDepth(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const bool isToDepth = op.code == tflite::BuiltinOperator::SPACE_TO_DEPTH;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  int64_t block = 0;
  if (const auto *options = op.options<tflite::SpaceToDepthOptions>())
    block = options->block_size();
  else if (const auto *other = op.options<tflite::DepthToSpaceOptions>())
    block = other->block_size();
  // The picture with the larger extents, and the one with more channels.
  const std::vector<int64_t> &wide = isToDepth ? input.shape : output.shape;
  const std::vector<int64_t> &deep = isToDepth ? output.shape : input.shape;
  if (block < 1 || block > 65536 || wide.size() != 4 || deep.size() != 4 || wide[0] != deep[0] ||
      wide[1] != deep[1] * block || wide[2] != deep[2] * block || deep[3] != wide[3] * block * block)
    return Error{prefixOf(op) + "blocks of " + std::to_string(block) + " do not make " +
                 shapeText(output.shape) + " of " + shapeText(input.shape)};
  mlir::Value value = importer.inputValue(op, 0);
  if (isToDepth)
    value = importer.reshape(value, {deep[0], deep[1], block, deep[2], block, wide[3]});
  else
    value = importer.reshape(value, {deep[0], deep[1], deep[2], block, block, wide[3]});
  value = importer.transpose(value, {0, 1, 3, 2, 4, 5}); // the same both ways
  importer.setOutput(op, importer.reshape(value, output.shape));
  return {};
}

Expected<void> importBatch(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 3); !ok)
    return ok;
  const bool isToBatch = op.code == tflite::BuiltinOperator::SPACE_TO_BATCH_ND;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  auto blocks = importer.constantInts(op, 1, "blocks");
  if (!blocks)
    return blocks.error();
  auto edges = importer.constantInts(op, 2, isToBatch ? "paddings" : "crops");
  if (!edges)
    return edges.error();
  const auto &small = isToBatch ? output.shape : input.shape; // more batches of smaller pictures
  const auto &large = isToBatch ? input.shape : output.shape;
  bool fits = blocks->size() == 2 && edges->size() == 4 && small.size() == 4 && large.size() == 4 &&
              small[3] == large[3];
  for (size_t d = 0; fits && d < 2; ++d)
    fits = (*blocks)[d] >= 1 && (*blocks)[d] <= 65536 && (*edges)[2 * d] >= 0 && (*edges)[2 * d + 1] >= 0 &&
           large[d + 1] + (*edges)[2 * d] + (*edges)[2 * d + 1] == small[d + 1] * (*blocks)[d];
  if (!fits || small[0] != large[0] * (*blocks)[0] * (*blocks)[1])
    return Error{prefixOf(op) + "blocks and edges do not make " + shapeText(output.shape) + " of " +
                 shapeText(input.shape)};
  const int64_t high = (*blocks)[0], wide = (*blocks)[1];
  mlir::Value value = importer.inputValue(op, 0);
  if (isToBatch) {
    const int64_t fill = output.quantisation.zeroPoints.empty() ? 0 : output.quantisation.zeroPoints[0];
    value = importer.pad(value, {0, 0, (*edges)[0], (*edges)[1], (*edges)[2], (*edges)[3], 0, 0}, fill);
    value = importer.reshape(value, {large[0], small[1], high, small[2], wide, small[3]});
    value = importer.transpose(value, {2, 4, 0, 1, 3, 5});
  } else {
    value = importer.reshape(value, {high, wide, large[0], small[1], small[2], small[3]});
    value = importer.transpose(value, {2, 3, 0, 4, 1, 5});
    value = importer.reshape(value, {large[0], small[1] * high, small[2] * wide, small[3]});
    value = importer.slice(value, {0, (*edges)[0], (*edges)[2], 0}, large);
  }
  importer.setOutput(op, importer.reshape(value, output.shape));
  return {};
}

Expected<void> importGather(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const auto *options = op.options<tflite::GatherOptions>();
  const Tensor &input = importer.input(op, 0), &places = importer.input(op, 1), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  if (options && options->batch_dims() != 0)
    return Error{prefixOf(op) + "batches of indices are not supported"};
  auto axis = importer.axisOf(op, options ? options->axis() : 0, input.shape);
  if (!axis)
    return axis.error();
  std::vector<int64_t> expected(input.shape.begin(),
                                input.shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  expected.insert(expected.end(), places.shape.begin(), places.shape.end());
  expected.insert(expected.end(), input.shape.begin() + static_cast<std::ptrdiff_t>(*axis) + 1,
                  input.shape.end());
  if (places.type != tflite::TensorType::INT32 || output.shape != expected)
    return Error{prefixOf(op) + "indices are " + typeName(places.type) + " of shape " +
                 shapeText(places.shape) + ", output " + shapeText(output.shape) + ", expected int32 and " +
                 shapeText(expected)};
  int64_t outer = 1, inner = 1;
  for (size_t d = 0; d < input.shape.size(); ++d)
    (d < *axis ? outer : inner) *= d == *axis ? 1 : input.shape[d];
  const int64_t rows = input.shape[*axis], count = places.elements();
  // A number outside the rows takes the first or last one: nothing outside the tensor is read.
  mlir::OpBuilder &builder = importer.builder();
  mlir::Value index = importer.reshape(importer.inputValue(op, 1), {1, count});
  index = importer.make<mlir::tosa::MaximumOp>(index.getType(), index, importer.constantI32({1, 1}, {0}));
  index = importer.make<mlir::tosa::MinimumOp>(
      index.getType(), index, importer.constantI32({1, 1}, {static_cast<int32_t>(rows - 1)}));
  if (outer > 1)
    index = importer.make<mlir::tosa::TileOp>(importer.type({outer, count}, 32), index,
                                              builder.getDenseI64ArrayAttr({outer, 1}));
  const mlir::RankedTensorType type = importer.typeOf(output);
  const mlir::Value value = importer.make<mlir::tosa::GatherOp>(
      type.clone(llvm::ArrayRef<int64_t>{outer, count, inner}),
      importer.reshape(importer.inputValue(op, 0), {outer, rows, inner}), index);
  importer.setOutput(op, importer.reshape(value, output.shape));
  return {};
}

} // namespace tessera::compiler::frontend
