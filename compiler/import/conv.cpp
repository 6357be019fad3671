/// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: an int32 sum with zero points, then one rescale and clamp.

#include "import/operators.h"
#include "import/shape_text.h"

#include <algorithm>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// Weights must be int8 constants, one scale or one an output channel (`channelDimension`), with zero point 0 unless the file has them
/// as uint8.
Expected<void> checkWeights(Importer &importer, const Operator &op, int32_t channelDimension, size_t rank) {
  const Tensor &weights = importer.input(op, 1);
  if (!weights.isInt8() || !weights.isConstant())
    return Error{prefixOf(op) + "weights are " + (weights.isConstant() ? "" : "computed ") +
                 typeName(weights.type) + ", only constant int8 is supported"};
  if (weights.shape.size() != rank)
    return Error{prefixOf(op) + "weights have shape " + shapeText(weights.shape) + ", expected rank " +
                 std::to_string(rank)};
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

/// Weights less their zero point where all of that fits a byte; else as they are, with it.
struct Weights {
  std::vector<uint8_t> bytes;
  int64_t zeroPoint = 0;
};
Weights weightsOf(const Tensor &tensor) {
  Weights weights{{tensor.data.begin(), tensor.data.end()}, tensor.quantisation.zeroPoints[0]};
  const auto fits = [&](uint8_t byte) {
    const int64_t value = static_cast<int8_t>(byte) - weights.zeroPoint;
    return value >= -128 && value <= 127;
  };
  if (!std::all_of(weights.bytes.begin(), weights.bytes.end(), fits))
    return weights;
  for (uint8_t &byte : weights.bytes)
    byte = static_cast<uint8_t>(byte - weights.zeroPoint);
  weights.zeroPoint = 0;
  return weights;
}

/// The bias as a constant of `channels` values; zeros where the operand is absent.
Expected<mlir::Value> biasOf(Importer &importer, const Operator &op, int64_t channels) {
  if (op.inputs.size() < 3 || op.inputs[2] < 0)
    return importer.constantI32({channels}, std::vector<int32_t>(static_cast<size_t>(channels), 0));
  const Tensor &bias = importer.input(op, 2);
  if (bias.type != tflite::TensorType::INT32 || !bias.isConstant() || bias.elements() != channels)
    return Error{prefixOf(op) + "bias is " + typeName(bias.type) + " of shape " + shapeText(bias.shape) +
                 ", expected " + std::to_string(channels) + " constant int32"};
  return importer.reshape(importer.inputValue(op, 2), {channels});
}

/// Scales of the sum, one a channel or one for all, the way TensorFlow Lite Micro derives them: with per-channel kernels
/// the products are double, the fully connected kernel with one scale multiplies in float first.
Expected<std::vector<Scale>> sumScales(Importer &importer, const Operator &op, bool floatProduct) {
  const float inputScale = importer.input(op, 0).quantisation.scales[0];
  const float outputScale = importer.output(op).quantisation.scales[0];
  std::vector<Scale> scales;
  for (float weightScale : importer.input(op, 1).quantisation.scales) {
    const double product = floatProduct ? static_cast<double>(inputScale * weightScale)
                                        : static_cast<double>(inputScale) * static_cast<double>(weightScale);
    auto scale = scaleOf(product / static_cast<double>(outputScale));
    if (!scale)
      return Error{prefixOf(op) + scale.error().message};
    scales.push_back(*scale);
  }
  return scales;
}

/// rescale and clamp of the int32 sum, as the operator's output.
Expected<void> finish(Importer &importer, const Operator &op, mlir::Value sum, tflite::Activation activation,
                      bool floatProduct) {
  const Tensor &output = importer.output(op);
  auto scales = sumScales(importer, op, floatProduct);
  if (!scales)
    return scales.error();
  auto bounds = activationBounds(op, activation, output);
  if (!bounds)
    return bounds.error();
  const mlir::Value bytes = importer.rescale(sum, 0, output.quantisation.zeroPoints[0], *scales, 8);
  importer.setOutput(op, importer.reshape(importer.clamp(bytes, *bounds), output.shape));
  return {};
}

/// What CONV_2D and DEPTHWISE_CONV_2D check alike, and the windows of their two dimensions.
struct Geometry {
  Window rows;
  Window columns;
};
template <typename Options>
Expected<Geometry> geometryOf(Importer &importer, const Operator &op, const Options &options) {
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  const Tensor &output = importer.output(op);
  if (input.shape.size() != 4 || output.shape.size() != 4 || input.shape[0] != output.shape[0])
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not both NHWC of one batch"};
  auto rows = windowOf(op, options.padding(), input.shape[1], output.shape[1], weights.shape[1],
                       options.stride_h(), options.dilation_h(), "height");
  if (!rows)
    return rows.error();
  auto columns = windowOf(op, options.padding(), input.shape[2], output.shape[2], weights.shape[2],
                          options.stride_w(), options.dilation_w(), "width");
  if (!columns)
    return columns.error();
  return Geometry{*rows, *columns};
}

template <typename Convolution, typename Options>
Expected<void> makeConvolution(Importer &importer, const Operator &op, const Options &options,
                               const Geometry &geometry, llvm::ArrayRef<int64_t> weightShape,
                               int64_t channels) {
  mlir::OpBuilder &builder = importer.builder();
  auto bias = biasOf(importer, op, channels);
  if (!bias)
    return bias.error();
  const Tensor &output = importer.output(op);
  const Weights weights = weightsOf(importer.input(op, 1));
  const auto quantisation = mlir::tosa::ConvOpQuantizationAttr::get(
      builder.getContext(), importer.input(op, 0).quantisation.zeroPoints[0], weights.zeroPoint);
  const mlir::Value sum = builder.create<Convolution>(
      importer.location(), importer.type(output.shape, 32), importer.inputValue(op, 0),
      importer.constantI8(weightShape, weights.bytes), *bias,
      builder.getDenseI64ArrayAttr({geometry.rows.padBefore, geometry.rows.padAfter,
                                    geometry.columns.padBefore, geometry.columns.padAfter}),
      builder.getDenseI64ArrayAttr({options.stride_h(), options.stride_w()}),
      builder.getDenseI64ArrayAttr({options.dilation_h(), options.dilation_w()}), quantisation,
      builder.getBoolAttr(false));
  return finish(importer, op, sum, options.activation(), importer.input(op, 1).isUnsigned);
}

} // namespace

