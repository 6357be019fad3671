#include "import/onnx/quantised/follow.h"

#include "import/onnx/emitter_impl.h"
#include "import/onnx/operators/window.h"
#include "import/onnx/quantised/constants.h"
#include "import/onnx/quantised/tosa_form.h"

#include <cmath>
#include <map>

namespace tessera::compiler::onnx_import {

namespace {

using tosa_form::Filter;
using tosa_form::Sliding;

/// Why a node stays in float.
struct Stays {
  std::string why;
};
template <class... Parts> [[noreturn]] void stay(const Parts &...parts) { throw Stays{textOf(parts...)}; }

const Beneath *beneath(const Tensor &x) { return x.state().beneath.get(); }

void note(const Value &real, Beneath what) {
  real.tensor().state().beneath = std::make_shared<const Beneath>(std::move(what));
}

/// Bytes and their quantisation.
struct Bytes {
  Tensor tensor;
  Quantisation q;
};

/// What lies beneath input i, where it is bytes of one scale. Stays in float where it is anything else.
Bytes bytesOf(Call &call, size_t i) {
  const Tensor real = call.in(i);
  const Beneath *what = beneath(real);
  const auto q = what ? what->asBytes() : std::nullopt;
  if (!q)
    stay("input ", i, " is not int8 or uint8 of one scale");
  if (!what->integers.isStatic())
    stay("input ", i, " has an extent that only the run decides");
  return {what->integers, *q};
}

Beneath sumsOf(const Tensor &sums, std::vector<float> scale) {
  Beneath result;
  result.integers = sums;
  result.areSums = true;
  result.scale = std::move(scale);
  return result;
}

Beneath stepsOf(const Bytes &bytes) {
  Beneath result;
  result.integers = bytes.tensor;
  result.scale = {bytes.q.scale};
  result.zeroPoint = {bytes.q.zeroPoint};
  return result;
}

/// Constant weights and their scales, one or one an output.
struct Weights {
  std::vector<int8_t> values; ///< in the file's order
  int32_t zeroPoint = 0;      ///< of `values`
  std::vector<float> scale;
};

Weights weightsOf(const Tensor &integers, const std::vector<float> &scale, const std::vector<int32_t> &zeros,
                  size_t perSlice) {
  const auto known = constantIntegers(integers);
  if (!known || (integers.type() != Type::Int8 && integers.type() != Type::Uint8))
    stay("the weights are not constant int8 or uint8");
  // The accelerator wants the zero point 0: where all weights less their own fit a signed byte, they have it. Else a single
  // zero point stays.
  Weights weights{{}, 0, scale};
  const auto zeroOf = [&](size_t i) { return zeros[zeros.size() == 1 ? 0 : i / perSlice % zeros.size()]; };
  bool fits = true;
  for (size_t i = 0; i < known->size() && fits; ++i)
    fits = (*known)[i] - zeroOf(i) >= INT8_MIN && (*known)[i] - zeroOf(i) <= INT8_MAX;
  if (!fits && zeros.size() != 1)
    stay("weights less their zero points, one an output, are outside int8");
  const int32_t toSigned = integers.type() == Type::Uint8 ? 128 : 0;
  weights.zeroPoint = fits ? 0 : zeros[0] - toSigned;
  for (size_t i = 0; i < known->size(); ++i)
    weights.values.push_back(static_cast<int8_t>((*known)[i] - (fits ? zeroOf(i) : toSigned)));
  return weights;
}

/// Elements of one slice along `axis`, in row-major order behind it.
size_t sliceSize(const Tensor &x, int64_t axis) {
  size_t size = 1;
  for (int64_t d = axis + 1; d < x.rank(); ++d)
    size *= static_cast<size_t>(x.extent(d).value());
  return size;
}

Weights weightsBeneath(const Tensor &real, int64_t outputAxis) {
  const Beneath *what = beneath(real);
  if (!what || what->areSums)
    stay("the weights are not quantised");
  if (!what->integers.isStatic())
    stay("the weights are not constant int8 or uint8");
  if (what->scale.size() > 1 && what->axis != outputAxis)
    stay("the weights have one scale a slice of axis ", what->axis, ", expected ", outputAxis);
  return weightsOf(what->integers, what->scale, what->zeroPoint, sliceSize(what->integers, what->axis));
}

/// Scales of sums: the input's times each of the weights', in float32 as ONNX Runtime multiplies them.
std::vector<float> productScales(float x, const std::vector<float> &weights) {
  std::vector<float> result;
  for (float w : weights) {
    result.push_back(x * w);
    if (!(result.back() > 0) || !std::isfinite(result.back()))
      stay("scales ", x, " and ", w, " have no product in float32");
  }
  return result;
}

/// A real vector as steps of the sums. Integers whose scale is the sums' (up to its rounding) are taken as they are.
std::vector<int32_t> biasOf(const Tensor &real, const std::vector<float> &sums, int64_t outputs) {
  const Beneath *what = beneath(real);
  std::vector<double> values;
  if (what && !what->areSums) {
    const auto integers = constantIntegers(what->integers);
    if (!integers)
      stay("the bias is not constant");
    for (size_t i = 0; i < integers->size(); ++i) {
      const auto at = [&](const auto &list) { return list[list.size() == 1 ? 0 : i]; };
      const double step = static_cast<double>(at(what->scale));
      const double wanted = static_cast<double>(sums[sums.size() == 1 ? 0 : i % sums.size()]);
      const double count = static_cast<double>((*integers)[i]) - at(what->zeroPoint);
      values.push_back(std::abs(step - wanted) <= 1e-6 * wanted ? count : count * step / wanted);
    }
  } else {
    const auto reals = constantReals(real);
    if (!reals)
      stay("the bias is not constant");
    for (size_t i = 0; i < reals->size(); ++i)
      values.push_back((*reals)[i] / static_cast<double>(sums[sums.size() == 1 ? 0 : i % sums.size()]));
  }
  if (values.size() == 1)
    values.resize(static_cast<size_t>(outputs), values[0]);
  if (static_cast<int64_t>(values.size()) != outputs)
    stay("the bias has ", values.size(), " values for ", outputs, " outputs");
  std::vector<int32_t> result;
  for (double value : values) {
    if (!(std::abs(value) < 2147483648.0))
      stay("a bias is ", value, " steps of the sum");
    result.push_back(static_cast<int32_t>(std::nearbyint(value)));
  }
  return result;
}

// ---- layers with weights ----

Sliding slidingOf(const Window &window) {
  Sliding s;
  for (size_t d = 0; d < 2; ++d) {
    s.stride[d] = window.strides[d];
    s.dilation[d] = window.dilations[d];
    s.output[d] = window.output[d].value();
    s.pad[2 * d] = window.before[d].value();
    s.pad[2 * d + 1] = window.after[d].value();
  }
  return s;
}

/// A grouped filter as one over all channels; the weights of other groups are their zero point.
Filter ungrouped(const Filter &filter, int64_t groups) {
  Filter result = filter;
  result.inputs = filter.inputs * groups;
  constexpr int64_t kMaxWeights = int64_t{1} << 24;
  const int64_t taps = filter.height * filter.width;
  if (result.inputs > kMaxWeights / taps / filter.outputs)
    stay("a filter of ", groups, " groups is too large as one of a single group");
  result.weights.assign(static_cast<size_t>(result.outputs * result.inputs * taps),
                        static_cast<int8_t>(filter.zeroPoint));
  for (int64_t o = 0; o < filter.outputs; ++o) {
    const int64_t group = o / (filter.outputs / groups);
    std::copy_n(filter.weights.begin() + o * filter.inputs * taps, filter.inputs * taps,
                result.weights.begin() + (o * result.inputs + group * filter.inputs) * taps);
  }
  return result;
}

Tensor convolved(Call &call, const Bytes &x, const Tensor &w, Filter filter) {
  const int64_t groups = call.integer("group", 1);
  const Shape kernel = spatialOf(w);
  const Sliding sliding = slidingOf(windowOf(call, spatialOf(x.tensor), kernel, false));
  filter.outputs = w.extent(0).value(), filter.inputs = w.extent(1).value();
  filter.height = kernel[0].value(), filter.width = kernel[1].value();
  if (groups > 1 && groups == filter.outputs && filter.inputs == 1)
    return tosa_form::depthwiseSums(x.tensor, x.q, filter, sliding);
  return tosa_form::convolutionSums(x.tensor, x.q, groups > 1 ? ungrouped(filter, groups) : filter, sliding);
}

void checkPicture(const Tensor &x) {
  if (x.rank() != 4)
    stay("a convolution of ", x.rank() - 2, " dimensions");
}

void conv(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  checkPicture(x.tensor);
  const Tensor w = call.in(1);
  const Weights weights = weightsBeneath(w, 0);
  const std::vector<float> scale = productScales(x.q.scale, weights.scale);
  Filter filter{weights.values, std::vector<int32_t>(static_cast<size_t>(w.extent(0).value()), 0)};
  filter.zeroPoint = weights.zeroPoint;
  if (call.has(2))
    filter.bias = biasOf(call.in(2), scale, w.extent(0).value());
  note(outputs[0], sumsOf(convolved(call, x, w, std::move(filter)), scale));
}

/// [inputs, outputs] as [outputs][inputs].
std::vector<int8_t> turned(const std::vector<int8_t> &values, size_t inputs, size_t outputs) {
  std::vector<int8_t> result(values.size());
  for (size_t i = 0; i < inputs; ++i)
    for (size_t o = 0; o < outputs; ++o)
      result[o * inputs + i] = values[i * outputs + o];
  return result;
}

void gemm(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  if (call.integer("transA", 0) || call.real("alpha", 1) != 1 || (call.has(2) && call.real("beta", 1) != 1))
    stay("a product with transA, alpha or beta");
  const Tensor w = call.in(1);
  const bool isTurned = call.integer("transB", 0) != 0;
  const Weights weights = weightsBeneath(w, isTurned ? 0 : 1);
  const std::vector<float> scale = productScales(x.q.scale, weights.scale);
  Filter filter;
  filter.outputs = w.extent(isTurned ? 0 : 1).value(), filter.inputs = w.extent(isTurned ? 1 : 0).value();
  filter.weights = isTurned ? weights.values
                            : turned(weights.values, static_cast<size_t>(filter.inputs),
                                     static_cast<size_t>(filter.outputs));
  filter.zeroPoint = weights.zeroPoint;
  filter.bias.assign(static_cast<size_t>(filter.outputs), 0);
  if (call.has(2))
    filter.bias = biasOf(call.in(2), scale, filter.outputs);
  note(outputs[0], sumsOf(tosa_form::denseSums(x.tensor, x.q, filter), scale));
}

// ---- element by element ----

/// A filter that takes each channel as it is, `taps` times.
Filter ones(int64_t channels, int64_t height, int64_t width) {
  return {std::vector<int8_t>(static_cast<size_t>(channels * height * width), 1),
          std::vector<int32_t>(static_cast<size_t>(channels), 0),
          channels,
          1,
          height,
          width};
}

/// Bytes as sums of one: byte - zero point.
Beneath asSums(const Bytes &x) {
  // Of any rank: each element is a pixel's channel.
  const Tensor &t = x.tensor;
  if (t.rank() == 4) {
    Sliding sliding;
    sliding.output = {t.extent(2).value(), t.extent(3).value()};
    return sumsOf(tosa_form::depthwiseSums(t, x.q, ones(t.extent(1).value(), 1, 1), sliding), {x.q.scale});
  }
  stay("bytes of rank ", t.rank(), " change their scale");
}

void bounded(Call &call, Values &outputs, float low, float high) {
  const Beneath *what = beneath(call.in(0));
  if (!what)
    stay("its input is not quantised");
  Beneath result = what->areSums ? *what : asSums(bytesOf(call, 0));
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

void add(Call &call, Values &outputs) {
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

/// The average as a sum whose scale is divided: a depthwise convolution with weights of 1.
void averageOf(Values &outputs, const Bytes &x, int64_t height, int64_t width, const Sliding &sliding) {
  const Tensor sums =
      tosa_form::depthwiseSums(x.tensor, x.q, ones(x.tensor.extent(1).value(), height, width), sliding);
  note(outputs[0], sumsOf(sums, {x.q.scale / static_cast<float>(height * width)}));
}

void averagePool(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  const Window window = poolWindow(call, x.tensor);
  const Sliding sliding = slidingOf(window);
  const bool isPadded = sliding.pad != std::array<int64_t, 4>{0, 0, 0, 0};
  if ((isPadded && call.integer("count_include_pad", 0) == 0) || call.integer("ceil_mode", 0) != 0)
    stay("an average whose windows have different numbers of pixels");
  averageOf(outputs, x, window.kernel[0].value(), window.kernel[1].value(), sliding);
}

void globalAveragePool(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  checkPicture(x.tensor);
  averageOf(outputs, x, x.tensor.extent(2).value(), x.tensor.extent(3).value(), {});
}

// ---- moves ----

std::vector<int64_t> extentsOf(const Tensor &x) {
  std::vector<int64_t> extents;
  for (const Extent &extent : x.shape())
    extents.push_back(extent.value());
  return extents;
}

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
  Tensors parts;
  Quantisation q;
  for (size_t i = 0; i < call.inputs(); ++i) {
    const Bytes x = bytesOf(call, i);
    if (i == 0)
      q = x.q;
    else if (!(x.q == q))
      stay("inputs 0 and ", i, " have different scales or zero points");
    parts.push_back(x.tensor);
  }
  note(outputs[0], stepsOf({tosa_form::concatenated(parts, call.axis(0, parts.at(0).rank())), q}));
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

/// The step of a real bound in q's type, as QuantizeLinear has it.
int32_t stepOf(float real, const Quantisation &q) {
  const int32_t least = q.type == Type::Uint8 ? 0 : INT8_MIN, most = q.type == Type::Uint8 ? 255 : INT8_MAX;
  const double step = std::nearbyint(static_cast<double>(real / q.scale)) + q.zeroPoint;
  return static_cast<int32_t>(std::clamp<double>(step, least, most));
}

Tensor requantisedAs(const Beneath &what, const Quantisation &q) {
  std::vector<float> scale;
  for (float s : what.scale) {
    scale.push_back(s / q.scale);
    if (!std::isfinite(scale.back()))
      stay("scales ", s, " and ", q.scale, " have no quotient in float32");
  }
  return tosa_form::requantised(what.integers, scale, q, stepOf(what.low, q), stepOf(what.high, q));
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
    outputs[0] = requantisedAs(what->areSums ? *what : asSums(bytesOf(call, 0)), q);
}

using Follower = void (*)(Call &, Values &);
const std::map<std::string, Follower> &followers() {
  static const std::map<std::string, Follower> table{
      {"Add", add},
      {"AveragePool", averagePool},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", conv},
      {"DequantizeLinear", dequantize},
      {"Flatten", reshape},
      {"Gemm", gemm},
      {"GlobalAveragePool", globalAveragePool},
      {"MaxPool", maxPool},
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
