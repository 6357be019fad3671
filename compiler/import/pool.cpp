/// AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and PAD.

#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/numerics.h"

#include <bit>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// True where a window can hold an even number of pixels, and the mean of them a half.
bool hasHalves(const Tensor &input, const Tensor &output, const tflite::Pool2DOptions &options,
               const Window &rows, const Window &columns) {
  const auto hasEven = [](int64_t extent, int64_t positions, int64_t kernel, int64_t stride, int64_t before) {
    for (int64_t i = 0; i < positions; ++i) {
      const int64_t first = i * stride - before;
      if ((std::min(first + kernel, extent) - std::max<int64_t>(first, 0)) % 2 == 0)
        return true;
    }
    return false;
  };
  return hasEven(input.shape[1], output.shape[1], options.filter_height(), options.stride_h(),
                 rows.padBefore) ||
         hasEven(input.shape[2], output.shape[2], options.filter_width(), options.stride_w(),
                 columns.padBefore);
}

} // namespace

Expected<void> importPool(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const auto *options = op.options<tflite::Pool2DOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  const bool isReal = input.isFloat() && output.isFloat();
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, output, "output"); !ok)
    return ok;
  if (input.shape.size() != 4 || output.shape.size() != 4 || input.shape[0] != output.shape[0] ||
      input.shape[3] != output.shape[3])
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not both NHWC of one batch and as many channels"};
  auto rows = windowOf(op, options->padding(), input.shape[1], output.shape[1], options->filter_height(),
                       options->stride_h(), 1, "height");
  if (!rows)
    return rows.error();
  auto columns = windowOf(op, options->padding(), input.shape[2], output.shape[2], options->filter_width(),
                          options->stride_w(), 1, "width");
  if (!columns)
    return columns.error();
  mlir::OpBuilder &builder = importer.builder();
  const auto kernel = builder.getDenseI64ArrayAttr({options->filter_height(), options->filter_width()});
  const auto stride = builder.getDenseI64ArrayAttr({options->stride_h(), options->stride_w()});
  const auto pad =
      builder.getDenseI64ArrayAttr({rows->padBefore, rows->padAfter, columns->padBefore, columns->padAfter});
  const mlir::Type type = importer.typeOf(output);
  mlir::Value pooled;
  if (op.code == tflite::BuiltinOperator::AVERAGE_POOL_2D) {
    auto average = builder.create<mlir::tosa::AvgPool2dOp>(
        importer.location(), type, importer.inputValue(op, 0), kernel, stride, pad,
        mlir::TypeAttr::get(isReal ? mlir::Type(builder.getF32Type()) : mlir::Type(builder.getI32Type())),
        mlir::tosa::UnaryOpQuantizationAttr());
    // The kernel for unsigned bytes rounds halves up, the one for signed ones away from zero.
    const bool isUp = output.isUnsigned && hasHalves(input, output, *options, *rows, *columns);
    if (!isReal)
      average->setAttr("tessera.rounding", builder.getStringAttr(isUp ? "half_up" : "half_away"));
    pooled = average;
  } else {
    pooled = builder.create<mlir::tosa::MaxPool2dOp>(importer.location(), type, importer.inputValue(op, 0),
                                                     kernel, stride, pad);
  }
  if (isReal) {
    auto active = importer.activate(op, options->activation(), pooled);
    if (!active)
      return active.error();
    importer.setOutput(op, *active);
    return {};
  }
  auto bounds = activationBounds(op, options->activation(), output);
  if (!bounds)
    return bounds.error();
  importer.setOutput(op, importer.clamp(pooled, *bounds));
  return {};
}

