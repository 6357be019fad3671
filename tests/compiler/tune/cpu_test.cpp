// Tiles of the CPU's code from a log: whatever tile is chosen computes the same bytes, and what is no tile is refused.
#include "cpu/object_code.h"
#include "driver-of-passes/pipeline.h"
#include "tessera/compiler/ahead_of_time.h"
#include "tessera/compiler/session.h"
#include "tune/choices.h"
#include "tune/cpu_task.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

namespace tessera::compiler {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> readAll(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> kernelsOf(const std::vector<uint8_t> &model) {
  std::vector<std::string> kernels;
  CompileOptions options;
  options.cpuOnly = true;
  auto compiled =
      compileWith(model, options, {}, {}, [&](const std::string &kernel) { kernels.push_back(kernel); });
  EXPECT_TRUE(compiled) << compiled.error().message;
  return kernels;
}

std::vector<std::vector<uint8_t>> run(const std::vector<uint8_t> &model, const std::string &tuned,
                                      std::vector<std::string> *warnings = nullptr) {
  SessionOptions options;
  options.device = "cpu";
  options.tuned = tuned;
  options.warn = [&](const std::string &warning) {
    if (warnings)
      warnings->push_back(warning);
    else
      ADD_FAILURE() << warning;
  };
  auto session = Session::open(model, options);
  EXPECT_TRUE(session) << session.error().message;
  std::mt19937 random(1);
  std::vector<std::vector<uint8_t>> inputs;
  for (const TensorInfo &input : (*session)->inputs()) {
    inputs.emplace_back(input.bytes);
    if (input.type == "float32")
      for (size_t i = 0; i < input.bytes; i += 4) {
        const float value = float(random() % 1000) / 500 - 1;
        std::memcpy(&inputs.back()[i], &value, 4);
      }
    else
      for (uint8_t &byte : inputs.back())
        byte = uint8_t(random());
  }
  std::vector<std::span<const uint8_t>> views(inputs.begin(), inputs.end());
  auto outputs = (*session)->run(views);
  EXPECT_TRUE(outputs) << outputs.error().message;
  return *outputs;
}

class CpuTunedTest : public testing::Test {
protected:
  void SetUp() override {
    path_ = fs::path(testing::TempDir()) / ("cpu-tuned-" + std::to_string(getpid()) + ".db");
  }
  void TearDown() override { fs::remove(path_); }

  void check(const fs::path &file, int rounds) {
    const std::vector<uint8_t> model = readAll(file);
    ASSERT_FALSE(model.empty()) << file;
    auto target = cpu::describe({});
    ASSERT_TRUE(target);
    const auto expected = run(model, "");
    std::mt19937_64 random(tessera::test::seed());
    for (int round = 0; round < rounds; ++round) {
      auto log = TuningLog::open(path_, TuningLog::Mode::Write);
      ASSERT_TRUE(log) << log.error().message;
      std::string all;
      for (const std::string &kernel : kernelsOf(model)) {
        auto nest = CpuKernel::look(kernel);
        ASSERT_TRUE(nest) << nest.error().message;
        if (!*nest)
          continue;
        std::vector<std::string> tiles;
        cpu::eachTile((*nest)->nest, *target, cpu::Orders::Both,
                      [&](const cpu::Tile &tile, double) { tiles.push_back(cpu::tileText(tile)); });
        const std::string choice = tiles[random() % tiles.size()];
        all += (*nest)->key + " " + choice + "; ";
        ASSERT_TRUE((*log)->choose(cpuPlace("", "", ""), (*nest)->key, TunedChoice{choice, 1, 2}));
      }
      ASSERT_FALSE(all.empty());
      EXPECT_EQ(run(model, path_), expected) << all;
    }
  }

  fs::path path_;
};

TEST_F(CpuTunedTest, EveryTileGivesTheSameBytes) {
  check(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite", 2);
}

TEST_F(CpuTunedTest, RealNetworksGiveTheSameBytes) {
  const char *models = std::getenv("TESSERA_MODELS");
  const fs::path folder = fs::path(models ? models : "") / "tflite/mlperf-tiny";
  if (!fs::exists(folder / "kws_ref_model_float32.tflite"))
    GTEST_SKIP() << "no models in TESSERA_MODELS";
  check(folder / "kws_ref_model_float32.tflite", 1);
  check(folder / "pretrainedResnet_quant.tflite", 1);
}

TEST_F(CpuTunedTest, WhatIsNoTileIsRefused) {
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  auto log = TuningLog::open(path_, TuningLog::Mode::Write);
  ASSERT_TRUE(log);
  size_t nests = 0;
  const char *texts[] = {"", "v0:1", "v9:1x1x1", "v0:1000000x1x1x1", "nonsense"};
  for (const std::string &kernel : kernelsOf(model))
    if (auto nest = CpuKernel::look(kernel); nest && *nest)
      ASSERT_TRUE((*log)->choose(cpuPlace("", "", ""), (*nest)->key, TunedChoice{texts[nests++ % 5], 1, 2}));
  ASSERT_GT(nests, 0u);
  std::vector<std::string> warnings;
  EXPECT_EQ(run(model, path_, &warnings), run(model, ""));
  ASSERT_GE(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("refused, the usual one is taken"), std::string::npos) << warnings[0];
}

TEST_F(CpuTunedTest, ANestByItselfIsTheSameUnderAllItsTiles) {
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  auto target = cpu::describe({});
  ASSERT_TRUE(target);
  std::mt19937_64 random(tessera::test::seed());
  size_t compared = 0;
  for (const std::string &kernel : kernelsOf(model)) {
    auto nest = CpuKernel::look(kernel);
    ASSERT_TRUE(nest);
    if (!*nest || compared >= 3)
      continue;
    CpuTask task(kernel, **nest, *target);
    auto usual = CpuKernel::make(kernel, task.usual());
    ASSERT_TRUE(usual) << usual.error().message;
    (*usual)->run();
    if (task.tiles() < 2)
      continue;
    auto other = task.propose(task.usual(), nullptr, random);
    for (int tries = 0; other == task.usual() && tries < 10'000; ++tries)
      other = task.propose(task.usual(), nullptr, random);
    ASSERT_TRUE(other);
    ASSERT_NE(*other, task.usual());
    ASSERT_TRUE(task.describe(*other));
    auto made = CpuKernel::make(kernel, *other);
    ASSERT_TRUE(made) << *other << ": " << made.error().message;
    (*made)->run();
    EXPECT_EQ((*made)->bytes(), (*usual)->bytes()) << task.key() << " " << *other;
    EXPECT_FALSE(CpuKernel::make(kernel, "v0:3"));
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

TEST_F(CpuTunedTest, KeysTellNestsApart) {
  cpu::LoopNest nest;
  nest.loops = {{64, false, 0}, {32, true, 1}};
  nest.inputs = {{{1, 64}, true, 4}};
  nest.output = {{1, 0}, false, 4};
  const std::string key = cpu::nestKey(nest, false);
  EXPECT_NE(cpu::nestKey(nest, true), key);
  cpu::LoopNest other = nest;
  other.inputs[0].strides = {32, 1};
  EXPECT_NE(cpu::nestKey(other, false), key);
  other = nest;
  other.inputs[0].isConstant = false;
  EXPECT_NE(cpu::nestKey(other, false), key);
  other = nest;
  other.loops[1].extent = 31;
  EXPECT_NE(cpu::nestKey(other, false), key);
  other = nest;
  other.startsFromMemory = true;
  EXPECT_NE(cpu::nestKey(other, false), key);
}

// The loops outside a tile stand in two orders where some are over constants alone and others over the picture alone.
TEST_F(CpuTunedTest, LoopsOutsideStandInTwoOrders) {
  auto target = cpu::describe({});
  ASSERT_TRUE(target);
  const int64_t lanes = target->vectorBytes / 4;
  cpu::LoopNest nest; // a product of matrices: rows, columns, steps
  nest.loops = {{100, false, 0}, {2 * lanes, false, 1}, {50, true, 2}};
  nest.inputs = {{{50, 0, 1}, false, 4}, {{0, 1, 2 * lanes}, true, 4}};
  nest.output = {{2 * lanes, 1, 0}, false, 4};
  std::map<std::string, cpu::Tile> all;
  cpu::eachTile(nest, *target, cpu::Orders::Both,
                [&](const cpu::Tile &tile, double) { all[cpu::tileText(tile)] = tile; });
  size_t others = 0, usual = 0;
  for (const auto &[text, tile] : all) {
    const bool isWhole = tile.sizes[0] >= 100 || tile.sizes[1] >= 2 * lanes;
    EXPECT_EQ(text.back() == 'o', tile.otherOrder) << text;
    if (!tile.otherOrder)
      EXPECT_EQ(all.contains(text + "o"), !isWhole) << text;
    const auto read = cpu::readTile(nest, *target, text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->otherOrder, tile.otherOrder) << text;
    ++(tile.otherOrder ? others : usual);
  }
  EXPECT_GT(others, 0u);
  EXPECT_GT(usual, others);
  EXPECT_FALSE(cpu::chooseTile(nest, *target)->otherOrder);
  size_t told = 0;
  cpu::eachTile(nest, *target, cpu::Orders::Usual, [&](const cpu::Tile &tile, double) {
    EXPECT_FALSE(tile.otherOrder);
    ++told;
  });
  EXPECT_EQ(told, usual);
  nest.inputs[1].isConstant = false; // no constant, one order
  cpu::eachTile(nest, *target, cpu::Orders::Both,
                [&](const cpu::Tile &tile, double) { EXPECT_FALSE(tile.otherOrder); });
}

// And the code is in that order: it is other code.
TEST_F(CpuTunedTest, TheOtherOrderIsOtherCode) {
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  auto target = cpu::describe({});
  ASSERT_TRUE(target);
  CompileOptions options;
  options.cpuOnly = true;
  size_t compared = 0;
  for (const std::string &kernel : kernelsOf(model)) {
    auto nest = CpuKernel::look(kernel);
    if (!nest || !*nest || compared == 2)
      continue;
    std::string other;
    cpu::eachTile((*nest)->nest, *target, cpu::Orders::Both, [&](const cpu::Tile &tile, double) {
      if (tile.otherOrder && other.empty())
        other = cpu::tileText(tile);
    });
    if (other.empty())
      continue;
    std::vector<uint8_t> objects[2];
    for (int turned : {0, 1}) {
      cpu::TileChoices tiles;
      tiles.choice = [&](const std::string &key) -> std::optional<std::string> {
        return key == (*nest)->key ? std::optional(turned ? other : other.substr(0, other.size() - 1))
                                   : std::nullopt;
      };
      auto compiled = compileWith(model, options, {}, tiles);
      ASSERT_TRUE(compiled) << compiled.error().message;
      objects[turned] = *compiled->image.find(isa::ProgramImage::kHostObject);
    }
    EXPECT_NE(objects[0], objects[1]) << (*nest)->key << " " << other;
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

// The usual tile of a task is the one that a compilation takes.
TEST_F(CpuTunedTest, LibrariesForThisProcessorTakeThem) {
  const std::vector<uint8_t> model = readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite");
  auto target = cpu::describe({});
  ASSERT_TRUE(target);
  {
    auto log = TuningLog::open(path_, TuningLog::Mode::Write);
    ASSERT_TRUE(log) << log.error().message;
    for (const std::string &kernel : kernelsOf(model))
      if (auto nest = CpuKernel::look(kernel); nest && *nest) {
        std::vector<std::string> tiles;
        cpu::eachTile((*nest)->nest, *target, cpu::Orders::Both,
                      [&](const cpu::Tile &tile, double) { tiles.push_back(cpu::tileText(tile)); });
        ASSERT_TRUE((*log)->choose(cpuPlace("", "", ""), (*nest)->key, TunedChoice{tiles.back(), 1, 2}));
      }
  }
  std::vector<std::string> warnings;
  const auto codeFor = [&](const std::string &cpu, const std::string &tuned) {
    LibraryOptions options;
#if defined __x86_64__
    options.target = "x86_64-linux-gnu";
#else
    options.target = "aarch64-linux-gnu";
#endif
    options.cpu = cpu;
    options.tuned = tuned;
    options.warn = [&](const std::string &warning) { warnings.push_back(warning); };
    auto files = makeLibrary(model, options);
    EXPECT_TRUE(files) << files.error().message;
    return files->back().data;
  };
  EXPECT_NE(codeFor("native", path_), codeFor("native", ""));
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(codeFor("", path_), codeFor("", ""));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("has no choice for this network on processor "), std::string::npos)
      << warnings[0];
}

TEST_F(CpuTunedTest, TheUsualTileIsTheCompilers) {
  auto target = cpu::describe({});
  ASSERT_TRUE(target);
  for (const std::string &kernel :
       kernelsOf(readAll(fs::path(TESSERA_SOURCE_DIR) / "examples/shapes/shapes.tflite")))
    if (auto nest = CpuKernel::look(kernel); nest && *nest)
      EXPECT_EQ(CpuTask(kernel, **nest, *target).usual(),
                cpu::tileText(*cpu::chooseTile((*nest)->nest, *target)));
}

} // namespace
} // namespace tessera::compiler
