// Operators of float32, float16-weight, int8-weight ("hybrid") and int16 networks on the host's CPU, against plain loops.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

namespace tessera::test {
namespace {

using tfl::Activation;
using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::Padding;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

template <typename T> Bytes bytesOf(const std::vector<T> &values) {
  Bytes bytes(sizeof(T) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
template <typename T> std::vector<T> valuesOf(const Bytes &bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

TinyTensor plain(const char *name, std::vector<int32_t> shape, TensorType type, Bytes data = {}) {
  return {name, std::move(shape), type, {}, {}, std::move(data)};
}
TinyTensor real(const char *name, std::vector<int32_t> shape, Bytes data = {}) {
  return plain(name, std::move(shape), TensorType::FLOAT32, std::move(data));
}

class RealTest : public testing::Test {
protected:
  std::vector<float> reals(size_t count, float low = -1, float high = 1) {
    std::vector<float> values(count);
    std::uniform_real_distribution<float> pick(low, high);
    for (float &value : values)
      value = pick(random_);
    return values;
  }
  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_F(RealTest, DenseLayersTakeHalfPrecisionWeights) {
  // 1, -2, 0.5, 65504, the least denormal and 0 as float16.
  const std::vector<uint16_t> halves = {0x3c00, 0xc000, 0x3800, 0x7bff, 0x0001, 0x0000};
  const std::vector<float> values = {1, -2, 0.5f, 65504, 5.9604645e-8f, 0};
  TinyModel model;
  model.tensors = {real("x", {1, 3}), plain("h", {2, 3}, TensorType::FLOAT16, bytesOf(halves)),
                   real("w", {2, 3}), real("b", {2}, bytesOf(std::vector<float>{0.25f, -3})),
                   real("y", {1, 2})};
  model.outputs = {4};
  model.operators = {{BuiltinOperator::DEQUANTIZE, {1}, {2}},
                     {BuiltinOperator::FULLY_CONNECTED, {0, 2, 3}, {4}}};
  const std::vector<float> x = {3, 5, 7};
  const auto output = valuesOf<float>(runOnCpu(model, {bytesOf(x)}));
  ASSERT_EQ(output.size(), 2u);
  EXPECT_FLOAT_EQ(output[0], 3 * values[0] + 5 * values[1] + 7 * values[2] + 0.25f);
  EXPECT_FLOAT_EQ(output[1], 3 * values[3] + 5 * values[4] - 3);
}

TEST_F(RealTest, RowsOfHybridLayersAreQuantisedByThemselves) {
  constexpr size_t kRows = 3, kDepth = 20, kChannels = 4;
  for (const bool isAsymmetric : {false, true}) {
    const Bytes weights = randomBytes(kChannels * kDepth, random_);
    const auto bias = reals(kChannels);
    TinyTensor w{"w", {kChannels, kDepth}, TensorType::INT8, {0.02f}, {0}, weights};
    TinyModel model;
    model.tensors = {real("x", {kRows, kDepth}), w, real("b", {kChannels}, bytesOf(bias)),
                     real("y", {kRows, kChannels})};
    model.outputs = {3};
    model.operators = {{BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}, BuiltinOptions::FullyConnectedOptions,
                        isAsymmetric ? [](FlatBuilder &b) {
                          return tfl::CreateFullyConnectedOptions(b, Activation::NONE, tfl::WeightsFormat::DEFAULT,
                                                                  false, true)
                              .Union();
                        }
                                     : [](FlatBuilder &b) { return tfl::CreateFullyConnectedOptions(b).Union(); }}};
    auto x = reals(kRows * kDepth, -0.5f, 2);
    std::fill(x.begin(), x.begin() + kDepth, 0.0f); // a row of zeros keeps its bias
    std::transform(x.end() - kDepth, x.end(), x.end() - kDepth, std::negate<>()); // its lowest is its range
    const auto output = valuesOf<float>(runOnCpu(model, {bytesOf(x)}));
    ASSERT_EQ(output.size(), kRows * kChannels);
    for (size_t row = 0; row < kRows; ++row) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(row * kDepth), last = first + kDepth;
      const float low = std::min(0.0f, *std::min_element(first, last));
      const float high = std::max(0.0f, *std::max_element(first, last));
      const float range = std::max(-low, high);
      float scale = range > 0 ? range / 127 : 1;
      int zero = 0;
      if (isAsymmetric && high > low) {
        scale = (high - low) / 255;
        const float nearLow = 128 - low / scale, nearHigh = 127 + high / scale;
        zero = static_cast<int>(std::round(nearLow < nearHigh ? -128 - low / scale : 127 - high / scale));
      }
      for (size_t o = 0; o < kChannels; ++o) {
        int32_t sum = 0;
        for (size_t c = 0; c < kDepth; ++c) {
          const float factor = isAsymmetric ? 1 / scale
                               : range > 0  ? 127 / range
                                            : 1; // as the reference kernels have it
          const auto steps =
              static_cast<int>(std::round(static_cast<float>(zero) + x[row * kDepth + c] * factor));
          sum += (std::clamp(steps, isAsymmetric ? -128 : -127, 127) - zero) * at(weights, o * kDepth + c);
        }
        EXPECT_NEAR(output[row * kChannels + o], static_cast<float>(sum) * (scale * 0.02f) + bias[o],
                    0.4f * scale * 0.02f) // less than a step of one weight
            << isAsymmetric;
      }
    }
  }
}

TEST_F(RealTest, TransposedConvolutionScattersItsInput) {
  // Kernel 3x2, strides 2x3, both paddings; int8, so that the sums are exact.
  for (const bool same : {false, true}) {
    const int32_t inH = 3, inW = 2, channels = 2, outChannels = 3, kernelH = 3, kernelW = 4;
    const int32_t outH = same ? 6 : 7, outW = same ? 6 : 7;
    const int32_t padTop = same ? 0 : 0, padLeft = same ? 0 : 0;
    Bytes weights = randomBytes(outChannels * kernelH * kernelW * channels, random_);
    std::vector<int32_t> bias = {100, -70, 3};
    TinyModel model;
    model.tensors = {
        plain("shape", {4}, TensorType::INT32, bytesOf(std::vector<int32_t>{1, outH, outW, outChannels})),
        {"w", {outChannels, kernelH, kernelW, channels}, TensorType::INT8, {0.01f}, {0}, weights},
        {"x", {1, inH, inW, channels}, TensorType::INT8, {0.05f}, {-9}},
        plain("b", {outChannels}, TensorType::INT32, bytesOf(bias)),
        {"y", {1, outH, outW, outChannels}, TensorType::INT8, {0.2f}, {4}}};
    model.inputs = {2};
    model.outputs = {4};
    model.operators = {
        {BuiltinOperator::TRANSPOSE_CONV,
         {0, 1, 2, 3},
         {4},
         BuiltinOptions::TransposeConvOptions,
         same ? [](FlatBuilder &b) { return tfl::CreateTransposeConvOptions(b, Padding::SAME, 3, 2).Union(); }
              : [](FlatBuilder &b) {
                  return tfl::CreateTransposeConvOptions(b, Padding::VALID, 3, 2).Union();
                }}};
    const Bytes input = randomBytes(static_cast<size_t>(inH * inW * channels), random_);
    std::vector<int32_t> sums(static_cast<size_t>(outH * outW * outChannels));
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] = bias[i % 3];
    for (int32_t y = 0; y < inH; ++y)
      for (int32_t x = 0; x < inW; ++x)
        for (int32_t ky = 0; ky < kernelH; ++ky)
          for (int32_t kx = 0; kx < kernelW; ++kx)
            for (int32_t o = 0; o < outChannels; ++o)
              for (int32_t c = 0; c < channels; ++c) {
                const int32_t row = 2 * y + ky - padTop, column = 3 * x + kx - padLeft;
                if (row < outH && column < outW)
                  sums[static_cast<size_t>((row * outW + column) * outChannels + o)] +=
                      (at(input, static_cast<size_t>((y * inW + x) * channels + c)) + 9) *
                      at(weights, static_cast<size_t>(((o * kernelH + ky) * kernelW + kx) * channels + c));
              }
    const Bytes output = runOnCpu(model, {input});
    ASSERT_EQ(output.size(), sums.size());
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_EQ(at(output, i), requantised(sums[i],
                                           static_cast<double>(0.05f) * static_cast<double>(0.01f) /
                                               static_cast<double>(0.2f),
                                           4, -128))
          << same << ", element " << i;
  }
}

TEST_F(RealTest, WideSumsKeepSixteenBitsOfTheMultiplier) {
  constexpr size_t kRows = 16, kDepth = 40, kChannels = 3; // rows enough to see each half rounded
  const Bytes weights = randomBytes(kChannels * kDepth, random_);
  const std::vector<int64_t> bias = {int64_t{1} << 34, -(int64_t{1} << 33), 77};
  TinyModel model;
  model.tensors = {{"x", {kRows, kDepth}, TensorType::INT16, {0.001f}, {0}},
                   {"w", {kChannels, kDepth}, TensorType::INT8, {0.01f, 0.02f, 0.03f}, {0, 0, 0}, weights},
                   plain("b", {kChannels}, TensorType::INT64, bytesOf(bias)),
                   {"y", {kRows, kChannels}, TensorType::INT16, {8.0f}, {0}}};
  model.outputs = {3};
  model.operators = {{BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}}};
  const Bytes raw = randomBytes(2 * kRows * kDepth, random_);
  const auto input = valuesOf<int16_t>(raw);
  const auto output = valuesOf<int16_t>(runOnCpu(model, {raw}));
  ASSERT_EQ(output.size(), kRows * kChannels);
  for (size_t i = 0; i < output.size(); ++i) {
    const size_t row = i / kChannels, o = i % kChannels;
    int64_t sum = bias[o];
    for (size_t c = 0; c < kDepth; ++c)
      sum += int64_t{input[row * kDepth + c]} * at(weights, o * kDepth + c);
    const float scale = 0.01f * static_cast<float>(o + 1);
    const auto factor = isa::quantizeMultiplier(static_cast<double>(0.001f) *
                                                static_cast<double>(model.tensors[1].scales[o]) / 8.0);
    const int64_t multiplier = (static_cast<int64_t>(factor.multiplier) + (1 << 15)) >> 16;
    const int shift = 15 - factor.shift;
    const int64_t scaledSum = (sum * multiplier + (int64_t{1} << (shift - 1))) >> shift;
    EXPECT_EQ(output[i], std::clamp<int64_t>(scaledSum, -32768, 32767)) << scale;
  }
}

TEST_F(RealTest, SumsAndSlopesOfSixteenBits) {
  TinyModel sum;
  sum.tensors = {{"a", {50}, TensorType::INT16, {0.003f}, {0}},
                 {"b", {50}, TensorType::INT16, {0.0011f}, {0}},
                 {"y", {50}, TensorType::INT16, {0.004f}, {0}}};
  sum.inputs = {0, 1};
  sum.outputs = {2};
  sum.operators = {{BuiltinOperator::ADD, {0, 1}, {2}}};
  TinyModel leaky;
  leaky.tensors = {sum.tensors[0], {"y", {50}, TensorType::INT16, {0.0041f}, {0}}};
  leaky.operators = {
      {BuiltinOperator::LEAKY_RELU, {0}, {1}, BuiltinOptions::LeakyReluOptions, [](FlatBuilder &b) {
         return tfl::CreateLeakyReluOptions(b, 0.3f).Union();
       }}};
  const Bytes left = randomBytes(100, random_), right = randomBytes(100, random_);
  const auto a = valuesOf<int16_t>(left), b = valuesOf<int16_t>(right);
  const auto sums = valuesOf<int16_t>(runOnCpu(sum, {left, right}));
  const auto sloped = valuesOf<int16_t>(runOnCpu(leaky, {left}));
  ASSERT_EQ(sums.size(), 50u);
  ASSERT_EQ(sloped.size(), 50u);
  const double common = 2 * static_cast<double>(0.003f);
  for (size_t i = 0; i < 50; ++i) {
    const int32_t raised =
        scaled(a[i] * (1 << 15), 0.5) + scaled(b[i] * (1 << 15), static_cast<double>(0.0011f) / common);
    EXPECT_EQ(sums[i],
              std::clamp(scaled(raised, common / ((1 << 15) * static_cast<double>(0.004f))), -32768, 32767));
    const float factor = a[i] >= 0 ? 0.003f / 0.0041f : 0.003f * 0.3f / 0.0041f;
    EXPECT_EQ(sloped[i], std::clamp(scaled(a[i], static_cast<double>(factor)), -32768, 32767)) << a[i];
  }
}

TEST_F(RealTest, SoftmaxOfRealNumbersKnowsBeta) {
  TinyModel model;
  model.tensors = {real("x", {2, 6}), real("y", {2, 6})};
  model.operators = {{BuiltinOperator::SOFTMAX, {0}, {1}, BuiltinOptions::SoftmaxOptions, [](FlatBuilder &b) {
                        return tfl::CreateSoftmaxOptions(b, 0.7f).Union();
                      }}};
  const auto x = reals(12, -4, 4);
  const auto output = valuesOf<float>(runOnCpu(model, {bytesOf(x)}));
  ASSERT_EQ(output.size(), 12u);
  for (size_t row = 0; row < 12; row += 6) {
    double sum = 0;
    for (size_t i = 0; i < 6; ++i)
      sum += std::exp(0.7 * static_cast<double>(x[row + i]));
    for (size_t i = row; i < row + 6; ++i)
      EXPECT_NEAR(static_cast<double>(output[i]), std::exp(0.7 * static_cast<double>(x[i])) / sum, 1e-6);
  }
}

} // namespace
} // namespace tessera::test
