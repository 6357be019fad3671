// Layers with constant weights: convolutions and products of matrices.

#include "import/onnx/quantised/node.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::onnx_import {

using tosa_form::Filter;
using tosa_form::Sliding;

namespace {

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
  weights.values.reserve(known->size());
  const auto zeroOf = [&](size_t i) { return zeros[zeros.size() == 1 ? 0 : i / perSlice % zeros.size()]; };
  bool fits = true;
  for (size_t i = 0; i < known->size() && fits; ++i)
    fits = (*known)[i] - zeroOf(i) >= INT8_MIN && (*known)[i] - zeroOf(i) <= INT8_MAX;
  const bool isOne = std::all_of(zeros.begin(), zeros.end(), [&](int32_t zero) { return zero == zeros[0]; });
  if (!fits && !isOne)
    stay("weights less their zero points, which differ from output to output, are outside int8");
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
  if (!what || what->kind != Beneath::Kind::Steps)
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
  // One value for all outputs, or one each along the last dimension: a bias a row is something else.
  if (!real.isStatic() || real.rank() == 0)
    stay("the bias is no constant vector");
  const int64_t count = real.count();
  if (count != 1 && (count != outputs || real.extent(real.rank() - 1).value() != outputs))
    stay("the bias has ", count, " values for ", outputs, " outputs");
  const Beneath *what = beneath(real);
  std::vector<double> values;
  if (what && what->kind == Beneath::Kind::Steps) {
    const auto integers = constantIntegers(what->integers);
    if (!integers)
      stay("the bias is not constant");
    const auto fits = [&](size_t size) { return size == 1 || size >= integers->size(); };
    if (!fits(what->scale.size()) || !fits(what->zeroPoint.size()))
      stay("the bias has scales of another dimension than its last");
    for (size_t i = 0; i < integers->size(); ++i) {
      const auto at = [&](const auto &list) { return list[list.size() == 1 ? 0 : i]; };
      const double step = static_cast<double>(at(what->scale));
      const double wanted = static_cast<double>(sums[sums.size() == 1 ? 0 : i % sums.size()]);
      const double given = static_cast<double>((*integers)[i]) - at(what->zeroPoint);
      values.push_back(std::abs(step - wanted) <= 1e-6 * wanted ? given : given * step / wanted);
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
    const double steps = std::nearbyint(value);
    if (!(steps >= INT32_MIN && steps <= INT32_MAX))
      stay("a bias is ", value, " steps of the sum");
    result.push_back(static_cast<int32_t>(steps));
  }
  return result;
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
  if (filter.weights.empty())
    stay("the filter is empty");
  if (groups > 1 && groups == filter.outputs && filter.inputs == 1)
    return tosa_form::depthwiseSums(x.tensor, x.q, filter, sliding);
  return tosa_form::convolutionSums(x.tensor, x.q, groups > 1 ? ungrouped(filter, groups) : filter, sliding);
}

/// [inputs, outputs] as [outputs][inputs].
std::vector<int8_t> turned(const std::vector<int8_t> &values, size_t inputs, size_t outputs) {
  std::vector<int8_t> result(values.size());
  for (size_t i = 0; i < inputs; ++i)
    for (size_t o = 0; o < outputs; ++o)
      result[o * inputs + i] = values[i * outputs + o];
  return result;
}

/// The rows of x (all its dimensions but the last) times constant weights [inputs, outputs].
Tensor rowsTimes(const Bytes &x, const Weights &weights, const Tensor &w) {
  Filter filter;
  filter.inputs = w.extent(0).value(), filter.outputs = w.extent(1).value();
  if (weights.values.empty())
    stay("the weights are empty");
  filter.zeroPoint = weights.zeroPoint;
  filter.weights =
      turned(weights.values, static_cast<size_t>(filter.inputs), static_cast<size_t>(filter.outputs));
  filter.bias.assign(static_cast<size_t>(filter.outputs), 0);
  const Tensor rows = x.tensor.rank() == 2
                          ? x.tensor
                          : tosa_form::reshaped(x.tensor, {x.tensor.count() / filter.inputs, filter.inputs});
  return tosa_form::denseSums(rows, x.q, filter);
}

/// Weights of a QLinear operator at inputs i, i + 1, i + 2.
Weights statedWeights(Call &call, size_t i, int64_t axis) {
  const Tensor w = call.in(i);
  const auto scale = constantReals(call.in(i + 1));
  const auto zero = constantIntegers(call.in(i + 2));
  if (!w.isStatic() || !scale || scale->empty() || !zero || zero->empty())
    stay("the weights, their scale or zero point are not constant");
  return weightsOf(w, std::vector<float>(scale->begin(), scale->end()), *zero, sliceSize(w, axis));
}

} // namespace