Expected<void> importConv2D(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::Conv2DOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, importer.output(op), "output"); !ok)
    return ok;
  if (auto ok = checkWeights(importer, op, 0, 4); !ok)
    return ok;
  auto geometry = geometryOf(importer, op, *options);
  if (!geometry)
    return geometry.error();
  if (weights.shape[0] != importer.output(op).shape[3] || weights.shape[3] != input.shape[3])
    return Error{prefixOf(op) + "weights " + shapeText(weights.shape) + " do not fit " +
                 std::to_string(input.shape[3]) + " input and " +
                 std::to_string(importer.output(op).shape[3]) + " output channels"};
  return makeConvolution<mlir::tosa::Conv2DOp>(importer, op, *options, *geometry, weights.shape,
                                               weights.shape[0]);
}

Expected<void> importDepthwiseConv2D(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::DepthwiseConv2DOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, importer.output(op), "output"); !ok)
    return ok;
  if (auto ok = checkWeights(importer, op, 3, 4); !ok)
    return ok;
  auto geometry = geometryOf(importer, op, *options);
  if (!geometry)
    return geometry.error();
  const int64_t channels = weights.shape[3];
  if (weights.shape[0] != 1 || channels != importer.output(op).shape[3] || channels % input.shape[3] != 0)
    return Error{prefixOf(op) + "weights " + shapeText(weights.shape) + " do not fit " +
                 std::to_string(input.shape[3]) + " input and " +
                 std::to_string(importer.output(op).shape[3]) + " output channels"};
  // [1, KH, KW, C*M] holds the same bytes as [KH, KW, C, M].
  return makeConvolution<mlir::tosa::DepthwiseConv2DOp>(
      importer, op, *options, *geometry,
      {weights.shape[1], weights.shape[2], input.shape[3], channels / input.shape[3]}, channels);
}

Expected<void> importFullyConnected(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::FullyConnectedOptions>();
  if (options && options->weights_format() != tflite::WeightsFormat::DEFAULT)
    return Error{prefixOf(op) + "shuffled weights are not supported"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, output, "output"); !ok)
    return ok;
  if (auto ok = checkWeights(importer, op, 0, 2); !ok)
    return ok;
  const int64_t channels = weights.shape[0];
  const int64_t depth = weights.shape[1];
  const int64_t rows = input.elements() / depth;
  if (rows * depth != input.elements() || rows * channels != output.elements())
    return Error{prefixOf(op) + "weights " + shapeText(weights.shape) + " do not fit input " +
                 shapeText(input.shape) + " and output " + shapeText(output.shape)};
  auto bias = biasOf(importer, op, channels);
  if (!bias)
    return bias.error();
  mlir::OpBuilder &builder = importer.builder();
  const Weights values = weightsOf(weights);
  const auto quantisation = mlir::tosa::ConvOpQuantizationAttr::get(
      builder.getContext(), input.quantisation.zeroPoints[0], values.zeroPoint);
  const mlir::Value flat = importer.reshape(importer.inputValue(op, 0), {rows, depth});
  const mlir::Value sum = builder.create<mlir::tosa::FullyConnectedOp>(
      importer.location(), importer.type({rows, channels}, 32), flat,
      importer.constantI8(weights.shape, values.bytes), *bias, quantisation);
  return finish(importer, op, sum, options ? options->activation() : tflite::Activation::NONE,
                weights.quantisation.scales.size() == 1);
}

} // namespace tessera::compiler::frontend
