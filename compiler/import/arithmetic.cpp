#include "import/arithmetic.h"

#include "import/shape_text.h"

#include <algorithm>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// Weights must be int8 constants, one scale or one an output channel, with zero point 0 unless the file has them as uint8.
Expected<void> checkWeights(const Operator &op, const Tensor &weights, int32_t channelDimension) {
  if (!weights.isInt8() || !weights.isConstant())
    return Error{prefixOf(op) + "weights are " + (weights.isConstant() ? "" : "computed ") +
                 typeName(weights.type) + ", only constant int8 is supported"};
  const Quantisation &quantisation = weights.quantisation;
  if (quantisation.scales.empty())
    return Error{prefixOf(op) + "weights have no scale"};
  if (quantisation.scales.size() > 1 && quantisation.dimension != channelDimension)
    return Error{prefixOf(op) + "weights are quantised along dimension " +
                 std::to_string(quantisation.dimension) + ", expected " + std::to_string(channelDimension)};
  for (int64_t zeroPoint : quantisation.zeroPoints)
    if (zeroPoint != 0 && !(weights.isUnsigned && quantisation.scales.size() == 1))
      return Error{prefixOf(op) + "weights have zero point " + std::to_string(zeroPoint) +
                   ", only 0 is supported"};
  return {};
}

/// Checks that a tensor is int16 with one scale and zero point 0.
Expected<void> checkInt16(const Operator &op, const Tensor &tensor, const char *what) {
  if (tensor.type != tflite::TensorType::INT16 || tensor.quantisation.scales.size() != 1 ||
      tensor.quantisation.zeroPoints[0] != 0)
    return Error{prefixOf(op) + what + " is " + typeName(tensor.type) + " with " +
                 std::to_string(tensor.quantisation.scales.size()) +
                 " scales, expected int16 with one and zero point 0"};
  return {};
}

/// Subtracts the zero point where all of the weights still fit a byte then; gives the zero point that is left.
int64_t takeZeroPoint(std::vector<uint8_t> &bytes, int64_t zeroPoint) {
  const auto fits = [&](uint8_t byte) {
    const int64_t value = static_cast<int8_t>(byte) - zeroPoint;
    return value >= -128 && value <= 127;
  };
  if (!std::all_of(bytes.begin(), bytes.end(), fits))
    return zeroPoint;
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(byte - zeroPoint);
  return 0;
}

} // namespace

Expected<Sum> Sum::of(Importer &importer, const Operator &op, const Places &places) {
  const Tensor &input = importer.input(op, places.input);
  const Tensor &weights = importer.input(op, places.weights);
  const Tensor &output = importer.output(op);
  if (input.isFloat()) {
    if (!output.isFloat())
      return Error{prefixOf(op) + "input is float32, output " + typeName(output.type)};
    if (weights.isFloat())
      return Sum(importer, op, places, Kind::kReal);
    if (auto ok = checkWeights(op, weights, places.channelDimension); !ok)
      return ok.error();
    if (weights.quantisation.zeroPoints[0] != 0)
      return Error{prefixOf(op) + "weights have zero point " +
                   std::to_string(weights.quantisation.zeroPoints[0]) + ", only 0 is supported"};
    return Sum(importer, op, places, Kind::kHybrid);
  }
  const bool isInt16 = input.type == tflite::TensorType::INT16;
  for (const bool isInput : {true, false}) {
    const Tensor &tensor = isInput ? input : output;
    const char *what = isInput ? "input" : "output";
    if (auto ok = isInt16 ? checkInt16(op, tensor, what) : importer.checkInt8(op, tensor, what); !ok)
      return ok.error();
  }
  if (auto ok = checkWeights(op, weights, places.channelDimension); !ok)
    return ok.error();
  return Sum(importer, op, places, isInt16 ? Kind::kInt16 : Kind::kInt8);
}

