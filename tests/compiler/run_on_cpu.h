// Small networks on the host's CPU, and what their tests need besides.
#pragma once

#include "tiny_model.h"

#include "tessera/compiler/session.h"
#include "tessera/isa/numerics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>

namespace tessera::test {

using Bytes = std::vector<uint8_t>;

inline int8_t at(const Bytes &bytes, size_t i) { return static_cast<int8_t>(bytes[i]); }

inline Bytes randomBytes(size_t count, std::mt19937 &random) {
  Bytes bytes(count);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  return bytes;
}

/// Compiles for the host and runs once: the bytes of every output, none after a failure.
inline std::vector<Bytes> outputsOnCpu(const TinyModel &model, const std::vector<Bytes> &inputs) {
  compiler::SessionOptions options;
  options.device = "cpu";
  auto session = compiler::Session::open(model.build(), options);
  EXPECT_TRUE(session) << session.error().message;
  if (!session)
    return {};
  const std::vector<std::span<const uint8_t>> views(inputs.begin(), inputs.end());
  auto outputs = (*session)->run(views);
  EXPECT_TRUE(outputs) << outputs.error().message;
  return outputs ? *outputs : std::vector<Bytes>();
}

/// The first output.
inline Bytes runOnCpu(const TinyModel &model, const std::vector<Bytes> &inputs) {
  const std::vector<Bytes> outputs = outputsOnCpu(model, inputs);
  return outputs.empty() ? Bytes() : outputs[0];
}

/// TFLite's multiplication with a real factor.
inline int32_t scaled(int32_t value, double factor) {
  const auto scale = isa::quantizeMultiplier(factor);
  return isa::multiplyDoubleRounding(value, static_cast<int32_t>(scale.multiplier), scale.shift);
}

/// TFLite's rounding of a sum, from the real factor.
inline int8_t requantised(int32_t sum, double factor, int32_t zeroPoint, int32_t low, int32_t high = 127) {
  return static_cast<int8_t>(std::clamp(scaled(sum, factor) + zeroPoint, low, high));
}

} // namespace tessera::test
