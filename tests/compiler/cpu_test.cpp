// Host code against plain loops on isa's numerics: random geometries, no files needed.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include "tessera/compiler/compiler.h"
#include "tessera/isa/softmax.h"

#include <cmath>
#include <cstdlib>

namespace tessera::test {
namespace {

using tfl::Activation;
using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::Padding;
using tfl::TensorType;

/// How many damaged but importable files are compiled; the environment may ask for more.
const int kCorruptedCompiles =
    std::getenv("TESSERA_CORRUPTED") ? std::atoi(std::getenv("TESSERA_CORRUPTED")) : 40;

/// One convolution, geometry and all; options functions carry no state, so the current one stands here.
struct Shape {
  int32_t height, width, channels, outChannels, kernelH, kernelW, strideH, strideW, dilationH, dilationW;
  bool same, depthwise, relu;
};
Shape current;

flatbuffers::Offset<void> makeOptions(flatbuffers::FlatBufferBuilder &builder) {
  const Padding padding = current.same ? Padding::SAME : Padding::VALID;
  const Activation activation = current.relu ? Activation::RELU : Activation::NONE;
  if (current.depthwise)
    return tfl::CreateDepthwiseConv2DOptions(builder, padding, current.strideW, current.strideH,
                                             current.outChannels / current.channels, activation,
                                             current.dilationW, current.dilationH)
        .Union();
  return tfl::CreateConv2DOptions(builder, padding, current.strideW, current.strideH, activation,
                                  current.dilationW, current.dilationH)
      .Union();
}

Shape randomShape(std::mt19937 &random) {
  const auto pick = [&](int32_t low, int32_t high) {
    return low + static_cast<int32_t>(random() % static_cast<uint32_t>(high - low + 1));
  };
  Shape s{};
  s.depthwise = pick(0, 2) == 0;
  s.same = pick(0, 1) == 1;
  s.relu = pick(0, 1) == 1;
  // Some reach across several tiles of vectors, with and without a rest.
  const bool wide = pick(0, 2) == 0;
  s.channels = pick(1, wide ? 40 : 20);
  s.outChannels = s.depthwise ? s.channels * pick(1, 3) : pick(1, wide ? 90 : 20);
  s.kernelH = pick(1, 5);
  s.kernelW = pick(1, 5);
  s.strideH = pick(1, 3);
  s.strideW = pick(1, 3);
  const bool dilated = pick(0, 2) == 0;
  s.dilationH = dilated ? pick(1, 3) : 1;
  s.dilationW = dilated ? pick(1, 3) : 1;
  s.height = (s.kernelH - 1) * s.dilationH + pick(1, 9);
  s.width = (s.kernelW - 1) * s.dilationW + pick(1, wide ? 40 : 9);
  return s;
}

struct Axis {
  int32_t out, before;
};
Axis axisOf(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, bool same) {
  const int32_t reach = (kernel - 1) * dilation + 1;
  if (!same)
    return {(in - reach) / stride + 1, 0};
  const int32_t out = (in + stride - 1) / stride;
  return {out, std::max((out - 1) * stride + reach - in, 0) / 2};
}

TEST(CpuTest, ConvolutionsOfAnyShape) {
  const uint32_t seed = freshSeed();
  std::mt19937 random(seed);
  for (int round = 0; round < 24; ++round) {
    const Shape s = current = randomShape(random);
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", round " << round);
    const Axis rows = axisOf(s.height, s.kernelH, s.strideH, s.dilationH, s.same);
    const Axis columns = axisOf(s.width, s.kernelW, s.strideW, s.dilationW, s.same);
    const auto inputZero = static_cast<int32_t>(random() % 256) - 128;
    const auto outputZero = static_cast<int32_t>(random() % 256) - 128;
    const size_t outChannels = static_cast<size_t>(s.outChannels);
    const int32_t depth = s.depthwise ? 1 : s.channels;

    TinyModel model;
    model.inputs = {0};
    model.outputs = {3};
    std::vector<float> scales;
    for (size_t o = 0; o < outChannels; ++o)
      scales.push_back(0.001f + 0.00001f * static_cast<float>(random() % 1000));
    const Bytes weights =
        randomBytes(outChannels * static_cast<size_t>(s.kernelH * s.kernelW * depth), random);
    std::vector<int32_t> biases(outChannels);
    Bytes biasBytes(4 * outChannels);
    for (size_t o = 0; o < outChannels; ++o) {
      biases[o] = static_cast<int32_t>(random() % 20000) - 10000;
      for (size_t k = 0; k < 4; ++k)
        biasBytes[4 * o + k] = static_cast<uint8_t>(static_cast<uint32_t>(biases[o]) >> (8 * k));
    }
    const std::vector<int32_t> weightShape =
        s.depthwise ? std::vector<int32_t>{1, s.kernelH, s.kernelW, s.outChannels}
                    : std::vector<int32_t>{s.outChannels, s.kernelH, s.kernelW, s.channels};
    model.tensors = {
        {"in", {1, s.height, s.width, s.channels}, TensorType::INT8, {0.03f}, {inputZero}},
        {"w", weightShape, TensorType::INT8, scales, std::vector<int64_t>(outChannels, 0), weights,
         s.depthwise ? 3 : 0},
        {"b", {s.outChannels}, TensorType::INT32, {}, {}, biasBytes},
        {"out", {1, rows.out, columns.out, s.outChannels}, TensorType::INT8, {0.1f}, {outputZero}}};
    model.operators = {{s.depthwise ? BuiltinOperator::DEPTHWISE_CONV_2D : BuiltinOperator::CONV_2D,
                        {0, 1, 2},
                        {3},
                        s.depthwise ? BuiltinOptions::DepthwiseConv2DOptions : BuiltinOptions::Conv2DOptions,
                        makeOptions}};
    const Bytes input = randomBytes(static_cast<size_t>(s.height * s.width * s.channels), random);
    const Bytes output = runOnCpu(model, {input});
    ASSERT_EQ(output.size(), static_cast<size_t>(rows.out * columns.out) * outChannels);

    size_t position = 0;
    for (int32_t y = 0; y < rows.out; ++y)
      for (int32_t x = 0; x < columns.out; ++x)
        for (int32_t o = 0; o < s.outChannels; ++o) {
          int32_t sum = biases[static_cast<size_t>(o)];
          for (int32_t ky = 0; ky < s.kernelH; ++ky)
            for (int32_t kx = 0; kx < s.kernelW; ++kx) {
              const int32_t row = y * s.strideH + ky * s.dilationH - rows.before;
              const int32_t column = x * s.strideW + kx * s.dilationW - columns.before;
              if (row < 0 || row >= s.height || column < 0 || column >= s.width)
                continue;
              for (int32_t k = 0; k < depth; ++k) {
                const int32_t c = s.depthwise ? o / (s.outChannels / s.channels) : k;
                const int32_t weight =
                    s.depthwise
                        ? at(weights, static_cast<size_t>((ky * s.kernelW + kx) * s.outChannels + o))
                        : at(weights,
                             static_cast<size_t>(((o * s.kernelH + ky) * s.kernelW + kx) * s.channels + k));
                const int32_t value =
                    at(input, static_cast<size_t>((row * s.width + column) * s.channels + c)) - inputZero;
                sum = isa::wrapAdd(sum, value * weight);
              }
            }
          const double factor = static_cast<double>(0.03f) *
                                static_cast<double>(scales[static_cast<size_t>(o)]) /
                                static_cast<double>(0.1f);
          ASSERT_EQ(at(output, position), requantised(sum, factor, outputZero, s.relu ? outputZero : -128))
              << "at " << y << ", " << x << ", " << o << (s.depthwise ? " depthwise" : "") << " of "
              << s.height << "x" << s.width << "x" << s.channels << ", kernel " << s.kernelH << "x"
              << s.kernelW;
          ++position;
        }
  }
}

TinyModel softmaxOf(int32_t rows, int32_t depth, float scale) {
  TinyModel model;
  model.tensors = {{"in", {rows, depth}, TensorType::INT8, {scale}, {3}},
                   {"out", {rows, depth}, TensorType::INT8, {1.0f / 256}, {-128}}};
  model.operators = {
      {BuiltinOperator::SOFTMAX,
       {0},
       {1},
       BuiltinOptions::SoftmaxOptions,
       [](flatbuffers::FlatBufferBuilder &b) { return tfl::CreateSoftmaxOptions(b, 1.0f).Union(); }}};
  return model;
}

TEST(CpuTest, SoftmaxIsIsasSoftmax) {
  const uint32_t seed = freshSeed();
  std::mt19937 random(seed);
  for (const float scale : {0.001f, 0.02f, 0.17f, 1.0f, 9.0f}) {
    const int32_t depth = 1 + static_cast<int32_t>(random() % 300);
    const Bytes input = randomBytes(static_cast<size_t>(7 * depth), random);
    const Bytes output = runOnCpu(softmaxOf(7, depth, scale), {input});
    ASSERT_EQ(output.size(), input.size());
    const auto table = isa::softmaxTable(1.0, static_cast<double>(scale));
    for (size_t row = 0; row < 7; ++row) {
      const auto width = static_cast<size_t>(depth);
      std::vector<int8_t> in(width), expected(width);
      for (size_t i = 0; i < width; ++i)
        in[i] = at(input, row * width + i);
      isa::softmaxRow(in, expected, table);
      const double peak = *std::max_element(in.begin(), in.end());
      double total = 0;
      for (int8_t value : in)
        total += std::exp(static_cast<double>(scale) * (value - peak));
      for (size_t i = 0; i < width; ++i) {
        ASSERT_EQ(at(output, row * width + i), expected[i]) << "scale " << scale << ", depth " << depth;
        // And it is a softmax: within a step of the real one.
        ASSERT_NEAR(
            expected[i],
            std::min(std::exp(static_cast<double>(scale) * (in[i] - peak)) / total * 256 - 128, 127.0), 1.01);
      }
    }
  }
}

/// Rows of one peak and others, all `below` it, whose outputs lie beside a half: they show the reciprocal's last Newton step and the rounding of each term of the sum.
TEST(CpuTest, SoftmaxIsIsasSoftmaxToTheLastBit) {
  const struct {
    float scale;
    int32_t others, below;
  } rows[] = {{0.02f, 14, 130}, {0.02f, 6, 144}, {0.17f, 39, 13}, {0.02f, 31, 176}, {0.02f, 38, 142}};
  for (const auto &row : rows) {
    const auto width = static_cast<size_t>(row.others + 1);
    std::vector<int8_t> in(width, static_cast<int8_t>(127 - row.below)), expected(width);
    in[0] = 127;
    isa::softmaxRow(in, expected, isa::softmaxTable(1.0, static_cast<double>(row.scale)));
    const Bytes output = runOnCpu(softmaxOf(1, row.others + 1, row.scale), {Bytes(in.begin(), in.end())});
    EXPECT_EQ(output, Bytes(expected.begin(), expected.end())) << row.others << " others";
  }
}

TEST(CpuTest, AveragesRoundHalvesAwayFromZeroAndLeavePaddingOut) {
  TinyModel model;
  model.tensors = {{"in", {1, 3, 3, 2}, TensorType::INT8, {0.5f}, {-5}},
                   {"out", {1, 2, 2, 2}, TensorType::INT8, {0.5f}, {-5}}};
  model.operators = {{BuiltinOperator::AVERAGE_POOL_2D,
                      {0},
                      {1},
                      BuiltinOptions::Pool2DOptions,
                      [](flatbuffers::FlatBufferBuilder &b) {
                        return tfl::CreatePool2DOptions(b, Padding::SAME, 2, 2, 2, 2).Union();
                      }}};
  const std::vector<int8_t> values = {1, -1, 2, -2, 7, -7, 3, -3, 4, -4, 8, -8, 5, -5, 6, -6, -128, 127};
  Bytes input(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    input[i] = static_cast<uint8_t>(values[i]);
  const Bytes output = runOnCpu(model, {input});
  // (1+2+3+4)/4 = 2.5, (7+8)/2 = 7.5, (5+6)/2 = 5.5, and one pixel alone.
  const std::vector<int8_t> expected = {3, -3, 8, -8, 6, -6, -128, 127};
  ASSERT_EQ(output.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(at(output, i), expected[i]) << i;
}

/// What the importer takes, the rest of the compiler takes or refuses; it never dies of it.
TEST(CpuTest, CompilesOrRefusesCorruptedFiles) {
  const uint32_t seed = freshSeed();
  std::mt19937 random(seed);
  auto models = tinyOperators();
  models.push_back(tinyNetwork());
  auto machine = isa::loadMachine("tiny");
  ASSERT_TRUE(machine) << machine.error().message;
  compiler::CompileOptions options;
  options.machine = *machine;
  int compiled = 0;
  for (int round = 0; round < 4000 && compiled < kCorruptedCompiles; ++round) {
    auto file = models[random() % models.size()].build();
    for (uint32_t i = 0, count = 1 + random() % 3; i < count; ++i)
      file[random() % file.size()] = static_cast<uint8_t>(random());
    options.cpuOnly = round % 2 == 0;
    auto result = compiler::compile(file, options);
    compiled += static_cast<bool>(result);
    if (!result)
      EXPECT_NE(result.error().message, "");
  }
  EXPECT_GT(compiled, 10);
}

TEST(CpuTest, RefusesBuffersBeyondReach) {
  TinyModel model;
  model.tensors = {{"in", {1, 16384, 16384, 5}, TensorType::INT8, {0.5f}, {0}},
                   {"middle", {1, 16384, 16384, 5}, TensorType::INT8, {0.25f}, {0}},
                   {"out", {1, 8192, 8192, 5}, TensorType::INT8, {0.25f}, {0}}};
  model.operators = {{BuiltinOperator::RELU, {0}, {1}},
                     {BuiltinOperator::MAX_POOL_2D,
                      {1},
                      {2},
                      BuiltinOptions::Pool2DOptions,
                      [](flatbuffers::FlatBufferBuilder &b) {
                        return tfl::CreatePool2DOptions(b, Padding::SAME, 2, 2, 2, 2).Union();
                      }}};
  model.outputs = {2};
  compiler::CompileOptions options;
  options.cpuOnly = true;
  auto result = compiler::compile(model.build(), options);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("bytes of buffers, at most 1073741824 are possible"),
            std::string::npos)
      << result.error().message;
}

TEST(CpuTest, CompilationIsDeterministic) {
  compiler::CompileOptions options;
  options.cpuOnly = true;
  const auto file = tinyNetwork().build();
  auto first = compiler::compile(file, options);
  auto second = compiler::compile(file, options);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(first->image.sections(), second->image.sections());
}

} // namespace
} // namespace tessera::test