void Sum::asMatrix(llvm::ArrayRef<int64_t> shape, bool isAsymmetric) {
  matrix_.assign(shape.begin(), shape.end());
  isAsymmetric_ = isAsymmetric;
}

bool Sum::isWide() const {
  const size_t at = places_.bias;
  return kind_ == Kind::kInt16 && at < op_.inputs.size() && op_.inputs[at] >= 0 &&
         importer_.input(op_, at).type == tflite::TensorType::INT64;
}

/// The bias of a real sum as it is; the others' as a constant of integers. Zeros where the operand is absent, and in a hybrid sum,
/// where it comes later.
Expected<mlir::Value> Sum::bias() {
  const int64_t channels = places_.channels;
  const size_t at = places_.bias;
  const bool isAbsent = at >= op_.inputs.size() || op_.inputs[at] < 0;
  if (kind_ == Kind::kReal) {
    if (isAbsent)
      return importer_.constantF32({channels}, std::vector<float>(static_cast<size_t>(channels), 0.0f));
    const Tensor &bias = importer_.input(op_, at);
    if (!bias.isFloat() || bias.elements() != channels)
      return Error{prefixOf(op_) + "bias is " + typeName(bias.type) + " of shape " + shapeText(bias.shape) +
                   ", expected " + std::to_string(channels) + " float32"};
    return importer_.reshape(importer_.inputValue(op_, at), {channels});
  }
  if (isAbsent || kind_ == Kind::kHybrid)
    return importer_.constantI32({channels}, std::vector<int32_t>(static_cast<size_t>(channels), 0));
  const Tensor &bias = importer_.input(op_, at);
  if ((bias.type != tflite::TensorType::INT32 && !isWide()) || !bias.isConstant() ||
      bias.elements() != channels)
    return Error{prefixOf(op_) + "bias is " + typeName(bias.type) + " of shape " + shapeText(bias.shape) +
                 ", expected " + std::to_string(channels) + " constant int32"};
  return importer_.reshape(importer_.inputValue(op_, at), {channels});
}

int64_t Sum::inputZeroPoint() const { return kind_ == Kind::kInt8 ? input().quantisation.zeroPoints[0] : 0; }

Expected<SumOperands> Sum::operands(llvm::ArrayRef<int64_t> weightShape) {
  mlir::OpBuilder &builder = importer_.builder();
  SumOperands result;
  result.element = builder.getI32Type();
  if (isWide())
    result.element = builder.getI64Type();
  result.input = importer_.inputValue(op_, places_.input);
  if (!matrix_.empty())
    result.input = importer_.reshape(result.input, matrix_);
  auto biasValue = bias();
  if (!biasValue)
    return biasValue.error();
  result.bias = *biasValue;
  if (kind_ == Kind::kReal) {
    result.element = builder.getF32Type();
    const auto type = mlir::RankedTensorType::get(weightShape, result.element);
    result.weights =
        weightBytes_.empty()
            ? importer_.reshape(importer_.inputValue(op_, places_.weights), weightShape)
            : builder.create<mlir::tosa::ConstOp>(
                  importer_.location(), type,
                  mlir::DenseElementsAttr::getFromRawBuffer(
                      type, {reinterpret_cast<const char *>(weightBytes_.data()), weightBytes_.size()}));
    return result;
  }
  if (weightBytes_.empty())
    weightBytes_.assign(weights().data.begin(), weights().data.end());
  const int64_t zeroPoint = takeZeroPoint(weightBytes_, weights().quantisation.zeroPoints[0]);
  result.weights = importer_.constantI8(weightShape, weightBytes_);
  result.quantisation =
      mlir::tosa::ConvOpQuantizationAttr::get(builder.getContext(), inputZeroPoint(), zeroPoint);
  if (kind_ == Kind::kHybrid) {
    // The input less its zero point: 9 bits, so that padding is 0.
    const auto real = mlir::cast<mlir::RankedTensorType>(result.input.getType());
    const mlir::Type types[2] = {importer_.type(real.getShape(), 16),
                                 mlir::RankedTensorType::get({real.getShape()[0]}, builder.getF32Type())};
    auto quantised = builder.create<mlir::tosa::CustomOp>(
        importer_.location(), types, builder.getStringAttr("quantize_rows"), builder.getStringAttr("tessera"),
        builder.getStringAttr(isAsymmetric_ ? "asymmetric" : "symmetric"), mlir::ValueRange{result.input});
    result.input = quantised.getResult(0);
    inputScales_ = quantised.getResult(1);
  }
  return result;
}

