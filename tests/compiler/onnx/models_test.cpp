// Whole ONNX networks against ONNX Runtime's outputs, and the same bytes from every device.
//
// Reference: goldens/onnxruntime/NAME/case*/. Where fused integer kernels give other bytes than the float operators that the file
// spells out, output_optall_* holds what they give; quantised networks are held against those. Integers must be equal; reals may be
// 1e-4 of the output's greatest magnitude away (one step of a byte is 40 times that). How many values differ at all is printed.
// Where a sum that lies half way between two steps is rounded the other way (docs/onnx-input.md says which operators leave that open),
// later layers carry it on; a network for which that is so says in how many cases and how far its reference may be missed. What each of its
// operators gives by itself is held to one step by layers_test.py.

#include "../golden.h"

#include "tessera/compiler/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
using compiler::Session;
using compiler::SessionOptions;
using compiler::TensorData;

struct Model {
  const char *file;   ///< under the models folder
  const char *golden; ///< under goldens/onnxruntime/
  std::map<std::string, int64_t> extents = {};
  /// The share of values that may be further away than 1e-4, at most `part` of the greatest.
  double openShare = 0, openPart = 0;
  size_t openCases = 0; ///< cases in which there may be such values
  bool isReal = false;  ///< held against the operators as the file spells them out
};

void PrintTo(const Model &model, std::ostream *stream) { *stream << model.golden; }

/// The array of a .npy file (version 1, C order).
TensorData readArray(const fs::path &path) {
  TensorData array;
  const Bytes file = readBytes(path);
  const std::string header(file.begin(),
                           file.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(file.size(), 512)));
  for (size_t at = header.find('(') + 1; at < header.size() && header[at] != ')';) {
    size_t length = 0;
    array.shape.push_back(std::stoull(header.substr(at), &length));
    at += length;
    at = header[at] == ',' ? header.find_first_not_of(' ', at + 1) : at;
  }
  array.data = readNpy(path);
  return array;
}

struct GoldenCase {
  std::string name;
  std::vector<TensorData> inputs, outputs;
};

std::vector<GoldenCase> goldenCases(const fs::path &models, const Model &model) {
  const std::string name = model.golden;
  std::vector<GoldenCase> cases;
  for (int c = 0; c < 4; ++c) {
    const fs::path folder = models / "goldens" / "onnxruntime" / name / ("case" + std::to_string(c));
    GoldenCase entry{name + "/case" + std::to_string(c), {}, {}};
    const auto file = [&](const char *what, int i) { return folder / (what + std::to_string(i) + ".npy"); };
    for (int i = 0; fs::exists(file("input_", i)); ++i)
      entry.inputs.push_back(readArray(file("input_", i)));
    for (int i = 0; fs::exists(file("output_", i)); ++i)
      entry.outputs.push_back(readArray(!model.isReal && fs::exists(file("output_optall_", i))
                                            ? file("output_optall_", i)
                                            : file("output_", i)));
    if (!entry.outputs.empty())
      cases.push_back(std::move(entry));
  }
  return cases;
}

/// Values that differ, those that do by more than 1e-4 of the greatest magnitude, and the greatest difference as a part of it.
struct Difference {
  size_t count = 0;
  double far = 0, part = 0;
};
template <class T> std::vector<double> valuesOf(const Bytes &bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}
std::vector<double> halvesOf(const Bytes &bytes) {
  std::vector<double> values;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const int bits = bytes[i] | bytes[i + 1] << 8, exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double magnitude = exponent == 0    ? std::ldexp(mantissa, -24)
                             : exponent == 31 ? HUGE_VAL
                                              : std::ldexp(1024 + mantissa, exponent - 25);
    values.push_back(bits & 0x8000 ? -magnitude : magnitude);
  }
  return values;
}
Difference compare(const std::string &type, const Bytes &got, const Bytes &expected) {
  const auto read = [&](const Bytes &bytes) {
    return type == "float32"   ? valuesOf<float>(bytes)
           : type == "float16" ? halvesOf(bytes)
                               : valuesOf<uint8_t>(bytes);
  };
  const std::vector<double> a = read(got), b = read(expected);
  // ONNX Runtime's Sigmoid adds a half last, so it gives multiples of 2^-25: where all are small, 1e-7 is what they tell.
  double greatest = 1e-3;
  for (double value : b)
    greatest = std::max(greatest, std::abs(value));
  Difference result;
  for (size_t i = 0; i < a.size(); ++i) {
    const double apart = std::abs(a[i] - b[i]) / greatest;
    result.count += a[i] != b[i];
    result.far += !(apart <= 1e-4);
    result.part = std::isnan(apart) ? HUGE_VAL : std::max(result.part, apart);
  }
  return result;
}

