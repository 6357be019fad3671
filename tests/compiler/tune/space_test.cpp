// Whatever plan the tuner's space gives out computes the same bytes; what comes from a log is read or refused, and never aborts.
#include "../npu/run_layers.h"
#include "npu/core/choice.h"
#include "npu/core/region.h"
#include "npu/core/space.h"
#include "npu/core/task.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <set>

namespace tessera::compiler::npu::test {
namespace {

using Plans = std::vector<LayerPlan>;

// A layer of any kind on what another gives.
Layer after(const Layer &before, uint32_t blockOut, std::mt19937_64 &random) {
  constexpr LayerKind kinds[] = {LayerKind::Conv,      LayerKind::Depthwise,   LayerKind::Conv,
                                 LayerKind::Depthwise, LayerKind::AveragePool, LayerKind::MaxPool,
                                 LayerKind::Add};
  Layer layer;
  layer.kind = kinds[random() % 7];
  layer.input = layer.output = before.output;
  if (layer.kind == LayerKind::Conv)
    layer.output.channels = 1 + uint32_t(random() % (4 * blockOut));
  if (layer.kind != LayerKind::Add && random() % 2) { // same size
    layer.window.kernelHeight = layer.window.kernelWidth = 3;
    layer.window.padTop = layer.window.padBottom = layer.window.padLeft = layer.window.padRight = 1;
  }
  return layer;
}

std::vector<LayerCase> network(const Target &target, size_t count, std::mt19937_64 &random) {
  std::vector<LayerCase> cases{
      randomCase(target, random() % 2 ? LayerKind::Conv : LayerKind::Depthwise, 16, random)};
  while (cases.size() < count) {
    cases.push_back(caseOf(target, after(cases.back().layer, target.blockOut(), random), random));
    cases.back().input = reference(cases[cases.size() - 2]);
  }
  return cases;
}

// Layers with places of their own, as a region has them.
std::vector<Layer> placed(std::span<const LayerCase> cases) {
  std::vector<Layer> layers;
  for (const LayerCase &c : cases) {
    const uint32_t i = uint32_t(layers.size());
    layers.push_back(c.layer);
    Layer &layer = layers.back();
    layer.handsOn = i + 1 < cases.size();
    layer.inputPlace = {kArena, i << 20}, layer.outputPlace = {kArena, (i + 1) << 20};
    layer.rhsPlace = {kArena, 100u << 20};
    layer.weightPlace = {kConstants, i << 20}, layer.parameterPlace = {kConstants, (i << 20) + (1 << 19)};
  }
  return layers;
}

Plans walk(const PlanSpace &space, Plans plans, int steps, std::mt19937_64 &random) {
  for (int i = 0; i < steps; ++i)
    if (auto next = space.step(plans, random))
      plans = std::move(*next);
  return plans;
}

constexpr uint64_t kUsualSeed = 20240602; // counts hold for it, and need not for others

class SpaceTest : public testing::TestWithParam<const char *> {};

TEST_P(SpaceTest, EveryPlanGivesTheSameBytes) {
  const Target target(*isa::loadMachine(GetParam()));
  tsr_device_options options{};
  options.machine = GetParam();
  options.dramBytes = 64 << 20;
  tsr_device *device = nullptr;
  ASSERT_EQ(tsr_device_open("functional", &options, &device), TSR_OK) << tsr_open_message();
  const uint64_t seed = tessera::test::seed(kUsualSeed);
  std::mt19937_64 random(seed);
  std::set<std::string> seen;
  size_t pairs = 0, chains = 0;
  for (int i = 0; i < 32; ++i) {
    const std::vector<LayerCase> cases = network(target, 1 + random() % 4, random);
    const std::vector<int8_t> expected = reference(cases.back());
    for (int k = 0; k < 4; ++k) {
      std::string text;
      auto run = runPlans(device, target, cases, [&](std::span<const Layer> layers) {
        const PlanSpace space(target, layers);
        Plans plans = walk(space, *planLayers(target, layers), 1 + k * 3, random);
        text = choiceText(plans);
        return plans;
      });
      std::string trace = "network " + std::to_string(i) + " under " + text + ":";
      for (const LayerCase &c : cases)
        trace += " " + describe(c) + ";";
      ASSERT_TRUE(run) << trace << " " << run.error().message;
      ASSERT_EQ(run->output, expected) << trace;
      seen.insert(text);
      pairs += text.find('+') != text.npos;
      chains += text.find("chain") != text.npos;
    }
  }
  if (seed == kUsualSeed) {
    EXPECT_GT(seen.size(), 60u);
    EXPECT_GT(pairs, 5u);
    EXPECT_GT(chains, 0u);
  }
  tsr_device_close(device);
}

INSTANTIATE_TEST_SUITE_P(Machines, SpaceTest, testing::Values("tiny", "pynq", "ultra96", "batch2"));

TEST(ChoiceTest, ReadsWhatWasWritten) {
  std::mt19937_64 random(tessera::test::seed());
  const Target target(*isa::loadMachine("pynq"));
  for (int i = 0; i < 30; ++i) {
    const std::vector<LayerCase> cases = network(target, 1 + random() % 5, random);
    const std::vector<Layer> layers = placed(cases);
    const PlanSpace space(target, layers);
    const Plans usual = *planLayers(target, layers);
    const Plans other = walk(space, usual, 1 + int(random() % 6), random);
    for (const Plans &plans : {usual, other}) {
      const std::string text = choiceText(plans);
      auto read = readChoice(target, layers, text);
      ASSERT_TRUE(read) << text << ": " << read.error().message;
      ASSERT_EQ(choiceText(*read), text);
      EXPECT_EQ(durationOfPlans(target, layers, *read), durationOfPlans(target, layers, plans)) << text;
    }
    if (auto both = space.cross(usual, other, random))
      EXPECT_EQ(illegal(target, layers, *both), "") << choiceText(*both);
  }
}

// A text with a byte changed, left out or put in is refused, or is another plan that can be run.
TEST(ChoiceTest, DamagedTextIsRefusedOrRuns) {
  const uint64_t seed = tessera::test::seed(kUsualSeed);
  std::mt19937_64 random(seed);
  const Target target(*isa::loadMachine("tiny"));
  size_t refused = 0, taken = 0;
  for (int i = 0; i < 600; ++i) {
    const std::vector<Layer> layers = placed(network(target, 1 + random() % 3, random));
    std::string text = choiceText(walk(PlanSpace(target, layers), *planLayers(target, layers), 2, random));
    for (size_t changes = 1 + random() % 2; changes > 0; --changes) {
      const char byte = "0123456789xoi@:,+;chain "[random() % 24];
      const size_t at = random() % text.size();
      random() % 3   ? text.replace(at, 1, 1, byte)
      : random() % 2 ? text.insert(at, 1, byte)
                     : text.erase(at, 1);
      if (text.empty())
        text = "x";
    }
    auto read = readChoice(target, layers, text);
    if (read) {
      ++taken;
      auto commands = scheduleRegion(target, layers, *read);
      EXPECT_TRUE(commands) << text << ": " << commands.error().message;
    } else {
      ++refused;
      EXPECT_FALSE(read.error().message.empty());
    }
  }
  if (seed == kUsualSeed) {
    EXPECT_GT(refused, 100u);
    EXPECT_GT(taken, 3u);
  }
}

TEST(ChoiceTest, RefusesWithTheReason) {
  const Target target(*isa::loadMachine("pynq"));
  Layer layer;
  layer.name = "conv";
  layer.input = layer.output = {40, 40, 64};
  layer.exit.mode = isa::ExitMode::Tflite;
  std::vector<Layer> layers{layer, layer};
  layers[1].kind = LayerKind::MaxPool;
  const struct {
    const char *text, *reason;
  } cases[] = {
      {"", "no choice for 2 layers: '' after 0 layers"},
      {"1x1x1x4o", "no choice for 2 layers: '' after 1 layers"},
      {"1x1x1x4o;1x1x1x4o;1x1x1x4o", "no choice for 2 layers"},
      {"1x1x1x4o;1x1x1x4", "no choice for 2 layers"},
      {"1x1x1x99999999999o;1x1x1x4o", "no choice for 2 layers"},
      {"41x1x1x4o;1x1x1x4o", "tile 41x1x1x4o is no part of 40x40x4x4"},
      {"0x1x1x4o;1x1x1x4o", "tile 0x1x1x4o is no part of 40x40x4x4"},
      {"8x8x1x4o;8x8x1x1o", "tile 8x8x1x1o splits a reduction that cannot be split"},
      {"8x8x1x2i;8x8x1x4o", "tile 8x8x1x2i splits a reduction that cannot be split"},
      {"1x1x1x1o;8x8x1x4o", "tile 1x1x1x1o makes 25600 pieces, more than 16384"},
      {"40x40x4x4o;40x40x4x4o", "does not fit the memories"},
      {"chain2x4", "layer conv cannot be chained to the one before"},
      {"chain3x4", "no choice for 2 layers"},
      {"1x1x1x4o@0:64,0:64,0:64,0:8+1x1x1x4o@0:64,64:64,64:64,8:8",
       "the shares of two layers do not fit the memories"},
      {"1x1x1x4o@0:64,0:64,0:64,0:8;1x1x1x4o", "no choice for 2 layers"},
      {"1x1x1x4o@0:64,0:64,0:64,0:8+1x1x1x4o@4294967295:4294967295,64:64,64:64,8:8",
       "the shares of two layers do not fit the memories"},
  };
  for (const auto &c : cases) {
    auto read = readChoice(target, layers, c.text);
    ASSERT_FALSE(read) << c.text;
    EXPECT_NE(read.error().message.find(c.reason), std::string::npos)
        << c.text << ": " << read.error().message;
  }
}

// Three blocks of expand, depthwise, project and addition, as residual networks have them.
std::vector<Layer> residual() {
  std::vector<Layer> layers;
  uint32_t place = 1;
  Place carried{kArena, 0};
  for (int block = 0; block < 3; ++block)
    for (int i = 0; i < 4; ++i) {
      Layer layer;
      layer.name = "layer " + std::to_string(layers.size());
      layer.kind = i == 1 ? LayerKind::Depthwise : i == 3 ? LayerKind::Add : LayerKind::Conv;
      layer.input = {14, 14, i == 1 || i == 2 ? 96u : 32u};
      layer.output = {14, 14, i < 2 ? 96u : 32u};
      layer.exit.mode = isa::ExitMode::Tflite;
      layer.handsOn = i < 3;
      layer.inputPlace = i == 0 ? carried : layers.back().outputPlace;
      layer.rhsPlace = i == 3 ? carried : Place{};
      layer.outputPlace = {kArena, place++ << 18};
      layer.weightPlace = {kConstants, place << 16},
      layer.parameterPlace = {kConstants, (place << 16) + (1 << 15)};
      layers.push_back(layer);
      if (i == 3)
        carried = layer.outputPlace;
    }
  return layers;
}

TEST(ChoiceTest, ALongerChainHasOneTile) {
  const Target target(*isa::loadMachine("pynq"));
  const std::vector<Layer> layers = residual();
  const std::span<const Layer> three = std::span(layers).first(3);
  EXPECT_TRUE(readChoice(target, three.first(2), "chain2x7"));
  EXPECT_TRUE(readChoice(target, three, "chain3x14"));
  auto read = readChoice(target, three, "chain3x7");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "a chain of 3 layers in tiles of 7 of 14 rows");
}

TEST(TaskTest, BlocksOfANetworkAreTasksAndTheSameOnesHaveOneKey) {
  const Target target(*isa::loadMachine("pynq"));
  const std::vector<Layer> layers = residual();
  Plans alone;
  for (const Layer &layer : layers)
    alone.push_back({*chooseTiling(target, layer), {}, false, false});
  std::vector<Task> tasks = tasksOf(target, layers, alone);
  ASSERT_EQ(tasks.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tasks[i].begin, i * 4);
    EXPECT_EQ(tasks[i].end, i * 4 + 4);
  }
  EXPECT_NE(tasks[0].key, tasks[1].key) << "nothing comes before the first one";
  std::vector<Layer> longer = layers, more = residual();
  for (Layer &layer : more)
    for (Place *place : {&layer.inputPlace, &layer.rhsPlace, &layer.outputPlace})
      place->offset += 12u << 18;
  longer.insert(longer.end(), more.begin(), more.end());
  Plans plans = alone;
  plans.insert(plans.end(), alone.begin(), alone.end());
  tasks = tasksOf(target, longer, plans);
  ASSERT_EQ(tasks.size(), 6u);
  EXPECT_EQ(tasks[1].key, tasks[2].key);
  EXPECT_EQ(tasks[1].key, tasks[4].key);
  longer[5].window.strideHeight = 2;
  EXPECT_NE(tasksOf(target, longer, plans)[1].key, tasks[1].key);
}

