/// Operators that put tensors together, take them apart or turn them: RESHAPE and its kin, CONCATENATION, PACK, UNPACK, SPLIT,
/// SPLIT_V, TRANSPOSE, SHAPE. No value changes, so every type of numbers passes.

#include "import/operators.h"
#include "import/shape_text.h"

#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// The parts of one tensor along `axis`, `lengths` long, as the operator's outputs.
Expected<void> cut(Importer &importer, const Operator &op, size_t from, size_t axis,
                   llvm::ArrayRef<int64_t> lengths) {
  const Tensor &input = importer.input(op, from);
  std::vector<int64_t> start(input.shape.size(), 0);
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    const Tensor &output = importer.tensor(op.outputs[i]);
    if (auto ok = importer.checkAlike(op, input, output); !ok)
      return ok;
    std::vector<int64_t> size = input.shape;
    size[axis] = lengths[i];
    if (lengths[i] < 1 || start[axis] + lengths[i] > input.shape[axis])
      return Error{prefixOf(op) + "part " + std::to_string(i) + " of " + std::to_string(lengths[i]) +
                   " is outside shape " + shapeText(input.shape)};
    std::vector<int64_t> squeezed = size;
    squeezed.erase(squeezed.begin() + static_cast<std::ptrdiff_t>(axis));
    const bool isUnpack = op.code == tflite::BuiltinOperator::UNPACK;
    if (output.shape != (isUnpack ? squeezed : size))
      return Error{prefixOf(op) + "output " + std::to_string(i) + " has shape " + shapeText(output.shape) +
                   ", expected " + shapeText(isUnpack ? squeezed : size)};
    importer.setValue(
        op.outputs[i],
        importer.reshape(importer.slice(importer.inputValue(op, from), start, size), output.shape));
    start[axis] += lengths[i];
  }
  return {};
}

/// tosa.concat; the values fit along `axis`.
mlir::Value join(Importer &importer, const Operator &op, llvm::ArrayRef<mlir::Value> values, size_t axis,
                 llvm::ArrayRef<int64_t> shape) {
  const mlir::Type type = mlir::cast<mlir::RankedTensorType>(values[0].getType()).clone(shape);
  if (values.size() == 1)
    return importer.reshape(values[0], importer.output(op).shape);
  return importer.builder().create<mlir::tosa::ConcatOp>(
      importer.location(), type, values, importer.builder().getI32IntegerAttr(static_cast<int32_t>(axis)));
}

/// Bytes of one quantisation as those of another, the way the kernel for unsigned bytes joins them: in float32.
mlir::Value requantised(Importer &importer, mlir::Value value, const Quantisation &from,
                        const Quantisation &to) {
  const float inverse = 1.0f / to.scales[0];
  const float scale = from.scales[0] * inverse;
  const float bias = -static_cast<float>(from.zeroPoints[0] + 128) * scale;
  return importer.lookUp(value, [&](int64_t byte) {
    const float real = std::round(static_cast<float>(byte + 128) * scale + bias);
    return static_cast<int64_t>(std::min(std::max(real, -1e6f), 1e6f)) + to.zeroPoints[0];
  });
}

} // namespace

Expected<void> importReshape(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output, false); !ok)
    return ok;
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
  Bounds bounds;
  if (output.isInt8() && output.quantisation.scales.size() == 1) {
    auto active = activationBounds(op, options->activation(), output);
    if (!active)
      return active.error();
    bounds = *active;
  } else if (options->activation() != tflite::Activation::NONE) {
    return Error{prefixOf(op) + "a fused activation of " + typeName(output.type) + " is not supported"};
  }
  auto axis = importer.axisOf(op, options->axis(), output.shape);
  if (!axis)
    return axis.error();

  std::vector<mlir::Value> values;
  int64_t length = 0;
  for (size_t i = 0; i < parts; ++i) {
    const Tensor &input = importer.input(op, i);
    mlir::Value value = importer.inputValue(op, i);
    if (auto ok = importer.checkAlike(op, input, output, false); !ok)
      return ok;
    if (input.quantisation.scales != output.quantisation.scales ||
        input.quantisation.zeroPoints != output.quantisation.zeroPoints) {
      // The reference kernel copies signed bytes, so scales that differ would mean something else there.
      if (!input.isUnsigned || !output.isUnsigned || input.quantisation.scales.size() != 1 ||
          output.quantisation.scales.size() != 1)
        return Error{prefixOf(op) + "input " + std::to_string(i) + " is quantised unlike the output"};
      value = requantised(importer, value, input.quantisation, output.quantisation);
    }
    std::vector<int64_t> expected = output.shape;
    if (input.shape.size() == expected.size())
      expected[*axis] = input.shape[*axis];
    if (input.shape != expected)
      return Error{prefixOf(op) + "input " + shapeText(input.shape) + " does not fit output " +
                   shapeText(output.shape)};
    length += input.shape[*axis];
    values.push_back(value);
  }
  if (length != output.shape[*axis])
    return Error{prefixOf(op) + "inputs have " + std::to_string(length) + " along axis " +
                 std::to_string(*axis) + ", the output " + std::to_string(output.shape[*axis])};
  importer.setOutput(op, importer.clamp(join(importer, op, values, *axis, output.shape), bounds));
  return {};
}

