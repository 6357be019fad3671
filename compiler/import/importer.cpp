#include "import/importer.h"

#include "import/shape_text.h"

#include "tessera/isa/numerics.h"

#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

Expected<Scale> scaleOf(double factor) {
  const auto quantized = isa::quantizeMultiplier(factor);
  if (quantized.shift > 29)
    return Error{"the factor " + numberText(factor) + " between input and output scale is too large"};
  // Below 2^-32 TFLite's multiplier is 0 already.
  const int32_t shift = std::min(31 - quantized.shift, 62);
  return Scale{static_cast<int32_t>(quantized.multiplier), static_cast<int8_t>(shift)};
}

Expected<void> Importer::checkOperands(const Operator &op, size_t least, size_t most, size_t outputs) const {
  if (op.inputs.size() < least || op.inputs.size() > most)
    return Error{prefixOf(op) + std::to_string(op.inputs.size()) + " inputs, expected " +
                 std::to_string(least) + (least == most ? "" : " to " + std::to_string(most))};
  for (size_t i = 0; i < least; ++i)
    if (op.inputs[i] < 0)
      return Error{prefixOf(op) + "input " + std::to_string(i) + " is absent"};
  if (op.outputs.size() != outputs)
    return Error{prefixOf(op) + std::to_string(op.outputs.size()) + " outputs, expected " +
                 std::to_string(outputs)};
  return {};
}

Expected<void> Importer::checkInt8(const Operator &op, const Tensor &tensor, const char *what) const {
  if (!tensor.isInt8())
    return Error{prefixOf(op) + what + " has type " + typeName(tensor.type) + ", only int8 is supported"};
  if (tensor.quantisation.scales.size() != 1)
    return Error{prefixOf(op) + what + " has " + std::to_string(tensor.quantisation.scales.size()) +
                 " scales, expected 1"};
  return {};
}

Expected<void> Importer::checkAlike(const Operator &op, const Tensor &input, const Tensor &output,
                                    bool sameScale) const {
  if (input.type != output.type || elementBytes(input.type) == 0)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + ", output " + typeName(output.type) +
                 ", expected one type of numbers"};
  if (sameScale && (input.quantisation.scales != output.quantisation.scales ||
                    input.quantisation.zeroPoints != output.quantisation.zeroPoints))
    return Error{prefixOf(op) + "input and output are quantised differently"};
  return {};
}

Expected<std::vector<int32_t>> Importer::constantInts(const Operator &op, size_t i, const char *what) const {
  const Tensor &tensor = input(op, i);
  const bool isWide = tensor.type == tflite::TensorType::INT64;
  if ((tensor.type != tflite::TensorType::INT32 && !isWide) || !tensor.isConstant())
    return Error{prefixOf(op) + what + " are " + (tensor.isConstant() ? "" : "computed ") +
                 typeName(tensor.type) + ", only constant int32 and int64 are supported"};
  const size_t width = isWide ? 8 : 4;
  std::vector<int32_t> values;
  for (size_t at = 0; at < tensor.data.size(); at += width) {
    int64_t number = 0;
    std::memcpy(&number, tensor.data.data() + at, width);
    if (!isWide)
      number = static_cast<int32_t>(number);
    if (number != static_cast<int32_t>(number))
      return Error{prefixOf(op) + what + " hold " + std::to_string(number) + ", more than 32 bits"};
    values.push_back(static_cast<int32_t>(number));
  }
  return values;
}

Expected<size_t> Importer::axisOf(const Operator &op, int64_t axis, llvm::ArrayRef<int64_t> shape) const {
  const auto rank = static_cast<int64_t>(shape.size());
  if (axis < -rank || axis >= rank)
    return Error{prefixOf(op) + "axis " + std::to_string(axis) + " is outside shape " + shapeText(shape)};
  return static_cast<size_t>(axis < 0 ? axis + rank : axis);
}

void Importer::setArgument(int32_t index, mlir::Value value) {
  setValue(index, value);
  isRaw_[static_cast<size_t>(index)] = tensor(index).isUnsigned;
}

