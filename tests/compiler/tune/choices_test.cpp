// Networks under random plans, and under a log of them: the bytes stay the same, and cycles are those of the plans in the log.
#include "driver-of-passes/pipeline.h"
#include "npu/core/choice.h"
#include "npu/core/space.h"
#include "tessera/compiler/session.h"
#include "tessera/compiler/tuning_log.h"
#include "tune/choices.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

namespace tessera::compiler {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kUsualSeed = 20240602; // counts hold for it, and need not for others
constexpr const char *kNetworks = "tflite/mlperf-tiny";

std::vector<uint8_t> readAll(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Run {
  std::vector<std::vector<uint8_t>> outputs;
  uint64_t cycles = 0;
  std::vector<std::string> warnings;
};

isa::Expected<Run> run(const std::vector<uint8_t> &model, const std::string &machine,
                       const std::string &tuned, uint64_t seed) {
  Run result;
  SessionOptions options;
  options.machine = machine;
  options.tuned = tuned;
  options.warn = [&](const std::string &warning) { result.warnings.push_back(warning); };
  auto session = Session::open(model, options);
  if (!session)
    return session.error();
  std::mt19937_64 random(seed);
  std::vector<std::vector<uint8_t>> inputs;
  for (const TensorInfo &input : (*session)->inputs()) {
    inputs.emplace_back(input.bytes);
    for (uint8_t &byte : inputs.back())
      byte = uint8_t(random());
  }
  std::vector<std::span<const uint8_t>> views(inputs.begin(), inputs.end());
  auto outputs = (*session)->run(views);
  if (!outputs)
    return outputs.error();
  result.outputs = std::move(*outputs);
  result.cycles = (*session)->report().cycles;
  return result;
}

struct Region {
  std::vector<npu::Layer> layers;
  std::vector<npu::LayerPlan> usual;
};

std::vector<Region> regionsOf(const std::vector<uint8_t> &model, const isa::MachineConfig &machine) {
  std::vector<Region> regions;
  npu::Tuning tuning;
  tuning.region = [&](std::span<const npu::Layer> layers, std::span<const npu::LayerPlan> usual) {
    regions.push_back({{layers.begin(), layers.end()}, {usual.begin(), usual.end()}});
  };
  CompileOptions options;
  options.machine = machine;
  auto compiled = compileWith(model, options, tuning);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return regions;
}

class TunedTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("tessera-tuned-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void check(const fs::path &file, const std::string &name, int rounds) {
    const std::vector<uint8_t> model = readAll(file);
    ASSERT_FALSE(model.empty()) << file;
    const isa::MachineConfig machine = *isa::loadMachine(name);
    const npu::Target target(machine);
    const std::vector<Region> regions = regionsOf(model, machine);
    ASSERT_FALSE(regions.empty());
    auto usual = run(model, name, "", 1);
    ASSERT_TRUE(usual) << usual.error().message;
    const uint64_t seed = tessera::test::seed(kUsualSeed);
    std::mt19937_64 random(seed);
    size_t changed = 0;
    for (int round = 0; round < rounds; ++round) {
      const std::string path = folder_ / (std::to_string(round) + ".db");
      auto log = TuningLog::open(path, TuningLog::Mode::Write);
      ASSERT_TRUE(log) << log.error().message;
      std::string all;
      for (const Region &region : regions)
        for (const npu::Task &task : npu::tasksOf(target, region.layers, region.usual)) {
          const size_t count = task.end - task.begin;
          const npu::PlanSpace space(target, std::span(region.layers).subspan(task.begin, count));
          npu::PlanSpace::Plans plans(region.usual.begin() + std::ptrdiff_t(task.begin),
                                      region.usual.begin() + std::ptrdiff_t(task.end));
          for (int steps = 1 + round * 2; steps > 0; --steps)
            if (auto next = space.step(plans, random))
              plans = std::move(*next);
          all += npu::choiceText(plans) + " ";
          ASSERT_TRUE(
              (*log)->choose(npuPlace(machine, ""), task.key, TunedChoice{npu::choiceText(plans), 1, 2}));
        }
      auto tuned = run(model, name, path, 1);
      ASSERT_TRUE(tuned) << all << ": " << tuned.error().message;
      EXPECT_EQ(tuned->outputs, usual->outputs) << name << ": " << all;
      EXPECT_TRUE(tuned->warnings.empty()) << tuned->warnings[0];
      changed += tuned->cycles != usual->cycles;
    }
    if (seed == kUsualSeed)
      EXPECT_GT(changed, 0u);
  }

  fs::path folder_;
};

TEST_F(TunedTest, EveryChoiceGivesTheSameBytes) {
  for (const char *machine : {"tiny", "pynq", "ultra96"})
    check(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite", machine, 3);
}

TEST_F(TunedTest, RealNetworksGiveTheSameBytes) {
  const char *models = std::getenv("TESSERA_MODELS");
  if (!models || !fs::exists(fs::path(models) / kNetworks / "pretrainedResnet_quant.tflite"))
    GTEST_SKIP() << "no models in TESSERA_MODELS";
  check(fs::path(models) / kNetworks / "pretrainedResnet_quant.tflite", "pynq", 2);
  check(fs::path(models) / kNetworks / "vww_96_int8.tflite", "tiny", 2);
}

TEST_F(TunedTest, ALogOfSomethingElseIsAWarning) {
  const std::string path = folder_ / "empty.db";
  ASSERT_TRUE(TuningLog::open(path, TuningLog::Mode::Write));
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  auto tuned = run(model, "tiny", path, 1);
  ASSERT_TRUE(tuned) << tuned.error().message;
  ASSERT_EQ(tuned->warnings.size(), 1u);
  EXPECT_EQ(tuned->warnings[0],
            "the tuning log " + path +
                " has no choice for this network on machine tiny with memory bench and version " +
                tuningVersion());
  auto missing = run(model, "tiny", path + "x", 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot read the tuning log " + path + "x: no such file");
}

TEST_F(TunedTest, AStaleChoiceIsRefusedAndTheBytesStay) {
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  const isa::MachineConfig machine = *isa::loadMachine("tiny");
  const std::string path = folder_ / "stale.db";
  auto log = TuningLog::open(path, TuningLog::Mode::Write);
  ASSERT_TRUE(log);
  const npu::Target target(machine);
  size_t tasks = 0;
  for (const Region &region : regionsOf(model, machine))
    for (const npu::Task &task : npu::tasksOf(target, region.layers, region.usual)) {
      ++tasks;
      ASSERT_TRUE((*log)->choose(npuPlace(machine, ""), task.key, TunedChoice{"4000x1x1x1o", 1, 2}));
    }
  auto usual = run(model, "tiny", "", 1), tuned = run(model, "tiny", path, 1);
  ASSERT_TRUE(usual && tuned);
  EXPECT_EQ(tuned->outputs, usual->outputs);
  EXPECT_EQ(tuned->cycles, usual->cycles);
  ASSERT_EQ(tuned->warnings.size(), tasks);
  EXPECT_NE(tuned->warnings[0].find("refused, the usual one is taken"), std::string::npos)
      << tuned->warnings[0];
}

} // namespace
} // namespace tessera::compiler
