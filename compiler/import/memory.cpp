/// SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, whose operators keep state. Each run starts from none, as after a reset.

#include "import/arithmetic.h"
#include "import/operators.h"
#include "import/shape_text.h"

#include "tessera/isa/activation.h"

#include <array>
#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

bool isPresent(const Operator &op, size_t i) { return i < op.inputs.size() && op.inputs[i] >= 0; }

/// Checks a constant of a type and shape and, unless it is float32, one scale.
Expected<void> checkConstant(const Operator &op, const Tensor &tensor, const char *what,
                             tflite::TensorType type, const std::vector<int64_t> &shape) {
  if (tensor.type != type || tensor.shape != shape || !tensor.isConstant() ||
      (!tensor.isFloat() && tensor.quantisation.scales.size() != 1))
    return Error{prefixOf(op) + what + " are " + typeName(tensor.type) + " of shape " +
                 shapeText(tensor.shape) + " with " + std::to_string(tensor.quantisation.scales.size()) +
                 " scales, expected constant " + typeName(type) + " of shape " + shapeText(shape)};
  if (!tensor.isFloat() && tensor.quantisation.zeroPoints[0] != 0)
    return Error{prefixOf(op) + what + " have zero point " +
                 std::to_string(tensor.quantisation.zeroPoints[0]) + ", only 0 is supported"};
  return {};
}

Expected<Scale> factorOf(const Operator &op, double factor) {
  auto scale = scaleOf(factor);
  if (!scale)
    return Error{prefixOf(op) + scale.error().message};
  return scale;
}

float scaleOf(const Tensor &tensor) { return tensor.quantisation.scales[0]; }

} // namespace

// Of all that the memory holds only the newest column is not zero when a run starts from none, so the filters' last taps alone count.
Expected<void> importSvdf(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 5); !ok)
    return ok;
  const auto *options = op.options<tflite::SVDFOptions>();
  if (!options || !isPresent(op, 4))
    return Error{prefixOf(op) + "options or state are missing"};
  const Tensor &input = importer.input(op, 0), &feature = importer.input(op, 1),
               &time = importer.input(op, 2);
  const Tensor &state = importer.input(op, 4), &output = importer.output(op);
  if (auto ok = importer.checkInt8(op, input, "input"); !ok)
    return ok;
  if (auto ok = importer.checkInt8(op, output, "output"); !ok)
    return ok;
  if (input.shape.size() != 2 || feature.shape.size() != 2 || time.shape.size() != 2 || options->rank() < 1)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + ", weights " + shapeText(feature.shape) +
                 " and " + shapeText(time.shape) + " of rank " + std::to_string(options->rank()) +
                 " are not matrices of features and taps"};
  const int64_t batch = input.shape[0], filters = feature.shape[0], taps = time.shape[1];
  const int64_t rank = options->rank(), units = filters / rank;
  using Type = tflite::TensorType;
  if (auto ok = checkConstant(op, feature, "weights of features", Type::INT8, {filters, input.shape[1]}); !ok)
    return ok;
  if (auto ok = checkConstant(op, time, "weights of taps", Type::INT16, {filters, taps}); !ok)
    return ok;
  if (units * rank != filters || output.shape != std::vector<int64_t>{batch, units})
    return Error{prefixOf(op) + std::to_string(filters) + " filters of rank " + std::to_string(rank) +
                 " do not make output " + shapeText(output.shape)};
  if (state.type != Type::INT16 || state.quantisation.scales.size() != 1 || !state.isVariable)
    return Error{prefixOf(op) + "state is " + typeName(state.type) +
                 ", expected variable int16 with one scale"};
  auto toState = factorOf(op, static_cast<double>(scaleOf(input) * scaleOf(feature) / scaleOf(state)));
  auto toOutput = factorOf(op, static_cast<double>(scaleOf(state) * scaleOf(time) / scaleOf(output)));
  if (!toState || !toOutput)
    return !toState ? toState.error() : toOutput.error();

  // Features as a dense layer, saturated to the state's 16 bits.
  mlir::OpBuilder &builder = importer.builder();
  const auto wide = importer.type({batch, filters}, 32);
  const std::vector<int32_t> none(static_cast<size_t>(filters), 0);
  mlir::Value value = importer.make<mlir::tosa::FullyConnectedOp>(
      wide, importer.inputValue(op, 0), importer.inputValue(op, 1), importer.constantI32({filters}, none),
      mlir::tosa::ConvOpQuantizationAttr::get(builder.getContext(), input.quantisation.zeroPoints[0], 0));
  value = importer.rescale(importer.rescale(value, 0, 0, {*toState}, 16), 0, 0, {kOne}, 32);
  std::vector<int32_t> last;
  for (int64_t f = 0; f < filters; ++f) {
    const size_t place = 2 * static_cast<size_t>(f * taps + taps - 1);
    last.push_back(static_cast<int16_t>(time.data[place] + 256u * time.data[place + 1]));
  }
  value = importer.make<mlir::tosa::MulOp>(wide, value, importer.constantI32({1, filters}, last),
                                           builder.getI8IntegerAttr(0));
  // The filters of a unit, and its bias.
  value = importer.make<mlir::tosa::ReduceSumOp>(importer.type({batch, units, 1}, 32),
                                                 importer.reshape(value, {batch, units, rank}),
                                                 builder.getI32IntegerAttr(2));
  value = importer.reshape(value, {batch, units});
  if (isPresent(op, 3)) {
    const Tensor &bias = importer.input(op, 3);
    if (bias.type != Type::INT32 || !bias.isConstant() || bias.elements() != units)
      return Error{prefixOf(op) + "bias is " + typeName(bias.type) + " of shape " + shapeText(bias.shape) +
                   ", expected " + std::to_string(units) + " constant int32"};
    value = importer.make<mlir::tosa::AddOp>(importer.type({batch, units}, 32), value,
                                             importer.reshape(importer.inputValue(op, 3), {1, units}));
  }
  importer.setOutput(op, importer.rescale(value, 0, output.quantisation.zeroPoints[0], {*toOutput}, 8));
  return {};
}

