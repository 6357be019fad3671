// The top: errors with code and index, deadlock, watchdog, what the next launch does, interrupt, registers, and how many
// cycles loads, stores and synchronisation take.
#include "core_harness.h"

#include <algorithm>
#include <cstdio>
#include <random>

using namespace tessera;
using namespace tessera::test;
using isa::ErrorCode;
using isa::MemoryType;
namespace reg = isa::reg;

namespace {

isa::Load load(MemoryType type, uint32_t ySize, uint32_t xSize, isa::Dependencies dependencies = {}) {
  isa::Load insn;
  insn.dependencies = dependencies;
  insn.memoryType = type;
  insn.ySize = ySize;
  insn.xSize = insn.xStride = xSize;
  return insn;
}

isa::Store store(uint32_t ySize, uint32_t xSize, uint32_t xStride, isa::Dependencies dependencies = {}) {
  isa::Store insn;
  insn.dependencies = dependencies;
  insn.memoryType = MemoryType::Out;
  insn.dramBase = 0x8000;
  insn.ySize = ySize;
  insn.xSize = xSize;
  insn.xStride = xStride;
  return insn;
}

const isa::Dependencies kPopPrev = {true, false, false, false}, kPopNext = {false, true, false, false},
                        kPushPrev = {false, false, true, false}, kPushNext = {false, false, false, true};

class CoreTest : public testing::Test {
protected:
  CoreTest() : core(TSR_DMA_PYNQ, "pynq", "bench") {}

