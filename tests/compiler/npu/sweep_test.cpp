// Random layers, compiled by core/ and run on the functional device, against plain loops: every byte, on every machine.
#include "core/region.h"
#include "run_layers.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

namespace tessera::compiler::npu::test {
namespace {

class SweepTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    // A name, or a file of tests/cosim/machines.
    std::string name = GetParam();
    if (name.starts_with("vta"))
      name = std::string(TESSERA_COSIM_MACHINES) + "/" + name + ".json";
    auto machine = isa::loadMachine(name);
    ASSERT_TRUE(machine) << machine.error().message;
    target_ = std::make_unique<Target>(*machine);
    tsr_device_options options{};
    options.machine = name.c_str();
    options.dramBytes = 64 << 20;
    ASSERT_EQ(tsr_device_open("functional", &options, &device_), TSR_OK) << tsr_open_message();
  }
  void TearDown() override { tsr_device_close(device_); }

  LayerCase make(const Layer &layer, std::mt19937_64 &random) const {
    return target_->isVta() ? vtaCaseOf(*target_, layer, random) : caseOf(*target_, layer, random);
  }

  void check(const LayerCase &c) { compare(runLayer(device_, *target_, c), c); }

  // `c` has the input that the layer saw.
  void compare(const isa::Expected<LayerRun> &run, const LayerCase &c) {
    ASSERT_TRUE(run) << describe(c) << ": " << run.error().message;
    std::vector<int8_t> expected = reference(c);
    size_t wrong = 0, first = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      if (expected[i] != run->output[i] && wrong++ == 0)
        first = i;
    ASSERT_EQ(wrong, 0u) << describe(c) << ": of " << expected.size() << " bytes, first at " << first << ": "
                         << int(run->output[first]) << " instead of " << int(expected[first]);
  }

  void sweep(LayerKind kind, int count, uint32_t size) {
    std::mt19937_64 random(tessera::test::seed() + uint64_t(kind) * 1000);
    for (int i = 0; i < count; ++i) {
      SCOPED_TRACE("case " + std::to_string(i));
      check(randomCase(*target_, kind, size, random));
      if (HasFatalFailure())
        return;
    }
  }

  std::unique_ptr<Target> target_;
  tsr_device *device_ = nullptr;
};

TEST_P(SweepTest, Convolutions) { sweep(LayerKind::Conv, 60, 20); }
TEST_P(SweepTest, DepthwiseConvolutions) { sweep(LayerKind::Depthwise, 60, 24); }
TEST_P(SweepTest, AveragePools) { sweep(LayerKind::AveragePool, 40, 20); }
TEST_P(SweepTest, MaxPools) { sweep(LayerKind::MaxPool, 40, 20); }
TEST_P(SweepTest, Additions) { sweep(LayerKind::Add, 40, 30); }

// Two layers side by side in shares of the memories, of all kinds that may follow one another; at level vta layers run one by one.
class PairsTest : public SweepTest {};