namespace {

// Operands of the format.
constexpr size_t kWeights = 1, kRecurrent = 5, kPeephole = 9, kBias = 12, kProjection = 16, kHidden = 18,
                 kCell = 19, kNorm = 20;
constexpr const char *kGates[4] = {"input", "forget", "cell", "output"};

struct Extents {
  int64_t batch, steps, inputs, cells;
};

Expected<Extents> checkLstm(Importer &importer, const Operator &op,
                            const tflite::UnidirectionalSequenceLSTMOptions &options) {
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    const bool isExtra =
        (i >= kPeephole && i < kBias) || i == kProjection || i == kProjection + 1 || i >= kNorm;
    if (isPresent(op, i) == isExtra)
      return Error{prefixOf(op) + "operand " + std::to_string(i) +
                   (isExtra ? " is there: peepholes, projection and layer normalisation are not supported"
                            : " is absent: coupled gates are not supported")};
  }
  if (options.activation() != tflite::Activation::TANH)
    return Error{prefixOf(op) + "activation " + std::to_string(static_cast<int>(options.activation())) +
                 " is not supported, only tanh"};
  if (input.shape.size() != 3 || output.shape.size() != 3)
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not both of rank 3"};
  const bool isTimeFirst = options.time_major();
  const Extents extents{input.shape[isTimeFirst], input.shape[!isTimeFirst], input.shape[2], output.shape[2]};
  if (output.shape[0] != input.shape[0] || output.shape[1] != input.shape[1])
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " differ in batch or steps"};
  const bool isReal = input.isFloat();
  if (output.type != input.type)
    return Error{prefixOf(op) + "input is " + typeName(input.type) + ", output " + typeName(output.type)};
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, input, "input"); !ok)
    return ok.error();
  if (auto ok = isReal ? Expected<void>() : importer.checkInt8(op, output, "output"); !ok)
    return ok.error();
  const auto weightType = isReal ? tflite::TensorType::FLOAT32 : tflite::TensorType::INT8;
  for (size_t gate = 0; gate < 4; ++gate) {
    if (auto ok = checkConstant(op, importer.input(op, kWeights + gate), "weights", weightType,
                                {extents.cells, extents.inputs});
        !ok)
      return ok.error();
    if (auto ok = checkConstant(op, importer.input(op, kRecurrent + gate), "recurrent weights", weightType,
                                {extents.cells, extents.cells});
        !ok)
      return ok.error();
    const Tensor &bias = importer.input(op, kBias + gate);
    if (bias.type != (isReal ? weightType : tflite::TensorType::INT32) || !bias.isConstant() ||
        bias.elements() != extents.cells)
      return Error{prefixOf(op) + "bias of the " + kGates[gate] + " gate is " + typeName(bias.type) +
                   " of shape " + shapeText(bias.shape) + ", expected " + std::to_string(extents.cells) +
                   " constants"};
  }
  for (const size_t i : {kHidden, kCell}) {
    const Tensor &state = importer.input(op, i);
    const bool isFit =
        isReal ? state.isFloat()
               : state.quantisation.scales.size() == 1 &&
                     state.type == (i == kHidden ? tflite::TensorType::INT8 : tflite::TensorType::INT16);
    if (!isFit || !state.isVariable || state.elements() != extents.batch * extents.cells)
      return Error{prefixOf(op) + "state is " + typeName(state.type) + " of shape " + shapeText(state.shape) +
                   ", expected a variable of " + std::to_string(extents.batch * extents.cells) + " elements"};
  }
  return extents;
}

mlir::Value table16(Importer &importer, const std::vector<int16_t> &values) {
  const auto type = importer.type({65536}, 16);
  return importer.make<mlir::tosa::ConstOp>(type, mlir::DenseElementsAttr::get(type, llvm::ArrayRef(values)));
}

