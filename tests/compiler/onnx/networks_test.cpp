// Quantised networks of 224x224 pictures (SSD: 300x300), with seeded weights: whole on the machine, the same bytes everywhere.

#include "qdq_builder.h"

#include "tessera/compiler/session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>

namespace tessera::test {
namespace {

using compiler::Session;
using compiler::SessionOptions;
using Bytes = std::vector<uint8_t>;

struct Network {
  const char *name;
  bool onCycle;
};
void PrintTo(const Network &network, std::ostream *stream) { *stream << network.name; }

std::unique_ptr<Session> open(const Bytes &file, const std::string &device,
                              const std::string &machine = "pynq") {
  SessionOptions options;
  options.machine = machine;
  options.device = device;
  const auto start = std::chrono::steady_clock::now();
  auto session = Session::open(file, options);
  EXPECT_TRUE(session) << session.error().message;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("  %s: compiled and loaded in %.2f s\n", device.c_str(), seconds.count());
  return session ? std::move(*session) : nullptr;
}

/// A picture of waves, from -2 to 2.
Bytes picture(uint64_t bytes) {
  std::vector<float> values(bytes / sizeof(float));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<double>(i);
    values[i] = static_cast<float>(1.2 * std::sin(at * 0.61803) + 0.8 * std::cos(at * 0.0137));
  }
  Bytes result(bytes);
  std::memcpy(result.data(), values.data(), bytes);
  return result;
}

class QdqNetworkTest : public testing::TestWithParam<Network> {};

// What may run on the host: the picture's conversion to bytes, the scores' to reals, and Softmax.
TEST_P(QdqNetworkTest, RunsWholeOnTheMachineAndGivesTheSameBytesEverywhere) {
  const Bytes file = qdqNetwork(GetParam().name, 1);
  ASSERT_FALSE(file.empty());
  auto host = open(file, "cpu");
  ASSERT_TRUE(host);
  const Bytes input = picture(host->inputs()[0].bytes);
  const std::vector<std::span<const uint8_t>> views{input};
  auto expected = host->run(views);
  ASSERT_TRUE(expected) << expected.error().message;
  std::vector<float> scores((*expected)[0].size() / sizeof(float));
  std::memcpy(scores.data(), (*expected)[0].data(), (*expected)[0].size());
  // The bytes mean something: many classes have a score of their own, none has all.
  EXPECT_GT(std::set<float>(scores.begin(), scores.end()).size(), 50u);
  EXPECT_LT(*std::max_element(scores.begin(), scores.end()), 0.5f);

  for (const std::string device : {"functional", "cycle"}) {
    if (device == "cycle" && !GetParam().onCycle)
      continue;
    auto session = open(file, device);
    ASSERT_TRUE(session);
    const compiler::RunReport before = session->report();
    for (size_t i = 0; i < before.layers.size(); ++i) {
      const auto &layer = before.layers[i];
      const bool isEdge = i == 0 || i + 2 >= before.layers.size();
      EXPECT_TRUE(layer.placement == "npu" || isEdge)
          << layer.op << " " << layer.name << " runs on the host: " << layer.reason;
    }
    ASSERT_GT(before.layers.size(), 3u);
    EXPECT_EQ(before.layers.front().op, "QuantizeLinear");
    EXPECT_EQ(before.layers.back().op, "Softmax");
    auto outputs = session->run(views);
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ((*outputs)[0], (*expected)[0]) << device;
    const compiler::RunReport report = session->report();
    std::printf("  %s on %s: %.1f M multiply-accumulates, %.3f s", GetParam().name, device.c_str(),
                static_cast<double>(report.macs) * 1e-6, report.deviceSeconds);
    if (report.cycles)
      std::printf(", %llu cycles, %.1f %% of the multiply-accumulates that the machine could do",
                  static_cast<unsigned long long>(report.cycles), 100 * report.utilization);
    std::printf("\n");
  }
}

/// The bytes of the host and of the functional model; what is no edge must run on the machine.
void compare(const std::string &name, int64_t size, const std::string &machine,
             const std::function<bool(const compiler::LayerReport &)> &isEdge) {
  const Bytes file = qdqNetwork(name, 1, size);
  ASSERT_FALSE(file.empty());
  auto host = open(file, "cpu", machine), session = open(file, "functional", machine);
  ASSERT_TRUE(host && session);
  const Bytes input = picture(host->inputs()[0].bytes);
  const std::vector<std::span<const uint8_t>> views{input};
  auto expected = host->run(views), outputs = session->run(views);
  ASSERT_TRUE(expected && outputs);
  ASSERT_EQ(outputs->size(), expected->size());
  for (size_t i = 0; i < outputs->size(); ++i) {
    EXPECT_EQ((*outputs)[i], (*expected)[i]) << "result " << i;
    EXPECT_GT(std::set<uint8_t>((*expected)[i].begin(), (*expected)[i].end()).size(), 50u);
  }
  for (const auto &layer : session->report().layers)
    EXPECT_TRUE(layer.placement == "npu" || isEdge(layer))
        << layer.op << " " << layer.name << " runs on the host: " << layer.reason;
  std::printf("  %s: %.1f M multiply-accumulates\n", name.c_str(),
              static_cast<double>(session->report().macs) * 1e-6);
}

// The reshaped boxes and scores are results: the host puts them in their order.
const std::set<std::string> kResultOrder{"Transpose", "Reshape", "Concat"};

TEST(QdqSsdTest, EverythingButTheOrderOfTheResultsRunsOnTheMachine) {
  compare("ssd_mobilenet_v1", 300, "pynq", [](const compiler::LayerReport &layer) {
    return layer.name == "input_0_q" || kResultOrder.contains(layer.op);
  });
}

class QdqVtaTest : public testing::TestWithParam<std::pair<const char *, int64_t>> {};

// What may run on the host: the picture's conversion to bytes, the scores' to reals, Softmax, and the order of a detector's results.
TEST_P(QdqVtaTest, PowersOfTwoRunWholeOnVtasInstructions) {
  const std::string machine = std::string(TESSERA_COSIM_MACHINES) + "/vta.json", name = GetParam().first;
  const std::set<std::string> edges =
      name == "ssd_mobilenet_v1" ? kResultOrder : std::set<std::string>{"DequantizeLinear", "Softmax"};
  compare(name + "_vta", GetParam().second, machine, [&](const compiler::LayerReport &layer) {
    return layer.name == "input_0_q" || edges.contains(layer.op);
  });
}

std::string nameAndSize(const testing::TestParamInfo<std::pair<const char *, int64_t>> &info) {
  return info.param.first + std::to_string(info.param.second);
}
INSTANTIATE_TEST_SUITE_P(Vta, QdqVtaTest,
                         testing::Values(std::pair{"resnet18", 224}, std::pair{"resnet50", 224},
                                         std::pair{"mobilenet_v1", 224}, std::pair{"mobilenet_v2", 224},
                                         std::pair{"squeezenet", 224}, std::pair{"ssd_mobilenet_v1", 300}),
                         nameAndSize);
INSTANTIATE_TEST_SUITE_P(Small, QdqVtaTest, testing::Values(std::pair{"squeezenet", 40}), nameAndSize);

INSTANTIATE_TEST_SUITE_P(Pynq, QdqNetworkTest,
                         testing::Values(Network{"resnet18", true}, Network{"mobilenet_v2", true},
                                         Network{"squeezenet", true}, Network{"resnet50", false}));

} // namespace
} // namespace tessera::test
