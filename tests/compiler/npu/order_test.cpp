// Tokens: every hazard is ordered, no flag is there for nothing, and the proof notices what is missing.
#include "core/flags.h"
#include "core/order.h"
#include "core/region.h"
#include "random_layer.h"

#include "../../isa/seed.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tessera::compiler::npu::test {
namespace {

Target machine(const char *name) { return Target(*isa::loadMachine(name)); }

// Two layers where the second reads what the first wrote, and the arena is reused.
std::vector<Layer> chain(const Target &target, std::mt19937_64 &random) {
  Layer first = randomCase(target, random() % 2 ? LayerKind::Conv : LayerKind::Depthwise, 30, random).layer;
  Layer second;
  second.kind = LayerKind::Conv;
  second.input = first.output;
  second.output = {first.output.height, first.output.width, 2 * target.blockOut()};
  uint32_t bytes =
      uint32_t(target.activationBytes(first.output.height, first.output.width, first.output.channels));
  uint32_t input =
      uint32_t(target.activationBytes(first.input.height, first.input.width, first.input.channels));
  first.inputPlace = {kArena, bytes};
  first.outputPlace = {kArena, 0};
  second.inputPlace = {kArena, 0};
  second.outputPlace = {kArena, random() % 2 ? bytes : bytes + input};
  return {first, second};
}

// What GEMM and ALU touch, from first to last element: a conflict with a store, a load of each memory, and none one element further.
TEST(OrderTest, BaseInstructionsTouchTheirWholeRanges) {
  Target target(*isa::loadMachine("tiny"));
  Kernel kernel{{{4, 2, 3, 5}}, 0}; // dst 0..6, src 0..9, wgt 0..15
  Command gemm;
  gemm.kind = Command::Kind::Gemm;
  gemm.kernel = kernel;
  gemm.dstBase = 100, gemm.srcBase = 200, gemm.wgtBase = 300;
  Command alu = gemm;
  alu.kind = Command::Kind::Alu;
  Command reset = gemm;
  reset.reset = true;
  Command immediate = alu;
  immediate.useImmediate = true;
  auto collides = [&](const Command &c, Command::Kind kind, MemoryType memory, uint32_t at) {
    Command other;
    other.kind = kind;
    other.memory = memory;
    other.sramBase = at;
    other.columns = other.stride = 1;
    return conflict(accessesOf(target, c), accessesOf(target, other));
  };
  using enum Command::Kind;
  for (const Command &c : {gemm, alu, reset, immediate}) {
    for (uint32_t at : {99u, 100u, 106u, 107u}) {
      EXPECT_EQ(collides(c, Store, MemoryType::Out, at), at == 100 || at == 106) << describe(c) << " " << at;
      EXPECT_EQ(collides(c, Load, MemoryType::Acc, at), at == 100 || at == 106) << describe(c) << " " << at;
    }
    bool reads = c.kind == Alu && !c.useImmediate;
    EXPECT_EQ(collides(c, Load, MemoryType::Acc, 209), reads) << describe(c);
    EXPECT_FALSE(collides(c, Load, MemoryType::Acc, 210)) << describe(c);
    bool multiplies = c.kind == Gemm && !c.reset;
    EXPECT_EQ(collides(c, Load, MemoryType::Inp, 209), multiplies) << describe(c);
    EXPECT_EQ(collides(c, Load, MemoryType::Wgt, 315), multiplies) << describe(c);
    EXPECT_FALSE(collides(c, Load, MemoryType::Inp, 210)) << describe(c);
    EXPECT_FALSE(collides(c, Load, MemoryType::Wgt, 316)) << describe(c);
  }
}

TEST(OrderTest, SchedulesOfRandomChainsAreProved) {
  std::mt19937_64 random(tessera::test::seed());
  for (const char *name : {"tiny", "pynq", "ultra96"}) {
    Target target = machine(name);
    for (int i = 0; i < 40; ++i) {
      auto commands = scheduleRegion(target, chain(target, random));
      ASSERT_TRUE(commands) << commands.error().message;
    }
  }
}

// Each flag pair is needed: without it the proof fails.
TEST(OrderTest, NoTokenIsSuperfluous) {
  std::mt19937_64 random(tessera::test::seed());
  Target target = machine("tiny");
  int removed = 0;
  for (int i = 0; i < 6; ++i) {
    auto commands = scheduleRegion(target, chain(target, random));
    ASSERT_TRUE(commands) << commands.error().message;
    for (auto [push, pop, from, to] :
         {std::tuple{flags::kPushNext, flags::kPopPrev, Module::Load, Module::Compute},
          std::tuple{flags::kPushPrev, flags::kPopNext, Module::Compute, Module::Load},
          std::tuple{flags::kPushNext, flags::kPopPrev, Module::Compute, Module::Store},
          std::tuple{flags::kPushPrev, flags::kPopNext, Module::Store, Module::Compute}}) {
      std::vector<size_t> pushes, pops;
      for (size_t c = 0; c < commands->size(); ++c) {
        if ((*commands)[c].module() == from && ((*commands)[c].dependencies & push))
          pushes.push_back(c);
        if ((*commands)[c].module() == to && ((*commands)[c].dependencies & pop))
          pops.push_back(c);
      }
      ASSERT_EQ(pushes.size(), pops.size());
      for (size_t t = 0; t < pushes.size(); ++t) {
        std::vector<Command> less = *commands;
        less[pushes[t]].dependencies &= ~push;
        less[pops[t]].dependencies &= ~pop;
        EXPECT_FALSE(checkOrder(target, less))
            << "token " << t << " of command " << pushes[t] << " is not needed";
        ++removed;
      }
    }
  }
  EXPECT_GT(removed, 50);
}

TEST(OrderTest, UnusedAndMissingTokensAreNamed) {
  Target target = machine("tiny");
  Command push, pop;
  push.dependencies = flags::kPushNext;
  pop.dependencies = flags::kPopPrev;
  auto unused = checkOrder(target, {push});
  ASSERT_FALSE(unused);
  EXPECT_EQ(unused.error().message, "sync (command 0) gives a token that nobody takes");
  auto missing = checkOrder(target, {pop});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "sync (command 0) waits for a token that no earlier command gives");
}

