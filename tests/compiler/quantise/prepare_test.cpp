// Each step before quantisation leaves the float function as it is.
#include "quantise/layer.h"
#include "quantise/prepare.h"
#include "quantise/read.h"
#include "tiny_onnx.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace tessera::compiler;
using namespace tessera::compiler::quantise;
using namespace tessera::compiler::quantise::tiny;

namespace {

void expectClose(const std::vector<float> &a, const std::vector<float> &b, double relative) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 0;
  for (float value : a)
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], relative * largest) << i;
}

/// What "y" is after a step, against what the file says.
template <class Step>
Network expectSame(const TinyOnnx &net, TinyCases &data, Step step, double relative = 1e-5) {
  Network network = observed(net, data);
  step(network);
  for (const TensorData &input : data.cases)
    expectClose(resultOf(net.model, input, "y"), resultOf(network.model(), input, "y"), relative);
  return network;
}

TinyOnnx normalised(const std::string &x, TinyOnnx net, int64_t channels) {
  net.random("gamma", {channels}, -2, 2).random("beta", {channels}).random("mean", {channels});
  net.random("variance", {channels}, 0.01f, 3);
  net.node("BatchNormalization", {x, "gamma", "beta", "mean", "variance"}, "y").real("epsilon", 1e-3f);
  return std::move(net.output("y"));
}

TEST(FoldNormalisationTest, IntoConvWithAndWithoutBias) {
  for (bool hasBias : {false, true}) {
    TinyOnnx net;
    net.input("x", {1, 3, 6, 5}).random("w", {4, 3, 3, 3}).random("b", {4});
    if (hasBias)
      net.node("Conv", {"x", "w", "b"}, "c");
    else
      net.node("Conv", {"x", "w"}, "c");
    TinyCases data({1, 3, 6, 5}, 2);
    const Network network =
        expectSame(normalised("c", net, 4), data, [](Network &n) { EXPECT_EQ(foldNormalisations(n), 1u); });
    EXPECT_EQ(network.nodeCount(), 1);
  }
}

TEST(FoldNormalisationTest, IntoGemmOfBothOrders) {
  for (int64_t transposed : {0, 1}) {
    TinyOnnx net;
    net.input("x", {2, 5}).random("w", transposed ? Shape{4, 5} : Shape{5, 4}).random("b", {4});
    net.node("Gemm", {"x", "w", "b"}, "c").integer("transB", transposed);
    TinyCases data({2, 5}, 2);
    expectSame(normalised("c", net, 4), data, [](Network &n) { EXPECT_EQ(foldNormalisations(n), 1u); });
  }
}

TEST(FoldNormalisationTest, SharedWeightsStayForOthers) {
  TinyOnnx net;
  net.input("x", {1, 3, 4, 4}).random("w", {3, 3, 1, 1});
  net.node("Conv", {"x", "w"}, "other").node("Conv", {"other", "w"}, "c");
  TinyCases data({1, 3, 4, 4}, 1);
  expectSame(normalised("c", net, 3), data, [](Network &n) { EXPECT_EQ(foldNormalisations(n), 1u); });
}

TEST(FoldNormalisationTest, StaysWhereOthersSeeTheLayer) {
  TinyOnnx net;
  net.input("x", {1, 3, 4, 4}).random("w", {3, 3, 1, 1}).node("Conv", {"x", "w"}, "c").output("c");
  TinyCases data({1, 3, 4, 4}, 1);
  expectSame(normalised("c", net, 3), data, [](Network &n) { EXPECT_EQ(foldNormalisations(n), 0u); });
}

TEST(FoldBiasesTest, AddedConstantsBecomeBiases) {
  TinyOnnx net;
  net.input("x", {1, 2, 4, 4})
      .random("w", {3, 2, 3, 3})
      .random("a", {3, 1, 1})
      .random("m", {12, 5})
      .random("b", {1, 5});
  net.node("Conv", {"x", "w"}, "c").node("Add", {"a", "c"}, "d").node("Flatten", {"d"}, "f");
  net.node("MatMul", {"f", "m"}, "g").node("Add", {"g", "b"}, "y").output("y");
  TinyCases data({1, 2, 4, 4}, 2);
  const Network network = expectSame(net, data, foldBiases);
  EXPECT_EQ(network.nodeCount(), 3);
  EXPECT_EQ(tiny::countOf(network.model(), "Gemm"), 1);
}

TEST(FoldBiasesTest, WhatDiffersByPlaceIsNoBias) {
  TinyOnnx net;
  net.input("x", {1, 2, 3, 3}).random("w", {3, 2, 1, 1}).random("a", {3});
  net.node("Conv", {"x", "w"}, "c").node("Add", {"c", "a"}, "y").output("y"); // along the width
  TinyCases data({1, 2, 3, 3}, 1);
  EXPECT_EQ(expectSame(net, data, foldBiases).nodeCount(), 2);
}

TEST(FoldBiasesTest, AlphaAndBetaGoIntoTheConstants) {
  TinyOnnx net;
  net.input("x", {2, 3}).random("w", {3, 4}).random("b", {4});
  net.node("Gemm", {"x", "w", "b"}, "y").real("alpha", 0.5f).real("beta", 3).output("y");
  TinyCases data({2, 3}, 1);
  const Network network = expectSame(net, data, foldBiases);
  std::string why;
  EXPECT_TRUE(layerOf(network, 0, &why)) << why;
}

