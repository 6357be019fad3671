// The importer on files that are wrong: one clear error each, and never a crash.

#include "../isa/seed.h"
#include "tiny_model.h"

#include "import/tflite_import.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera::test {
namespace {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;

/// The importer's message; "" where it takes the file.
std::string messageOf(const std::vector<uint8_t> &file) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = compiler::importTflite(context, file);
  return module ? "" : module.error().message;
}

TEST(ImportTest, TakesTheTinyNetworks) {
  EXPECT_EQ(messageOf(tinyNetwork().build()), "");
  for (const TinyModel &model : tinyOperators())
    EXPECT_EQ(messageOf(model.build()), "");
}

TEST(ImportTest, NamesLayersByLocation) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = compiler::importTflite(context, tinyNetwork().build());
  ASSERT_TRUE(module) << module.error().message;
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream, mlir::OpPrintingFlags().enableDebugInfo());
  EXPECT_NE(text.find("\"0:CONV_2D:conv/Relu\""), std::string::npos) << text;
  EXPECT_NE(text.find("op = \"DEPTHWISE_CONV_2D\""), std::string::npos);
  EXPECT_NE(text.find("macs = 2592"), std::string::npos); // 4*4*6 outputs of 27 products
}

TEST(ImportTest, RefusesWhatIsNoModel) {
  EXPECT_EQ(messageOf({}), "not a TFLite file: no identifier TFL3 in its 0 bytes");
  const auto file = tinyNetwork().build();
  EXPECT_EQ(messageOf({file.begin(), file.begin() + 40}),
            "damaged TFLite file: its structure does not hold together in 40 bytes");
  TinyModel old = tinyNetwork();
  old.version = 2;
  EXPECT_EQ(messageOf(old.build()), "TFLite version 2 is not supported, only 3");
}

TEST(ImportTest, NamesTheUnsupportedOperator) {
  TinyModel model = tinyNetwork();
  model.operators[3] = {BuiltinOperator::SKIP_GRAM, {7}, {8}};
  EXPECT_EQ(messageOf(model.build()), "operator 3 (SKIP_GRAM) is not supported");
  model.operators[3] = {static_cast<BuiltinOperator>(9999), {7}, {8}};
  EXPECT_EQ(messageOf(model.build()), "operator 3 (operator code 9999) is not supported");
}

/// A change to the tiny network and the message that it must give.
struct Damage {
  const char *name;
  void (*change)(TinyModel &);
  const char *message;
};

void PrintTo(const Damage &damage, std::ostream *stream) { *stream << damage.name; }

class DamageTest : public testing::TestWithParam<Damage> {};

TEST_P(DamageTest, GivesOneClearError) {
  TinyModel model = tinyNetwork();
  GetParam().change(model);
  EXPECT_EQ(messageOf(model.build()), GetParam().message);
}