Expected<void> importMean(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  const bool isReal = input.isFloat() && output.isFloat();
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, output, "output"); !ok)
    return ok;
  if (input.isUnsigned)
    return Error{prefixOf(op) + "the mean of uint8 is not supported"};
  auto axes = importer.constantInts(op, 1, "axes");
  if (!axes)
    return axes.error();

  const auto rank = static_cast<int32_t>(input.shape.size());
  std::vector<bool> reduced(input.shape.size(), false);
  int64_t count = 1;
  for (int32_t axis : *axes) {
    if (axis < -rank || axis >= rank)
      return Error{prefixOf(op) + "axis " + std::to_string(axis) + " is outside shape " +
                   shapeText(input.shape)};
    const auto positive = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    if (!reduced[positive])
      count *= input.shape[positive];
    reduced[positive] = true;
  }
  if (count < 1 || input.elements() / count != output.elements())
    return Error{prefixOf(op) + "the mean of " + std::to_string(count) + " of " + shapeText(input.shape) +
                 " is not of shape " + shapeText(output.shape)};

  mlir::OpBuilder &builder = importer.builder();
  const auto sumOf = [&](mlir::Value value) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    std::vector<int64_t> shape = input.shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!reduced[d])
        continue;
      shape[d] = 1;
      value = importer.make<mlir::tosa::ReduceSumOp>(type.clone(shape), value,
                                                     builder.getI32IntegerAttr(static_cast<int32_t>(d)));
    }
    return value;
  };
  if (isReal) {
    const mlir::Value sum = sumOf(importer.inputValue(op, 0));
    const std::vector<int64_t> ones(input.shape.size(), 1);
    const mlir::Value share = importer.constantF32(ones, {1.0f / static_cast<float>(count)});
    const mlir::Value mean =
        importer.make<mlir::tosa::MulOp>(sum.getType(), sum, share, builder.getI8IntegerAttr(0));
    importer.setOutput(op, importer.reshape(mean, output.shape));
    return {};
  }

  // The division is folded into the multiplier the way the reference kernel does it.
  const auto factor = isa::quantizeMultiplier(static_cast<double>(input.quantisation.scales[0]) /
                                              static_cast<double>(output.quantisation.scales[0]));
  int shift = std::min<int>(63 - std::countl_zero(static_cast<uint64_t>(count)), 32);
  shift = std::min(shift, 31 + static_cast<int>(factor.shift));
  const int64_t multiplier = (static_cast<int64_t>(factor.multiplier) << std::max(shift, 0)) / count;
  const int right = 31 - (static_cast<int>(factor.shift) - shift);
  if (shift < 0 || right < 2 || right > 62)
    return Error{prefixOf(op) + "the quotient of the scales does not fit a fixed-point multiplier"};

  mlir::Value value =
      sumOf(importer.rescale(importer.inputValue(op, 0), input.quantisation.zeroPoints[0], 0, {kOne}, 32));
  value = importer.rescale(value, 0, output.quantisation.zeroPoints[0],
                           {Scale{static_cast<int32_t>(multiplier), static_cast<int8_t>(right)}}, 8);
  importer.setOutput(op, importer.reshape(value, output.shape));
  return {};
}

Expected<void> importPad(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 3); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output, false); !ok)
    return ok;
  if (!input.isFloat() && !input.isInt8() && input.type != tflite::TensorType::INT16 &&
      input.type != tflite::TensorType::INT32)
    return Error{prefixOf(op) + "input is " + typeName(input.type) +
                 ", only int8, uint8, int16, int32 and float32 are supported"};
  if ((input.isInt8() || !input.quantisation.scales.empty()) && output.quantisation.scales.size() != 1)
    return Error{prefixOf(op) + "output has " + std::to_string(output.quantisation.scales.size()) +
                 " scales, expected 1"};
  auto pads = importer.constantInts(op, 1, "paddings");
  if (!pads)
    return pads.error();
  const size_t rank = input.shape.size();
  bool fits = pads->size() == 2 * rank && output.shape.size() == rank && rank > 0;
  for (size_t d = 0; fits && d < rank; ++d) {
    const int64_t before = (*pads)[2 * d];
    const int64_t after = (*pads)[2 * d + 1];
    fits = before >= 0 && after >= 0 && before + input.shape[d] + after == output.shape[d];
  }
  if (!fits)
    return Error{prefixOf(op) + "paddings do not make " + shapeText(output.shape) + " of " +
                 shapeText(input.shape)};
  int64_t fill = output.quantisation.zeroPoints.empty() ? 0 : output.quantisation.zeroPoints[0];
  if (op.inputs.size() > 2 && op.inputs[2] >= 0) {
    const Tensor &value = importer.input(op, 2);
    if (!value.isInt8() || !input.isInt8() || !value.isConstant() || value.elements() != 1)
      return Error{prefixOf(op) + "padding value is " + typeName(value.type) + " of shape " +
                   shapeText(value.shape) + ", expected one constant int8"};
    fill = static_cast<int8_t>(value.data[0]);
  }
  importer.setOutput(op, importer.pad(importer.inputValue(op, 0), *pads, fill));
  return {};
}

} // namespace tessera::compiler::frontend