TEST(OrderTest, LoadOfWhatAStoreWroteWaitsThroughCompute) {
  Target target = machine("tiny");
  Command store, load;
  store.kind = Command::Kind::Store;
  store.memory = MemoryType::Out;
  store.place = {kArena, 0};
  store.columns = store.stride = 4;
  load.kind = Command::Kind::Load;
  load.place = {kArena, 8};
  load.columns = load.stride = 1;
  std::vector<Command> commands = placeTokens(target, {store, load});
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].dependencies, flags::kPushPrev);
  EXPECT_EQ(commands[1].kind, Command::Kind::Sync);
  EXPECT_EQ(commands[1].dependencies, flags::kPopNext | flags::kPushPrev);
  EXPECT_EQ(commands[2].dependencies, flags::kPopNext);
  EXPECT_TRUE(checkOrder(target, commands));
  EXPECT_FALSE(checkOrder(target, {store, load}));
}

TEST(OrderTest, HoistedLoadsStayBehindWhatTheyOverwrite) {
  Target target = machine("tiny");
  Command load, reduce, mark;
  load.kind = Command::Kind::Load;
  load.columns = load.stride = 8;
  reduce.kind = Command::Kind::Reduce;
  mark.kind = Command::Kind::Mark;
  Command other = load;
  other.sramBase = 100;
  // The load into 100 may pass the reduce that reads element 0, the load into 0 may not.
  std::vector<Command> moved = hoistLoads(target, {load, reduce, mark, other});
  EXPECT_EQ(moved[1], other);
  std::vector<Command> kept = hoistLoads(target, {load, reduce, mark, load});
  EXPECT_EQ(kept[2], load);
}

TEST(OrderTest, OverlapOnlyWhereTheOtherUnitIsNotInvolved) {
  Target target = machine("tiny");
  Command reduce, vec, other;
  reduce.kind = Command::Kind::Reduce;
  reduce.destination = isa::Destination::Acc;
  vec.kind = other.kind = Command::Kind::Vec;
  vec.dstBase = other.dstBase = 50;
  other.srcBase = other.wgtBase = 20;
  std::vector<Command> commands = placeTokens(target, {reduce, other, vec, reduce});
  EXPECT_TRUE(commands[0].overlap);
  EXPECT_TRUE(commands[1].overlap);  // reads ACC 20
  EXPECT_FALSE(commands[2].overlap); // reads ACC 0, which the reduce wrote
  EXPECT_FALSE(commands[3].overlap); // writes ACC 0, which the vec reads
}

