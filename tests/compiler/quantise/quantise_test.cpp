// The whole of it on small networks: what stands in the file, what the report says, and what is refused.
#include "quantise/noise.h"
#include "quantise/plan.h"
#include "quantise/prepare.h"
#include "quantise/weights.h"
#include "tiny_onnx.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace tessera::compiler;
using namespace tessera::compiler::quantise;
using namespace tessera::compiler::quantise::tiny;

namespace {

/// Conv, Relu, MaxPool, depthwise Conv, Add with what went in, Relu, Flatten, Gemm, Softmax.
TinyOnnx classifier() {
  TinyOnnx net;
  net.input("x", {1, 3, 8, 8}).random("w1", {4, 3, 3, 3}).random("b1", {4}).random("w2", {4, 1, 3, 3});
  net.random("w3", {5, 64}).random("b3", {5});
  net.node("Conv", {"x", "w1", "b1"}, "c1").ints("pads", {1, 1, 1, 1}).node("Relu", {"c1"}, "r1");
  net.node("MaxPool", {"r1"}, "p").ints("kernel_shape", {2, 2}).ints("strides", {2, 2});
  net.node("Conv", {"p", "w2"}, "c2").integer("group", 4).ints("pads", {1, 1, 1, 1});
  net.node("Add", {"c2", "p"}, "a").node("Relu", {"a"}, "r2").node("Flatten", {"r2"}, "f");
  net.node("Gemm", {"f", "w3", "b3"}, "logits").integer("transB", 1);
  return std::move(net.node("Softmax", {"logits"}, "y").integer("axis", 1).output("y").output("logits"));
}

QuantisedModel quantised(const TinyOnnx &net, CalibrationData &data, const QuantiseOptions &options = {}) {
  auto result = quantiseOnnx(net.file(), data, options);
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  return std::move(*result);
}

::onnx::ModelProto parsed(const QuantisedModel &model) {
  ::onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromArray(model.file.data(), static_cast<int>(model.file.size())));
  return proto;
}

/// A node of the quantised file that gives `name`.
const ::onnx::NodeProto &nodeOf(const Network &network, const std::string &name) {
  const int index = network.producer(name);
  EXPECT_GE(index, 0) << name;
  return network.node(std::max(index, 0));
}

std::vector<float> scalesOf(const Network &network, const ::onnx::NodeProto &node) {
  return network.floats(node.input(1)).value_or(Floats{}).values;
}

TEST(QuantiseTest, EveryLayerHasIntegersAround) {
  TinyCases data({1, 3, 8, 8}, 4);
  const Network network(parsed(quantised(classifier(), data)));
  int layers = 0;
  for (int i = 0; i < network.nodeCount(); ++i) {
    const auto &node = network.node(i);
    if (!isOp(node, "Conv") && !isOp(node, "Gemm"))
      continue;
    ++layers;
    const auto &x = nodeOf(network, node.input(0)), &w = nodeOf(network, node.input(1));
    ASSERT_EQ(x.op_type(), "DequantizeLinear");
    ASSERT_EQ(w.op_type(), "DequantizeLinear");
    const auto *weights = network.constant(w.input(0));
    ASSERT_TRUE(weights);
    EXPECT_EQ(weights->data_type(), ::onnx::TensorProto::INT8);
    const std::vector<float> wScales = scalesOf(network, w), xScale = scalesOf(network, x);
    EXPECT_EQ(wScales.size(), static_cast<size_t>(weights->dims(0)));
    EXPECT_EQ(integer(w, "axis", -1), 0);
    ASSERT_EQ(node.input_size(), 3) << "bias correction makes one where there is none";
    const auto &b = nodeOf(network, node.input(2));
    EXPECT_EQ(network.constant(b.input(0))->data_type(), ::onnx::TensorProto::INT32);
    const std::vector<float> bScales = scalesOf(network, b);
    ASSERT_EQ(bScales.size(), wScales.size());
    for (size_t c = 0; c < wScales.size(); ++c)
      EXPECT_EQ(bScales[c], xScale[0] * wScales[c]) << c;
    ASSERT_EQ(network.uses(node.output(0)).size(), 1u);
    EXPECT_EQ(network.node(network.uses(node.output(0))[0].node).op_type(), "QuantizeLinear");
  }
  EXPECT_EQ(layers, 3);
}