mlir::Value Importer::result(int32_t index) {
  const mlir::Value inner = value(index);
  if (!tensor(index).isUnsigned)
    return inner;
  return turnTopBit(inner);
}

mlir::Value Importer::value(int32_t index) {
  mlir::Value &slot = values_[static_cast<size_t>(index)];
  if (isRaw_[static_cast<size_t>(index)]) {
    slot = turnTopBit(slot);
    isRaw_[static_cast<size_t>(index)] = false;
  }
  if (slot)
    return slot;
  // Not computed before: parseModel() says it is a constant then. Not kept, so that each use has its own.
  const Tensor &constant = tensor(index);
  if (!constant.isConstant()) // state, which is zero where a run starts
    return builder_.create<mlir::tosa::ConstOp>(
        location_, typeOf(constant), mlir::cast<mlir::ElementsAttr>(builder_.getZeroAttr(typeOf(constant))));
  const auto attribute = mlir::DenseElementsAttr::getFromRawBuffer(
      typeOf(constant), {reinterpret_cast<const char *>(constant.data.data()), constant.data.size()});
  return builder_.create<mlir::tosa::ConstOp>(location_, typeOf(constant), attribute);
}

mlir::RankedTensorType Importer::type(llvm::ArrayRef<int64_t> shape, unsigned bits) const {
  return mlir::RankedTensorType::get(shape, builder_.getIntegerType(bits));
}

mlir::RankedTensorType Importer::typeOf(const Tensor &tensor) const {
  if (tensor.type == tflite::TensorType::FLOAT32)
    return mlir::RankedTensorType::get(tensor.shape, builder_.getF32Type());
  if (tensor.type == tflite::TensorType::FLOAT16)
    return mlir::RankedTensorType::get(tensor.shape, builder_.getF16Type());
  if (tensor.type == tflite::TensorType::FLOAT64)
    return mlir::RankedTensorType::get(tensor.shape, builder_.getF64Type());
  return type(tensor.shape, static_cast<unsigned>(8 * elementBytes(tensor.type)));
}

mlir::Value Importer::constantI32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int32_t> values) {
  const auto constantType = type(shape, 32);
  return builder_.create<mlir::tosa::ConstOp>(location_, constantType,
                                              mlir::DenseIntElementsAttr::get(constantType, values));
}

mlir::Value Importer::constantI8(llvm::ArrayRef<int64_t> shape, std::span<const uint8_t> bytes) {
  const auto constantType = type(shape, 8);
  const auto attribute = mlir::DenseElementsAttr::getFromRawBuffer(
      constantType, {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  return builder_.create<mlir::tosa::ConstOp>(location_, constantType, attribute);
}

mlir::Value Importer::constantF32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values) {
  const auto constantType = mlir::RankedTensorType::get(shape, builder_.getF32Type());
  return builder_.create<mlir::tosa::ConstOp>(location_, constantType,
                                              mlir::DenseElementsAttr::get(constantType, values));
}

mlir::Value Importer::turnTopBit(mlir::Value bytes) {
  const auto from = mlir::cast<mlir::RankedTensorType>(bytes.getType());
  const uint8_t topBit = 0x80;
  const std::vector<int64_t> ones(static_cast<size_t>(from.getRank()), 1);
  return builder_.create<mlir::tosa::BitwiseXorOp>(builder_.getUnknownLoc(), from, bytes,
                                                   constantI8(ones, {&topBit, 1}));
}

mlir::Value Importer::slice(mlir::Value value, llvm::ArrayRef<int64_t> start, llvm::ArrayRef<int64_t> size) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  if (from.getShape() == size)
    return value;
  return builder_.create<mlir::tosa::SliceOp>(location_, from.clone(size), value,
                                              builder_.getDenseI64ArrayAttr(start),
                                              builder_.getDenseI64ArrayAttr(size));
}

mlir::Value Importer::transpose(mlir::Value value, llvm::ArrayRef<int32_t> order) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  llvm::SmallVector<int64_t> shape;
  for (int32_t dimension : order)
    shape.push_back(from.getShape()[static_cast<size_t>(dimension)]);
  return builder_.create<mlir::tosa::TransposeOp>(location_, from.clone(shape), value,
                                                  constantI32({static_cast<int64_t>(order.size())}, order));
}