/// Conv, Relu, depthwise, Relu, Conv with channels of very different size.
TinyOnnx unbalanced(const char *activation) {
  TinyOnnx net;
  net.input("x", {1, 3, 6, 6}).random("w1", {4, 3, 3, 3}).random("b1", {4}).random("w2", {4, 1, 3, 3});
  net.random("b2", {4}).random("w3", {2, 4, 1, 1});
  auto *weights = net.model.mutable_graph()->mutable_initializer(0)->mutable_raw_data();
  auto *values = reinterpret_cast<float *>(weights->data());
  for (size_t i = 0; i < 4 * 27; ++i)
    values[i] *= i / 27 == 1 ? 100.0f : i / 27 == 2 ? 0.01f : 1.0f;
  net.node("Conv", {"x", "w1", "b1"}, "c1").node(activation, {"c1"}, "r1");
  net.node("Conv", {"r1", "w2", "b2"}, "c2").integer("group", 4).node(activation, {"c2"}, "r2");
  return std::move(net.node("Conv", {"r2", "w3"}, "y").output("y"));
}

TEST(EqualiseTest, LeavesTheFunctionAndBalancesTheChannels) {
  TinyCases data({1, 3, 6, 6}, 2);
  const Network network =
      expectSame(unbalanced("Relu"), data, [](Network &n) { EXPECT_EQ(equalise(n), 2u); }, 0);
  std::vector<double> before(4, 0), depthwise(4, 0), after(4, 0);
  const auto largest = [&](int node, std::vector<double> &channels, bool byInput) {
    const Layer layer = *layerOf(network, node);
    forEachWeight(network, layer, [&](size_t at, int64_t in, int64_t out) {
      double &value = channels[static_cast<size_t>(byInput ? in : out)];
      value = std::max(value, std::abs(static_cast<double>(layer.weights.values[at])));
    });
  };
  largest(0, before, false);
  largest(2, depthwise, true);
  largest(4, after, true);
  for (size_t c = 0; c < 4; ++c) {
    EXPECT_LE(std::abs(std::log2(before[c] / depthwise[c])), 1.0 + 1e-9) << c;
    EXPECT_LE(std::abs(std::log2(depthwise[c] / after[c])), 1.0 + 1e-9) << c;
  }
}

TEST(EqualiseTest, MatricesOfBothOrders) {
  for (int64_t transposed : {0, 1}) {
    TinyOnnx net;
    net.input("x", {2, 3}).random("w1", transposed ? Shape{5, 3} : Shape{3, 5}).random("b1", {5}, 50, 90);
    net.random("w2", transposed ? Shape{4, 5} : Shape{5, 4}, -100, 100);
    net.node("Gemm", {"x", "w1", "b1"}, "c").integer("transB", transposed).node("Relu", {"c"}, "r");
    net.node("Gemm", {"r", "w2"}, "y").integer("transB", transposed).output("y");
    TinyCases data({2, 3}, 2);
    expectSame(net, data, [](Network &n) { EXPECT_EQ(equalise(n), 1u); }, 0);
  }
}

TEST(EqualiseTest, NotThroughWhatDoesNotScale) {
  TinyCases data({1, 3, 6, 6}, 1);
  expectSame(unbalanced("Sigmoid"), data, [](Network &n) { EXPECT_EQ(equalise(n), 0u); }, 0);
}

TEST(ReadTest, OlderOpsetsBecomeThirteen) {
  TinyOnnx net(9);
  net.input("x", {1, 3, 4, 4});
  net.node("Pad", {"x"}, "p").ints("pads", {0, 0, 1, 0, 0, 0, 0, 2}).real("value", 0.25f);
  net.node("Slice", {"p"}, "s").ints("starts", {1, 0}).ints("ends", {5, 5}).ints("axes", {2, 3});
  net.node("Clip", {"s"}, "c").real("min", -0.5f).real("max", 0.4f);
  net.node("Unsqueeze", {"c"}, "u").ints("axes", {0}).node("Squeeze", {"u"}, "v").ints("axes", {0});
  net.node("ReduceSum", {"v"}, "r").ints("axes", {3}).integer("keepdims", 1);
  net.node("Mul", {"v", "r"}, "m");
  net.node("Dropout", {"m"}, "d").real("ratio", 0.3f).node("Softmax", {"d"}, "y").output("y");
  TinyCases data({1, 3, 4, 4}, 2);
  const Network network = expectSame(net, data, [](Network &) {}, 1e-6);
  EXPECT_EQ(network.model().opset_import(0).version(), 13);
  EXPECT_GE(network.model().ir_version(), 7);
}

TEST(ReadTest, ConstantPartsAreComputedOnce) {
  TinyOnnx net;
  net.input("x", {1, 3, 4, 4}).random("w", {2, 12}).constant("shape", {4, 3, 2, 1});
  net.node("Reshape", {"w", "shape"}, "v").node("Mul", {"v", "v"}, "squares");
  net.node("Conv", {"x", "squares"}, "y").ints("pads", {1, 0, 1, 0}).output("y");
  TinyCases data({1, 3, 4, 4}, 1);
  const Network network = expectSame(net, data, [](Network &) {}, 1e-6);
  EXPECT_EQ(network.nodeCount(), 1);
  EXPECT_TRUE(layerOf(network, 0));
}

} // namespace