TEST(QuantiseTest, ActivationsAreAbsorbedWhereSaturationDoesTheSame) {
  TinyCases data({1, 3, 8, 8}, 4);
  QuantiseOptions options;
  QuantisedModel model = quantised(classifier(), data, options);
  EXPECT_EQ(countOf(parsed(model), "Relu"), 0);
  EXPECT_EQ(model.report.absorbedActivations, 2u);
  options.powerOfTwo = true;
  model = quantised(classifier(), data, options);
  EXPECT_EQ(countOf(parsed(model), "Relu"), 2);
  EXPECT_EQ(model.report.absorbedActivations, 0u);
}

TEST(QuantiseTest, ClipIsAbsorbedWhereItsBoundsAreTheEnds) {
  for (const auto &[low, absorbed] : {std::pair{0.0f, 1u}, std::pair{0.2f, 0u}}) {
    TinyOnnx net;
    net.input("x", {1, 3, 4, 4})
        .random("w", {4, 3, 1, 1})
        .constant("low", {}, {low})
        .constant("high", {}, {0.5f});
    net.node("Conv", {"x", "w"}, "c").node("Clip", {"c", "low", "high"}, "y").output("y");
    TinyCases data({1, 3, 4, 4}, 2, -3, 3);
    EXPECT_EQ(quantised(net, data).report.absorbedActivations, absorbed) << low;
  }
}

TEST(QuantiseTest, PowersOfTwoAreThat) {
  TinyCases data({1, 3, 8, 8}, 4);
  QuantiseOptions options;
  options.powerOfTwo = true;
  const Network network(parsed(quantised(classifier(), data, options)));
  int seen = 0;
  for (int i = 0; i < network.nodeCount(); ++i) {
    const auto &node = network.node(i);
    if (!isOp(node, "QuantizeLinear") && !isOp(node, "DequantizeLinear"))
      continue;
    ++seen;
    const std::vector<float> scales = scalesOf(network, node);
    EXPECT_EQ(scales.size(), 1u);
    for (float scale : scales) {
      int exponent = 0;
      EXPECT_EQ(std::frexp(scale, &exponent), 0.5f) << node.name();
    }
    const auto *zero = network.constant(node.input(2));
    for (char byte : zero->raw_data())
      EXPECT_EQ(byte, 0) << node.name();
  }
  EXPECT_GT(seen, 10);
}

TEST(QuantiseTest, ReportHasEveryComputedActivationWorstFirst) {
  TinyCases data({1, 3, 8, 8}, 4);
  const QuantiseReport report = quantised(classifier(), data).report;
  std::vector<std::string> names;
  for (size_t i = 0; i < report.layers.size(); ++i) {
    names.push_back(report.layers[i].tensor);
    EXPECT_GT(report.layers[i].snrDb, 25) << names.back();
    EXPECT_LT(report.layers[i].snrDb, 70) << names.back();
    if (i > 0)
      EXPECT_GE(report.layers[i].snrDb, report.layers[i - 1].snrDb);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"c2", "logits", "r1", "r2", "x"}));
  ASSERT_EQ(report.floats.size(), 1u);
  EXPECT_EQ(report.floats[0].op, "Softmax");
  ASSERT_EQ(report.outputs.size(), 2u);
  EXPECT_EQ(report.outputs[0].tensor, "y");
  EXPECT_GT(report.outputs[1].snrDb, 25);
}

TEST(QuantiseTest, DecibelsOfKnownNoise) {
  NoiseSums sums;
  sums.add(std::vector<float>{10, 0}, std::vector<float>{9, 0});
  EXPECT_NEAR(sums.decibels(), 20, 1e-9);
  NoiseSums none;
  none.add(std::vector<float>{10, 0}, std::vector<float>{10, 0});
  EXPECT_TRUE(std::isinf(none.decibels()));
  NoiseSums nothing;
  nothing.add(std::vector<float>{0}, std::vector<float>{1});
  EXPECT_EQ(nothing.decibels(), 0);
}

TEST(QuantiseTest, MovedTensorsShareTheirScale) {
  TinyCases data({1, 3, 8, 8}, 1);
  Network network = observed(classifier(), data);
  const Plan plan = planOf(network);
  EXPECT_EQ(plan.find("r1")->group, plan.find("p")->group);
  EXPECT_EQ(plan.find("r2")->group, plan.find("f")->group);
  EXPECT_NE(plan.find("r1")->group, plan.find("r2")->group);
  EXPECT_FALSE(plan.find("f")->counts);
  EXPECT_FALSE(plan.find("c1")) << "nothing is quantised between a layer and its Relu";
  EXPECT_FALSE(plan.find("y"));
}