class OnnxModelTest : public testing::TestWithParam<Model> {
protected:
  void SetUp() override {
    const auto models = modelsFolder();
    if (!models)
      GTEST_SKIP() << "no models folder (TESSERA_MODELS)";
    path_ = *models / GetParam().file;
    file_ = readBytes(path_);
    ASSERT_FALSE(file_.empty()) << path_;
    cases_ = goldenCases(*models, GetParam());
    ASSERT_FALSE(cases_.empty());
  }

  std::unique_ptr<Session> open(const std::string &device, const std::string &machine) {
    SessionOptions options;
    options.device = device;
    options.machine = machine;
    options.modelName = GetParam().golden;
    options.modelFolder = path_.parent_path();
    options.extents = GetParam().extents;
    auto session = Session::open(file_, options);
    EXPECT_TRUE(session) << session.error().message;
    return session ? std::move(*session) : nullptr;
  }

  /// The outputs of a case, or nothing after a failure.
  static std::vector<TensorData> run(Session &session, const GoldenCase &entry) {
    auto outputs = session.run(entry.inputs);
    EXPECT_TRUE(outputs) << entry.name << ": " << outputs.error().message;
    return outputs ? std::move(*outputs) : std::vector<TensorData>();
  }

  /// Every case on another device: the bytes that the CPU gave.
  void sameOn(const std::string &device, const std::string &machine, size_t most,
              const std::vector<std::vector<TensorData>> &expected) {
    auto session = open(device, machine);
    ASSERT_TRUE(session);
    for (size_t c = 0; c < std::min(most, cases_.size()); ++c) {
      const auto outputs = run(*session, cases_[c]);
      ASSERT_EQ(outputs.size(), expected[c].size());
      for (size_t i = 0; i < outputs.size(); ++i)
        EXPECT_EQ(outputs[i].data, expected[c][i].data)
            << cases_[c].name << ", output " << i << " on " << device << ", " << machine;
    }
  }

  fs::path path_;
  Bytes file_;
  std::vector<GoldenCase> cases_;
};

TEST_P(OnnxModelTest, GivesTheReferenceOutputsOnEveryDevice) {
  const auto start = std::chrono::steady_clock::now();
  auto session = open("cpu", "pynq");
  ASSERT_TRUE(session);
  const std::chrono::duration<double> compileSeconds = std::chrono::steady_clock::now() - start;
  size_t differing = 0, values = 0, openCases = 0;
  double part = 0, seconds = 1e9;
  std::vector<std::vector<TensorData>> results;
  for (const GoldenCase &entry : cases_) {
    bool isOpen = false;
    results.push_back(run(*session, entry));
    ASSERT_EQ(results.back().size(), entry.outputs.size()) << entry.name;
    seconds = std::min(seconds, session->report().wallSeconds);
    for (size_t i = 0; i < entry.outputs.size(); ++i) {
      const TensorData &got = results.back()[i], &expected = entry.outputs[i];
      ASSERT_EQ(got.data.size(), expected.data.size()) << entry.name << ", output " << i;
      EXPECT_EQ(got.shape, expected.shape) << entry.name << ", output " << i;
      const std::string &type = session->outputs()[i].type;
      const bool isReal = type == "float32" || type == "float16";
      const Difference difference = compare(type, got.data, expected.data);
      // A float16 has 11 bits: each tensor between layers is rounded to them here, as its type says, and none in ONNX Runtime.
      const double most = type == "float16" ? 4e-3 : isReal ? std::max(1e-4, GetParam().openPart) : 0;
      EXPECT_LE(difference.part, most)
          << entry.name << ", output " << i << ", " << difference.count << " values differ";
      if (type == "float32")
        EXPECT_LE(difference.far, GetParam().openShare * static_cast<double>(expected.data.size() / 4))
            << entry.name << ", output " << i;
      isOpen = isOpen || (type == "float32" && difference.far > 0);
      differing += difference.count;
      values += got.data.size() / (isReal ? 4 : 1);
      part = std::max(part, difference.part);
    }
    openCases += isOpen;
  }
  EXPECT_LE(openCases, GetParam().openCases);
  const uint64_t macs = session->report().macs;
  std::printf(
      "%s: %zu cases, %zu of %zu values differ, by at most %.2g of the greatest; compiled in %.2f s, fastest "
      "run %.3f ms\n",
      GetParam().golden, cases_.size(), differing, values, part, compileSeconds.count(), seconds * 1e3);

  auto placed = open("functional", "pynq");
  ASSERT_TRUE(placed);
  const auto layers = placed->report().layers;
  const auto onNpu =
      std::count_if(layers.begin(), layers.end(), [](const auto &layer) { return layer.placement == "npu"; });
  std::printf("%s: %zd of %zu layers on the npu\n", GetParam().golden, onNpu, layers.size());
  if (onNpu == 0)
    return;
  for (const char *machine : {"pynq", "tiny"}) {
    sameOn("functional", machine, 4, results);
    if (macs < 100'000'000)
      sameOn("cycle", machine, 1, results);
  }
}

