// Images name the features that their host code uses; one that this processor lacks is told instead of ending with an illegal instruction.

#include "one_operator.h"

#include "tessera/compiler/compiler.h"

#include <nlohmann/json.hpp>

namespace tessera::test {
namespace {

using nlohmann::json;

class ProcessorTest : public OneOperatorTest {
protected:
  void SetUp() override {
    const TinyModel model = single(
        {{"in", {2, 3}, TensorType::INT8}, integers("times", {2}, {2, 1}), {"out", {4, 3}, TensorType::INT8}},
        {BuiltinOperator::TILE});
    compiler::CompileOptions options;
    options.cpuOnly = true;
    auto compiled = compiler::compile(model.build(), options);
    ASSERT_TRUE(compiled) << compiled.error().message;
    image_ = compiled->image;
    metadata_ = json::parse(image_.text(isa::ProgramImage::kMetadata));
  }

  /// What opening the image says with the metadata as it is now; empty where it runs and gives the right bytes.
  std::string said() {
    image_.setText(isa::ProgramImage::kMetadata, metadata_.dump());
    const auto file = image_.serialize();
    EXPECT_TRUE(file);
    compiler::SessionOptions options;
    options.device = "cpu";
    auto session = compiler::Session::open(*file, options);
    if (!session)
      return session.error().message;
    const Bytes input = bytes(6);
    const std::vector<std::span<const uint8_t>> views{input};
    const auto outputs = (*session)->run(views);
    EXPECT_TRUE(outputs && outputs->at(0).size() == 12);
    for (size_t i = 0; outputs && i < 12; ++i)
      EXPECT_EQ(outputs->at(0).at(i), input[i % 6]);
    return "";
  }

  isa::ProgramImage image_;
  json metadata_;
};

TEST_F(ProcessorTest, OwnImageLoads) {
  ASSERT_TRUE(metadata_.at("cpu").is_string());
  ASSERT_TRUE(metadata_.at("cpu_features").is_array());
  EXPECT_EQ(said(), "");
}

TEST_F(ProcessorTest, ImagesThatTellNothingLoad) {
  metadata_.erase("cpu");
  metadata_.erase("cpu_features");
  EXPECT_EQ(said(), "");
}

TEST_F(ProcessorTest, LackingFeatureIsNamed) {
  metadata_["cpu"] = "z80";
  metadata_["cpu_features"].insert(metadata_["cpu_features"].begin(), "block-moves");
  metadata_["cpu_features"].push_back("two-banks");
  const std::string message = said();
  EXPECT_TRUE(message.starts_with("the code is for processor z80, and this one, ")) << message;
  EXPECT_TRUE(message.ends_with(", has no block-moves, two-banks")) << message;
}

TEST_F(ProcessorTest, LongListsAreCut) {
  for (int i = 0; i < 20; ++i)
    metadata_["cpu_features"].push_back("more-" + std::to_string(i));
  EXPECT_TRUE(said().ends_with(", more-7 and 12 more")) << said();
}

TEST_F(ProcessorTest, OddListsAreRefused) {
  const std::string wanted = "image metadata: `cpu_features` must be a list of at most 1024 strings";
  for (const json &odd :
       {json(3), json("avx2"), json::array({"avx2", 3}), json(std::vector<std::string>(1025, "avx2"))}) {
    metadata_["cpu_features"] = odd;
    EXPECT_EQ(said(), wanted);
  }
  metadata_["cpu_features"] = json::array();
  EXPECT_EQ(said(), "");
  metadata_["cpu"] = 80;
  EXPECT_EQ(said(), "image metadata: `cpu` must be a string");
}

} // namespace
} // namespace tessera::test
