// Matching loop nests with the table of tensor instructions.
#include "core/computation.h"
#include "core/tensor_instructions.h"

#include <gtest/gtest.h>

namespace tessera::compiler::npu::test {
namespace {

Target machine(const char *name) { return Target(*isa::loadMachine(name)); }

Layer layer(LayerKind kind, uint32_t channels, uint32_t kernel) {
  Layer l;
  l.kind = kind;
  l.input = {16, 16, channels};
  l.output = {14, 14, channels};
  l.window.kernelHeight = l.window.kernelWidth = kernel;
  return l;
}

TensorMatch match(const Target &target, const Layer &l) {
  return matchComputation(
      target, windowComputation(target, l, {4, 14, 14, 16, 96, target.channelBlocks(l.input.channels)}));
}

TEST(TensorInstructionsTest, EachLayerFindsItsInstruction) {
  Target target = machine("pynq");
  EXPECT_STREQ(match(target, layer(LayerKind::Conv, 32, 3)).instruction->name, "MATMUL");
  EXPECT_STREQ(match(target, layer(LayerKind::Depthwise, 32, 3)).instruction->name, "DEPTHWISE");
  EXPECT_STREQ(match(target, layer(LayerKind::AveragePool, 32, 3)).instruction->name, "SUM");
  EXPECT_STREQ(match(target, layer(LayerKind::MaxPool, 32, 3)).instruction->name, "MAX");
  EXPECT_STREQ(matchComputation(target, addComputation(target, 5)).instruction->name, "ADD");
}

TEST(TensorInstructionsTest, ConvolutionLoopsWalkRowsColumnsThenTheReduction) {
  Target target = machine("pynq");
  TensorMatch m = match(target, layer(LayerKind::Conv, 32, 3));
  std::vector<Kernel::Loop> expected{
      {4, 14, 16, 0}, {14, 1, 1, 0}, {3, 0, 1, 2}, {3, 0, 16, 6}, {2, 0, 96, 1}};
  EXPECT_EQ(m.kernel.loops, expected);
  EXPECT_EQ(m.kernel.reduceLoops, 3u);
}

TEST(TensorInstructionsTest, PixelOfTwoInputElementsOnAWideArray) {
  Target target = machine("ultra96");
  TensorMatch m = match(target, layer(LayerKind::Conv, 64, 1));
  std::vector<Kernel::Loop> expected{{4, 14, 32, 0}, {14, 1, 2, 0}, {2, 0, 192, 2}, {2, 0, 1, 1}};
  EXPECT_EQ(m.kernel.loops, expected);
}

TEST(TensorInstructionsTest, TapsCoverKernelColumns) {
  Target target = machine("pynq");
  EXPECT_EQ(match(target, layer(LayerKind::Depthwise, 16, 3)).taps, 3u);
  TensorMatch five = match(target, layer(LayerKind::Depthwise, 16, 5));
  EXPECT_EQ(five.taps, 3u);
  EXPECT_EQ(five.overread, 1u);
  EXPECT_EQ(match(target, layer(LayerKind::AveragePool, 16, 5)).taps,
            1u); // a sum may not read past the window
  EXPECT_EQ(match(target, layer(LayerKind::MaxPool, 16, 8)).taps, 4u);
}

TEST(TensorInstructionsTest, MachineWithoutTheFeatureIsNamed) {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.features &= ~(1u << uint32_t(isa::Feature::Depthwise));
  Target target(config);
  std::string why;
  Layer l = layer(LayerKind::Depthwise, 16, 3);
  TensorMatch m = matchComputation(target, windowComputation(target, l, {1, 1, 1, 16, 96, 1}), &why);
  EXPECT_EQ(m.instruction, nullptr);
  EXPECT_NE(why.find("DEPTHWISE: the machine lacks its feature"), std::string::npos) << why;
  EXPECT_NE(why.find("MATMUL: no dimension for lane 0"), std::string::npos) << why;
}

} // namespace
} // namespace tessera::compiler::npu::test