mlir::Value Importer::lookUp(mlir::Value bytes, llvm::function_ref<int64_t(int64_t)> function) {
  std::vector<uint8_t> table;
  for (int64_t byte = -128; byte <= 127; ++byte)
    table.push_back(static_cast<uint8_t>(std::clamp<int64_t>(function(byte), -128, 127)));
  return builder_.create<mlir::tosa::TableOp>(location_, bytes.getType(), bytes, constantI8({256}, table));
}

mlir::Value Importer::custom(const char *name, mlir::Type result, mlir::ValueRange operands,
                             const std::string &attributes) {
  return builder_
      .create<mlir::tosa::CustomOp>(location_, mlir::TypeRange{result}, builder_.getStringAttr(name),
                                    builder_.getStringAttr("tessera"), builder_.getStringAttr(attributes),
                                    operands)
      .getResult(0);
}

Expected<mlir::Value> Importer::activate(const Operator &op, tflite::Activation activation,
                                         mlir::Value value) {
  constexpr float kMost = std::numeric_limits<
      float>::infinity(); // no bound, where TFLite's kernels have the greatest finite number
  float low = -kMost;
  float high = kMost;
  switch (activation) {
  case tflite::Activation::NONE:
    return value;
  case tflite::Activation::RELU:
    low = 0;
    break;
  case tflite::Activation::RELU6:
    low = 0;
    high = 6;
    break;
  case tflite::Activation::RELU_N1_TO_1:
    low = -1;
    high = 1;
    break;
  case tflite::Activation::TANH:
    return builder_.create<mlir::tosa::TanhOp>(location_, value.getType(), value).getResult();
  default:
    return Error{prefixOf(op) + "fused activation " + std::to_string(static_cast<int>(activation)) +
                 " is not supported"};
  }
  return builder_
      .create<mlir::tosa::ClampOp>(location_, value.getType(), value,
                                   builder_.getI64IntegerAttr(static_cast<int64_t>(std::max(low, -1e9f))),
                                   builder_.getI64IntegerAttr(static_cast<int64_t>(std::min(high, 1e9f))),
                                   builder_.getF32FloatAttr(low), builder_.getF32FloatAttr(high))
      .getResult();
}

mlir::Value Importer::reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  if (from.getShape() == shape)
    return value;
  return builder_.create<mlir::tosa::ReshapeOp>(location_, from.clone(shape), value,
                                                builder_.getDenseI64ArrayAttr(shape));
}

mlir::Value Importer::rescale(mlir::Value value, int64_t inputZeroPoint, int64_t outputZeroPoint,
                              llvm::ArrayRef<Scale> scales, unsigned bits) {
  llvm::SmallVector<int32_t> multipliers;
  llvm::SmallVector<int8_t> shifts;
  for (const Scale &scale : scales) {
    multipliers.push_back(scale.multiplier);
    shifts.push_back(scale.shift);
  }
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  return builder_.create<mlir::tosa::RescaleOp>(
      location_, type(from.getShape(), bits), value,
      builder_.getI32IntegerAttr(static_cast<int32_t>(inputZeroPoint)),
      builder_.getI32IntegerAttr(static_cast<int32_t>(outputZeroPoint)),
      builder_.getDenseI32ArrayAttr(multipliers), builder_.getDenseI8ArrayAttr(shifts),
      builder_.getBoolAttr(true), builder_.getBoolAttr(true), builder_.getBoolAttr(scales.size() > 1));
}

mlir::Value Importer::pad(mlir::Value value, llvm::ArrayRef<int32_t> amounts, int64_t fill) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  std::vector<int64_t> shape(from.getShape());
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += amounts[2 * d] + amounts[2 * d + 1];
  const mlir::Value places = constantI32({static_cast<int64_t>(shape.size()), 2}, amounts);
  const auto scalar = mlir::RankedTensorType::get({}, from.getElementType());
  mlir::Attribute filling = builder_.getFloatAttr(builder_.getF32Type(), 0.0);
  if (from.getElementType().isInteger())
    filling = builder_.getIntegerAttr(from.getElementType(), fill);
  const mlir::Value constant =
      builder_.create<mlir::tosa::ConstOp>(location_, scalar, mlir::DenseElementsAttr::get(scalar, filling));
  mlir::OperationState state(location_, mlir::tosa::PadOp::getOperationName());
  state.addTypes(from.clone(shape));
  state.addOperands({value, places, constant});
  return builder_.create(state)->getResult(0);
}

