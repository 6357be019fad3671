// Networks of one operator with random operands, for tests against the reference kernels' arithmetic.
#pragma once

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <cstring>

namespace tessera::test {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

class OneOperatorTest : public testing::Test {
protected:
  int32_t pick(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(random_() % static_cast<uint32_t>(high - low + 1));
  }
  float scale() { return 0.002f * static_cast<float>(pick(1, 100)); }
  TinyTensor tensor(const char *name, std::vector<int32_t> shape) {
    return {name, std::move(shape), TensorType::INT8, {scale()}, {pick(-128, 127)}};
  }
  Bytes bytes(size_t count) { return randomBytes(count, random_); }

  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

inline double scaleOf(const TinyTensor &tensor) { return static_cast<double>(tensor.scales[0]); }
inline int32_t zeroOf(const TinyTensor &tensor) { return static_cast<int32_t>(tensor.zeroPoints[0]); }

inline TinyTensor integers(const char *name, std::vector<int32_t> shape, const std::vector<int32_t> &values) {
  Bytes data(4 * values.size());
  std::memcpy(data.data(), values.data(), data.size());
  return {name, std::move(shape), TensorType::INT32, {}, {}, data};
}

/// A network of one operator: its operands, then its output.
inline TinyModel single(std::vector<TinyTensor> tensors, TinyOperator op) {
  TinyModel model;
  const auto output = static_cast<int32_t>(tensors.size() - 1);
  model.inputs.clear();
  op.inputs.clear();
  for (int32_t i = 0; i < output; ++i) {
    op.inputs.push_back(i);
    if (tensors[static_cast<size_t>(i)].data.empty())
      model.inputs.push_back(i);
  }
  op.outputs = model.outputs = {output};
  model.tensors = std::move(tensors);
  model.operators = {std::move(op)};
  return model;
}

/// The element of an operand that is broadcast to the output's element `i`.
inline size_t broadcast(const std::vector<int32_t> &from, const std::vector<int32_t> &to, size_t i) {
  size_t position = 0, step = 1;
  for (size_t d = 1; d <= to.size(); ++d) {
    const size_t extent = static_cast<size_t>(to[to.size() - d]), index = i % extent;
    i /= extent;
    if (d > from.size())
      continue;
    const auto own = static_cast<size_t>(from[from.size() - d]);
    position += (own == 1 ? 0 : index) * step;
    step *= own;
  }
  return position;
}

} // namespace tessera::test
