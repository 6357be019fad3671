// uint8 networks and resizing on the host's CPU, against loops on bytes as the file has them.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <cmath>
#include <cstring>

namespace tessera::test {
namespace {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::Padding;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

TinyTensor unsignedTensor(const char *name, std::vector<int32_t> shape, float scale, int64_t zeroPoint) {
  return {name, std::move(shape), TensorType::UINT8, {scale}, {zeroPoint}};
}

template <typename T> Bytes bytesOf(const std::vector<T> &values) {
  Bytes bytes(sizeof(T) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

class UnsignedTest : public testing::Test {
protected:
  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_F(UnsignedTest, DenseLayersTakeAnyWeightZeroPoint) {
  constexpr size_t kRows = 3, kDepth = 17, kChannels = 5;
  // 128 becomes 0; with 100 the weights below 228 fit a byte; with 3 and all weights they do not.
  for (const int32_t weightZero : {128, 100, 3}) {
    Bytes weights = randomBytes(kChannels * kDepth, random_);
    for (uint8_t &weight : weights)
      weight = weightZero == 100 ? weight % 228 : weight;
    weights[7] = weightZero == 3 ? 255 : weights[7];
    std::vector<int32_t> bias(kChannels);
    for (int32_t &value : bias)
      value = static_cast<int32_t>(random_() % 2000) - 1000;
    const auto inputZero = static_cast<int32_t>(random_() % 256);
    TinyTensor w = unsignedTensor("w", {kChannels, kDepth}, 0.004f, weightZero);
    w.data = weights;
    TinyModel model;
    model.tensors = {unsignedTensor("x", {kRows, kDepth}, 0.03f, inputZero),
                     w,
                     {"b", {kChannels}, TensorType::INT32, {}, {}, bytesOf(bias)},
                     unsignedTensor("y", {kRows, kChannels}, 0.06f, 121)};
    model.outputs = {3};
    model.operators = {{BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}}};
    const Bytes input = randomBytes(kRows * kDepth, random_);
    const Bytes output = runOnCpu(model, {input});
    ASSERT_EQ(output.size(), kRows * kChannels);
    for (size_t row = 0; row < kRows; ++row)
      for (size_t o = 0; o < kChannels; ++o) {
        int32_t sum = bias[o];
        for (size_t c = 0; c < kDepth; ++c)
          sum += (input[row * kDepth + c] - inputZero) * (weights[o * kDepth + c] - weightZero);
        const double factor = static_cast<double>(0.03f * 0.004f) / static_cast<double>(0.06f);
        EXPECT_EQ(output[row * kChannels + o], std::clamp(scaled(sum, factor) + 121, 0, 255)) << weightZero;
      }
  }
}

TEST_F(UnsignedTest, MeansRoundHalvesUp) {
  TinyModel model;
  model.tensors = {unsignedTensor("x", {1, 40, 6, 3}, 0.5f, 9), unsignedTensor("y", {1, 20, 3, 3}, 0.5f, 9)};
  model.operators = {
      {BuiltinOperator::AVERAGE_POOL_2D, {0}, {1}, BuiltinOptions::Pool2DOptions, [](FlatBuilder &b) {
         return tfl::CreatePool2DOptions(b, Padding::VALID, 2, 2, 2, 2).Union();
       }}};
  const Bytes input = randomBytes(720, random_);
  Bytes expected;
  for (size_t y = 0; y < 20; ++y)
    for (size_t x = 0; x < 3; ++x)
      for (size_t c = 0; c < 3; ++c) {
        int sum = 0;
        for (size_t i = 0; i < 4; ++i)
          sum += input[((2 * y + i / 2) * 6 + 2 * x + i % 2) * 3 + c];
        expected.push_back(static_cast<uint8_t>((sum + 2) / 4));
      }
  EXPECT_EQ(runOnCpu(model, {input}), expected);
}

TEST_F(UnsignedTest, JoinedTensorsAreRescaled) {
  TinyModel model;
  model.tensors = {unsignedTensor("a", {1, 40}, 0.11f, 77), unsignedTensor("b", {1, 40}, 0.06f, 12),
                   unsignedTensor("y", {1, 80}, 0.06f, 12)};
  model.inputs = {0, 1};
  model.outputs = {2};
  model.operators = {
      {BuiltinOperator::CONCATENATION, {0, 1}, {2}, BuiltinOptions::ConcatenationOptions, [](FlatBuilder &b) {
         return tfl::CreateConcatenationOptions(b, 1).Union();
       }}};
  const Bytes left = randomBytes(40, random_), right = randomBytes(40, random_);
  const Bytes output = runOnCpu(model, {left, right});
  ASSERT_EQ(output.size(), 80u);
  for (size_t i = 0; i < 40; ++i) {
    const float scale = 0.11f * (1.0f / 0.06f);
    const float real = std::round(static_cast<float>(left[i]) * scale + -77.0f * scale);
    EXPECT_EQ(output[i], std::clamp(static_cast<int>(real) + 12, 0, 255));
    EXPECT_EQ(output[40 + i], right[i]);
  }
}

bool isAligned, isHalf; // what the options of the next resize take

TinyModel resize(BuiltinOperator code, TensorType type, std::vector<int32_t> in, std::vector<int32_t> out) {
  TinyModel model;
  TinyTensor x{"x", std::move(in), type}, y{"y", std::move(out), type};
  if (type == TensorType::FLOAT32)
    x.scales = y.scales = {}, x.zeroPoints = y.zeroPoints = {};
  model.tensors = {
      x, {"size", {2}, TensorType::INT32, {}, {}, bytesOf(std::vector<int32_t>{y.shape[1], y.shape[2]})}, y};
  model.outputs = {2};
  const bool bilinear = code == BuiltinOperator::RESIZE_BILINEAR;
  model.operators = {
      {code,
       {0, 1},
       {2},
       bilinear ? BuiltinOptions::ResizeBilinearOptions : BuiltinOptions::ResizeNearestNeighborOptions,
       bilinear ? [](FlatBuilder
                         &b) { return tfl::CreateResizeBilinearOptions(b, 0, 0, isAligned, isHalf).Union(); }
                : [](FlatBuilder &b) {
                    return tfl::CreateResizeNearestNeighborOptions(b, isAligned, isHalf).Union();
                  }}};
  return model;
}

TEST_F(UnsignedTest, BilinearResizingIsWithinOneStepOfTheRealOne) {
  constexpr int32_t kIn = 5, kOut = 9, kChannels = 2;
  for (const TensorType type : {TensorType::INT8, TensorType::UINT8, TensorType::FLOAT32})
    for (const int mode : {0, 1, 2}) {
      isAligned = mode == 1;
      isHalf = mode == 2;
      const TinyModel model = resize(BuiltinOperator::RESIZE_BILINEAR, type, {1, kIn, kIn, kChannels},
                                     {1, kOut, kOut, kChannels});
      const Bytes raw = randomBytes(kIn * kIn * kChannels, random_);
      std::vector<float> values;
      for (uint8_t byte : raw)
        values.push_back(static_cast<float>(type == TensorType::INT8 ? static_cast<int8_t>(byte) : byte));
      const Bytes output = runOnCpu(model, {type == TensorType::FLOAT32 ? bytesOf(values) : raw});
      const size_t count = kOut * kOut * kChannels;
      std::vector<float> found(count);
      ASSERT_EQ(output.size(), type == TensorType::FLOAT32 ? 4 * count : count);
      for (size_t i = 0; i < count; ++i)
        found[i] = static_cast<float>(type == TensorType::INT8 ? at(output, i) : output[i]);
      if (type == TensorType::FLOAT32)
        std::memcpy(found.data(), output.data(), output.size());
      const double scale = isAligned ? (kIn - 1.0) / (kOut - 1) : static_cast<double>(kIn) / kOut;
      const auto position = [&](int32_t i) { return isHalf ? (i + 0.5) * scale - 0.5 : i * scale; };
      const auto pixel = [&](double y, double x, int32_t c) {
        const auto clip = [](double v) { return static_cast<int32_t>(std::clamp(v, 0.0, kIn - 1.0)); };
        return static_cast<double>(values[static_cast<size_t>((clip(y) * kIn + clip(x)) * kChannels + c)]);
      };
      for (int32_t i = 0; i < static_cast<int32_t>(count); ++i) {
        const double y = position(i / kChannels / kOut), x = position(i / kChannels % kOut);
        const int32_t c = i % kChannels;
        const double fy = y - std::floor(y), fx = x - std::floor(x);
        const double left = pixel(std::floor(y), std::floor(x), c) * (1 - fy) +
                            pixel(std::floor(y) + 1, std::floor(x), c) * fy;
        const double right = pixel(std::floor(y), std::floor(x) + 1, c) * (1 - fy) +
                             pixel(std::floor(y) + 1, std::floor(x) + 1, c) * fy;
        const double real = left * (1 - fx) + right * fx;
        EXPECT_NEAR(static_cast<double>(found[static_cast<size_t>(i)]), real,
                    type == TensorType::FLOAT32 ? 1e-3 : 1.0)
            << "mode " << mode << ", element " << i;
      }
    }
}

TEST_F(UnsignedTest, NearestResizingTakesThePixelThatTheFormatSays) {
  for (const int mode : {0, 1, 2}) {
    isAligned = mode == 1;
    isHalf = mode == 2;
    const TinyModel model =
        resize(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, TensorType::INT8, {1, 3, 4, 2}, {1, 7, 5, 2});
    const Bytes input = randomBytes(24, random_);
    const auto from = [&](int32_t i, int32_t in, int32_t out) {
      const float scale = static_cast<float>(in - isAligned) / static_cast<float>(out - isAligned);
      const float at = (static_cast<float>(i) + (isHalf ? 0.5f : 0.0f)) * scale;
      return std::min(static_cast<int32_t>(isAligned ? std::round(at) : std::floor(at)), in - 1);
    };
    Bytes expected;
    for (int32_t i = 0; i < 70; ++i)
      expected.push_back(
          input[static_cast<size_t>((from(i / 10, 3, 7) * 4 + from(i / 2 % 5, 4, 5)) * 2 + i % 2)]);
    EXPECT_EQ(runOnCpu(model, {input}), expected) << mode;
  }
}

TEST_F(UnsignedTest, ArgumentsOfTheExtremesAreTheFirstOnes) {
  for (const bool isMax : {true, false}) {
    TinyModel model;
    model.tensors = {unsignedTensor("x", {4, 9, 3}, 0.1f, 7),
                     {"axis", {1}, TensorType::INT32, {}, {}, bytesOf(std::vector<int32_t>{1})},
                     {"y", {4, 3}, TensorType::INT64, {}, {}}};
    model.outputs = {2};
    model.operators = {{isMax ? BuiltinOperator::ARG_MAX : BuiltinOperator::ARG_MIN, {0, 1}, {2}}};
    Bytes input = randomBytes(108, random_);
    for (uint8_t &byte : input)
      byte = static_cast<uint8_t>(byte % 5 * 60); // many equal ones
    std::vector<int64_t> expected;
    for (size_t i = 0; i < 12; ++i) {
      int64_t best = 0;
      const auto value = [&](int64_t k) { return input[i / 3 * 27 + static_cast<size_t>(k) * 3 + i % 3]; };
      for (int64_t k = 1; k < 9; ++k)
        best = (isMax ? value(k) > value(best) : value(k) < value(best)) ? k : best;
      expected.push_back(best);
    }
    EXPECT_EQ(runOnCpu(model, {input}), bytesOf(expected));
  }
}

} // namespace
} // namespace tessera::test
