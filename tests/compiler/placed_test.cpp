// Small TFLite networks of what the accelerator takes in a form of its own (uint8 weights far from their zero point, averages that round
// halves up, means, concatenations): all of it is placed there, and gives the bytes of the host.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <cstring>

namespace tessera::test {
namespace {

using tfl::Activation;
using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::Padding;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

Bytes wordsOf(const std::vector<int32_t> &values) {
  Bytes bytes(sizeof(int32_t) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TinyTensor tensor(TensorType type, const char *name, std::vector<int32_t> shape, float scale,
                  int64_t zeroPoint) {
  return {name, std::move(shape), type, {scale}, {zeroPoint}};
}

struct Where {
  const char *device, *machine;
};
void PrintTo(const Where &where, std::ostream *stream) { *stream << where.device << " " << where.machine; }

class PlacedTest : public testing::TestWithParam<Where> {
protected:
  Bytes bytes(size_t count) { return randomBytes(count, random_); }
  TinyTensor constant(TensorType type, const char *name, std::vector<int32_t> shape, int64_t zeroPoint) {
    TinyTensor result = tensor(type, name, std::move(shape), 0.004f, zeroPoint);
    size_t count = 1;
    for (int32_t extent : result.shape)
      count *= static_cast<size_t>(extent);
    result.data = bytes(count);
    return result;
  }
  TinyTensor biases(const char *name, int32_t count) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    for (int32_t &value : values)
      value = static_cast<int32_t>(random_() % 4000) - 2000;
    return {name, {count}, TensorType::INT32, {}, {}, wordsOf(values)};
  }

  void check(const TinyModel &model, size_t inputBytes) {
    compiler::SessionOptions options;
    options.device = GetParam().device;
    options.machine = GetParam().machine;
    auto session = compiler::Session::open(model.build(), options);
    ASSERT_TRUE(session) << session.error().message;
    for (const compiler::LayerReport &layer : (*session)->report().layers)
      EXPECT_EQ(layer.placement, "npu") << layer.op << " " << layer.name << ": " << layer.reason;
    for (int round = 0; round < 3; ++round) {
      const Bytes input = bytes(inputBytes);
      const std::span<const uint8_t> view(input);
      auto outputs = (*session)->run(std::span(&view, 1));
      ASSERT_TRUE(outputs) << outputs.error().message;
      EXPECT_EQ((*outputs)[0], runOnCpu(model, {input})) << "round " << round;
    }
  }

  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_P(PlacedTest, UnsignedNetwork) {
  const auto type = TensorType::UINT8;
  TinyModel model;
  model.tensors = {tensor(type, "x", {1, 8, 6, 5}, 0.03f, static_cast<int64_t>(random_() % 256)), // 0
                   constant(type, "conv/w", {20, 3, 3, 5}, 3),                                    // 1
                   biases("conv/b", 20),                                                          // 2
                   tensor(type, "conv", {1, 8, 6, 20}, 0.12f, 100),                               // 3
                   constant(type, "deep/w", {1, 3, 3, 20}, 250),                                  // 4
                   biases("deep/b", 20),                                                          // 5
                   tensor(type, "deep", {1, 8, 6, 20}, 0.12f, 100),                               // 6
                   tensor(type, "joined", {1, 8, 6, 40}, 0.12f, 100),                             // 7
                   tensor(type, "average", {1, 4, 3, 40}, 0.12f, 100),                            // 8
                   constant(type, "dense/w", {7, 480}, 90),                                       // 9
                   biases("dense/b", 7),                                                          // 10
                   tensor(type, "dense", {1, 7}, 0.9f, 130)};                                     // 11
  model.outputs = {11};
  model.operators = {
      {BuiltinOperator::CONV_2D,
       {0, 1, 2},
       {3},
       BuiltinOptions::Conv2DOptions,
       [](FlatBuilder &b) {
         return tfl::CreateConv2DOptions(b, Padding::SAME, 1, 1, Activation::NONE).Union();
       }},
      {BuiltinOperator::DEPTHWISE_CONV_2D,
       {3, 4, 5},
       {6},
       BuiltinOptions::DepthwiseConv2DOptions,
       [](FlatBuilder &b) {
         return tfl::CreateDepthwiseConv2DOptions(b, Padding::SAME, 1, 1, 1, Activation::NONE).Union();
       }},
      {BuiltinOperator::CONCATENATION,
       {6, 3},
       {7},
       BuiltinOptions::ConcatenationOptions,
       [](FlatBuilder &b) { return tfl::CreateConcatenationOptions(b, 3).Union(); }},
      {BuiltinOperator::AVERAGE_POOL_2D,
       {7},
       {8},
       BuiltinOptions::Pool2DOptions,
       [](FlatBuilder &b) { return tfl::CreatePool2DOptions(b, Padding::VALID, 2, 2, 2, 2).Union(); }},
      {BuiltinOperator::FULLY_CONNECTED, {8, 9, 10}, {11}}};
  check(model, 240);
}

// Weights as far from their zero point as uint8 allows: 255 above it needs a byte more than 255 below. Some blocks of channels need fewer.
TEST_P(PlacedTest, UnsignedWeightsAtTheEnds) {
  const auto type = TensorType::UINT8;
  for (uint8_t zeroPoint : {uint8_t(0), uint8_t(255)}) {
    auto ends = [&](const char *name, std::vector<int32_t> shape) {
      TinyTensor weights = constant(type, name, std::move(shape), zeroPoint);
      weights.data.back() = weights.data[weights.data.size() / 2] = static_cast<uint8_t>(255 - zeroPoint);
      return weights;
    };
    TinyModel model;
    model.tensors = {tensor(type, "x", {1, 5, 6, 5}, 0.03f, 128),     // 0
                     ends("conv/w", {20, 3, 3, 5}),                   // 1
                     biases("conv/b", 20),                            // 2
                     tensor(type, "conv", {1, 5, 6, 20}, 0.12f, 100), // 3
                     ends("deep/w", {1, 3, 3, 20}),                   // 4
                     biases("deep/b", 20),                            // 5
                     tensor(type, "deep", {1, 5, 6, 20}, 0.12f, 100), // 6
                     ends("dense/w", {7, 600}),                       // 7
                     biases("dense/b", 7),                            // 8
                     tensor(type, "dense", {1, 7}, 0.9f, 130)};       // 9
    model.outputs = {9};
    model.operators = {
        {BuiltinOperator::CONV_2D,
         {0, 1, 2},
         {3},
         BuiltinOptions::Conv2DOptions,
         [](FlatBuilder &b) {
           return tfl::CreateConv2DOptions(b, Padding::SAME, 1, 1, Activation::NONE).Union();
         }},
        {BuiltinOperator::DEPTHWISE_CONV_2D,
         {3, 4, 5},
         {6},
         BuiltinOptions::DepthwiseConv2DOptions,
         [](FlatBuilder &b) {
           return tfl::CreateDepthwiseConv2DOptions(b, Padding::SAME, 1, 1, 1, Activation::NONE).Union();
         }},
        {BuiltinOperator::FULLY_CONNECTED, {6, 7, 8}, {9}}};
    check(model, 150);
  }
}

TEST_P(PlacedTest, MeansOfRowsColumnsAndBoth) {
  const auto type = TensorType::INT8;
  for (const std::vector<int32_t> &axes : {std::vector<int32_t>{1, 2}, {1}, {2}}) {
    std::vector<int32_t> shape{1, 7, 5, 21};
    size_t kept = 0;
    for (int32_t axis : axes)
      shape[static_cast<size_t>(axis)] = 0;
    for (int32_t extent : shape)
      if (extent != 0)
        shape[kept++] = extent;
    shape.resize(kept);
    TinyModel model;
    model.tensors = {tensor(type, "x", {1, 7, 5, 21}, 0.05f, static_cast<int8_t>(random_())),
                     {"axes", {static_cast<int32_t>(axes.size())}, TensorType::INT32, {}, {}, wordsOf(axes)},
                     tensor(type, "y", shape, 0.013f, static_cast<int8_t>(random_()))};
    model.outputs = {2};
    model.operators = {{BuiltinOperator::MEAN, {0, 1}, {2}}};
    check(model, 735);
  }
}

// A value that is a part twice of one concatenation and once of another, whose parts fill no blocks.
TEST_P(PlacedTest, PartsWantedTwice) {
  const auto type = TensorType::INT8;
  TinyModel model;
  model.tensors = {tensor(type, "x", {1, 4, 5, 21}, 0.05f, 3), tensor(type, "pool", {1, 4, 5, 21}, 0.05f, 3),
                   tensor(type, "joined", {1, 4, 5, 63}, 0.05f, 3),
                   tensor(type, "all", {1, 4, 5, 84}, 0.05f, 3)};
  model.outputs = {3};
  const auto join = [](FlatBuilder &b) { return tfl::CreateConcatenationOptions(b, 3).Union(); };
  model.operators = {
      {BuiltinOperator::MAX_POOL_2D,
       {0},
       {1},
       BuiltinOptions::Pool2DOptions,
       [](FlatBuilder &b) { return tfl::CreatePool2DOptions(b, Padding::SAME, 1, 1, 2, 2).Union(); }},
      {BuiltinOperator::CONCATENATION, {1, 0, 1}, {2}, BuiltinOptions::ConcatenationOptions, join},
      {BuiltinOperator::CONCATENATION, {2, 1}, {3}, BuiltinOptions::ConcatenationOptions, join}};
  check(model, 420);
}

// uint8 averages of 2x3: the reciprocal of 6 is no power of two, and half of the windows' sums are halves.
TEST_P(PlacedTest, UnsignedAveragesOfSix) {
  TinyModel model;
  model.tensors = {tensor(TensorType::UINT8, "x", {1, 8, 9, 17}, 0.5f, 9),
                   tensor(TensorType::UINT8, "y", {1, 4, 3, 17}, 0.5f, 9)};
  model.operators = {
      {BuiltinOperator::AVERAGE_POOL_2D, {0}, {1}, BuiltinOptions::Pool2DOptions, [](FlatBuilder &b) {
         return tfl::CreatePool2DOptions(b, Padding::VALID, 3, 2, 3, 2).Union();
       }}};
  check(model, 1224);
}

INSTANTIATE_TEST_SUITE_P(Machines, PlacedTest,
                         testing::Values(Where{"functional", "pynq"}, Where{"functional", "tiny"},
                                         Where{"functional", "ultra96"}, Where{"functional", "batch2"},
                                         Where{"cycle", "tiny"}));

} // namespace
} // namespace tessera::test
