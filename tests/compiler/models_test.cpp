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
    testing::Values(Network{"mlperf-tiny/pretrainedResnet_quant.tflite",
                            "mlperf-tiny__pretrainedResnet_quant"},
                    Network{"mlperf-tiny/kws_ref_model.tflite", "mlperf-tiny__kws_ref_model"},
                    Network{"mlperf-tiny/vww_96_int8.tflite", "mlperf-tiny__vww_96_int8"},
                    Network{"mlperf-tiny/ad01_int8.tflite", "mlperf-tiny__ad01_int8"}));

// Other int8 networks, from as many makers as there are.
INSTANTIATE_TEST_SUITE_P(
    Others, CpuNetworkTest,
    testing::Values(Network{"mlperf-tiny/str_ww_ref_model.tflite", "mlperf-tiny__str_ww_ref_model"},
                    Network{"openmv/fomo_face_detection.tflite", "openmv__fomo_face_detection"},
                    Network{"tflite-micro/hello_world_int8.tflite", "tflite-micro__hello_world_int8"},
                    Network{"tflite-micro/micro_speech_quantized.tflite",
                            "tflite-micro__micro_speech_quantized"},
                    Network{"tflite-micro/person_detect.tflite", "tflite-micro__person_detect"},
                    Network{"tflite-micro/simple_add_model.tflite", "tflite-micro__simple_add_model"},
                    Network{"tinymaix/cifar10_q.tflite", "tinymaix__cifar10_q"},
                    Network{"tinymaix/mnist_dw_q.tflite", "tinymaix__mnist_dw_q"},
                    Network{"tinymaix/mnist_resnet_q.tflite", "tinymaix__mnist_resnet_q"}));

// Larger ones take longer to compile; uint8 at the edges in the last.
INSTANTIATE_TEST_SUITE_P(Larger, CpuNetworkTest,
                         testing::Values(Network{"cfu-playground/model_mobilenetv2_160_035.tflite",
                                                 "cfu-playground__model_mobilenetv2_160_035"},
                                         Network{"openmv/blazeface_front_128.tflite",
                                                 "openmv__blazeface_front_128"},
                                         Network{"tinymaix/vww96_q.tflite", "tinymaix__vww96_q"},
                                         Network{"coral-test_data/tf2_mobilenet_v2_1.0_224_ptq.tflite",
                                                 "coral-test_data__tf2_mobilenet_v2_1.0_224_ptq"}));

TEST(CpuEvaluationTest, ClassifiesFiveHundredPicturesAsTheReference) {
  const auto models = modelsFolder();
  if (!models)
    GTEST_SKIP() << "no models folder (TESSERA_MODELS)";
  const Bytes pictures = readBytes(*models / "eval" / "cifar10_test_0-499_nhwc_u8.bin");
  const Bytes expected = readBytes(*models / "eval" / "bitexact_outputs_tflm_resnet8_int8_0-499.int8.bin");
  constexpr size_t kPicture = 32 * 32 * 3;
  ASSERT_EQ(pictures.size(), 500 * kPicture);
  ASSERT_EQ(expected.size(), 500u * 10);
  compiler::SessionOptions options;
  options.device = "cpu";
  auto session = compiler::Session::open(
      readBytes(*models / "tflite" / "mlperf-tiny" / "pretrainedResnet_quant.tflite"), options);
  ASSERT_TRUE(session) << session.error().message;
  for (size_t i = 0; i < 500; ++i) {
    Bytes input(pictures.begin() + static_cast<std::ptrdiff_t>(i * kPicture),
                pictures.begin() + static_cast<std::ptrdiff_t>((i + 1) * kPicture));
    for (uint8_t &byte : input)
      byte ^= 0x80; // the network's scale is 1, its zero point -128
    const std::vector<std::span<const uint8_t>> views{input};
    auto outputs = (*session)->run(views);
    ASSERT_TRUE(outputs) << outputs.error().message;
    const Bytes reference(expected.begin() + static_cast<std::ptrdiff_t>(10 * i),
                          expected.begin() + static_cast<std::ptrdiff_t>(10 * i + 10));
    ASSERT_EQ((*outputs)[0], reference) << "picture " << i;
  }
}

} // namespace
} // namespace tessera::test