constexpr Damage kDamages[] = {
    {"noOutputs", [](TinyModel &m) { m.outputs = {}; }, "the network has 1 inputs and 0 outputs"},
    {"outputNowhere", [](TinyModel &m) { m.outputs = {77}; },
     "output tensor 77 does not exist, the file has 16"},
    {"operandNowhere", [](TinyModel &m) { m.operators[2].inputs = {3, 400}; },
     "operator 2 (ADD): input tensor 400 does not exist, the file has 16"},
    {"usedTooEarly", [](TinyModel &m) { m.operators[0].inputs[0] = 6; },
     "operator 0 (CONV_2D): tensor 6 is used before it is computed"},
    {"writtenTwice", [](TinyModel &m) { m.operators[1].outputs = {3}; },
     "operator 1 (DEPTHWISE_CONV_2D): tensor 3 is written a second time"},
    {"neverComputed", [](TinyModel &m) { m.operators.pop_back(); }, "output tensor 15 is never computed"},
    {"hugeShape", [](TinyModel &m) { m.tensors[6].shape = {65536, 65536, 65536, 65536}; },
     "tensor 6 ('depthwise'): shape 65536x65536x65536x65536 is larger than 2147483648 bytes"},
    {"negativeShape", [](TinyModel &m) { m.tensors[6].shape[1] = -4; },
     "tensor 6 ('depthwise'): shape 1x-4x4x6 has an extent that is not positive"},
    {"rank7", [](TinyModel &m) { m.tensors[6].shape = {1, 1, 1, 1, 1, 1, 1}; },
     "tensor 6 ('depthwise'): rank 7 is above 6"},
    {"shortBuffer", [](TinyModel &m) { m.tensors[1].data.resize(100); },
     "tensor 1 ('conv/w'): buffer 1 has 100 bytes, shape 6x3x3x3 of int8 needs 162"},
    {"bufferNowhere", [](TinyModel &m) { m.tensors[3].buffer = 1234; },
     "tensor 3 ('conv/Relu;conv/BiasAdd'): buffer 1234 does not exist, the file has 8"},
    {"scaleZero", [](TinyModel &m) { m.tensors[7].scales = {0}; },
     "tensor 7 ('add'): scale 0 is not a positive number"},
    {"scaleCount", [](TinyModel &m) { m.tensors[1].scales.pop_back(); },
     "tensor 1 ('conv/w'): 5 scales for 6 slices of dimension 0"},
    {"zeroPointRange", [](TinyModel &m) { m.tensors[7].zeroPoints = {128}; },
     "tensor 7 ('add'): zero point 128 is outside -128 to 127"},
    {"zeroPointCount", [](TinyModel &m) { m.tensors[1].zeroPoints.pop_back(); },
     "tensor 1 ('conv/w'): 5 zero points for 6 scales"},
    {"quantisedDimension", [](TinyModel &m) { m.tensors[1].dimension = 9; },
     "tensor 1 ('conv/w'): quantised dimension 9 is outside shape 6x3x3x3"},
    {"weightZeroPoint", [](TinyModel &m) { m.tensors[1].zeroPoints[2] = 1; },
     "operator 0 (CONV_2D): weights have zero point 1, only 0 is supported"},
    {"noOptions",
     [](TinyModel &m) {
       m.operators[0].options = nullptr;
       m.operators[0].optionsType = BuiltinOptions::NONE;
     },
     "operator 0 (CONV_2D): options are missing"},
    {"floatTensor",
     [](TinyModel &m) {
       m.tensors[3].type = TensorType::FLOAT32;
       m.tensors[3].scales.clear();
       m.tensors[3].zeroPoints.clear();
     },
     "operator 0 (CONV_2D): output has type float32, only int8 is supported"},
    {"noScale",
     [](TinyModel &m) {
       m.tensors[3].scales.clear();
       m.tensors[3].zeroPoints.clear();
     },
     "operator 0 (CONV_2D): output has 0 scales, expected 1"},
    {"outputSize", [](TinyModel &m) { m.tensors[3].shape = {1, 5, 4, 6}; },
     "operator 0 (CONV_2D): height: output has 5, the window gives 4"},
    {"channels", [](TinyModel &m) { m.tensors[0].shape = {1, 8, 8, 4}; },
     "operator 0 (CONV_2D): weights 6x3x3x3 do not fit 4 input and 6 output channels"},
    {"biasSize",
     [](TinyModel &m) {
       m.tensors[2].shape = {5};
       m.tensors[2].data.resize(20);
     },
     "operator 0 (CONV_2D): bias is int32 of shape 5, expected 6 constant int32"},
    {"addShapes", [](TinyModel &m) { m.tensors[7].shape = {1, 4, 5, 6}; },
     "operator 2 (ADD): input 1x4x4x6 does not broadcast to output 1x4x5x6"},
    {"reshapeSize", [](TinyModel &m) { m.tensors[11].shape = {1, 7}; },
     "operator 5 (RESHAPE): shape 1x1x1x6 cannot become 1x7"},
    {"softmaxScale", [](TinyModel &m) { m.tensors[15].scales = {0.1f}; },
     "operator 7 (SOFTMAX): output scale 0.1, zero point -128, expected 1/256 and -128"},
    {"inputCount", [](TinyModel &m) { m.operators[7].inputs = {}; },
     "operator 7 (SOFTMAX): 0 inputs, expected 1"},
    {"absentInput", [](TinyModel &m) { m.operators[2].inputs = {3, -1}; },
     "operator 2 (ADD): input 1 is absent"},
    {"factor", [](TinyModel &m) { m.tensors[3].scales = {1e-30f}; },
     "operator 0 (CONV_2D): the factor 1.96078e+25 between input and output scale is too large"},
    {"controlCharacters",
     [](TinyModel &m) { m.tensors[7] = {"a\nb\x1b[31m", {1, 4, 4, 6}, TensorType::INT8, {-1}}; },
     "tensor 7 ('a?b?[31m'): scale -1 is not a positive number"},
};

INSTANTIATE_TEST_SUITE_P(ImportTest, DamageTest, testing::ValuesIn(kDamages),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(ImportTest, WeightsOfMemoriesHaveNoZeroPoint) {
  size_t found = 0;
  for (TinyModel model : tinyOperators()) {
    const tfl::BuiltinOperator code = model.operators[0].code;
    if (code != tfl::BuiltinOperator::SVDF && code != tfl::BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM)
      continue;
    ++found;
    EXPECT_EQ(messageOf(model.build()), "");
    model.tensors[1].zeroPoints[0] = 3;
    EXPECT_NE(messageOf(model.build()).find("have zero point 3, only 0 is supported"), std::string::npos)
        << messageOf(model.build());
  }
  EXPECT_EQ(found, 2u);
}

TEST(ImportTest, SurvivesEveryTruncation) {
  const auto file = tinyNetwork().build();
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(messageOf({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}), "")
        << size << " bytes";
}

TEST(ImportTest, SurvivesCorruption) {
  const uint32_t seed = freshSeed();
  std::mt19937 random(seed);
  const auto file = tinyNetwork().build();
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    auto damaged = file;
    for (uint32_t i = 0, count = 1 + random() % 4; i < count; ++i)
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    refused += !messageOf(damaged).empty();
  }
  EXPECT_GT(refused, 300);
}

} // namespace
} // namespace tessera::test
