/// Operators that repeat, mirror or fill: TILE, BROADCAST_TO, REVERSE_V2, MIRROR_PAD; FILL, ZEROS_LIKE, RANK. No value changes, so every type of
/// numbers passes.

#include "import/broadcast.h"
#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

mlir::Value tile(Importer &importer, mlir::Value value, llvm::ArrayRef<int64_t> times) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  std::vector<int64_t> shape(from.getShape());
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] *= times[d];
  if (llvm::all_of(times, [](int64_t n) { return n == 1; }))
    return value;
  return importer.make<mlir::tosa::TileOp>(from.clone(shape), value,
                                           importer.builder().getDenseI64ArrayAttr(times));
}

mlir::Value reverse(Importer &importer, mlir::Value value, size_t axis) {
  return importer.make<mlir::tosa::ReverseOp>(
      value.getType(), value, importer.builder().getI32IntegerAttr(static_cast<int32_t>(axis)));
}

Error differs(const Operator &op, const Tensor &output, llvm::ArrayRef<int64_t> shape) {
  return Error{prefixOf(op) + "output has shape " + shapeText(output.shape) + ", expected " +
               shapeText(std::vector<int64_t>(shape))};
}

/// A constant of the output's shape and type that is `number` everywhere, which stands for itself whatever the scale.
mlir::Value splat(Importer &importer, const Operator &op, int64_t number) {
  const mlir::RankedTensorType type = importer.typeOf(importer.output(op));
  const mlir::Type element = type.getElementType();
  mlir::OpBuilder &builder = importer.builder();
  const mlir::TypedAttr value =
      element.isInteger()
          ? mlir::cast<mlir::TypedAttr>(builder.getIntegerAttr(element, number))
          : mlir::cast<mlir::TypedAttr>(builder.getFloatAttr(element, static_cast<double>(number)));
  return importer.make<mlir::tosa::ConstOp>(
      type, mlir::cast<mlir::ElementsAttr>(mlir::DenseElementsAttr::get(type, value)));
}

} // namespace

Expected<void> importTile(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  auto numbers = importer.constantInts(op, 1, "repetitions");
  if (!numbers)
    return numbers.error();
  std::vector<int64_t> times(numbers->begin(), numbers->end()), shape = input.shape;
  bool fits = times.size() == shape.size() && output.shape.size() == shape.size();
  for (size_t d = 0; fits && d < shape.size(); ++d)
    fits = times[d] >= 1 && output.shape[d] == shape[d] * times[d];
  if (!fits)
    return Error{prefixOf(op) + "the repetitions do not make " + shapeText(output.shape) + " of " +
                 shapeText(shape)};
  importer.setOutput(op, tile(importer, importer.inputValue(op, 0), times));
  return {};
}

Expected<void> importBroadcastTo(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  const size_t more = output.shape.size() - std::min(output.shape.size(), input.shape.size());
  std::vector<int64_t> times = output.shape;
  bool fits = input.shape.size() <= output.shape.size();
  for (size_t d = 0; fits && d < input.shape.size(); ++d) {
    fits = input.shape[d] == 1 || input.shape[d] == output.shape[d + more];
    times[d + more] = output.shape[d + more] / input.shape[d];
  }
  if (!fits)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " does not broadcast to output " +
                 shapeText(output.shape)};
  importer.setOutput(op, tile(importer, withRank(importer, op, 0), times));
  return {};
}

Expected<void> importReverse(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  if (input.shape != output.shape)
    return differs(op, output, input.shape);
  auto axes = importer.constantInts(op, 1, "axes");
  if (!axes)
    return axes.error();
  mlir::Value value = importer.inputValue(op, 0);
  std::vector<bool> seen(input.shape.size(), false);
  for (int32_t number : *axes) {
    auto axis = importer.axisOf(op, number, input.shape);
    if (!axis)
      return axis.error();
    if (seen[*axis])
      return Error{prefixOf(op) + "axis " + std::to_string(number) + " is named twice"};
    seen[*axis] = true;
    value = reverse(importer, value, *axis);
  }
  importer.setOutput(op, value);
  return {};
}