mlir::Value Importer::clamp(mlir::Value value, Bounds bounds) {
  const auto element = mlir::dyn_cast<mlir::IntegerType>(mlir::getElementTypeOrSelf(value.getType()));
  const int64_t most = element && element.getWidth() == 16 ? 32767 : 127;
  if (bounds.low <= -most - 1 && bounds.high >= most)
    return value;
  return builder_.create<mlir::tosa::ClampOp>(
      location_, value.getType(), value, builder_.getI64IntegerAttr(bounds.low),
      builder_.getI64IntegerAttr(bounds.high), builder_.getF32FloatAttr(static_cast<float>(bounds.low)),
      builder_.getF32FloatAttr(static_cast<float>(bounds.high)));
}

Expected<Bounds> activationBounds(const Operator &op, tflite::Activation activation, const Tensor &output) {
  const float scale = output.quantisation.scales[0];
  const int64_t zeroPoint = output.quantisation.zeroPoints[0];
  // TFLite rounds halves away from zero here. A tiny scale puts the bound far outside, where it does not bind.
  const auto quantise = [&](float real) {
    const float steps = std::round(real / scale);
    return zeroPoint + static_cast<int64_t>(std::min(std::max(steps, -1e6f), 1e6f));
  };
  Bounds bounds;
  if (output.type == tflite::TensorType::INT16)
    bounds = {-32768, 32767};
  switch (activation) {
  case tflite::Activation::NONE:
    return bounds;
  case tflite::Activation::RELU:
    bounds.low = std::max(bounds.low, quantise(0));
    return bounds;
  case tflite::Activation::RELU6:
    bounds.low = std::max(bounds.low, quantise(0));
    bounds.high = std::min(bounds.high, quantise(6));
    return bounds;
  case tflite::Activation::RELU_N1_TO_1:
    bounds.low = std::max(bounds.low, quantise(-1));
    bounds.high = std::min(bounds.high, quantise(1));
    return bounds;
  default:
    return Error{prefixOf(op) + "fused activation " + std::to_string(static_cast<int>(activation)) +
                 " is not supported"};
  }
}

Expected<Window> windowOf(const Operator &op, tflite::Padding padding, int64_t in, int64_t out,
                          int64_t kernel, int64_t stride, int64_t dilation, const char *dimension) {
  const std::string place = prefixOf(op) + dimension + ": ";
  if (kernel < 1 || kernel > 65536 || stride < 1 || stride > 65536 || dilation < 1 || dilation > 65536)
    return Error{place + "kernel " + std::to_string(kernel) + ", stride " + std::to_string(stride) +
                 ", dilation " + std::to_string(dilation) + " are not all between 1 and 65536"};
  const int64_t reach = (kernel - 1) * dilation + 1;
  Window window;
  int64_t expected = 0;
  if (padding == tflite::Padding::SAME) {
    expected = (in + stride - 1) / stride;
    const int64_t total = std::max<int64_t>((expected - 1) * stride + reach - in, 0);
    window.padBefore = total / 2;
    window.padAfter = total - window.padBefore;
  } else if (padding == tflite::Padding::VALID) {
    expected = (in + stride - reach) / stride;
  } else {
    return Error{place + "padding " + std::to_string(static_cast<int>(padding)) + " is not supported"};
  }
  if (in < reach && padding == tflite::Padding::VALID)
    return Error{place + "kernel reaches over " + std::to_string(reach) + " of " + std::to_string(in)};
  if (expected != out)
    return Error{place + "output has " + std::to_string(out) + ", the window gives " +
                 std::to_string(expected)};
  return window;
}

} // namespace tessera::compiler::frontend