TEST(OrderTest, WhatAReduceWritesToInpIsNotReadEarly) {
  Target target = machine("tiny");
  Command writer, reader, other;
  writer.kind = reader.kind = other.kind = Command::Kind::Reduce;
  writer.destination = isa::Destination::Inp;
  writer.dstBase = reader.srcBase = 40;
  other.srcBase = 41;
  writer.par = reader.par = other.par = 0;
  reader.dstBase = 1, other.dstBase = 2;
  std::vector<Command> commands = placeTokens(target, {writer, other, reader});
  EXPECT_TRUE(commands[1].overlap);
  EXPECT_FALSE(commands[2].overlap);
}

TEST(OrderTest, WeightsFillTheTimeInWhichALoadWaits) {
  Target target = machine("tiny");
  Command reduce, store, wait, weights;
  reduce.kind = Command::Kind::Reduce;
  reduce.kernel.loops = {{1000, 1, 0, 0}};
  store.kind = Command::Kind::Store;
  store.memory = MemoryType::Out;
  store.place = {kArena, 0};
  store.columns = store.stride = 4;
  wait.kind = weights.kind = Command::Kind::Load;
  wait.place = {kArena, 0};
  wait.columns = wait.stride = weights.columns = weights.stride = 4;
  weights.memory = MemoryType::Wgt;
  weights.place = {kConstants, 0};
  weights.sramBase = 10;
  std::vector<Command> moved = prefetchConstants(target, {reduce, store, wait, weights});
  EXPECT_EQ(moved.back(), wait);
  EXPECT_EQ(std::count(moved.begin(), moved.end(), weights), 1);
  // The reduce reads WGT 0: weights that go there may not pass it, and have then no time to fill.
  weights.sramBase = 0;
  std::vector<Command> kept = prefetchConstants(target, {wait, reduce, weights});
  EXPECT_EQ(kept.back(), weights);
}

TEST(ArenaTest, DenseIsWhatTheBlockedLayoutBeginsWith) {
  for (const char *name : {"tiny", "pynq", "batch2", "ultra96"}) {
    const Target target(*isa::loadMachine(name));
    const uint32_t block = target.blockOut(), batch = target.batch();
    for (uint32_t height : {1u, 2u})
      for (uint32_t width : {1u, 3u})
        for (uint32_t channels : {1u, block - 1, block, block + 1, 2 * block, batch * block}) {
          bool isDense = true; // byte for byte, as docs/architecture.md has the layout
          for (uint32_t p = 0; p < height * width; ++p)
            for (uint32_t c = 0; c < channels; ++c)
              isDense &= (c / block * height * width + p) * batch * block + c % block == p * channels + c;
          EXPECT_EQ(target.isDense(height, width, channels), isDense)
              << name << " " << height << "x" << width << "x" << channels;
        }
  }
}

TEST(ArenaTest, LiveTensorsNeverOverlap) {
  std::mt19937_64 random(tessera::test::seed());
  for (int round = 0; round < 50; ++round) {
    std::vector<TensorLife> lives;
    for (int t = 0; t < 30; ++t) {
      int first = int(random() % 20) - 1;
      lives.push_back({1 + random() % 5000, first, first + int(random() % 6)});
    }
    uint64_t size = 0;
    std::vector<uint64_t> offsets = planArena(lives, 192, &size);
    for (size_t a = 0; a < lives.size(); ++a) {
      EXPECT_EQ(offsets[a] % 192, 0u);
      EXPECT_LE(offsets[a] + lives[a].bytes, size);
      for (size_t b = 0; b < a; ++b)
        if (lives[a].first <= lives[b].last && lives[b].first <= lives[a].last)
          EXPECT_TRUE(offsets[a] + lives[a].bytes <= offsets[b] || offsets[b] + lives[b].bytes <= offsets[a]);
    }
  }
}

} // namespace
} // namespace tessera::compiler::npu::test