/// Scales of the sum, one a channel or one for all, the way TensorFlow Lite Micro derives them: with per-channel kernels
/// the products are double, the fully connected kernel with one scale and those for unsigned bytes multiply in float first.
Expected<std::vector<Scale>> Sum::scales() const {
  const float inputScale = input().quantisation.scales[0];
  const float outputScale = importer_.output(op_).quantisation.scales[0];
  const bool floatProduct =
      weights().isUnsigned || (!matrix_.empty() && weights().quantisation.scales.size() == 1);
  std::vector<Scale> scales;
  for (float weightScale : weights().quantisation.scales) {
    const double product = floatProduct ? static_cast<double>(inputScale * weightScale)
                                        : static_cast<double>(inputScale) * static_cast<double>(weightScale);
    auto scale = scaleOf(product / static_cast<double>(outputScale));
    if (!scale)
      return Error{prefixOf(op_) + scale.error().message};
    scales.push_back(*scale);
  }
  return scales;
}

Expected<void> Sum::finish(mlir::Value sum, tflite::Activation activation) {
  const Tensor &output = importer_.output(op_);
  if (kind_ == Kind::kHybrid) {
    const auto &weightScales = weights().quantisation.scales;
    std::vector<float> perChannel(static_cast<size_t>(places_.channels), weightScales[0]);
    if (weightScales.size() > 1)
      perChannel = weightScales;
    kind_ = Kind::kReal; // from here on
    auto biasValue = bias();
    if (!biasValue)
      return biasValue.error();
    const auto type = mlir::cast<mlir::RankedTensorType>(sum.getType());
    sum = importer_.custom(
        "dequantize_sum", mlir::RankedTensorType::get(type.getShape(), importer_.builder().getF32Type()),
        {sum, inputScales_, importer_.constantF32({places_.channels}, perChannel), *biasValue}, "");
  }
  if (kind_ == Kind::kReal) {
    auto active = importer_.activate(op_, activation, sum);
    if (!active)
      return active.error();
    importer_.setOutput(op_, importer_.reshape(*active, output.shape));
    return {};
  }
  auto factors = scales();
  if (!factors)
    return factors.error();
  auto bounds = activationBounds(op_, activation, output);
  if (!bounds)
    return bounds.error();
  mlir::Value value;
  if (isWide()) {
    std::vector<int32_t> multipliers, shifts;
    for (const Scale &factor : *factors) {
      // The kernel for 64-bit sums keeps 16 bits of the multiplier.
      multipliers.push_back(factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : 0x7fff);
      shifts.push_back(factor.shift - 16);
      if (shifts.back() < 1)
        return Error{prefixOf(op_) + "the factor between the sum's and the output's scale is too large"};
    }
    const auto count = static_cast<int64_t>(factors->size());
    const auto type = mlir::cast<mlir::RankedTensorType>(sum.getType());
    value = importer_.custom(
        "rescale_wide", importer_.type(type.getShape(), 16),
        {sum, importer_.constantI32({count}, multipliers), importer_.constantI32({count}, shifts)}, "");
  } else {
    value = importer_.rescale(sum, 0, output.quantisation.zeroPoints[0], *factors,
                              kind_ == Kind::kInt16 ? 16 : 8);
  }
  importer_.setOutput(op_, importer_.reshape(importer_.clamp(value, *bounds), output.shape));
  return {};
}

} // namespace tessera::compiler::frontend
