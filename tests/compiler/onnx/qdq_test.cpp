// Small quantised ONNX networks with seeded weights: on every device the same bytes, and against the float operators that the file
// spells out at most one step. The float result comes out of the same network: the real tensor before its last QuantizeLinear is an
// output too, and is rounded here as ONNX defines it.

#include "qdq_builder.h"

#include "tessera/compiler/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <set>

namespace tessera::test {
namespace {

using compiler::Session;
using compiler::SessionOptions;
using Bytes = std::vector<uint8_t>;
using Activation = QdqConv::Activation;

struct Layer {
  const char *name;
  std::vector<int64_t> input;
  std::function<QdqTensor(QdqBuilder &, const QdqTensor &)> build;
  bool onNpu = true; ///< all of it but the edges
  size_t mostOff =
      0; ///< values that may be one step from the float operators: exact ones are half way between two
  std::string whyNotVta = {}; ///< of the layer itself, at level vta
};
void PrintTo(const Layer &layer, std::ostream *stream) { *stream << layer.name; }

class QdqLayerTest : public testing::TestWithParam<Layer> {};

std::unique_ptr<Session> open(const Bytes &file, const std::string &device, const std::string &machine) {
  SessionOptions options;
  options.device = device;
  options.machine = machine;
  auto session = Session::open(file, options);
  EXPECT_TRUE(session) << session.error().message;
  return session ? std::move(*session) : nullptr;
}

Bytes picture(uint64_t bytes) {
  std::vector<float> values(bytes / sizeof(float));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(2.2 * std::sin(static_cast<double>(i * i % 1009) * 0.61803));
  Bytes result(bytes);
  std::memcpy(result.data(), values.data(), bytes);
  return result;
}

void check(const Layer &layer, bool isUnsigned) {
  QdqBuilder builder(isUnsigned ? 5 : 6, isUnsigned);
  const QdqTensor x = builder.input(layer.input), y = layer.build(builder, x);
  builder.output(y);
  const Bytes plain = builder.file(); // without the real output, the float operators are gone
  builder.outputReal(y);
  const Bytes file = builder.file();
  auto host = open(file, "cpu", "pynq");
  ASSERT_TRUE(host);
  const Bytes input = picture(host->inputs()[0].bytes);
  const std::vector<std::span<const uint8_t>> views{input};
  auto expected = host->run(views);
  ASSERT_TRUE(expected) << expected.error().message;
  const Bytes &bytes = (*expected)[0];
  std::vector<float> reals((*expected)[1].size() / sizeof(float));
  std::memcpy(reals.data(), (*expected)[1].data(), (*expected)[1].size());
  ASSERT_EQ(reals.size(), bytes.size());
  size_t off = 0, inside = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const double low = isUnsigned ? 0 : -128, high = isUnsigned ? 255 : 127;
    const double step = std::nearbyint(static_cast<double>(reals[i] / y.scale)) + y.zeroPoint;
    const double wanted = std::fmin(std::fmax(step, low), high);
    const double got =
        isUnsigned ? static_cast<double>(bytes[i]) : static_cast<double>(static_cast<int8_t>(bytes[i]));
    ASSERT_LE(std::abs(got - wanted), 1) << layer.name << ", value " << i;
    off += got != wanted;
    inside += got > low && got < high;
  }
  std::printf("%s, %s: %zu of %zu bytes one step from the float operators\n", layer.name,
              isUnsigned ? "uint8" : "int8", off, bytes.size());
  EXPECT_LE(off, layer.mostOff);
  EXPECT_GT(inside, bytes.size() / 4) << "the outputs say little";