  void expectError(const std::vector<isa::Instruction> &program, ErrorCode code, uint32_t index,
                   uint32_t count = ~0u) {
    core.program(program, count);
    Ending ending = core.launch();
    EXPECT_EQ(ending.result, uint32_t{kTsrCycleDone});
    EXPECT_EQ(ending.control, 6u); // done, error
    EXPECT_EQ(ending.code, static_cast<uint32_t>(code));
    EXPECT_EQ(ending.index, index);
    expectWorks();
  }
  /// A good program runs, after whatever was before.
  void expectWorks() {
    core.program({load(MemoryType::Uop, 1, 40), load(MemoryType::Inp, 1, 8, kPushNext),
                  load(MemoryType::Uop, 0, 0, kPopPrev), isa::Load{kPushNext, MemoryType::Uop},
                  store(1, 16, 16, {true, false, true, false}), isa::Load{kPopNext, MemoryType::Uop},
                  isa::Finish{}});
    Ending ending = core.launch();
    EXPECT_EQ(ending.result, uint32_t{kTsrCycleDone});
    EXPECT_EQ(ending.control, 2u) << "code " << ending.code << " index " << ending.index;
    EXPECT_EQ(ending.code, 0u);
  }
  CoreHarness core;
};

TEST_F(CoreTest, BoundsOfLoads) {
  auto bad = load(MemoryType::Inp, 1, 9);
  bad.sramBase = 2040;
  expectError({load(MemoryType::Inp, 1, 1), bad, isa::Finish{}}, ErrorCode::SramBounds, 1);
  auto padded = load(MemoryType::Wgt, 31, 31);
  padded.yPad1 = 1;
  padded.xPad0 = 2; // 32 x 33 = 1056 > 1024
  expectError({padded, isa::Finish{}}, ErrorCode::SramBounds, 0);
  auto uop = load(MemoryType::Uop, 1, 2);
  uop.sramBase = 8191;
  expectError({load(MemoryType::Uop, 1, 1), load(MemoryType::Uop, 1, 1), uop, isa::Finish{}},
              ErrorCode::SramBounds, 2);
  auto exact = load(MemoryType::Inp, 1, 8);
  exact.sramBase = 2040;
  core.program({exact, isa::Finish{}});
  EXPECT_EQ(core.launch().control, 2u);
}

TEST_F(CoreTest, BoundsOfStores) {
  auto bad = store(2, 1000, 1000);
  bad.sramBase = 49;
  expectError({store(1, 1, 1), bad, isa::Finish{}}, ErrorCode::SramBounds, 1);
}

TEST_F(CoreTest, MemoryTypes) {
  expectError({load(MemoryType::Out, 1, 1), isa::Finish{}}, ErrorCode::BadMemoryType, 0);
  expectError({load(static_cast<MemoryType>(7), 0, 0), isa::Finish{}}, ErrorCode::BadMemoryType, 0);
  auto bad = store(1, 1, 1);
  bad.memoryType = MemoryType::Acc;
  expectError({load(MemoryType::Inp, 1, 4), bad, isa::Finish{}}, ErrorCode::BadMemoryType, 1);
}

TEST_F(CoreTest, FaultsOfTheBus) {
  auto past = load(MemoryType::Inp, 1, 4);
  past.dramBase = (16 << 20) / 16 - 2; // the last two elements lie outside
  expectError({past, isa::Finish{}}, ErrorCode::DramFault, 0);
  auto high = load(MemoryType::Inp, 1, 2);
  high.dramBase = 0x0fffffff; // ends past 2^32
  expectError({load(MemoryType::Inp, 1, 4), high, isa::Finish{}}, ErrorCode::DramFault, 1);
  auto higher = load(MemoryType::Wgt, 1, 1);
  higher.dramBase = 0xffffffff;
  expectError({higher, isa::Finish{}}, ErrorCode::DramFault, 0);
  auto rows = load(MemoryType::Inp, 3, 1);
  rows.dramBase = 0x0fff0000;
  rows.xStride = 0xffff; // the third row lies past 2^32
  expectError({rows, isa::Finish{}}, ErrorCode::DramFault, 0);
  auto write = store(1, 8, 8);
  write.dramBase = 0x0ffff000;
  expectError({load(MemoryType::Inp, 1, 4), load(MemoryType::Uop, 1, 4), write, isa::Finish{}},
              ErrorCode::DramFault, 2);
  auto uop = load(MemoryType::Uop, 1, 4);
  uop.dramBase = 0x3ffffffd;
  expectError({uop, isa::Finish{}}, ErrorCode::DramFault, 0);
}

TEST_F(CoreTest, FaultsOfTheFetch) {
  core.program({}, 5, (16 << 20) - 32); // two instructions lie inside: zeros are loads that move nothing
  Ending ending = core.launch();
  EXPECT_EQ(ending.code, static_cast<uint32_t>(ErrorCode::DramFault));
  EXPECT_EQ(ending.index, 2u);
  expectWorks();
  core.write(reg::kInsnAddress, 0xfffffff0);
  core.write(reg::kInsnCount, 4);
  ending = core.launch();
  EXPECT_EQ(ending.code, static_cast<uint32_t>(ErrorCode::DramFault));
  EXPECT_EQ(ending.index, 0u);
  expectWorks();
}

TEST_F(CoreTest, WhatLiesPastFinishDoesNotCount) {
  std::vector<isa::Instruction> program = {load(MemoryType::Inp, 1, 1), isa::Finish{}};
  core.program(program, 1000, (16 << 20) - 32);
  Ending ending = core.launch();
  EXPECT_EQ(ending.control, 2u) << ending.code << " " << ending.index;
  expectWorks();
}

TEST_F(CoreTest, LowestIndexWins) {
  auto slow = load(MemoryType::Inp, 1, 2000);
  auto bad = load(MemoryType::Inp, 1, 1);
  bad.sramBase = 5000;
  auto worse = store(1, 1, 1);
  worse.sramBase = 5000;
  // the store fails at once, the load after a long one
  expectError({slow, bad, worse, isa::Finish{}}, ErrorCode::SramBounds, 1);
  expectError({slow, load(MemoryType::Inp, 1, 1), worse, bad, isa::Finish{}}, ErrorCode::SramBounds, 2);
}

TEST_F(CoreTest, WhatIsBeforeAnErrorRunsToItsEnd) {
  for (uint32_t k = 0; k < 4096; ++k)
    core.dram[0x20000 + k] = static_cast<uint8_t>(k * 7 + 1);
  auto first = load(MemoryType::Inp, 1, 256, kPushNext);
  first.dramBase = 0x2000;
  auto bad = load(MemoryType::Inp, 1, 1);
  bad.sramBase = 5000;
  auto never = store(1, 1, 1, {});
  never.dramBase = 0xa000;
  auto result = store(1, 256, 256, kPopPrev);
  result.dramBase = 0x9000;
  expectError({first, isa::Load{{true, false, false, true}, MemoryType::Uop}, result, bad,
               isa::Load{{true, false, false, true}, MemoryType::Uop}, store(1, 1, 1, kPopPrev),
               isa::Finish{}},
              ErrorCode::SramBounds, 3);
  EXPECT_EQ(std::memcmp(&core.dram[0x90000], &core.dram[0x20000], 4096), 0);
}

TEST_F(CoreTest, DeadlocksAreFound) {
  expectError({load(MemoryType::Inp, 1, 1, kPopNext), isa::Finish{}}, ErrorCode::Deadlock, 0);
  expectError({load(MemoryType::Inp, 1, 1), load(MemoryType::Uop, 1, 1, kPopPrev), isa::Finish{}},
              ErrorCode::Deadlock, 1);
  expectError({load(MemoryType::Inp, 1, 1), store(1, 1, 1, kPopPrev), isa::Finish{}}, ErrorCode::Deadlock, 1);
  expectError({load(MemoryType::Inp, 1, 1, kPopNext)}, ErrorCode::Deadlock, 0); // no FINISH either
  std::vector<isa::Instruction> longer = {load(MemoryType::Inp, 1, 1), load(MemoryType::Inp, 1, 1, kPopNext)};
  for (int k = 0; k < 300; ++k)
    longer.push_back(load(MemoryType::Inp, 1, 1));
  longer.push_back(isa::Finish{});
  expectError(longer, ErrorCode::Deadlock, 1);
}

TEST_F(CoreTest, ProgramsWithoutEnd) {
  expectError({load(MemoryType::Inp, 1, 1)}, ErrorCode::NoFinish, 1);
  expectError({}, ErrorCode::NoFinish, 0);
  expectError({load(MemoryType::Inp, 1, 1), load(MemoryType::Uop, 1, 1), isa::Finish{}}, ErrorCode::NoFinish,
              2, 2);
}

TEST(CoreWatchdogTest, AMuteMemoryEndsTheLaunchAndTheNextOneIsClean) {
  for (uint32_t after : {0u, 120u, 200u, 260u, 400u}) {
    SCOPED_TRACE(after);
    CoreHarness core(TSR_DMA_PYNQ, "pynq", "mute,after=" + std::to_string(after) + ",until=20000");
    core.write(reg::kWatchdogLimit, 1000);
    std::vector<isa::Instruction> program = {load(MemoryType::Uop, 1, 40),
                                             load(MemoryType::Inp, 1, 100, kPushNext),
                                             isa::Load{{true, false, false, true}, MemoryType::Uop},
                                             store(10, 16, 20, {true, false, true, false}),
                                             isa::Load{kPopNext, MemoryType::Uop},
                                             isa::Finish{}};
    core.program(program);
    Ending ending = core.launch(20000);
    EXPECT_EQ(ending.result, uint32_t{kTsrCycleDone});
    EXPECT_EQ(ending.code, static_cast<uint32_t>(ErrorCode::Watchdog));
    EXPECT_LT(ending.cycles, 2000u);
    ending = core.launch(20000); // still mute: again
    EXPECT_EQ(ending.code, static_cast<uint32_t>(ErrorCode::Watchdog));
    core.write(reg::kWatchdogLimit, 0);
    ending = core.launch(100000); // waits until the memory comes back
    EXPECT_EQ(ending.result, uint32_t{kTsrCycleDone});
    EXPECT_EQ(ending.control, 2u) << ending.code << " " << ending.index;
    EXPECT_GT(ending.cycles, 10000u);
  }
}

TEST_F(CoreTest, RegistersReadBackAndKnowByteStrobes) {
  EXPECT_EQ(core.read(reg::kIdentity), 0x54535241u);
  EXPECT_EQ(core.read(reg::kConfigHashLow), static_cast<uint32_t>(core.machine().hash()));
  EXPECT_EQ(core.read(reg::kConfigHashHigh), static_cast<uint32_t>(core.machine().hash() >> 32));
  EXPECT_EQ(core.read(reg::kFeatures), core.machine().features);
  EXPECT_EQ(core.read(reg::kWatchdogLimit), 1000000u);
  EXPECT_EQ(core.read(0x7c), 0u);
  uint32_t value = 0x12345678;
  for (uint32_t offset :
       {reg::kInsnCount, reg::kInsnAddress, reg::kUopBase, reg::kInpBase, reg::kWgtBase, reg::kAccBase,
        reg::kOutBase, reg::kUserCounter, reg::kParBase, reg::kWatchdogLimit}) {
    core.write(offset, value += 0x01010101);
    EXPECT_EQ(core.read(offset), value) << offset;
  }
  for (uint32_t offset : {reg::kIdentity, reg::kVersion, reg::kFeatures, reg::kErrorCode, reg::kCycleCount}) {
    uint32_t before = core.read(offset);
    core.write(offset, ~before);
    EXPECT_EQ(core.read(offset), before) << offset;
  }
}

TEST_F(CoreTest, InterruptFollowsTheEndOfALaunch) {
  core.program({isa::Finish{}});
  core.launch();
  EXPECT_EQ(core.api->status(core.model) >> 1 & 1, 0u); // not enabled
  EXPECT_EQ(core.read(reg::kIrqStatus), 1u);
  core.write(reg::kIrqEnable, 1);
  EXPECT_EQ(core.api->status(core.model) >> 1 & 1, 1u);
  core.write(reg::kIrqStatus, 1);
  EXPECT_EQ(core.api->status(core.model) >> 1 & 1, 0u);
  core.launch();
  EXPECT_EQ(core.api->status(core.model) >> 1 & 1, 1u);
}

TEST_F(CoreTest, MarksAreThoseOfTheLastLaunch) {
  isa::SetMark mark;
  mark.index = 200;
  core.program({load(MemoryType::Uop, 1, 100), mark, isa::Finish{}});
  Ending ending = core.launch();
  uint32_t at = core.read(reg::kMarks + 4 * 200);
  EXPECT_GT(at, 100u);
  EXPECT_LE(at, ending.cycles);
  EXPECT_EQ(core.read(reg::kMarks + 4 * 199), 0u);
  core.program({isa::Finish{}});
  core.launch();
  EXPECT_EQ(core.read(reg::kMarks + 4 * 200), 0u);
}

TEST(CorePinsTest, RegistersAnswerWhoeverIsSlow) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    CoreHarness core(TSR_DMA_PYNQ, "pynq", "pins", 4096);
    ASSERT_NE(core.model, nullptr);
    simulator::CorePinsOut out;
    core.api->outputs(core.model, &out);
    auto clock = [&](const simulator::CorePinsIn &pins) {
      core.api->clock(core.model, &pins);
      core.api->outputs(core.model, &out);
    };
    std::mt19937 random(seed);
    const uint32_t offsets[] = {reg::kUopBase, reg::kInpBase, reg::kWgtBase, reg::kUserCounter};
    uint32_t held[4] = {};
    simulator::CorePinsIn in;
    for (int k = 0; k < 60; ++k) {
      const unsigned which = random() % 4;
      const uint32_t value = static_cast<uint32_t>(random());
      const uint8_t strobes = random() % 16;
      // address and data come in any order, the answer is taken late
      bool address = false, data = false, answered = false;
      for (int cycle = 0; cycle < 300 && !answered; ++cycle) {
        in.sAwValid = !address && (in.sAwValid || random() % 3 == 0);
        in.sWValid = !data && (in.sWValid || random() % 3 == 0);
        in.sAwAddr = static_cast<uint16_t>(offsets[which]);
        in.sWData = value;
        in.sWStrb = strobes;
        in.sBReady = random() % 3 == 0;
        address |= in.sAwValid && out.sAwReady;
        data |= in.sWValid && out.sWReady;
        answered = in.sBReady && out.sBValid;
        clock(in);
      }
      ASSERT_TRUE(answered) << core.api->message(core.model);
      in.sAwValid = in.sWValid = in.sBReady = false;
      for (unsigned byte = 0; byte < 4; ++byte)
        if (strobes >> byte & 1)
          held[which] = (held[which] & ~(0xffu << 8 * byte)) | (value & 0xffu << 8 * byte);
      bool asked = false;
      answered = false;
      uint32_t got = 0;
      for (int cycle = 0; cycle < 300 && !answered; ++cycle) {
        in.sArValid = !asked && (in.sArValid || random() % 3 == 0);
        in.sArAddr = static_cast<uint16_t>(offsets[which]);
        in.sRReady = random() % 3 == 0;
        asked |= in.sArValid && out.sArReady;
        answered = in.sRReady && out.sRValid;
        got = out.sRData;
        clock(in);
      }
      in.sArValid = in.sRReady = false;
      ASSERT_TRUE(answered) << core.api->message(core.model);
      ASSERT_STREQ(core.api->message(core.model), "");
      ASSERT_EQ(got, held[which]);
    }
    EXPECT_STREQ(core.api->message(core.model), "");
  }
}