Model qdq(const char *file, const char *name, std::map<std::string, int64_t> extents = {}) {
  return {file, name, std::move(extents)};
}

INSTANTIATE_TEST_SUITE_P(
    Quantised, OnnxModelTest,
    testing::Values(
        qdq("onnx/onnxruntime-qdq/constant_folding_dequantizelinear.qdq_contrib.onnx",
            "onnxruntime-qdq__constant_folding_dequantizelinear.qdq_contrib"),
        qdq("onnx/onnxruntime-qdq/constant_folding_qdq_node_unit.graph_output.onnx",
            "onnxruntime-qdq__constant_folding_qdq_node_unit.graph_output"),
        qdq("onnx/onnxruntime-qdq/constant_folding_qdq_node_unit.graph_output.qdq_contrib.onnx",
            "onnxruntime-qdq__constant_folding_qdq_node_unit.graph_output.qdq_contrib"),
        qdq("onnx/onnxruntime-qdq/conv_qdq_external_ini.onnx", "onnxruntime-qdq__conv_qdq_external_ini"),
        qdq("onnx/onnxruntime-qdq/conv_qdq_s8s8.onnx", "onnxruntime-qdq__conv_qdq_s8s8", {{"batch_size", 1}}),
        qdq("onnx/onnxruntime-qdq/conv_qdq_s8s8_perchannel.onnx", "onnxruntime-qdq__conv_qdq_s8s8_perchannel",
            {{"batch_size", 1}}),
        qdq("onnx/onnxruntime-qdq/dup_qdq.onnx", "onnxruntime-qdq__dup_qdq"),
        qdq("onnx/onnxruntime-qdq/layout_transform_const_folding.qdq.onnx",
            "onnxruntime-qdq__layout_transform_const_folding.qdq"),
        qdq("onnx/onnxruntime-qdq/qdq_conv.onnx", "onnxruntime-qdq__qdq_conv"),
        qdq("onnx/onnxruntime-qdq/qdq_convs.onnx", "onnxruntime-qdq__qdq_convs"),
        qdq("onnx/onnxruntime-qdq/qdq_with_multi_consumer_dq_nodes.onnx",
            "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes"),
        qdq("onnx/onnxruntime-qdq/qdq_with_multi_consumer_dq_nodes.fixed.qdq_contrib.onnx",
            "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes.fixed.qdq_contrib"),
        qdq("onnx/onnxruntime-qdq/qdq_with_multi_consumer_q_dq_axis.onnx",
            "onnxruntime-qdq__qdq_with_multi_consumer_q_dq_axis"),
        qdq("onnx/onnxruntime-qdq/transpose_optimizer_qdq_fixup_unsqueeze_per_axis_dq.onnx",
            "onnxruntime-qdq__transpose_optimizer_qdq_fixup_unsqueeze_per_axis_dq")));

// Ten additions, of which one byte goes the other way in one case; ONNX Runtime's own two results are 0.306 (4 steps) apart there.
INSTANTIATE_TEST_SUITE_P(Larger, OnnxModelTest,
                         testing::Values(Model{"onnx-with-published-io/mobilenetv2_qdq_int8/model.onnx",
                                               "onnx-with-published-io__mobilenetv2_qdq_int8__model",
                                               {{"batch", 1}},
                                               0.4,
                                               0.036,
                                               1}));

Model real(const char *file, const char *name) { return {file, name, {}, 0, 0, true}; }