Expected<void> importPack(Importer &importer, const Operator &op) {
  const size_t parts = op.inputs.size();
  if (auto ok = importer.checkOperands(op, std::max<size_t>(parts, 1), 1024); !ok)
    return ok;
  const auto *options = op.options<tflite::PackOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &output = importer.output(op);
  auto axis = importer.axisOf(op, options->axis(), output.shape);
  if (!axis)
    return axis.error();
  std::vector<int64_t> slice = output.shape;
  slice[*axis] = 1;
  std::vector<int64_t> squeezed = slice;
  squeezed.erase(squeezed.begin() + static_cast<std::ptrdiff_t>(*axis));
  std::vector<mlir::Value> values;
  for (size_t i = 0; i < parts; ++i) {
    const Tensor &input = importer.input(op, i);
    if (auto ok = importer.checkAlike(op, input, output); !ok)
      return ok;
    if (input.shape != squeezed || static_cast<int64_t>(parts) != output.shape[*axis])
      return Error{prefixOf(op) + std::to_string(parts) + " inputs of shape " + shapeText(input.shape) +
                   " do not make output " + shapeText(output.shape)};
    values.push_back(importer.reshape(importer.inputValue(op, i), slice));
  }
  importer.setOutput(op, join(importer, op, values, *axis, output.shape));
  return {};
}

Expected<void> importUnpack(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1, op.outputs.size()); !ok)
    return ok;
  const auto *options = op.options<tflite::UnpackOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  auto axis = importer.axisOf(op, options->axis(), input.shape);
  if (!axis)
    return axis.error();
  if (static_cast<int64_t>(op.outputs.size()) != input.shape[*axis])
    return Error{prefixOf(op) + std::to_string(op.outputs.size()) + " outputs of shape " +
                 shapeText(input.shape) + " along axis " + std::to_string(*axis)};
  return cut(importer, op, 0, *axis, std::vector<int64_t>(op.outputs.size(), 1));
}

Expected<void> importSplit(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2, op.outputs.size()); !ok)
    return ok;
  auto where = importer.constantInts(op, 0, "axes");
  if (!where)
    return where.error();
  const Tensor &input = importer.input(op, 1);
  auto axis = importer.axisOf(op, where->empty() ? 0 : (*where)[0], input.shape);
  if (!axis)
    return axis.error();
  const auto parts = static_cast<int64_t>(op.outputs.size());
  if (parts < 1 || input.shape[*axis] % parts != 0)
    return Error{prefixOf(op) + shapeText(input.shape) + " has no " + std::to_string(parts) +
                 " equal parts along axis " + std::to_string(*axis)};
  return cut(importer, op, 1, *axis, std::vector<int64_t>(op.outputs.size(), input.shape[*axis] / parts));
}

Expected<void> importSplitV(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 3, op.outputs.size()); !ok)
    return ok;
  auto sizes = importer.constantInts(op, 1, "sizes");
  if (!sizes)
    return sizes.error();
  auto where = importer.constantInts(op, 2, "axes");
  if (!where)
    return where.error();
  const Tensor &input = importer.input(op, 0);
  auto axis = importer.axisOf(op, where->empty() ? 0 : (*where)[0], input.shape);
  if (!axis)
    return axis.error();
  if (sizes->size() != op.outputs.size())
    return Error{prefixOf(op) + std::to_string(sizes->size()) + " sizes for " +
                 std::to_string(op.outputs.size()) + " outputs"};
  // One size may be -1: what is left.
  int64_t rest = input.shape[*axis];
  for (int32_t size : *sizes)
    rest -= std::max(size, 0);
  std::vector<int64_t> lengths;
  for (int32_t size : *sizes)
    lengths.push_back(size == -1 ? rest : size);
  return cut(importer, op, 0, *axis, lengths);
}

Expected<void> importTranspose(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  auto order = importer.constantInts(op, 1, "dimensions");
  if (!order)
    return order.error();
  const size_t rank = input.shape.size();
  std::vector<bool> seen(rank, false);
  bool fits = order->size() == rank && output.shape.size() == rank && rank > 0;
  for (size_t d = 0; fits && d < rank; ++d) {
    int32_t &from = (*order)[d];
    from += from < 0 ? static_cast<int32_t>(rank) : 0;
    fits = from >= 0 && static_cast<size_t>(from) < rank && !seen[static_cast<size_t>(from)] &&
           input.shape[static_cast<size_t>(from)] == output.shape[d];
    if (fits)
      seen[static_cast<size_t>(from)] = true;
  }
  if (!fits)
    return Error{prefixOf(op) + "the order of dimensions does not make " + shapeText(output.shape) + " of " +
                 shapeText(input.shape)};
  importer.setOutput(op, importer.transpose(importer.inputValue(op, 0), *order));
  return {};
}

Expected<void> importShape(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  const auto rank = static_cast<int64_t>(input.shape.size());
  if (output.type != tflite::TensorType::INT32 || output.shape != std::vector<int64_t>{rank})
    return Error{prefixOf(op) + "output is " + typeName(output.type) + " of shape " +
                 shapeText(output.shape) + ", expected int32 of shape " + std::to_string(rank)};
  importer.setOutput(
      op, importer.constantI32({rank}, std::vector<int32_t>(input.shape.begin(), input.shape.end())));
  return {};
}

} // namespace tessera::compiler::frontend
