// The CPU's code on several threads gives the bytes that it gives on one: whole networks, for numbers of threads that this machine need not have.
#include "runtime/runtime.h"

#include "tessera/compiler/compiler.h"
#include "tessera/compiler/host_code.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <random>

namespace tessera::compiler {

namespace {

std::string modelsFolder() {
  const char *folder = std::getenv("TESSERA_MODELS");
  return folder ? folder : TESSERA_SOURCE_DIR "/../shared/models";
}

struct Network {
  const char *name;
  std::string file;
};

/// Bytes of each tensor; random ones for inputs, as numbers of its type that are harmless.
std::vector<std::vector<uint8_t>> tensorsOf(const nlohmann::json &list, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<uint8_t>> tensors;
  for (const auto &tensor : list) {
    const size_t elements = std::accumulate(
        tensor["shape"].begin(), tensor["shape"].end(), size_t{1},
        [](size_t product, const nlohmann::json &extent) { return product * extent.get<size_t>(); });
    const bool isFloat = tensor["type"] == "float32";
    std::vector<uint8_t> bytes(elements * (isFloat ? 4 : 1));
    for (size_t i = 0; i < elements; ++i) {
      const float value = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
      if (isFloat)
        std::memcpy(&bytes[4 * i], &value, 4);
      else
        bytes[i] = static_cast<uint8_t>(random());
    }
    tensors.push_back(std::move(bytes));
  }
  return tensors;
}

class ThreadsTest : public testing::TestWithParam<Network> {};

TEST_P(ThreadsTest, SameBytes) {
  const std::string &path = GetParam().file;
  if (path.starts_with(modelsFolder()) && !std::filesystem::exists(modelsFolder()))
    GTEST_SKIP() << "no models in TESSERA_MODELS";
  const auto file = isa::readFile(path);
  ASSERT_TRUE(file) << file.error().message;
  CompileOptions options;
  options.cpuOnly = true;
  options.extents = {};
  if (GetParam().file.ends_with(".onnx"))
    options.extents["batch"] = 1;
  auto compiled = compile(*file, options);
  if (!compiled && GetParam().file.ends_with(".onnx")) { // it has no open extent
    options.extents.clear();
    compiled = compile(*file, options);
  }
  ASSERT_TRUE(compiled) << compiled.error().message;
  auto code = loadHostCode(*compiled->image.find(isa::ProgramImage::kHostObject));
  ASSERT_TRUE(code) << code.error().message;
  const auto image = compiled->image.serialize();
  ASSERT_TRUE(image);
  const auto metadata =
      nlohmann::json::parse(std::string(compiled->image.text(isa::ProgramImage::kMetadata)));
  const auto inputs = tensorsOf(metadata["inputs"], 1);
  std::vector<const void *> in;
  for (const auto &tensor : inputs)
    in.push_back(tensor.data());
  std::vector<std::vector<uint8_t>> first;
  for (const int32_t threads : {1, 2, 3, 5, 16}) {
    tsr_runtime *runtime = nullptr;
    ASSERT_EQ(tsr_runtime_open(nullptr, image->data(), image->size(), (*code)->entry(), &runtime), TSR_OK);
    runtime->pool = tsr_pool_create(threads); // more than tsr_runtime_set_threads takes here
    auto outputs = tensorsOf(metadata["outputs"], 2);
    std::vector<void *> out;
    for (auto &tensor : outputs)
      out.push_back(tensor.data());
    for (int run = 0; run < 3; ++run)
      EXPECT_EQ(tsr_runtime_invoke(runtime, in.data(), out.data()), TSR_OK);
    tsr_runtime_close(runtime);
    if (threads == 1)
      first = outputs;
    for (size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(outputs[i], first[i]) << threads << " threads, output " << i;
  }
}

std::string nameOf(const testing::TestParamInfo<Network> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Small, ThreadsTest,
    testing::Values(Network{"Shapes", TESSERA_SOURCE_DIR "/examples/shapes/shapes.tflite"},
                    Network{"Vww", modelsFolder() + "/tflite/mlperf-tiny/vww_96_int8.tflite"},
                    Network{"Cct",
                            modelsFolder() +
                                "/onnx-with-published-io/deeploy_CCT_2_32_32_128_Opset20/network.onnx"},
                    Network{"ResNet20", modelsFolder() + "/onnx/derived/resnet20_cifar10.onnx"}),
    nameOf);
INSTANTIATE_TEST_SUITE_P(
    Larger, ThreadsTest,
    testing::Values(Network{"SqueezeNet",
                            modelsFolder() + "/onnx/derived/squeezenet_imagenet_fp32_from_fp16.onnx"},
                    Network{"MobileNetV2Int8",
                            modelsFolder() + "/onnx-with-published-io/mobilenetv2_qdq_int8/model.onnx"},
                    Network{"UltraFace", modelsFolder() + "/onnx/ultraface/version-RFB-320_simplified.onnx"}),
    nameOf);

} // namespace

} // namespace tessera::compiler