// float32 networks on the host, for any extent that they leave open.
INSTANTIATE_TEST_SUITE_P(
    Real, OnnxModelTest,
    testing::Values(real("onnx/derived/resnet20_cifar10.onnx", "derived__resnet20_cifar10"),
                    real("onnx/derived/resnet20_cifar10_unfoldedBN_op13.onnx",
                         "derived__resnet20_cifar10_unfoldedBN_op13"),
                    real("onnx/derived/squeezenet_imagenet_fp32_from_fp16.onnx",
                         "derived__squeezenet_imagenet_fp32_from_fp16"),
                    real("onnx/dtln/model_1.onnx", "dtln__model_1"),
                    real("onnx/mlperf-tiny-results/model_ad.onnx", "mlperf-tiny-results__model_ad"),
                    real("onnx/mlperf-tiny-results/model_ic.onnx", "mlperf-tiny-results__model_ic"),
                    real("onnx/mlperf-tiny-results/model_kws.onnx", "mlperf-tiny-results__model_kws"),
                    real("onnx/mlperf-tiny-results/vww_96_float.onnx", "mlperf-tiny-results__vww_96_float"),
                    real("onnx/onnxruntime-qdq/qdq_minimal_model.onnx", "onnxruntime-qdq__qdq_minimal_model"),
                    real("onnx/stm32ai/mobilenet_v2_0.35_128_tfs_channel_first.onnx",
                         "stm32ai__mobilenet_v2_0.35_128_tfs_channel_first"),
                    real("onnx/ultraface/version-RFB-320_simplified.onnx",
                         "ultraface__version-RFB-320_simplified")));

INSTANTIATE_TEST_SUITE_P(
    LargerReal, OnnxModelTest,
    testing::Values(real("onnx/ppocr/ch_PP-OCRv2_det_infer.onnx", "ppocr__ch_PP-OCRv2_det_infer"),
                    real("onnx/ppocr/ch_ppocr_mobile_v2.0_cls_infer.onnx",
                         "ppocr__ch_ppocr_mobile_v2.0_cls_infer"),
                    real("onnx/winml-samples/SqueezeNet_fp16.onnx", "winml-samples__SqueezeNet_fp16"),
                    real("onnx/yolox/yolox_nano.onnx", "yolox__yolox_nano")));

// 16-bit activations and scales that the run finds stay in float on the host.
INSTANTIATE_TEST_SUITE_P(
    QuantisedOnHost, OnnxModelTest,
    testing::Values(qdq("onnx/onnxruntime-qdq/constant_folding_dequantizelinear.qdq16.onnx",
                        "onnxruntime-qdq__constant_folding_dequantizelinear.qdq16"),
                    qdq("onnx/onnxruntime-qdq/constant_folding_dequantizelinear.qdq16_contrib.onnx",
                        "onnxruntime-qdq__constant_folding_dequantizelinear.qdq16_contrib"),
                    qdq("onnx/onnxruntime-qdq/constant_folding_qdq_node_unit.graph_output.qdq16_contrib.onnx",
                        "onnxruntime-qdq__constant_folding_qdq_node_unit.graph_output.qdq16_contrib"),
                    qdq("onnx/onnxruntime-qdq/dynamic_quantize_matmul_bias.onnx",
                        "onnxruntime-qdq__dynamic_quantize_matmul_bias"),
                    qdq("onnx/onnxruntime-qdq/dynamic_quantize_matmul_bias_ND.onnx",
                        "onnxruntime-qdq__dynamic_quantize_matmul_bias_ND"),
                    qdq("onnx/onnxruntime-qdq/dynamic_quantize_matmul_int8.onnx",
                        "onnxruntime-qdq__dynamic_quantize_matmul_int8"),
                    qdq("onnx/onnxruntime-qdq/dynamic_quantize_matmul_uint8_bias.onnx",
                        "onnxruntime-qdq__dynamic_quantize_matmul_uint8_bias")));

// Convolutions in float32, whose sums are added in another order, between roundings to steps: one step is 0.037 of the greatest.
INSTANTIATE_TEST_SUITE_P(
    QuantisedInFloat, OnnxModelTest,
    testing::Values(Model{"onnx/onnxruntime-qdq/qdq_with_multi_consumer_dq_nodes.fixed.qdq16.onnx",
                          "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes.fixed.qdq16",
                          {},
                          0.005,
                          0.038,
                          1},
                    Model{"onnx/onnxruntime-qdq/qdq_with_multi_consumer_dq_nodes.fixed.qdq16_contrib.onnx",
                          "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes.fixed.qdq16_contrib",
                          {},
                          0.005,
                          0.038,
                          1}));

} // namespace
} // namespace tessera::test