  for (const char *machine : {"pynq", "tiny"})
    for (const char *device : {"functional", "cycle"}) {
      auto session = open(plain, device, machine);
      ASSERT_TRUE(session);
      auto outputs = session->run(views);
      ASSERT_TRUE(outputs) << outputs.error().message;
      EXPECT_EQ((*outputs)[0], bytes) << layer.name << " on " << device << ", " << machine;
      const auto layers = session->report().layers;
      for (size_t i = 1; i < layers.size() && layer.onNpu; ++i)
        EXPECT_EQ(layers[i].placement, "npu")
            << layers[i].op << " " << layers[i].name << ": " << layers[i].reason;
    }
}

TEST_P(QdqLayerTest, OfUint8) { check(GetParam(), true); }
TEST_P(QdqLayerTest, OfInt8) { check(GetParam(), false); }

// The same layers with scales that are powers of two, on a machine of VTA's instructions alone.
TEST_P(QdqLayerTest, OfPowersOfTwoAtLevelVta) {
  const Layer &layer = GetParam();
  QdqBuilder builder(7, QdqBuilder::Kind::PowersOfTwo);
  builder.output(layer.build(builder, builder.input(layer.input)));
  const Bytes file = builder.file();
  const std::string machine = std::string(TESSERA_COSIM_MACHINES) + "/vta.json";
  auto host = open(file, "cpu", machine), session = open(file, "functional", machine);
  ASSERT_TRUE(host && session);
  const Bytes input = picture(host->inputs()[0].bytes);
  const std::vector<std::span<const uint8_t>> views{input};
  auto expected = host->run(views), outputs = session->run(views);
  ASSERT_TRUE(expected && outputs);
  EXPECT_EQ((*outputs)[0], (*expected)[0]);
  EXPECT_GT(std::set<uint8_t>((*expected)[0].begin(), (*expected)[0].end()).size(), 10u)
      << "the outputs say little";
  const auto layers = session->report().layers;
  bool found = layer.whyNotVta.empty();
  for (size_t i = 1; i < layers.size() && layer.onNpu; ++i) {
    found = found || layers[i].reason == layer.whyNotVta;
    if (layer.whyNotVta.empty() || layers[i].op == "Conv")
      EXPECT_EQ(layers[i].placement, "npu")
          << layers[i].op << " " << layers[i].name << ": " << layers[i].reason;
  }
  EXPECT_TRUE(found) << layer.whyNotVta;
}

QdqTensor convOf(QdqBuilder &b, const QdqTensor &x, QdqConv options) { return b.conv(x, options); }

INSTANTIATE_TEST_SUITE_P(
    Layers, QdqLayerTest,
    testing::Values(
        Layer{"conv", {1, 5, 11, 9}, [](auto &b, auto &x) { return convOf(b, x, {19, 3, 2, 1, 1}); }},
        Layer{"conv_relu",
              {1, 16, 7, 7},
              [](auto &b, auto &x) { return convOf(b, x, {20, 3, 1, 1, 1, Activation::Relu}); }},
        Layer{"conv_clip",
              {1, 8, 6, 5},
              [](auto &b, auto &x) { return convOf(b, x, {8, 1, 1, 0, 1, Activation::Clip}); }},
        // Weights of uint8 that lie up to 135 from their zero point.
        Layer{"conv_uint8_weights",
              {1, 21, 7, 6},
              [](auto &b, auto &x) {
                return convOf(b, x, {20, 3, 1, 1, 1, Activation::None, 200, 120});
              }},
        Layer{"depthwise_uint8_weights",
              {1, 24, 9, 9},
              [](auto &b, auto &x) {
                return convOf(b, x, {24, 3, 1, 1, 24, Activation::None, 200, 120});
              }},
        Layer{"depthwise", {1, 24, 9, 9}, [](auto &b, auto &x) { return convOf(b, x, {24, 3, 2, 1, 24}); }},
        Layer{"grouped", {1, 12, 6, 6}, [](auto &b, auto &x) { return convOf(b, x, {18, 3, 1, 1, 3}); }},
        Layer{
            "depthwise_twice", {1, 6, 5, 5}, [](auto &b, auto &x) { return convOf(b, x, {12, 3, 1, 1, 6}); }},
        Layer{"add",
              {1, 16, 6, 6},
              [](auto &b, auto &x) {
                return b.add(convOf(b, x, {16, 1}), convOf(b, x, {16, 3, 1, 1}), false);
              }},
        Layer{"add_relu",
              {1, 16, 6, 6},
              [](auto &b, auto &x) { return b.add(convOf(b, x, {16, 1}), x, true); }},
        Layer{"residual_of_pool",
              {1, 8, 10, 10},
              [](auto &b, auto &x) {
                const QdqTensor pooled = b.maxPool(convOf(b, x, {12, 3, 1, 1}), 3, 2, 1);
                return b.add(convOf(b, pooled, {12, 3, 1, 1}), pooled, false);
              }},
        Layer{"multiply",
              {1, 16, 6, 6},
              [](auto &b, auto &x) { return b.multiply(convOf(b, x, {16, 1}), x); },
              false,
              12},
        Layer{"max_pool", {1, 10, 9, 8}, [](auto &b, auto &x) { return b.maxPool(x, 3, 2, 1); }},
        Layer{"relu_max_pool",
              {1, 10, 9, 8},
              [](auto &b, auto &x) {
                return b.maxPool(convOf(b, x, {12, 1, 1, 0, 1, Activation::Relu}), 3, 2, 1);
              }},
        Layer{
            "average_pool", {1, 10, 8, 8}, [](auto &b, auto &x) { return b.averagePool(x, 2, 2); }, true, 3},
        Layer{"global_average",
              {1, 40, 7, 5},
              [](auto &b, auto &x) { return b.globalAverage(convOf(b, x, {40, 1})); }},
        Layer{"relu", {1, 10, 4, 4}, [](auto &b, auto &x) { return b.relu(x); }},
        Layer{"requantise", {1, 10, 4, 4}, [](auto &b, auto &x) { return b.requantise(x, 1.37f); }},
        Layer{"requantise_rows", {6, 24}, [](auto &b, auto &x) { return b.requantise(x, 1.37f); }, false},
        Layer{"flat_gemm",
              {1, 9, 4, 3},
              [](auto &b, auto &x) { return b.gemm(b.flatten(b.maxPool(x, 1, 1, 0)), 21); }},
        Layer{"matmul_bias", {3, 24}, [](auto &b, auto &x) { return b.matMul(x, 17); }},
        Layer{"matmul_of_rows", {1, 4, 24}, [](auto &b, auto &x) { return b.matMul(x, 17); }, false},
        Layer{"concat",
              {1, 16, 5, 5},
              [](auto &b, auto &x) { return b.conv(b.concat({b.maxPool(x, 1, 1, 0), x}), {16, 1}); }},
        // Parts that fill no blocks; one of them twice, and in two concatenations.
        Layer{"concat_of_odd_parts",
              {1, 10, 5, 4},
              [](auto &b, auto &x) {
                const QdqTensor y = b.conv(x, {21, 3, 1, 1}), z = b.conv(x, {16, 1});
                return b.conv(b.concat({z, b.concat({y, z, y}), z}), {16, 1});
              }},
        Layer{"concat_of_scales",
              {1, 10, 5, 4},
              [](auto &b, auto &x) {
                const QdqTensor y = b.conv(x, {16, 1}), z = b.conv(x, {21, 3, 1, 1, 1, Activation::Relu});
                return b.concat({y, b.requantise(y, 1.9f), z});
              },
              true,
              1,
              "the machine is of level vta, which requantises by shifts, and the scales are no power of two "
              "that all channels share"},
        Layer{"concat_of_rows", {2, 24}, [](auto &b, auto &x) { return b.concat({b.matMul(x, 9), x}); }, false},
        // A concatenation that is read, is a part of another, and is the result beside it.
        Layer{"concat_of_concats",
              {1, 16, 4, 4},
              [](auto &b, auto &x) {
                const QdqTensor y = b.concat({b.conv(x, {16, 1}), b.conv(x, {32, 1})});
                return b.concat({y, b.conv(y, {16, 3, 1, 1})});
              }}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace tessera::test
