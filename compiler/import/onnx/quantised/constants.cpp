#include "import/onnx/quantised/constants.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tessera::compiler::onnx_import {

namespace {

/// Element i of a literal whose elements are of type T in memory.
template <class T> T elementAt(const Literal &literal, size_t i) {
  T value;
  std::memcpy(&value, literal.bytes.data() + (literal.isSplat ? 0 : i * sizeof value), sizeof value);
  return value;
}

} // namespace

std::optional<std::vector<int32_t>> constantIntegers(const Tensor &x) {
  if (x.type() != Type::Int8 && x.type() != Type::Uint8 && x.type() != Type::Int32)
    return std::nullopt;
  std::vector<int32_t> result;
  if (const Literal *literal = x.literal()) {
    const auto count = static_cast<size_t>(x.count());
    result.reserve(count);
    for (size_t i = 0; i < count; ++i)
      result.push_back(x.type() == Type::Int8    ? elementAt<int8_t>(*literal, i)
                       : x.type() == Type::Uint8 ? elementAt<uint8_t>(*literal, i)
                                                 : elementAt<int32_t>(*literal, i));
    return result;
  }
  const auto known = x.integers();
  if (!known)
    return std::nullopt;
  result.assign(known->begin(), known->end());
  return result;
}

std::optional<std::vector<double>> constantReals(const Tensor &x) {
  if (x.type() != Type::Float32)
    return std::nullopt;
  const Literal *literal = x.literal();
  if (!literal)
    return x.reals();
  std::vector<double> result;
  for (size_t i = 0, count = static_cast<size_t>(x.count()); i < count; ++i)
    result.push_back(static_cast<double>(elementAt<float>(*literal, i)));
  return result;
}

std::optional<Tensor> quantisedConstant(const Tensor &x, Type type, const std::vector<float> &scale,
                                        const std::vector<int32_t> &zeroPoint, int64_t axis) {
  const auto reals = x.type() == Type::Float32 && x.isStatic() ? constantReals(x) : std::nullopt;
  if (!reals)
    return std::nullopt;
  size_t perSlice = 1;
  std::vector<int64_t> shape;
  for (int64_t d = 0; d < x.rank(); ++d) {
    shape.push_back(x.extent(d).value());
    if (d > axis)
      perSlice *= static_cast<size_t>(shape.back());
  }
  const double least = type == Type::Uint8 ? 0 : INT8_MIN, most = type == Type::Uint8 ? UINT8_MAX : INT8_MAX;
  auto bytes = std::make_shared<std::vector<uint8_t>>();
  for (size_t i = 0; i < reals->size(); ++i) {
    const size_t slice = scale.size() == 1 ? 0 : i / perSlice % scale.size();
    const float steps = static_cast<float>((*reals)[i]) / scale[slice];
    const double rounded = std::isnan(steps) ? 0 : static_cast<double>(std::nearbyint(steps));
    bytes->push_back(
        static_cast<uint8_t>(static_cast<int32_t>(std::clamp(rounded + zeroPoint[slice], least, most))));
  }
  const std::span<const uint8_t> view = *bytes;
  return x.emitter().literal(type, shape, Literal{view, bytes, false});
}

} // namespace tessera::compiler::onnx_import
