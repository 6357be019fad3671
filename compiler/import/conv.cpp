/// CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV: a sum of products, then what makes the output's type of it.

#include "import/arithmetic.h"
#include "import/operators.h"
#include "import/shape_text.h"

#include <algorithm>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// What CONV_2D and DEPTHWISE_CONV_2D check alike, and the windows of their two dimensions.
struct Geometry {
  Window rows;
  Window columns;
};

Expected<void> checkPictures(const Operator &op, const Tensor &input, const Tensor &output) {
  if (input.shape.size() != 4 || output.shape.size() != 4 || input.shape[0] != output.shape[0])
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not both NHWC of one batch"};
  return {};
}

template <typename Options>
Expected<Geometry> geometryOf(Importer &importer, const Operator &op, const Options &options) {
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  const Tensor &output = importer.output(op);
  if (auto ok = checkPictures(op, input, output); !ok)
    return ok.error();
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

template <typename Convolution>
mlir::Value convolve(Importer &importer, const SumOperands &operands, llvm::ArrayRef<int64_t> outShape,
                     llvm::ArrayRef<int64_t> pad, llvm::ArrayRef<int64_t> stride,
                     llvm::ArrayRef<int64_t> dilation) {
  mlir::OpBuilder &builder = importer.builder();
  return builder.create<Convolution>(
      importer.location(), mlir::RankedTensorType::get(outShape, operands.element), operands.input,
      operands.weights, operands.bias, builder.getDenseI64ArrayAttr(pad),
      builder.getDenseI64ArrayAttr(stride), builder.getDenseI64ArrayAttr(dilation), operands.quantisation,
      builder.getBoolAttr(false));
}

template <typename Convolution, typename Options>
Expected<void> importConvolution(Importer &importer, const Operator &op, const Options &options,
                                 int32_t channelDimension, llvm::ArrayRef<int64_t> weightShape,
                                 int64_t channels) {
  auto geometry = geometryOf(importer, op, options);
  if (!geometry)
    return geometry.error();
  auto sum = Sum::of(importer, op, {0, 1, 2, channelDimension, channels});
  if (!sum)
    return sum.error();
  auto operands = sum->operands(weightShape);
  if (!operands)
    return operands.error();
  return sum->finish(convolve<Convolution>(importer, *operands, importer.output(op).shape,
                                           {geometry->rows.padBefore, geometry->rows.padAfter,
                                            geometry->columns.padBefore, geometry->columns.padAfter},
                                           {options.stride_h(), options.stride_w()},
                                           {options.dilation_h(), options.dilation_w()}),
                     options.activation());
}

Expected<void> checkRank(Importer &importer, const Operator &op, size_t rank) {
  const Tensor &weights = importer.input(op, 1);
  if (weights.shape.size() != rank)
    return Error{prefixOf(op) + "weights have shape " + shapeText(weights.shape) + ", expected rank " +
                 std::to_string(rank)};
  return {};
}

Error channelsDoNotFit(Importer &importer, const Operator &op, const Tensor &input) {
  return Error{prefixOf(op) + "weights " + shapeText(importer.input(op, 1).shape) + " do not fit " +
               std::to_string(input.shape[3]) + " input and " + std::to_string(importer.output(op).shape[3]) +
               " output channels"};
}

} // namespace

