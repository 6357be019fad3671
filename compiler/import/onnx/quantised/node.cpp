#include "import/onnx/quantised/node.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

using tosa_form::Filter;
using tosa_form::Sliding;

void note(const Value &real, Beneath what) {
  real.tensor().state().beneath = std::make_shared<const Beneath>(std::move(what));
}

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

Beneath sumsOf(const Tensor &sums, std::vector<float> scale, Beneath::Kind kind) {
  Beneath result;
  result.integers = sums;
  result.kind = kind;
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

Quantisation statedQuantisation(Call &call, size_t i) {
  const auto scale = constantReals(call.in(i));
  const Tensor zeroTensor = call.has(i + 1) ? call.in(i + 1) : Tensor();
  const auto zero = zeroTensor.isValid() ? constantIntegers(zeroTensor) : std::vector<int32_t>{0};
  if (!scale || scale->size() != 1 || !zero || zero->size() != 1 || !((*scale)[0] > 0) ||
      std::isinf((*scale)[0]))
    stay("input ", i, " or ", i + 1, " is not one constant");
  const Type type = zeroTensor.isValid() ? zeroTensor.type() : call.in(0).type();
  if (type != Type::Int8 && type != Type::Uint8)
    stay(typeName(type), " is not int8 or uint8");
  return {type, static_cast<float>((*scale)[0]), (*zero)[0]};
}

Bytes statedBytes(Call &call, size_t i) {
  const Tensor x = call.in(i);
  Quantisation q = statedQuantisation(call, i + 1);
  q.type = x.type();
  if ((q.type != Type::Int8 && q.type != Type::Uint8) || !x.isStatic())
    stay("input ", i, " is not int8 or uint8 of known shape");
  return {x, q};
}

std::vector<int64_t> extentsOf(const Tensor &x) {
  std::vector<int64_t> extents;
  for (const Extent &extent : x.shape())
    extents.push_back(extent.value());
  return extents;
}

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

void checkPicture(const Tensor &x) {
  if (x.rank() != 4)
    stay("a convolution of ", x.rank() - 2, " dimensions");
}

namespace {

/// A filter that takes each channel as it is, `taps` times.
Filter ones(int64_t channels, int64_t height, int64_t width) {
  return {std::vector<int8_t>(static_cast<size_t>(channels * height * width), 1),
          std::vector<int32_t>(static_cast<size_t>(channels), 0),
          channels,
          1,
          height,
          width};
}

/// The step of a real bound in q's type, as QuantizeLinear has it.
int32_t stepOf(float real, const Quantisation &q) {
  const int32_t least = q.type == Type::Uint8 ? 0 : INT8_MIN, most = q.type == Type::Uint8 ? 255 : INT8_MAX;
  const double step = std::nearbyint(static_cast<double>(real / q.scale)) + q.zeroPoint;
  return static_cast<int32_t>(std::clamp<double>(step, least, most));
}

} // namespace

Beneath asSums(const Bytes &x) {
  const Tensor t = x.tensor.rank() == 4 ? x.tensor : tosa_form::asPicture(x.tensor);
  if (t.count() == 0)
    stay("there is nothing in it");
  Sliding sliding;
  sliding.output = {t.extent(2).value(), t.extent(3).value()};
  return sumsOf(tosa_form::depthwiseSums(t, x.q, ones(t.extent(1).value(), 1, 1), sliding), {x.q.scale});
}

Beneath joinedSums(const std::vector<Bytes> &parts, int64_t axis) {
  Tensors bytes;
  std::vector<float> scale;
  std::vector<int32_t> bias;
  for (const Bytes &part : parts) {
    const auto channels = static_cast<size_t>(part.tensor.extent(axis).value());
    bytes.push_back(part.tensor);
    scale.insert(scale.end(), channels, part.q.scale);
    bias.insert(bias.end(), channels, -part.q.signedZeroPoint());
  }
  Tensor joined = tosa_form::concatenated(bytes, axis);
  if (joined.rank() != 4)
    joined = tosa_form::asPicture(joined);
  if (joined.count() == 0)
    stay("there is nothing in it");
  Filter filter = ones(joined.extent(1).value(), 1, 1);
  filter.bias = bias;
  Sliding sliding;
  sliding.output = {joined.extent(2).value(), joined.extent(3).value()};
  const Quantisation raw{joined.type(), 1, joined.type() == Type::Uint8 ? 128 : 0};
  return sumsOf(tosa_form::depthwiseSums(joined, raw, filter, sliding), scale);
}

Beneath averageOf(const Bytes &x, int64_t height, int64_t width, const Sliding &sliding) {
  const Tensor sums =
      tosa_form::depthwiseSums(x.tensor, x.q, ones(x.tensor.extent(1).value(), height, width), sliding);
  return sumsOf(sums, {x.q.scale / static_cast<float>(height * width)});
}

Tensor requantisedAs(const Beneath &what, const Quantisation &q, const Tensor &like) {
  std::vector<float> scale;
  for (float s : what.scale) {
    scale.push_back(s / q.scale);
    if (!std::isfinite(scale.back()))
      stay("scales ", s, " and ", q.scale, " have no quotient in float32");
  }
  const Tensor bytes =
      tosa_form::requantised(what.integers, scale, q, stepOf(what.low, q), stepOf(what.high, q));
  if (shapeText(bytes.shape()) == shapeText(like.shape()))
    return bytes;
  return like.rank() == 4 ? tosa_form::reshaped(bytes, extentsOf(like))
                          : tosa_form::viewed(bytes, extentsOf(like));
}

} // namespace tessera::compiler::onnx_import