void followConv(Call &call, Values &outputs) {
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

void followGemm(Call &call, Values &outputs) {
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
  note(outputs[0], sumsOf(tosa_form::denseSums(x.tensor, x.q, filter), scale, Beneath::Kind::Products));
}

/// Rows of any number of dimensions times a matrix.
void followMatMul(Call &call, Values &outputs) {
  const Bytes x = bytesOf(call, 0);
  const Tensor w = call.in(1);
  if (w.rank() != 2 || x.tensor.rank() < 2)
    stay("factors of rank ", x.tensor.rank(), " and ", w.rank());
  const Weights weights = weightsBeneath(w, 1);
  const std::vector<float> scale = productScales(x.q.scale, weights.scale);
  note(outputs[0], sumsOf(rowsTimes(x, weights, w), scale, Beneath::Kind::Products));
}

// x, scale, zero, w, scale, zero, y scale, y zero, bias: the arithmetic that mode onnx is.
void followQLinearConv(Call &call, Values &outputs) {
  const Bytes x = statedBytes(call, 0);
  const Quantisation q = statedQuantisation(call, 6);
  checkPicture(x.tensor);
  const Tensor w = call.in(3);
  const Weights weights = statedWeights(call, 3, 0);
  const std::vector<float> scale = productScales(x.q.scale, weights.scale);
  Filter filter{weights.values, std::vector<int32_t>(static_cast<size_t>(w.extent(0).value()), 0)};
  filter.zeroPoint = weights.zeroPoint;
  if (call.has(8)) {
    const auto bias = constantIntegers(call.in(8));
    if (!bias || bias->size() != filter.bias.size())
      stay("the bias is not constant");
    filter.bias = *bias;
  }
  outputs[0] = requantisedAs(sumsOf(convolved(call, x, w, std::move(filter)), scale), q, outputs[0].tensor());
}

void followQLinearMatMul(Call &call, Values &outputs) {
  const Bytes x = statedBytes(call, 0);
  const Quantisation q = statedQuantisation(call, 6);
  const Tensor w = call.in(3);
  if (w.rank() != 2 || x.tensor.rank() < 2)
    stay("factors of rank ", x.tensor.rank(), " and ", w.rank());
  const Weights weights = statedWeights(call, 3, 1);
  const std::vector<float> scale = productScales(x.q.scale, weights.scale);
  outputs[0] = requantisedAs(sumsOf(rowsTimes(x, weights, w), scale), q, outputs[0].tensor());
}

bool followBias(Call &call, Values &outputs) {
  for (size_t i : {0u, 1u}) {
    const Beneath *what = beneath(call.in(i));
    if (!what || what->kind != Beneath::Kind::Products || !(what->low < 0 && std::isinf(what->low)) ||
        !std::isinf(what->high))
      continue;
    const Tensor other = call.in(1 - i);
    const int64_t count = what->integers.extent(what->integers.rank() - 1).value();
    const bool isVector = other.isStatic() && other.count() == count && other.rank() >= 1 &&
                          other.extent(other.rank() - 1).is(count) && call.in(i).rank() != 4;
    const Beneath *bias = beneath(other);
    if (!isVector || (!constantReals(other) &&
                      !(bias && bias->kind == Beneath::Kind::Steps && constantIntegers(bias->integers))))
      continue;
    Beneath result = *what;
    result.integers = tosa_form::withBias(what->integers, biasOf(other, what->scale, count));
    note(outputs[0], std::move(result));
    return true;
  }
  return false;
}

} // namespace tessera::compiler::onnx_import