Expected<void> importConv2D(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::Conv2DOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  if (auto ok = checkRank(importer, op, 4); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  if (auto ok = checkPictures(op, input, importer.output(op)); !ok)
    return ok;
  if (weights.shape[0] != importer.output(op).shape[3] || weights.shape[3] != input.shape[3])
    return channelsDoNotFit(importer, op, input);
  return importConvolution<mlir::tosa::Conv2DOp>(importer, op, *options, 0, weights.shape, weights.shape[0]);
}

Expected<void> importDepthwiseConv2D(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::DepthwiseConv2DOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  if (auto ok = checkRank(importer, op, 4); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  if (auto ok = checkPictures(op, input, importer.output(op)); !ok)
    return ok;
  const int64_t channels = weights.shape[3];
  if (weights.shape[0] != 1 || channels != importer.output(op).shape[3] || channels % input.shape[3] != 0)
    return channelsDoNotFit(importer, op, input);
  // [1, KH, KW, C*M] holds the same bytes as [KH, KW, C, M].
  return importConvolution<mlir::tosa::DepthwiseConv2DOp>(
      importer, op, *options, 3,
      {weights.shape[1], weights.shape[2], input.shape[3], channels / input.shape[3]}, channels);
}

Expected<void> importFullyConnected(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const auto *options = op.options<tflite::FullyConnectedOptions>();
  if (options && options->weights_format() != tflite::WeightsFormat::DEFAULT)
    return Error{prefixOf(op) + "shuffled weights are not supported"};
  if (auto ok = checkRank(importer, op, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &weights = importer.input(op, 1);
  const Tensor &output = importer.output(op);
  const int64_t channels = weights.shape[0];
  const int64_t depth = weights.shape[1];
  const int64_t rows = input.elements() / depth;
  if (rows * depth != input.elements() || rows * channels != output.elements())
    return Error{prefixOf(op) + "weights " + shapeText(weights.shape) + " do not fit input " +
                 shapeText(input.shape) + " and output " + shapeText(output.shape)};
  auto sum = Sum::of(importer, op, {0, 1, 2, 0, channels});
  if (!sum)
    return sum.error();
  sum->asMatrix({rows, depth}, options && options->asymmetric_quantize_inputs());
  auto operands = sum->operands(weights.shape);
  if (!operands)
    return operands.error();
  const mlir::Value product = importer.builder().create<mlir::tosa::FullyConnectedOp>(
      importer.location(), mlir::RankedTensorType::get({rows, channels}, operands->element), operands->input,
      operands->weights, operands->bias, operands->quantisation);
  return sum->finish(product, options ? options->activation() : tflite::Activation::NONE);
}

namespace {

/// Weights [OC, KH, KW, IC] with rows and columns in reverse order; elements of `width` bytes.
std::vector<uint8_t> turned(std::span<const uint8_t> data, llvm::ArrayRef<int64_t> shape, int64_t width) {
  std::vector<uint8_t> result;
  const int64_t pixel = shape[3] * width;
  for (int64_t o = 0; o < shape[0]; ++o)
    for (int64_t k = shape[1] * shape[2]; k-- > 0;) {
      const auto from = data.begin() + (o * shape[1] * shape[2] + k) * pixel;
      result.insert(result.end(), from, from + pixel);
    }
  return result;
}

/// The picture with stride - 1 pixels of zero behind each, cut or padded so that a window of the kernel at stride 1 gives the output.
struct Spread {
  int64_t before = 0; ///< padding
  int64_t after = 0;
  int64_t kept = 0; ///< of the spread picture
};
Spread spreadOf(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padBefore) {
  Spread spread;
  spread.before = kernel - 1 - padBefore;
  const int64_t reach = out + kernel - 1 - spread.before;
  spread.kept = std::min(reach, in * stride);
  spread.after = reach - spread.kept;
  return spread;
}

} // namespace

Expected<void> importTransposeConv(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 4); !ok)
    return ok;
  const auto *options = op.options<tflite::TransposeConvOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  if (auto ok = checkRank(importer, op, 4); !ok)
    return ok;
  const Tensor &input = importer.input(op, 2);
  const Tensor &weights = importer.input(op, 1);
  const Tensor &output = importer.output(op);
  if (auto ok = checkPictures(op, input, output); !ok)
    return ok;
  if (weights.shape[0] != output.shape[3] || weights.shape[3] != input.shape[3])
    return channelsDoNotFit(importer, op, input);
  if (!weights.isConstant())
    return Error{prefixOf(op) + "weights are computed " + typeName(weights.type) +
                 ", only constants are supported"};
  // The convolution that goes the other way has the output as its input.
  const int64_t strides[2] = {options->stride_h(), options->stride_w()};
  Spread spread[2];
  for (size_t d = 0; d < 2; ++d) {
    auto window = windowOf(op, options->padding(), output.shape[d + 1], input.shape[d + 1],
                           weights.shape[d + 1], strides[d], 1, d == 0 ? "height" : "width");
    if (!window)
      return window.error();
    if (input.shape[d + 1] * strides[d] > 1 << 24)
      return Error{prefixOf(op) + "an extent of " + std::to_string(input.shape[d + 1]) + " at stride " +
                   std::to_string(strides[d]) + " is too large"};
    spread[d] = spreadOf(input.shape[d + 1], output.shape[d + 1], weights.shape[d + 1], strides[d],
                         window->padBefore);
    if (spread[d].kept < 1 || spread[d].before < 0)
      return Error{prefixOf(op) + "padding is wider than the kernel"};
  }
  // Each factor is below 2^31, and so is every product that is still within bounds.
  int64_t spreadElements = input.shape[0];
  for (const int64_t extent : {input.shape[1] * strides[0], input.shape[2] * strides[1], input.shape[3]})
    if ((spreadElements *= extent) > kMaxTensorBytes)
      return Error{prefixOf(op) + "input " + shapeText(input.shape) +
                   " spread by its strides is larger than " + std::to_string(kMaxTensorBytes) + " bytes"};
  auto sum = Sum::of(importer, op, {2, 1, 3, 0, weights.shape[0]});
  if (!sum)
    return sum.error();
  sum->useWeights(turned(weights.data, weights.shape, elementBytes(weights.type)));
  auto operands = sum->operands(weights.shape);
  if (!operands)
    return operands.error();
  const auto &in = input.shape;
  const std::vector<int64_t> grid{in[0], in[1], 1, in[2], 1, in[3]};
  const std::vector<int64_t> wide{in[0], in[1], strides[0], in[2], strides[1], in[3]};
  mlir::Value picture = importer.reshape(operands->input, grid);
  if (wide != grid)
    picture = importer.pad(picture,
                           {0, 0, 0, 0, 0, static_cast<int32_t>(strides[0] - 1), 0, 0, 0,
                            static_cast<int32_t>(strides[1] - 1), 0, 0},
                           sum->inputZeroPoint());
  picture = importer.reshape(picture, {in[0], in[1] * strides[0], in[2] * strides[1], in[3]});
  operands->input = importer.slice(picture, {0, 0, 0, 0}, {in[0], spread[0].kept, spread[1].kept, in[3]});
  return sum->finish(
      convolve<mlir::tosa::Conv2DOp>(importer, *operands, output.shape,
                                     {spread[0].before, spread[0].after, spread[1].before, spread[1].after},
                                     {1, 1}, {1, 1}),
      options->activation());
}

} // namespace tessera::compiler::frontend