TEST_P(PairsTest, Interleaved) {
  std::mt19937_64 random(tessera::test::seed());
  const LayerKind kinds[] = {LayerKind::Conv, LayerKind::Depthwise, LayerKind::AveragePool,
                             LayerKind::MaxPool, LayerKind::Add};
  int found = 0;
  for (int i = 0; i < 60; ++i) {
    LayerCase first = randomCase(*target_, kinds[random() % 5], 24, random);
    Layer layer;
    layer.kind = kinds[random() % 5];
    layer.input = layer.output = first.layer.output;
    if (layer.kind == LayerKind::Conv)
      layer.output.channels = 1 + uint32_t(random() % (3 * target_->blockOut()));
    if (layer.kind != LayerKind::Add && random() % 2) { // same size
      uint32_t pad = random() % 2 ? 1 : 3;
      layer.window.kernelHeight = layer.window.kernelWidth = 2 * pad + 1;
      layer.window.padTop = layer.window.padBottom = layer.window.padLeft = layer.window.padRight = pad;
    }
    LayerCase second = caseOf(*target_, layer, random);
    SCOPED_TRACE("case " + std::to_string(i) + ": " + describe(first) + " and " + describe(second));
    auto run = runPair(device_, *target_, first, second, random() % 2);
    if (!run)
      continue;
    ++found;
    second.input = reference(first);
    compare(*run, second);
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(found, 30);
}

// Strides, padding on each side by itself, bands of rows and whole pictures, channels that fill no block.
TEST_P(PairsTest, Chained) {
  std::mt19937_64 random(tessera::test::seed());
  auto upTo = [&](uint32_t most) { return uint32_t(random() % (most + 1)); };
  int found = 0, bands = 0, longer = 0;
  for (int i = 0; i < 80; ++i) {
    std::vector<LayerCase> cases{
        randomCase(*target_, upTo(1) ? LayerKind::Conv : LayerKind::Depthwise, 14, random)};
    const uint32_t length = 2 + upTo(2);
    while (cases.size() < length) {
      Layer layer;
      layer.kind = upTo(1) ? LayerKind::Conv : LayerKind::Depthwise;
      layer.input = cases.back().layer.output;
      Window &w = layer.window;
      auto axis = [&](uint32_t size, uint32_t &kernel, uint32_t &stride, uint32_t &before, uint32_t &after) {
        kernel = std::min(1 + 2 * upTo(2), size), stride = 1 + upTo(1);
        before = upTo(kernel / 2), after = upTo(kernel / 2);
        return (size + before + after - kernel) / stride + 1;
      };
      uint32_t height = axis(layer.input.height, w.kernelHeight, w.strideHeight, w.padTop, w.padBottom);
      uint32_t width = axis(layer.input.width, w.kernelWidth, w.strideWidth, w.padLeft, w.padRight);
      uint32_t channels =
          layer.kind == LayerKind::Conv ? 1 + upTo(4 * target_->blockOut()) : layer.input.channels;
      layer.output = {height, width, channels};
      cases.push_back(caseOf(*target_, layer, random));
    }
    const uint32_t height = cases.back().layer.output.height, rows = upTo(1) ? height : 1 + upTo(height - 1);
    std::string trace = "case " + std::to_string(i) + ", rows " + std::to_string(rows) + ":";
    for (const LayerCase &c : cases)
      trace += " " + describe(c) + ";";
    SCOPED_TRACE(trace);
    auto run = runChain(device_, *target_, cases, rows);
    if (!run)
      continue;
    ++found, bands += rows < height, longer += length > 2;
    for (size_t k = 1; k < cases.size(); ++k)
      cases[k].input = reference(cases[k - 1]);
    compare(*run, cases.back());
    if (HasFatalFailure())
      return;
  }
  EXPECT_GT(found, 30);
  EXPECT_GT(bands, 5);
  EXPECT_GT(longer, 10);
}

// Larger than the on-chip memories in each direction.
TEST_P(SweepTest, LargePicture) { sweep(LayerKind::Conv, 4, 90); }

Layer convolution(Shape input, uint32_t outputs, uint32_t kernel) {
  Layer l;
  l.input = input;
  l.window.kernelHeight = l.window.kernelWidth = kernel;
  l.output = {input.height - kernel + 1, input.width - kernel + 1, outputs};
  return l;
}

TEST_P(SweepTest, WideDenseLayer) {
  std::mt19937_64 random(tessera::test::seed());
  check(make(convolution({1, 1, 640}, 640, 1), random));
}

TEST_P(SweepTest, ReductionLongerThanTheWeightMemoryIsSplit) {
  std::mt19937_64 random(tessera::test::seed());
  Layer l = convolution({6, 6, 128 * target_->blockIn()}, target_->blockOut() + 3, 3);
  check(make(l, random));
}

TEST_P(SweepTest, DenseOverPicture) {
  std::mt19937_64 random(tessera::test::seed());
  check(make(convolution({7, 7, 33}, 20, 7), random));
}

// Neighbours whose windows have equally many taps in the picture, but not the same.
TEST_P(SweepTest, MaximumOverAPictureSmallerThanItsWindow) {
  std::mt19937_64 random(tessera::test::seed());
  Layer l;
  l.kind = LayerKind::MaxPool;
  l.input = l.output = {2, 2, target_->blockOut() + 1};
  l.window.kernelHeight = l.window.kernelWidth = 3;
  l.window.padTop = l.window.padBottom = l.window.padLeft = l.window.padRight = 1;
  check(make(l, random));
}

INSTANTIATE_TEST_SUITE_P(Machines, SweepTest,
                         testing::Values("tiny", "pynq", "batch2", "ultra96", "zcu104", "vta", "vta_wide"),
                         [](const auto &info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Machines, PairsTest, testing::Values("tiny", "pynq", "batch2", "ultra96", "zcu104"),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace tessera::compiler::npu::test
