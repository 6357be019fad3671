// Tiles fit the memories of every machine, and what cannot fit is refused with the reason.
#include "core/shift_exit.h"
#include "core/tiling.h"
#include "random_layer.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <bit>

namespace tessera::compiler::npu::test {
namespace {

TEST(TilingTest, RandomLayersFit) {
  std::mt19937_64 random(tessera::test::seed());
  for (const std::string &name : isa::machineNames()) {
    Target target(*isa::loadMachine(name));
    for (LayerKind kind : {LayerKind::Conv, LayerKind::Depthwise, LayerKind::AveragePool, LayerKind::MaxPool})
      for (int i = 0; i < 20; ++i) {
        LayerCase c = randomCase(target, kind, 64, random);
        auto tiling = chooseTiling(target, c.layer);
        ASSERT_TRUE(tiling) << describe(c) << ": " << tiling.error().message;
        Footprint f = footprintOf(target, c.layer, *tiling);
        EXPECT_LE(f.inp, target.depth(MemoryType::Inp)) << describe(c);
        EXPECT_LE(f.wgt, target.depth(MemoryType::Wgt)) << describe(c);
        EXPECT_LE(f.acc, target.depth(MemoryType::Acc)) << describe(c);
        EXPECT_LE(f.par, target.depth(MemoryType::Par)) << describe(c);
      }
  }
}

// Its weights leave no room for two tiles at once, so the largest tile would be the cheapest.
TEST(TilingTest, ResultsOfABlockAreNoMoreThanItsTemporariesAtLevelVta) {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.level = isa::Level::Vta;
  const Target target(config);
  Layer l;
  l.kind = LayerKind::Depthwise;
  l.input = {45, 45, 16}, l.output = {22, 22, 16};
  l.window.kernelHeight = l.window.kernelWidth = 24;
  auto tiling = chooseTiling(target, l);
  ASSERT_TRUE(tiling);
  EXPECT_LE(tiling->rows * tiling->columns, target.temporaries());
  EXPECT_LT(target.temporaries(), 22u * 22);
}

// 512 WGT elements are half of the memory, and nothing else is near its limit.
TEST(TilingTest, ResidentWeightsMustFitTheirHalf) {
  Target target(*isa::loadMachine("pynq"));
  Layer l;
  l.input = l.output = {4, 1, 512};
  for (uint32_t blocks : {16u, 32u}) {
    Tiling tiling{1, 1, blocks, 32, true, 0};
    EXPECT_EQ(footprintOf(target, l, tiling).wgt, 32 * blocks);
    EXPECT_EQ(fitsHalves(target, l, tiling), blocks == 16) << blocks;
  }
}

TEST(TilingTest, ReductionIsSplitOnlyWhereItMust) {
  Target target(*isa::loadMachine("tiny"));
  Layer l;
  l.input = {3, 3, 2048};
  l.output = {1, 1, 8};
  l.window.kernelHeight = l.window.kernelWidth = 3;
  auto tiling = chooseTiling(target, l);
  ASSERT_TRUE(tiling) << tiling.error().message;
  EXPECT_LT(tiling->kBlocks, 256u);
}

// A 3x3 convolution of 512 channels on 7x7 positions: its padded input does not fit INP, its sums do fit ACC. Cut into rows it would
// read 2.4 MB of weights for each of them; split, it reads them once and the array is the limit.
TEST(TilingTest, ReductionIsSplitWhereWeightsWouldBeReadTwice) {
  Target target(*isa::loadMachine("pynq"));
  Layer l;
  l.input = l.output = {7, 7, 512};
  l.window.kernelHeight = l.window.kernelWidth = 3;
  l.window.padTop = l.window.padBottom = l.window.padLeft = l.window.padRight = 1;
  auto tiling = chooseTiling(target, l);
  ASSERT_TRUE(tiling) << tiling.error().message;
  EXPECT_EQ(tiling->rows, 7u);
  EXPECT_LT(tiling->kBlocks, 32u);
  uint64_t ideal = l.macs() / (target.blockIn() * target.blockOut());
  EXPECT_LT(tiling->estimatedCycles, ideal + ideal / 20);
}

TEST(TilingTest, WindowLargerThanMemoryIsRefused) {
  Target target(*isa::loadMachine("tiny"));
  Layer l;
  l.kind = LayerKind::AveragePool;
  l.exit.mode = isa::ExitMode::Average;
  l.input = {100, 100, 8};
  l.window.kernelHeight = l.window.kernelWidth = 100;
  std::string why = refusal(target, l);
  EXPECT_NE(why.find("10000 of 2048 input elements"), std::string::npos) << why;
}

TEST(TilingTest, WeightsOfTwoPartsTakeTwiceTheRoom) {
  Target target(*isa::loadMachine("tiny"));
  for (LayerKind kind : {LayerKind::Conv, LayerKind::Depthwise}) {
    Layer l;
    l.kind = kind;
    l.input = l.output = {6, 6, 8};
    l.window.kernelHeight = l.window.kernelWidth = 3;
    uint64_t one = footprintOf(target, l, Tiling{}).wgt;
    l.weightParts = 2;
    EXPECT_EQ(footprintOf(target, l, Tiling{}).wgt, 2 * one);
    EXPECT_GT(one, 0u);
  }
}

TEST(TilingTest, VtaMachineRefusesWhatIsNoShift) {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.level = isa::Level::Vta;
  Layer l;
  l.exit.mode = isa::ExitMode::Tflite;
  for (int32_t multiplier : {1 << 30, (1 << 30) + 1}) {
    int32_t shift = -3;
    resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
    EXPECT_EQ(refusal(Target(config), l),
              multiplier == 1 << 30
                  ? ""
                  : "the machine is of level vta, which requantises by shifts, and the scales "
                    "are no power of two that all channels share");
  }
}

TEST(TilingTest, SharedShifts) {
  auto shared = [](isa::ExitMode mode, std::vector<int32_t> multiplier, std::vector<int32_t> shift) {
    return sharedShift(mode, multiplier, shift);
  };
  const int32_t half = 1 << 30;
  EXPECT_EQ(shared(isa::ExitMode::Tflite, {half, half}, {-4, -4}), 5);
  EXPECT_EQ(shared(isa::ExitMode::Tflite, {half, half}, {-4, -5}), Exit::kNoShift);
  EXPECT_EQ(shared(isa::ExitMode::Tflite, {half}, {1}), 0);
  EXPECT_EQ(shared(isa::ExitMode::TfliteSingle, {half}, {2}), -1); // larger than 1: to the left
  auto bits = [](float value) { return std::bit_cast<int32_t>(value); };
  EXPECT_EQ(shared(isa::ExitMode::Onnx, {bits(0x1p-7f), bits(0x1p-7f)}, {0, 0}), 7);
  EXPECT_EQ(shared(isa::ExitMode::Onnx, {bits(0x1.8p-7f)}, {0}), Exit::kNoShift);
  EXPECT_EQ(shared(isa::ExitMode::Onnx, {bits(-0x1p-7f)}, {0}), Exit::kNoShift);
  EXPECT_EQ(shared(isa::ExitMode::Average, {half}, {0}), Exit::kNoShift);
  EXPECT_EQ(shared(isa::ExitMode::Tflite, {}, {}), Exit::kNoShift);
}

// A factor and a shift stand for a mode where they give its byte for every sum: halves go away from zero where the factor is above what it
// stands for. Where sums are too many to be tried there is none, nor one that rounds halves to even.
TEST(TilingTest, AFactorGivesTheBytesOfAMean) {
  Layer l;
  l.kind = LayerKind::AveragePool;
  l.exit.mode = isa::ExitMode::Average;
  for (auto [height, width, found] : {std::tuple{7, 7, true}, {6, 8, true}, {31, 31, false}}) {
    l.input.height = l.window.kernelHeight = uint32_t(height),
    l.input.width = l.window.kernelWidth = uint32_t(width);
    resolveShift(l, {}, {});
    EXPECT_EQ(l.shiftExit.has_value(), found) << height << "x" << width;
    if (!l.shiftExit)
      continue;
    const int32_t count = height * width;
    const int64_t factor = l.shiftExit->factor, half = int64_t(1) << (l.shiftExit->shift - 1);
    for (int32_t sum = -count * 128; sum <= count * 127; ++sum)
      ASSERT_EQ(std::clamp<int64_t>((sum * factor + half) >> l.shiftExit->shift, -128, 127),
                std::lround(double(sum) / count))
          << sum << " of " << count;
  }
  l.kind = LayerKind::Depthwise;
  l.mostWeight = 1;
  l.exit.mode = isa::ExitMode::Onnx;
  l.input = {3, 1, 1}, l.window.kernelHeight = 3, l.window.kernelWidth = 1;
  for (float scale : {1.0f / 3, 1.5f / 3}) {
    int32_t multiplier = std::bit_cast<int32_t>(scale), shift = 0;
    resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
    EXPECT_TRUE(l.shiftExit.has_value()) << scale; // a third has no halves, a half is a shift
  }
  int32_t multiplier = std::bit_cast<int32_t>(0.75f), shift = 0;
  resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
  EXPECT_FALSE(l.shiftExit.has_value());
}

// Mode tflite shifts one further than its scale says before it halves: what leaves 32 bits there is refused.
TEST(TilingTest, SumsThatLeave32BitsToTheLeftAreRefused) {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.level = isa::Level::Vta;
  for (auto mode : {isa::ExitMode::Tflite, isa::ExitMode::TfliteSingle})
    for (int64_t bias : {int64_t(1) << 28, int64_t(1) << 27}) {
      Layer l;
      l.exit.mode = mode;
      l.mostBias = bias;
      int32_t multiplier = 1 << 30, shift = 3; // a scale of 4
      resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
      bool fits = bias << (mode == isa::ExitMode::Tflite ? 3 : 2) <= int64_t(1) << 30;
      EXPECT_EQ(refusal(Target(config), l).find("may leave 32 bits") == std::string::npos, fits) << bias;
    }
}

TEST(TilingTest, AShiftIsNeverFurtherThanFloatsAreExact) {
  Layer l;
  l.exit.mode = isa::ExitMode::Onnx;
  for (float scale : {0x1p-16f, 0x1p-17f}) {
    int32_t multiplier = std::bit_cast<int32_t>(scale), shift = 0;
    resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
    EXPECT_EQ(l.shiftExit.has_value(), scale == 0x1p-16f);
  }
}

TEST(TilingTest, SumsThatMayOverflowAreRefusedAtLevelVta) {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.level = isa::Level::Vta;
  Layer l;
  l.exit.mode = isa::ExitMode::Tflite;
  int32_t multiplier = 1 << 30, shift = -3;
  resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
  l.mostBias = INT32_MAX - 2 * 128 * 128 - 2 * (1 + 8);
  EXPECT_EQ(refusal(Target(config), l), "");
  ++l.mostBias;
  EXPECT_EQ(refusal(Target(config), l),
            "sums of up to 2147483648 may leave 32 bits where the machine rounds them");
}

TEST(TilingTest, MemoriesThatHoldNoAdditionRefuseIt) {
  for (isa::Level level : {isa::Level::Tessera, isa::Level::Vta}) {
    isa::MachineConfig config = *isa::loadMachine("pynq");
    config.level = level;
    Layer l;
    l.kind = LayerKind::Add;
    l.exit.mode = isa::ExitMode::Tflite;
    l.lhs = l.rhs = {0, 1u << 30, 0};
    int32_t multiplier = 1 << 30, shift = -19;
    resolveShift(l, std::span(&multiplier, 1), std::span(&shift, 1));
    EXPECT_EQ(refusal(Target(config), l), "");
    config.accDepth = level == isa::Level::Vta ? 4 : 2;
    EXPECT_EQ(refusal(Target(config), l), "the memories do not hold one element of an addition");
  }
}

TEST(TilingTest, ImpossibleSizesAreRefusedAtOnce) {
  Target target(*isa::loadMachine("tiny"));
  Layer l;
  l.window.strideHeight = 1u << 31;
  EXPECT_EQ(refusal(target, l), "a window number of 2147483648 is above 4096");
  Layer large;
  large.input = large.output = {1u << 20, 1u << 20, 1u << 20};
  EXPECT_EQ(refusal(target, large), "a tensor is larger than 32-bit addresses reach");
  large.kind = LayerKind::Add;
  EXPECT_EQ(refusal(target, large), "a tensor is larger than 32-bit addresses reach");
}

TEST(TilingTest, WindowInThePaddingIsRefused) {
  Target target(*isa::loadMachine("tiny"));
  Layer l;
  l.window.padTop = 1;
  EXPECT_EQ(refusal(target, l), "a window lies wholly in the padding");
}

} // namespace
} // namespace tessera::compiler::npu::test