/// Cycles of a launch of `program`, with FINISH put after it.
uint64_t cyclesOf(CoreHarness &core, std::vector<isa::Instruction> program) {
  program.push_back(isa::Finish{});
  core.program(program);
  Ending ending = core.launch();
  EXPECT_EQ(ending.control, 2u) << ending.code << " " << ending.index;
  return ending.cycles;
}

TEST_F(CoreTest, CyclesOfLoadsAndStores) {
  const uint64_t empty = cyclesOf(core, {});
  struct Row {
    const char *what;
    std::vector<isa::Instruction> program;
    uint64_t beats; // of the bus, or writes into the scratchpad
    double efficiency;
  };
  auto repeat = [](const isa::Instruction &insn, int count) {
    return std::vector<isa::Instruction>(count, insn);
  };
  auto strided = load(MemoryType::Inp, 50, 10);
  strided.xStride = 56;
  auto padded = load(MemoryType::Inp, 14, 14);
  padded.xStride = 56;
  padded.yPad0 = padded.yPad1 = padded.xPad0 = padded.xPad1 = 1;
  auto uops = load(MemoryType::Uop, 1, 4000);
  uops.dramBase = 1;
  auto tiny = store(64, 1, 2);
  std::vector<Row> rows = {
      {"load inp 2000 contiguous", {load(MemoryType::Inp, 1, 2000)}, 4000, 0.98},
      {"load wgt 500 contiguous", {load(MemoryType::Wgt, 1, 500)}, 16000, 0.99},
      {"load inp 50 rows of 10", {strided}, 1000, 0.95},
      {"load inp 16 x 16 with padding, 8 times", repeat(padded, 8), 8 * (14 * 14 * 2 + 60), 0.95},
      {"load inp 4 elements, 100 times, and its fetch", repeat(load(MemoryType::Inp, 1, 4), 100), 800 + 200,
       0.97},
      {"load uop 4000 from an odd word", {uops}, 4000, 0.98},
      {"store 2000 contiguous", {store(1, 2000, 2000)}, 4000, 0.97},
      {"store 50 rows of 14", {store(50, 14, 56)}, 1400, 0.95},
      {"store 20 rows of 4, 10 times", repeat(store(20, 4, 8), 10), 1600, 0.90},
      {"store 64 rows of 1", {tiny}, 128, 0.60},
      {"store and load side by side",
       {load(MemoryType::Wgt, 1, 500), store(1, 2000, 2000), store(1, 2000, 2000), store(1, 2000, 2000)},
       16000,
       0.98},
  };
  for (const Row &row : rows) {
    const uint64_t cycles = cyclesOf(core, row.program) - empty;
    const double efficiency =
        static_cast<double>(row.beats) / static_cast<double>(cycles - 50); // 50: latency of the first
    std::printf("%-42s %6llu cycles, %5.1f %% of the bus\n", row.what,
                static_cast<unsigned long long>(cycles), 100 * efficiency);
    EXPECT_GE(efficiency, row.efficiency) << row.what;
  }
  const uint64_t sync = cyclesOf(core, repeat(isa::Load{{}, MemoryType::Inp}, 400)) - empty;
  std::printf("%-42s %6.2f cycles an instruction\n", "load that moves nothing",
              static_cast<double>(sync) / 400);
  EXPECT_LE(sync, 400 * 3u);
}

} // namespace
