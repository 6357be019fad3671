#include "import/onnx/quantised/follow.h"

#include "import/onnx/quantised/node.h"

#include <cmath>
#include <map>

namespace tessera::compiler::onnx_import {

namespace {

using tosa_form::Sliding;

// ---- element by element ----

void bounded(Call &call, Values &outputs, float low, float high) {
  const Beneath *what = beneath(call.in(0));
  if (!what)
    stay("its input is not quantised");
  Beneath result = what->kind != Beneath::Kind::Steps ? *what : asSums(bytesOf(call, 0));
  result.low = std::max(result.low, low);
  result.high = std::min(std::max(result.high, low), high);
  note(outputs[0], std::move(result));
}

void relu(Call &call, Values &outputs) { bounded(call, outputs, 0, std::numeric_limits<float>::infinity()); }

void clip(Call &call, Values &outputs) {
  const auto bound = [&](size_t input, const char *attribute, double fallback) {
    if (!call.has(input))
      return static_cast<float>(call.opset() < 11 ? call.real(attribute, fallback) : fallback);
    const auto known = constantReals(call.in(input));
    if (!known || known->size() != 1)
      stay("its bounds are not constant");
    return static_cast<float>((*known)[0]);
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const float low = bound(1, "min", -infinity), high = bound(2, "max", infinity);
  if (!(low <= high))
    stay("its bounds ", low, " and ", high, " are no range");
  bounded(call, outputs, low, high);
}

void mul(Call &call, Values &outputs) {
  const Bytes a = bytesOf(call, 0), b = bytesOf(call, 1);
  if (shapeText(a.tensor.shape()) != shapeText(b.tensor.shape()))
    stay("a product of shapes ", shapeText(a.tensor.shape()), " and ", shapeText(b.tensor.shape()));
  note(outputs[0], sumsOf(tosa_form::multipliedSums(a.tensor, a.q, b.tensor, b.q), {a.q.scale * b.q.scale}));
}

void add(Call &call, Values &outputs) {
  if (followBias(call, outputs))
    return;
  const Bytes a = bytesOf(call, 0), b = bytesOf(call, 1);
  if (shapeText(a.tensor.shape()) != shapeText(b.tensor.shape()))
    stay("an addition of shapes ", shapeText(a.tensor.shape()), " and ", shapeText(b.tensor.shape()));
  double scale = 1;
  const Tensor sums = tosa_form::addedSums(a.tensor, a.q, b.tensor, b.q, scale);
  note(outputs[0], sumsOf(sums, {static_cast<float>(scale)}));
}

// ---- pooling ----

Window poolWindow(Call &call, const Tensor &x) {
  const auto kernel = call.integers("kernel_shape");
  checkPicture(x);
  return windowOf(call, spatialOf(x), Shape(kernel.begin(), kernel.end()), true);
}

void maxPool(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  const Window window = poolWindow(call, x.tensor);
  if (call.wants(1) || window.dilations != std::vector<int64_t>{1, 1})
    stay("the largest byte with its position or with gaps");
  const Tensor y = tosa_form::windowMaximum(x.tensor, {window.kernel[0].value(), window.kernel[1].value()},
                                            slidingOf(window));
  note(outputs[0], stepsOf({y, x.q}));
}

void averagePool(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  const Window window = poolWindow(call, x.tensor);
  const Sliding sliding = slidingOf(window);
  const bool isPadded = sliding.pad != std::array<int64_t, 4>{0, 0, 0, 0};
  if ((isPadded && call.integer("count_include_pad", 0) == 0) || call.integer("ceil_mode", 0) != 0)
    stay("an average whose windows have different numbers of pixels");
  note(outputs[0], averageOf(x, window.kernel[0].value(), window.kernel[1].value(), sliding));
}

void globalAveragePool(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  checkPicture(x.tensor);
  note(outputs[0], averageOf(x, x.tensor.extent(2).value(), x.tensor.extent(3).value(), {}));
}

// ---- moves ----

void reshape(Call &call, Values &outputs) {
  const Tensor y = outputs[0].tensor();
  if (beneath(y))
    return; // nothing moved
  const Bytes x = bytesOf(call, 0);
  if (!y.isStatic())
    stay("its shape is not known");
  note(outputs[0], stepsOf({tosa_form::reshaped(x.tensor, extentsOf(y)), x.q}));
}

void transpose(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  std::vector<int64_t> order;
  for (int64_t d = x.tensor.rank(); d-- > 0;)
    order.push_back(d);
  order = normalisedAxes(call.integers("perm", order), x.tensor.rank());
  note(outputs[0], stepsOf({tosa_form::transposed(x.tensor, order), x.q}));
}

void concat(Call &call, Values &outputs) {
  std::vector<Bytes> parts;
  Tensors bytes;
  size_t other = 0; // an input that is quantised in another way than the first
  for (size_t i = 0; i < call.inputs(); ++i) {
    parts.push_back(bytesOf(call, i));
    bytes.push_back(parts.back().tensor);
    if (!(parts.back().q == parts.front().q))
      other = i;
    if (parts.back().q.type != parts.front().q.type)
      stay("inputs 0 and ", i, " are int8 and uint8");
  }
  const int64_t rank = bytes.at(0).rank(), axis = call.axis(0, rank);
  if (other == 0)
    note(outputs[0], stepsOf({tosa_form::concatenated(bytes, axis), parts.front().q}));
  else if (axis == (rank == 4 ? 1 : rank - 1)) // each channel has a scale of its own
    note(outputs[0], joinedSums(parts, axis));
  else
    stay("inputs 0 and ", other, " have different scales or zero points, and it is not along the channels");
}

// ---- the edges ----

/// Scales and zero points of (De)QuantizeLinear, inputs 1 and 2; nothing where they are not constants of float32.
struct Parameters {
  std::vector<float> scale;
  std::vector<int32_t> zeroPoint;
  int64_t axis = 0;
};
std::optional<Parameters> parametersOf(Call &call, const Tensor &x) {
  if (call.in(1).type() != Type::Float32 || call.integer("block_size", 0) != 0)
    return std::nullopt;
  const auto scale = constantReals(call.in(1));
  if (!scale || scale->empty())
    return std::nullopt;
  Parameters result;
  for (double s : *scale) {
    result.scale.push_back(static_cast<float>(s));
    if (!(s > 0) || !std::isfinite(s))
      return std::nullopt;
  }
  result.zeroPoint.assign(scale->size(), 0);
  if (call.has(2)) {
    const auto zero = constantIntegers(call.in(2));
    if (!zero || zero->size() != scale->size())
      return std::nullopt;
    result.zeroPoint = *zero;
  }
  if (scale->size() > 1)
    result.axis = call.axis(1, x.rank());
  return result;
}

void dequantize(Call &call, Values &outputs) {
  const Tensor x = call.in(0);
  if (x.type() != Type::Int8 && x.type() != Type::Uint8 && x.type() != Type::Int32)
    stay(typeName(x.type()), " is not int8 or uint8");
  const auto parameters = parametersOf(call, x);
  if (!parameters || outputs[0].tensor().type() != Type::Float32)
    stay("its scale or zero point is not constant");
  Beneath what;
  what.integers = x;
  what.scale = parameters->scale;
  what.zeroPoint = parameters->zeroPoint;
  what.axis = parameters->axis;
  note(outputs[0], std::move(what));
}

void quantize(Call &call, Values &outputs) {
  const Type type = outputs[0].tensor().type();
  const Tensor x = call.in(0);
  if (type != Type::Int8 && type != Type::Uint8)
    stay(typeName(type), " is not int8 or uint8");
  const auto parameters = parametersOf(call, x);
  if (!parameters)
    stay("its scale or zero point is not constant");
  if (const auto known =
          quantisedConstant(x, type, parameters->scale, parameters->zeroPoint, parameters->axis)) {
    outputs[0] = *known;
    return;
  }
  const Beneath *what = beneath(x);
  if (!what || parameters->scale.size() != 1)
    return; // where a real tensor becomes bytes
  const Quantisation q{type, parameters->scale[0], parameters->zeroPoint[0]};
  if (what->asBytes() == q)
    outputs[0] = what->integers;
  else
    outputs[0] = requantisedAs(what->kind != Beneath::Kind::Steps ? *what : asSums(bytesOf(call, 0)), q, x);
}

// ---- operators on bytes that state their scales ----

void qLinearSum(Call &call, Values &outputs, bool isProduct) {
  const Bytes a = statedBytes(call, 0), b = statedBytes(call, 3);
  const Quantisation q = statedQuantisation(call, 6);
  if (shapeText(a.tensor.shape()) != shapeText(b.tensor.shape()))
    stay("shapes ", shapeText(a.tensor.shape()), " and ", shapeText(b.tensor.shape()));
  double scale = static_cast<double>(a.q.scale * b.q.scale);
  const Tensor sums = isProduct ? tosa_form::multipliedSums(a.tensor, a.q, b.tensor, b.q)
                                : tosa_form::addedSums(a.tensor, a.q, b.tensor, b.q, scale);
  outputs[0] = requantisedAs(sumsOf(sums, {static_cast<float>(scale)}), q, outputs[0].tensor());
}
void qLinearAdd(Call &call, Values &outputs) { qLinearSum(call, outputs, false); }
void qLinearMul(Call &call, Values &outputs) { qLinearSum(call, outputs, true); }

void qLinearGlobalAveragePool(Call &call, Values &outputs) {
  const Bytes x = statedBytes(call, 0);
  checkPicture(x.tensor);
  if (call.integer("channels_last", 0) != 0)
    stay("its channels are last");
  outputs[0] = requantisedAs(averageOf(x, x.tensor.extent(2).value(), x.tensor.extent(3).value(), {}),
                             statedQuantisation(call, 3), outputs[0].tensor());
}

using Follower = void (*)(Call &, Values &);
const std::map<std::string, Follower> &followers() {
  static const std::map<std::string, Follower> table{
      {"Add", add},
      {"AveragePool", averagePool},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", followConv},
      {"DequantizeLinear", dequantize},
      {"Flatten", reshape},
      {"Gemm", followGemm},
      {"GlobalAveragePool", globalAveragePool},
      {"MatMul", followMatMul},
      {"MaxPool", maxPool},
      {"Mul", mul},
      {"QLinearAdd", qLinearAdd},
      {"QLinearConv", followQLinearConv},
      {"QLinearGlobalAveragePool", qLinearGlobalAveragePool},
      {"QLinearMatMul", followQLinearMatMul},
      {"QLinearMul", qLinearMul},
      {"QuantizeLinear", quantize},
      {"Relu", relu},
      {"Reshape", reshape},
      {"Squeeze", reshape},
      {"Transpose", transpose},
      {"Unsqueeze", reshape},
  };
  return table;
}

} // namespace

std::string followIntegers(Call &call, Values &outputs) {
  const auto found = followers().find(call.op());
  if (found == followers().end() || !tosa_form::isPossible(call.emitter) || outputs.empty() ||
      !outputs[0].isTensor())
    return {};
  try {
    found->second(call, outputs);
  } catch (const Stays &reason) {
    return reason.why;
  }
  return {};
}

} // namespace tessera::compiler::onnx_import