TEST(QuantiseTest, AllThatAConcatJoinsShareOneScale) {
  TinyOnnx net;
  net.input("x", {1, 2, 4, 4}).random("w", {2, 2, 1, 1}).random("v", {3, 2, 1, 1}, -9, 9);
  net.node("Conv", {"x", "w"}, "a")
      .node("Conv", {"x", "v"}, "b")
      .node("Concat", {"a", "b"}, "y")
      .integer("axis", 1);
  net.output("y");
  TinyCases data({1, 2, 4, 4}, 2);
  const QuantiseReport report = quantised(net, data).report;
  double a = 0, b = 0, high = 0;
  for (const LayerNoise &layer : report.layers) {
    (layer.tensor == "a" ? a : layer.tensor == "b" ? b : high) = layer.scale;
    EXPECT_NE(layer.tensor, "y");
  }
  EXPECT_GT(a, 0);
  EXPECT_EQ(a, b);
}

TEST(QuantiseTest, BiasCorrectionTakesTheMeanErrorAway) {
  // Positive inputs and one weight so large that the others are a step or less: their errors add up.
  TinyOnnx net;
  net.input("x", {1, 8, 6, 6})
      .random("w", {4, 8, 3, 3}, 0.1f, 0.3f)
      .node("Conv", {"x", "w"}, "y")
      .output("y");
  auto *values = reinterpret_cast<float *>(
      net.model.mutable_graph()->mutable_initializer(0)->mutable_raw_data()->data());
  for (int c = 0; c < 4; ++c)
    values[c * 72] = 60;
  TinyCases data({1, 8, 6, 6}, 8, 0.5f, 1);
  const auto meanError = [&](bool corrects) {
    QuantiseOptions options;
    options.correctBias = corrects;
    const ::onnx::ModelProto model = parsed(quantised(net, data, options));
    double sum = 0;
    for (const TensorData &input : data.cases) {
      const std::vector<float> exact = resultOf(net.model, input, "y"), got = resultOf(model, input, "y");
      double mean = 0;
      for (size_t i = 0; i < 16; ++i) // of the first channel
        mean += static_cast<double>(got[i]) - static_cast<double>(exact[i]);
      sum += mean / 16;
    }
    return std::abs(sum / static_cast<double>(data.cases.size()));
  };
  const double without = meanError(false), with = meanError(true);
  EXPECT_GT(without, 0.3);
  EXPECT_LT(with, 0.15 * without) << without;
}

TEST(QuantiseTest, OperandsThatAreConstantsAreBytes) {
  TinyOnnx net;
  net.input("x", {1, 2, 4, 4}).random("w", {2, 2, 1, 1}).random("m", {1, 2, 1, 1});
  net.node("Mul", {"x", "m"}, "scaled").node("Conv", {"scaled", "w"}, "y").output("y");
  TinyCases data({1, 2, 4, 4}, 2);
  const QuantisedModel model = quantised(net, data);
  const Network network(parsed(model));
  for (int i = 0; i < network.nodeCount(); ++i)
    if (isOp(network.node(i), "Mul"))
      EXPECT_EQ(network.constant(nodeOf(network, network.node(i).input(1)).input(0))->data_type(),
                ::onnx::TensorProto::INT8);
  EXPECT_GT(model.report.outputs[0].snrDb, 25);
}

TEST(WeightsTest, EachOutputUsesAllSteps) {
  TinyOnnx net;
  net.input("x", {1, 3, 4, 4}).random("w", {5, 3, 2, 2}).node("Conv", {"x", "w"}, "y").output("y");
  const Network network(net.model);
  Layer layer = *layerOf(network, 0);
  for (size_t i = 12; i < 24; ++i)
    layer.weights.values[i] *= 1e-3f;
  for (size_t i = 24; i < 36; ++i)
    layer.weights.values[i] = 0;
  const QuantisedWeights weights = quantiseWeights(network, layer, false);
  ASSERT_EQ(weights.scales.size(), 5u);
  for (size_t c = 0; c < 5; ++c) {
    int largest = 0;
    for (size_t i = 12 * c; i < 12 * c + 12; ++i) {
      largest = std::max(largest, std::abs(static_cast<int>(weights.values[i])));
      EXPECT_LE(std::abs(weights.values[i] * weights.scales[c] - layer.weights.values[i]),
                0.5001f * weights.scales[c]);
    }
    EXPECT_EQ(largest, c == 2 ? 0 : 127) << c;
  }
}

