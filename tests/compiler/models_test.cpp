// Real int8 networks on the host, byte for byte against the reference kernels' outputs.

#include "golden.h"

#include "tessera/compiler/session.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tessera::test {
namespace {

struct Network {
  const char *file;   ///< under tflite/
  const char *golden; ///< under goldens/tflite-micro/
};

void PrintTo(const Network &network, std::ostream *stream) { *stream << network.golden; }

class CpuNetworkTest : public testing::TestWithParam<Network> {};

TEST_P(CpuNetworkTest, GivesTheReferenceBytes) {
  const auto models = modelsFolder();
  if (!models)
    GTEST_SKIP() << "no models folder (TESSERA_MODELS)";
  const auto path = *models / "tflite" / GetParam().file;
  const Bytes file = readBytes(path);
  ASSERT_FALSE(file.empty()) << path;

  compiler::SessionOptions options;
  options.device = "cpu";
  options.modelName = GetParam().golden;
  const auto start = std::chrono::steady_clock::now();
  auto session = compiler::Session::open(file, options);
  ASSERT_TRUE(session) << session.error().message;
  const std::chrono::duration<double> compileSeconds = std::chrono::steady_clock::now() - start;

  auto cases = microCases(*models, GetParam().golden);
  auto more = publishedCases(*models, path.filename().string());
  cases.insert(cases.end(), more.begin(), more.end());
  ASSERT_FALSE(cases.empty());
  double runSeconds = 1e9;
  for (const Case &entry : cases) {
    const std::vector<std::span<const uint8_t>> views(entry.inputs.begin(), entry.inputs.end());
    const auto begin = std::chrono::steady_clock::now();
    auto outputs = (*session)->run(views);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    runSeconds = std::min(runSeconds, seconds.count());
    ASSERT_TRUE(outputs) << entry.name << ": " << outputs.error().message;
    ASSERT_EQ(outputs->size(), entry.outputs.size()) << entry.name;
    for (size_t i = 0; i < outputs->size(); ++i)
      EXPECT_EQ((*outputs)[i], entry.outputs[i]) << entry.name << ", output " << i;
  }
  std::printf("%s: %zu cases, compiled in %.2f s, fastest run %.3f ms\n", GetParam().golden, cases.size(),
              compileSeconds.count(), runSeconds * 1e3);
}

INSTANTIATE_TEST_SUITE_P(
    MlperfTiny, CpuNetworkTest,
    testing::Values(Network{"mlperf-tiny/pretrainedResnet_quant.tflite", "mlperf-tiny__pretrainedResnet_quant"},
                    Network{"mlperf-tiny/kws_ref_model.tflite", "mlperf-tiny__kws_ref_model"},
                    Network{"mlperf-tiny/vww_96_int8.tflite", "mlperf-tiny__vww_96_int8"},
                    Network{"mlperf-tiny/ad01_int8.tflite", "mlperf-tiny__ad01_int8"}));

} // namespace
} // namespace tessera::test