TEST(TaskTest, AChoiceIsTakenAndAStaleOneRefusedWithOneWarning) {
  const Target target(*isa::loadMachine("pynq"));
  const std::vector<Layer> layers = residual();
  Plans usual;
  for (const Layer &layer : layers)
    usual.push_back({*chooseTiling(target, layer), {}, false, false});
  const std::vector<Task> tasks = tasksOf(target, layers, usual);
  ASSERT_GE(tasks.size(), 2u);
  const size_t count = tasks[0].end - tasks[0].begin;
  std::string choice;
  for (size_t i = 0; i < count; ++i)
    choice +=
        (i ? ";7x7x1x" : "7x7x1x") + std::to_string(target.channelBlocks(layers[i].input.channels)) + "o";
  std::vector<std::string> warnings;
  size_t regions = 0;
  Tuning tuning;
  tuning.warn = [&](const std::string &warning) { warnings.push_back(warning); };
  tuning.region = [&](std::span<const Layer> seen, std::span<const LayerPlan>) {
    regions += seen.size() == layers.size();
  };
  tuning.choice = [&](const std::string &key) -> std::optional<std::string> {
    return key == tasks[0].key   ? std::optional(choice)
           : key == tasks[1].key ? std::optional<std::string>("14x")
                                 : std::nullopt;
  };
  const Plans tuned = tunedPlans(target, layers, usual, tuning);
  for (size_t i = 0; i < layers.size(); ++i)
    if (i < count)
      EXPECT_EQ(tuned[i].tiling.rows, 7u);
    else
      EXPECT_EQ(tuned[i], usual[i]);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "tuned plan of layer " + layers[tasks[1].begin].name + " and " +
                             std::to_string(tasks[1].end - tasks[1].begin - 1) +
                             " more refused, the usual one is taken: no choice for " +
                             std::to_string(tasks[1].end - tasks[1].begin) + " layers: '' after 0 layers");
  EXPECT_EQ(regions, 1u);
}

} // namespace
} // namespace tessera::compiler::npu::test