TEST(WeightsTest, ABiasAlwaysFitsInt32) {
  TinyOnnx net;
  net.input("x", {1, 2}).constant("w", {2, 2}, {1e-9f, 1, 1e-9f, 1}).constant("b", {2}, {5000, 1});
  net.node("Gemm", {"x", "w", "b"}, "y").output("y");
  const Network network(net.model);
  const Layer layer = *layerOf(network, 0);
  const float inputScale = 1e-3f;
  const QuantisedWeights weights = quantiseWeights(network, layer, false, inputScale);
  const std::vector<int32_t> bias = quantiseBias(layer.bias, weights.scales, inputScale);
  EXPECT_NEAR(bias[0] * static_cast<double>(weights.scales[0] * inputScale), 5000, 0.01);
  EXPECT_NEAR(bias[1] * static_cast<double>(weights.scales[1] * inputScale), 1, 1e-4);
  EXPECT_LE(bias[0], 1 << 30);
}

struct Refused {
  const char *name;
  TinyOnnx net;
  const char *message;
};

TEST(RefusedTest, NetworksWithTheNodeAndTheReason) {
  std::vector<Refused> all;
  TinyOnnx integers;
  integers.input("x", {1, 3}).node("DequantizeLinear", {"x", "x"}, "y").output("y");
  all.push_back(
      {"quantised", integers, "node 0 (DequantizeLinear 'y_node'): the network is quantised already"});
  TinyOnnx nothing;
  nothing.input("x", {1, 3}).node("Relu", {"x"}, "y").output("y");
  all.push_back(
      {"nothing", nothing, "nothing to quantise: no Conv, Gemm or MatMul has constant float32 weights"});
  TinyOnnx old(6);
  old.input("x", {1, 3}).node("Relu", {"x"}, "y").output("y");
  all.push_back({"old", old, "opset 6 is too old for quantisation, 7 is the oldest"});
  TinyOnnx resized(9);
  resized.input("x", {1, 3, 2, 2}).constant("s", Shape{4}, {1, 1, 2, 2});
  resized.node("Upsample", {"x", "s"}, "y").output("y");
  all.push_back(
      {"resized", resized, "node 0 (Upsample 'y_node'): its form of opset 9 is not rewritten to opset 13"});
  TinyOnnx inner;
  inner.input("x", {1, 3}).node("If", {"x"}, "y").output("y");
  auto *branch = inner.model.mutable_graph()->mutable_node(0)->add_attribute();
  branch->set_name("then_branch");
  branch->mutable_g()->set_name("inner");
  all.push_back({"inner", inner, "node 0 (If 'y_node'): networks with inner graphs are not quantised"});
  TinyOnnx outside = classifier();
  outside.model.mutable_graph()->mutable_initializer(0)->set_data_location(::onnx::TensorProto::EXTERNAL);
  all.push_back(
      {"outside", outside, "constant 'w1' has its data in another file, only single files are quantised"});
  for (const Refused &refused : all) {
    TinyCases data({1, 3}, 1);
    const auto result = quantiseOnnx(refused.net.file(), data, {});
    ASSERT_FALSE(result) << refused.name;
    EXPECT_EQ(result.error().message, refused.message);
  }
}

TEST(RefusedTest, DataThatIsNotFinite) {
  TinyCases data({1, 3, 8, 8}, 3);
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(data.cases[2].data.data() + 4 * 17, &bad, sizeof bad);
  auto result = quantiseOnnx(classifier().file(), data, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "case 2: input 'x' has a NaN at element 17");
  TinyCases large({1, 3, 8, 8}, 2, 3e38f, 3e38f);
  result = quantiseOnnx(classifier().file(), large, {});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("case 0: tensor 'r1' becomes infinite in the float network"),
            std::string::npos)
      << result.error().message;
}

TEST(RefusedTest, WrongShapesAndNoCases) {
  TinyCases wrong({1, 3, 8, 7}, 1), none({1, 3, 8, 8}, 0);
  EXPECT_FALSE(quantiseOnnx(classifier().file(), wrong, {}));
  const auto result = quantiseOnnx(classifier().file(), none, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no calibration cases");
}

TEST(RefusedTest, OptionsAndDamagedFiles) {
  TinyCases data({1, 3, 8, 8}, 1);
  QuantiseOptions options;
  options.range = RangeRule::Percentile;
  for (double percentile : {50.0, 100.1, std::nan("")}) {
    options.percentile = percentile;
    EXPECT_FALSE(quantiseOnnx(classifier().file(), data, options)) << percentile;
  }
  const std::vector<uint8_t> other{'T', 'F', 'L', '3'};
  const auto result = quantiseOnnx(other, data, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no ONNX network, only ONNX networks are quantised");
  EXPECT_FALSE(quantiseOnnx({}, data, {}));
  const std::vector<uint8_t> file = classifier().file();
  for (size_t size = 1; size < file.size(); size += 97) {
    const std::span<const uint8_t> cut(file.data(), size);
    EXPECT_FALSE(quantiseOnnx(cut, data, {})) << size;
  }
}

} // namespace