std::string factorText(const char *name, const Scale &scale) {
  return std::string(name) + "=" + std::to_string(scale.multiplier) + "," + std::to_string(scale.shift) + " ";
}

} // namespace

Expected<void> importLstm(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 24); !ok)
    return ok;
  const auto *options = op.options<tflite::UnidirectionalSequenceLSTMOptions>();
  if (!options || op.inputs.size() < kNorm)
    return Error{prefixOf(op) + "options or operands are missing"};
  auto checked = checkLstm(importer, op, *options);
  if (!checked)
    return checked.error();
  const Extents extents = *checked;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  const Tensor &hidden = importer.input(op, kHidden), &cell = importer.input(op, kCell);
  const bool isReal = input.isFloat();
  mlir::OpBuilder &builder = importer.builder();
  const int64_t rows = extents.batch * extents.steps;
  const mlir::Value flat = importer.reshape(importer.inputValue(op, 0), {rows, extents.inputs});

  // What the input gives each gate, for all steps at once.
  constexpr float kGateScale = 1.0f / 4096;
  std::vector<mlir::Value> operands;
  std::string attributes;
  const mlir::Type sumType = isReal ? mlir::Type(builder.getF32Type()) : mlir::Type(builder.getI32Type());
  for (size_t gate = 0; gate < 4; ++gate) {
    const auto quantisation = isReal ? mlir::tosa::ConvOpQuantizationAttr()
                                     : mlir::tosa::ConvOpQuantizationAttr::get(
                                           builder.getContext(), input.quantisation.zeroPoints[0], 0);
    mlir::Value value = importer.make<mlir::tosa::FullyConnectedOp>(
        mlir::RankedTensorType::get({rows, extents.cells}, sumType), flat,
        importer.inputValue(op, kWeights + gate),
        importer.reshape(importer.inputValue(op, kBias + gate), {extents.cells}), quantisation);
    if (!isReal) {
      const auto effective = [&](const Tensor &from, const Tensor &weights) {
        return factorOf(op, static_cast<double>(scaleOf(from) * scaleOf(weights)) /
                                static_cast<double>(kGateScale));
      };
      auto fromInput = effective(input, importer.input(op, kWeights + gate));
      auto fromHidden = effective(hidden, importer.input(op, kRecurrent + gate));
      if (!fromInput || !fromHidden)
        return !fromInput ? fromInput.error() : fromHidden.error();
      value = importer.rescale(value, 0, 0, {*fromInput}, 16);
      attributes += factorText(kGates[gate], *fromHidden);
    }
    if (options->time_major()) {
      value = importer.reshape(value, {extents.steps, extents.batch, extents.cells});
    } else {
      value = importer.reshape(value, {extents.batch, extents.steps, extents.cells});
      value = importer.transpose(value, {1, 0, 2});
    }
    operands.push_back(value);
  }
  for (size_t gate = 0; gate < 4; ++gate)
    operands.push_back(importer.inputValue(op, kRecurrent + gate));
  const float clip = options->cell_clip();
  if (!std::isfinite(clip))
    return Error{prefixOf(op) + "cell_clip is " + numberText(static_cast<double>(clip))};
  if (isReal) {
    char text[40];
    std::snprintf(text, sizeof text, "clip=%a", static_cast<double>(std::max(clip, 0.0f)));
    attributes = text;
  } else {
    int power = 0;
    if (std::frexp(scaleOf(cell), &power) != 0.5f || --power < -15 || power > -1)
      return Error{prefixOf(op) + "scale " + numberText(static_cast<double>(scaleOf(cell))) +
                   " of the cells is no power of 2 from 2^-15 to 2^-1"};
    const double gateOutput = std::exp2(-15.0), cellScale = static_cast<double>(scaleOf(cell));
    auto forget = factorOf(op, gateOutput * cellScale / cellScale);
    auto candidate = factorOf(op, gateOutput * gateOutput / cellScale);
    auto result = factorOf(op, gateOutput * gateOutput / static_cast<double>(scaleOf(hidden)));
    if (!forget || !candidate || !result)
      return Error{prefixOf(op) + "scales of the state do not fit"};
    const double limit = std::min(std::max(static_cast<double>(clip) / cellScale, 0.0), 32767.0);
    attributes += factorText("keep", *forget) + factorText("add", *candidate) + factorText("give", *result) +
                  "zero=" + std::to_string(hidden.quantisation.zeroPoints[0]) +
                  " clip=" + std::to_string(static_cast<int>(limit));
    operands.push_back(table16(importer, isa::logisticTable16()));
    operands.push_back(table16(importer, isa::tanhTable16(-12)));
    operands.push_back(table16(importer, isa::tanhTable16(power)));
  }
  const auto type = mlir::RankedTensorType::get({extents.steps, extents.batch, extents.cells},
                                                importer.typeOf(output).getElementType());
  mlir::Value value = importer.custom("lstm", type, operands, attributes);
  if (!options->time_major())
    value = importer.transpose(value, {1, 0, 2});
  importer.setOutput(op, value);
  return {};
}

} // namespace tessera::compiler::frontend
