// Plans of whole regions: never slower by the timing model than layers by themselves, and what is chained may be.
#include "core/chain.h"
#include "core/region.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera::compiler::npu::test {
namespace {

// Depthwise and pointwise layers in turn, as in MobileNet; one in four results is read a second time.
std::vector<Layer> mobile(std::mt19937_64 &random, uint32_t count) {
  std::vector<Layer> layers;
  Shape shape{4 + uint32_t(random() % 20), 4 + uint32_t(random() % 20), 8 * (1 + uint32_t(random() % 12))};
  for (uint32_t i = 0; i < count; ++i) {
    Layer layer;
    layer.name = "layer " + std::to_string(i);
    layer.kind = i % 2 ? LayerKind::Depthwise : LayerKind::Conv;
    layer.input = layer.output = shape;
    if (i % 2) {
      layer.window.kernelHeight = layer.window.kernelWidth = 3;
      layer.window.padTop = layer.window.padBottom = layer.window.padLeft = layer.window.padRight = 1;
    } else {
      layer.output.channels = 8 * (1 + uint32_t(random() % 24));
    }
    shape = layer.output;
    layer.handsOn = random() % 4 != 0;
    layer.exit.mode = isa::ExitMode::Tflite;
    layer.inputPlace = {kArena, i << 20};
    layer.outputPlace = {kArena, (i + 1) << 20};
    layer.weightPlace = {kConstants, i << 20};
    layer.parameterPlace = {kConstants, (i << 20) + (1 << 19)};
    layers.push_back(layer);
  }
  return layers;
}

TEST(PlanTest, AreNeverSlowerThanLayersByThemselves) {
  std::mt19937_64 random(tessera::test::seed());
  uint32_t faster = 0, chained = 0;
  for (int i = 0; i < 12; ++i) {
    Target target(*isa::loadMachine(i % 2 ? "pynq" : "ultra96"));
    std::vector<Layer> layers = mobile(random, 6);
    std::vector<LayerPlan> alone;
    for (const Layer &layer : layers)
      alone.push_back({*chooseTiling(target, layer), {}, false, false});
    auto plans = planLayers(target, layers);
    ASSERT_TRUE(plans) << plans.error().message;
    const uint64_t before = durationOfPlans(target, layers, alone),
                   after = durationOfPlans(target, layers, *plans);
    EXPECT_LE(after, before);
    faster += after < before;
    for (size_t k = 0; k < layers.size(); ++k) {
      chained += (*plans)[k].chained;
      if ((*plans)[k].chained && (*plans)[k].joins)
        EXPECT_TRUE(layers[k - 1].handsOn) << "layer " << k << " is chained to one that others read too";
    }
  }
  EXPECT_GT(faster, 6u);
  EXPECT_GT(chained, 6u);
}

TEST(PlanTest, AMachineWithoutChainsHasNone) {
  std::mt19937_64 random(tessera::test::seed());
  isa::MachineConfig machine = *isa::loadMachine("pynq");
  machine.features &= ~(1u << uint32_t(isa::Feature::Chain));
  Target target(machine);
  std::vector<Layer> layers = mobile(random, 6);
  auto plans = planLayers(target, layers);
  ASSERT_TRUE(plans);
  for (const LayerPlan &plan : *plans)
    EXPECT_FALSE(plan.chained);
}

} // namespace
} // namespace tessera::compiler::npu::test
