// A network whose scales are powers of two on a machine that has VTA's base instructions alone: the bytes of the CPU, from GEMM and ALU.

#include "run_on_cpu.h"

namespace tessera::test {
namespace {

TinyModel powerOfTwoNetwork(uint32_t seed) {
  TinyModel model = tinyNetwork(seed);
  for (size_t i = 0; i + 1 < model.tensors.size(); ++i) { // all but the softmax
    TinyTensor &tensor = model.tensors[i];
    const bool weights = !tensor.data.empty();
    std::fill(tensor.scales.begin(), tensor.scales.end(), weights ? 0x1p-9f : 0x1p-4f);
    std::fill(tensor.zeroPoints.begin(), tensor.zeroPoints.end(), 0);
  }
  return model;
}

struct Where {
  const char *device, *machine;
};
void PrintTo(const Where &where, std::ostream *stream) { *stream << where.device << " " << where.machine; }

class VtaTest : public testing::TestWithParam<Where> {};

TEST_P(VtaTest, NetworkGivesTheBytesOfTheCpu) {
  compiler::SessionOptions options;
  options.device = GetParam().device;
  options.machine = std::string(TESSERA_COSIM_MACHINES) + "/" + GetParam().machine + ".json";
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    const TinyModel model = powerOfTwoNetwork(seed);
    auto session = compiler::Session::open(model.build(), options);
    ASSERT_TRUE(session) << session.error().message;
    for (const compiler::LayerReport &layer : (*session)->report().layers)
      EXPECT_EQ(layer.placement, layer.op == "SOFTMAX" ? "cpu" : "npu") << layer.name << ": " << layer.reason;
    std::mt19937 random(seed);
    for (int round = 0; round < 4; ++round) {
      const Bytes input = randomBytes(8 * 8 * 3, random);
      const std::span<const uint8_t> view(input);
      auto outputs = (*session)->run(std::span(&view, 1));
      ASSERT_TRUE(outputs) << outputs.error().message;
      EXPECT_EQ((*outputs)[0], runOnCpu(model, {input})) << "seed " << seed << " round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Level, VtaTest,
                         testing::Values(Where{"functional", "vta"}, Where{"functional", "vta_wide"}));
INSTANTIATE_TEST_SUITE_P(Larger, VtaTest, testing::Values(Where{"cycle", "vta"}, Where{"cycle", "vta_wide"}));

// What a shift cannot do stays on the CPU, and the placement says why.
TEST(VtaPlacementTest, OtherScalesStayOnTheCpu) {
  compiler::SessionOptions options;
  options.device = "functional";
  options.machine = std::string(TESSERA_COSIM_MACHINES) + "/vta.json";
  auto session = compiler::Session::open(tinyNetwork().build(), options);
  ASSERT_TRUE(session) << session.error().message;
  const compiler::LayerReport &convolution = (*session)->report().layers[0];
  EXPECT_EQ(convolution.placement, "cpu");
  EXPECT_NE(convolution.reason.find("no power of two"), std::string::npos) << convolution.reason;
}

} // namespace
} // namespace tessera::test