/// REFLECT leaves the edge out of what is mirrored, SYMMETRIC repeats it.
Expected<void> importMirrorPad(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  auto amounts = importer.constantInts(op, 1, "paddings");
  if (!amounts)
    return amounts.error();
  const auto *options = op.options<tflite::MirrorPadOptions>();
  const int64_t edge = options && options->mode() == tflite::MirrorPadMode::SYMMETRIC ? 0 : 1;
  if (amounts->size() != 2 * input.shape.size())
    return Error{prefixOf(op) + std::to_string(amounts->size()) + " paddings of shape " +
                 shapeText(input.shape)};
  std::vector<int64_t> shape = input.shape;
  for (size_t d = 0; d < shape.size(); ++d)
    for (size_t side : {0u, 1u}) {
      const int64_t amount = (*amounts)[2 * d + side];
      if (amount < 0 || amount > input.shape[d] - edge)
        return Error{prefixOf(op) + "padding " + std::to_string(amount) + " of an extent of " +
                     std::to_string(input.shape[d])};
      shape[d] += amount;
    }
  if (shape != output.shape)
    return differs(op, output, shape);
  mlir::Value value = importer.inputValue(op, 0);
  for (size_t d = 0; d < shape.size(); ++d) {
    const int64_t before = (*amounts)[2 * d], after = (*amounts)[2 * d + 1];
    if (before == 0 && after == 0)
      continue;
    const auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    const auto part = [&](int64_t first, int64_t count) {
      std::vector<int64_t> start(shape.size(), 0), size(type.getShape());
      start[d] = first, size[d] = count;
      return reverse(importer, importer.slice(value, start, size), d);
    };
    llvm::SmallVector<mlir::Value> parts;
    if (before > 0)
      parts.push_back(part(edge, before));
    parts.push_back(value);
    if (after > 0)
      parts.push_back(part(input.shape[d] - edge - after, after));
    std::vector<int64_t> joined(type.getShape());
    joined[d] += before + after;
    value = importer.make<mlir::tosa::ConcatOp>(
        type.clone(joined), parts, importer.builder().getI32IntegerAttr(static_cast<int32_t>(d)));
  }
  importer.setOutput(op, value);
  return {};
}

Expected<void> importFill(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &value = importer.input(op, 1), &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, value, output); !ok)
    return ok;
  auto extents = importer.constantInts(op, 0, "extents");
  if (!extents)
    return extents.error();
  const std::vector<int64_t> shape(extents->begin(), extents->end());
  if (shape != output.shape || value.elements() != 1)
    return differs(op, output, shape);
  const mlir::Value one = importer.reshape(importer.inputValue(op, 1), std::vector<int64_t>(shape.size(), 1));
  importer.setOutput(op, tile(importer, one, shape));
  return {};
}

Expected<void> importZerosLike(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  const bool isPlain = output.isFloat() || output.type == tflite::TensorType::INT32 ||
                       output.type == tflite::TensorType::INT64;
  if (input.type != output.type || input.shape != output.shape || !isPlain)
    return Error{prefixOf(op) + "output is " + typeName(output.type) + " " + shapeText(output.shape) +
                 ", expected float32, int32 or int64 as the input, " + typeName(input.type) + " " +
                 shapeText(input.shape)};
  importer.setOutput(op, splat(importer, op, 0));
  return {};
}

Expected<void> importRank(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (output.type != tflite::TensorType::INT32 || output.elements() != 1)
    return Error{prefixOf(op) + "output is " + typeName(output.type) + " " + shapeText(output.shape) +
                 ", expected one int32"};
  importer.setOutput(op, splat(importer, op, static_cast<int64_t>(importer.input(op, 0).shape.size())));
  return {};
}

} // namespace tessera::compiler::frontend
