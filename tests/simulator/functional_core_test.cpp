// The functional model, sentence by sentence of docs/instruction-set.md, on programs short enough to work out by hand.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tessera/simulator/functional_core.h"

namespace tessera::simulator {
namespace {

using isa::ErrorCode;
using isa::MemoryType;

constexpr uint32_t kProgram = 0x4000, kUops = 0x2000, kPar = 0x3000, kOutput = 0x1000;

isa::MachineConfig tiny() {
  auto machine = isa::loadMachine("tiny");
  EXPECT_TRUE(machine);
  return *machine;
}

/// A core of machine `tiny` (8 x 8) with 64 KiB of DRAM.
class FunctionalCoreTest : public testing::Test {
protected:
  FunctionalCoreTest() : machine(tiny()), layout(machine), core(machine), dram(65536) {}

  isa::MachineConfig machine;
  isa::Layout layout;
  FunctionalCore core;
  std::vector<uint8_t> dram;

  RunResult run(const std::vector<isa::Instruction> &program, bool finish = true, uint32_t at = kProgram) {
    std::vector<isa::Instruction> all = program;
    if (finish)
      all.push_back(isa::Finish{});
    for (size_t i = 0; i < all.size(); ++i) {
      const isa::Word128 word = layout.encode(all[i]);
      std::memcpy(dram.data() + at + 16 * i, &word, 16);
    }
    LaunchRegisters registers;
    registers.insnAddress = at;
    registers.insnCount = static_cast<uint32_t>(all.size());
    return core.run(registers, dram);
  }

  isa::Load load(MemoryType type, uint32_t sram, uint32_t address, uint32_t count) const {
    isa::Load x;
    x.memoryType = type;
    x.sramBase = sram;
    x.dramBase = address / machine.dramElementBytes(type);
    x.ySize = 1;
    x.xSize = x.xStride = count;
    return x;
  }

  isa::Store store(uint32_t sram, uint32_t count) const {
    isa::Store x;
    x.memoryType = MemoryType::Out;
    x.sramBase = sram;
    x.dramBase = kOutput / 8;
    x.ySize = 1;
    x.xSize = x.xStride = count;
    return x;
  }

  /// Writes micro-ops to DRAM and gives the load of them.
  isa::Load uops(const std::vector<isa::MicroOp> &ops) {
    for (size_t i = 0; i < ops.size(); ++i) {
      const uint32_t word = layout.encodeMicroOp(ops[i]);
      std::memcpy(dram.data() + kUops + 4 * i, &word, 4);
    }
    return load(MemoryType::Uop, 0, kUops, static_cast<uint32_t>(ops.size()));
  }

  int out(uint32_t element, uint32_t lane) const {
    return static_cast<int8_t>(dram[kOutput + 8 * element + lane]);
  }
  int32_t acc(uint32_t element, uint32_t lane) const {
    const std::vector<uint8_t> bytes = core.scratchpad(MemoryType::Acc);
    int32_t value;
    std::memcpy(&value, bytes.data() + (element * 8 + lane) * 4, 4);
    return value;
  }
  void putAcc(uint32_t address, const std::vector<int32_t> &values) {
    std::memcpy(dram.data() + address, values.data(), values.size() * 4);
  }
};

TEST_F(FunctionalCoreTest, AFreshDeviceHoldsZeros) {
  std::memset(dram.data() + kOutput, 0x55, 16);
  EXPECT_EQ(run({store(0, 2)}).code, ErrorCode::None);
  for (uint32_t l = 0; l < 8; ++l)
    EXPECT_EQ(out(1, l), 0);
}

TEST_F(FunctionalCoreTest, OutMirrorsTheLowByteOfAccAndScratchpadsPersist) {
  putAcc(0x100, {1, -1, 256 + 7, 128, -129, 0x12345678, 0, 5});
  EXPECT_EQ(run({load(MemoryType::Acc, 3, 0x100, 1)}).code, ErrorCode::None);
  EXPECT_EQ(run({store(3, 1)}).code, ErrorCode::None);
  const int want[8] = {1, -1, 7, -128, 127, 0x78, 0, 5};
  for (uint32_t l = 0; l < 8; ++l)
    EXPECT_EQ(out(0, l), want[l]);
}

TEST_F(FunctionalCoreTest, NothingToDoHonoursTokensAndChecksNoIndex) {
  isa::Load empty;
  empty.memoryType = MemoryType::Inp;
  empty.sramBase = 65535;
  empty.ySize = 9;
  empty.xPad0 = 15;
  empty.dependencies.pushNext = true;
  isa::Gemm loop;
  loop.uopBgn = 5;
  loop.uopEnd = machine.uopDepth * 2 - 1;
  loop.iterIn = 3; // iter_out is 0
  loop.dependencies.popPrev = true;
  loop.dependencies.pushNext = true;
  isa::Store nothing;
  nothing.memoryType = MemoryType::Out;
  nothing.xSize = 7;
  nothing.dramBase = 0xffffffff;
  nothing.dependencies.popPrev = true;
  const RunResult result = run({empty, loop, nothing});
  EXPECT_EQ(result.code, ErrorCode::None);
  EXPECT_EQ(result.instructions, 4u);
}

TEST_F(FunctionalCoreTest, PaddingStandsAroundTheRowsWithTheLoadModulesValue) {
  for (uint32_t i = 0; i < 64; ++i)
    dram[i] = static_cast<uint8_t>(i);
  isa::SetPad pad;
  pad.value = -3;
  isa::Load x = load(MemoryType::Acc8bit, 0, 0, 1);
  x.viaLoad = 1;
  x.ySize = 2;
  x.xStride = 3;
  x.xPad0 = 1;
  x.yPad1 = 1;
  isa::Load plain = load(MemoryType::Acc8bit, 100, 0, 1);
  plain.xPad1 = 1; // in compute: SET PAD does not reach it
  ASSERT_EQ(run({pad, x, plain}).code, ErrorCode::None);
  EXPECT_EQ(acc(0, 0), -3);
  EXPECT_EQ(acc(1, 2), 2);
  EXPECT_EQ(acc(2, 0), -3);
  EXPECT_EQ(acc(3, 1), 25);
  EXPECT_EQ(acc(4, 7), -3);
  EXPECT_EQ(acc(5, 7), -3);
  EXPECT_EQ(acc(100, 3), 3);
  EXPECT_EQ(acc(101, 0), 0);
}

TEST_F(FunctionalCoreTest, AluImmediateReadsSourceAndWritesDestination) {
  putAcc(0x100, {0, 0, 0, 0, 0, 0, 0, 0, 100, -100, 7, -8, 1, 2, 3, 4});
  isa::Alu x;
  x.aluOpcode = isa::AluOpcode::Shr;
  x.useImm = 1;
  x.imm = 2;
  x.uopEnd = 1;
  x.iterOut = x.iterIn = 1;
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 2), uops({{0, 1, 0}}), x}).code, ErrorCode::None);
  EXPECT_EQ(acc(0, 0), 25);
  EXPECT_EQ(acc(0, 1), -25);
  EXPECT_EQ(acc(0, 3), -2);
  EXPECT_EQ(acc(1, 0), 100);
}

TEST_F(FunctionalCoreTest, ShrByATensorGoesLeftForNegativeAmounts) {
  putAcc(0x100, {3, -3, 3, -3, 3, 1, 5, -1, -1, -1, -31, -32, 40, -33, 0, 31});
  isa::Alu x;
  x.aluOpcode = isa::AluOpcode::Shr;
  x.uopEnd = 1;
  x.iterOut = x.iterIn = 1;
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 2), uops({{0, 1, 0}}), x}).code, ErrorCode::None);
  const int32_t want[8] = {6, -6, INT32_MIN, 0, 0, 0, 5, -1};
  for (uint32_t l = 0; l < 8; ++l)
    EXPECT_EQ(acc(0, l), want[l]) << l;
}

TEST_F(FunctionalCoreTest, ReduceGroupsEndAtTheEndOfTheRange) {
  // Two micro-ops of one group, run twice to the same destination: the second run starts anew.
  for (uint32_t i = 0; i < 24; ++i)
    dram[i] = static_cast<uint8_t>(i / 8 + 1); // elements of 1, 2 and 3
  isa::SetGeometry geometry;
  geometry.srcFactorIn = 1;
  isa::Reduce x;
  x.op = isa::ReduceOp::Sum;
  x.destination = isa::Destination::Acc;
  x.dstBase = 4;
  x.uopEnd = 2;
  x.iterOut = 1;
  x.iterIn = 2;
  ASSERT_EQ(run({load(MemoryType::Inp, 0, 0, 3), uops({{0, 0, 0}, {0, 1, 0}}), geometry, x}).code,
            ErrorCode::None);
  EXPECT_EQ(acc(4, 0), 2 + 3);
  x.init = isa::ReduceInit::Acc;
  ASSERT_EQ(run({geometry, x}).code, ErrorCode::None);
  EXPECT_EQ(acc(4, 0), (2 + 3) + (1 + 2) + (2 + 3));
}

TEST_F(FunctionalCoreTest, MaxStartsBelowEverything) {
  for (uint32_t i = 0; i < 16; ++i)
    dram[i] = static_cast<uint8_t>(i < 8 ? -100 : -90);
  isa::Reduce x;
  x.op = isa::ReduceOp::Max;
  x.taps = 1;
  x.destination = isa::Destination::Acc;
  x.uopEnd = 1;
  x.iterOut = x.iterIn = 1;
  ASSERT_EQ(run({load(MemoryType::Inp, 0, 0, 2), uops({{0, 0, 0}}), x}).code, ErrorCode::None);
  EXPECT_EQ(acc(0, 5), -90);
}

TEST_F(FunctionalCoreTest, ExitScalesAddsTheZeroPointAndClamps) {
  putAcc(0x100, {100, 101, -101, 1000, 4, -1000, 0, 2});
  std::vector<int32_t> par(24, 0);
  std::fill(par.begin() + 8, par.begin() + 16, 1 << 30); // a half
  std::fill(par.begin() + 16, par.end(), -1);            // of a half
  putAcc(kPar, par);
  isa::SetExit exit;
  exit.mode = isa::ExitMode::Tflite;
  exit.zeroPoint = 5;
  exit.clampMin = -20;
  exit.clampMax = 60;
  isa::Vec x;
  x.uopEnd = 1;
  x.iterOut = x.iterIn = 1;
  isa::Load parLoad = load(MemoryType::Par, 0, kPar, 1);
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 1), parLoad, uops({{0, 0, 0}}), exit, x, store(0, 1)}).code,
            ErrorCode::None);
  // 101 / 2 rounds to 51, 51 / 2 to 26: double rounding. -101 / 2 rounds up to -50.
  const int want[8] = {30, 31, -20, 60, 6, -20, 5, 6};
  for (uint32_t l = 0; l < 8; ++l)
    EXPECT_EQ(out(0, l), want[l]) << l;
}

TEST_F(FunctionalCoreTest, SetRegistersAreZeroAtLaunch) {
  putAcc(0x100, std::vector<int32_t>(8, 3));
  isa::SetExit exit;
  exit.clampMin = -128;
  exit.clampMax = 127;
  isa::Vec x;
  x.uopEnd = 1;
  x.iterOut = x.iterIn = 1;
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 1), exit, x, store(0, 1)}).code, ErrorCode::None);
  EXPECT_EQ(out(0, 0), 3);
  ASSERT_EQ(run({x, store(0, 1)}).code, ErrorCode::None);
  EXPECT_EQ(out(0, 0), 0); // both clamps are 0
}

TEST_F(FunctionalCoreTest, ChainWritesInputsThatTheNextInstructionReads) {
  putAcc(0x100, {1, 2, 3, 4, 5, 6, 7, 8});
  isa::SetExit exit;
  exit.clampMin = -128;
  exit.clampMax = 127;
  isa::Vec chain;
  chain.uopEnd = 1;
  chain.iterOut = chain.iterIn = 1;
  chain.destination = isa::Destination::Inp;
  chain.dstBase = 9;
  isa::Reduce sum;
  sum.op = isa::ReduceOp::Sum;
  sum.srcBase = 9;
  sum.uopEnd = 1;
  sum.iterOut = sum.iterIn = 1;
  sum.destination = isa::Destination::Acc;
  sum.dstBase = 20;
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 1), uops({{0, 0, 0}}), exit, chain, sum}).code,
            ErrorCode::None);
  EXPECT_EQ(acc(20, 0), 1);
  EXPECT_EQ(acc(20, 7), 8);
}

TEST_F(FunctionalCoreTest, TheLowestFailingIndexIsReported) {
  isa::Store bad = store(machine.accDepth, 1);
  bad.dependencies.popPrev = true; // fails only after the compute instruction behind it has run
  isa::Gemm give;
  give.dependencies.pushNext = true;
  isa::Load worse = load(MemoryType::Inp, machine.inpDepth, 0, 1);
  const RunResult result = run({give, bad, worse});
  EXPECT_EQ(result.code, ErrorCode::SramBounds);
  EXPECT_EQ(result.index, 1u);
}

TEST_F(FunctionalCoreTest, EarlierInstructionsRunToTheirEndAfterAnError) {
  putAcc(0x100, std::vector<int32_t>(8, 9));
  isa::Load value = load(MemoryType::Acc, 0, 0x100, 1);
  value.dependencies.pushNext = true;
  isa::Store keep = store(0, 1);
  keep.dependencies.popPrev = true;
  isa::Load bad = load(MemoryType::Inp, machine.inpDepth, 0, 1);
  const RunResult result = run({value, keep, bad});
  EXPECT_EQ(result.code, ErrorCode::SramBounds);
  EXPECT_EQ(result.index, 2u);
  EXPECT_EQ(out(0, 0), 9);
}

TEST_F(FunctionalCoreTest, DeadlockNamesTheLowestThatHasNotEnded) {
  isa::Gemm waits;
  waits.dependencies.popPrev = true;
  isa::Load other = load(MemoryType::Inp, 0, 0, 1);
  const RunResult result = run({other, waits, other});
  EXPECT_EQ(result.code, ErrorCode::Deadlock);
  EXPECT_EQ(result.index, 1u);
}

TEST_F(FunctionalCoreTest, ATokenMayComeFromALaterInstruction) {
  isa::Gemm waits;
  waits.dependencies.popPrev = true;
  isa::Load gives = load(MemoryType::Inp, 0, 0, 1);
  gives.dependencies.pushNext = true;
  EXPECT_EQ(run({waits, gives}).code, ErrorCode::None);
}

TEST_F(FunctionalCoreTest, TokensLeftDoNotReachTheNextLaunch) {
  isa::Load gives = load(MemoryType::Inp, 0, 0, 1);
  gives.dependencies.pushNext = true;
  EXPECT_EQ(run({gives}).code, ErrorCode::None);
  isa::Gemm waits;
  waits.dependencies.popPrev = true;
  EXPECT_EQ(run({waits}).code, ErrorCode::Deadlock);
}

TEST_F(FunctionalCoreTest, AProgramWithoutFinishEndsWithItsCount) {
  const RunResult result = run({store(0, 1), store(0, 1)}, false);
  EXPECT_EQ(result.code, ErrorCode::NoFinish);
  EXPECT_EQ(result.index, 2u);
  EXPECT_EQ(result.instructions, 2u);
}

TEST_F(FunctionalCoreTest, WhatWaitsForEverComesBeforeAMissingFinish) {
  isa::Store waits = store(0, 1);
  waits.dependencies.popPrev = true;
  const RunResult result = run({waits}, false);
  EXPECT_EQ(result.code, ErrorCode::Deadlock);
  EXPECT_EQ(result.index, 0u);
}

TEST_F(FunctionalCoreTest, FetchOutsideTheDramIsAFault) {
  LaunchRegisters registers;
  registers.insnAddress = 65536 - 32;
  registers.insnCount = 5;
  std::memset(dram.data() + 65536 - 32, 0, 32); // two LOADs of nothing
  RunResult result = core.run(registers, dram);
  EXPECT_EQ(result.code, ErrorCode::DramFault);
  EXPECT_EQ(result.index, 2u);
  registers.insnAddress = 0xfffffff0;
  result = core.run(registers, dram);
  EXPECT_EQ(result.code, ErrorCode::DramFault);
  EXPECT_EQ(result.index, 0u);
}

TEST_F(FunctionalCoreTest, AnAddressPastTheAddressSpaceIsAFault) {
  isa::Load x = load(MemoryType::Acc, 0, 0, 1);
  x.dramBase = 0x08000000; // 2^32 bytes: 0 if it wrapped
  EXPECT_EQ(run({x}).code, ErrorCode::DramFault);
  isa::Store y = store(0, 1);
  y.dramBase = 0x20000000;
  EXPECT_EQ(run({y}).code, ErrorCode::DramFault);
}

TEST_F(FunctionalCoreTest, MarksAreEstimatedCycles) {
  isa::SetMark mark;
  mark.index = 200;
  const RunResult result = run({store(0, 1), store(1, 1), mark});
  EXPECT_GT(result.marks[200], 0u);
  EXPECT_LE(result.marks[200], result.cycles);
  EXPECT_EQ(result.marks[0], 0u);
}

TEST_F(FunctionalCoreTest, AChangedProgramAtTheSameAddressIsSeen) {
  putAcc(0x100, std::vector<int32_t>(8, 1));
  putAcc(0x120, std::vector<int32_t>(8, 2));
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x100, 1)}).code, ErrorCode::None);
  ASSERT_EQ(run({load(MemoryType::Acc, 0, 0x120, 1)}).code, ErrorCode::None);
  EXPECT_EQ(acc(0, 0), 2);
}

TEST_F(FunctionalCoreTest, ProgramsInTurnAreEachTheirOwn) {
  // More programs than are kept, each launched twice in a row of all: with its own bytes, and with changed ones.
  for (const int change : {0, 0, 1})
    for (uint32_t i = 0; i < 40; ++i) {
      putAcc(0x100, std::vector<int32_t>(8, 1));
      putAcc(0x120, std::vector<int32_t>(8, 2));
      const uint32_t from = (i + static_cast<uint32_t>(change)) % 2 ? 0x100 : 0x120;
      ASSERT_EQ(run({load(MemoryType::Acc, 0, from, 1)}, true, 0x8000 + 64 * i).code, ErrorCode::None);
      ASSERT_EQ(acc(0, 0), from == 0x100 ? 1 : 2) << i;
    }
}

TEST_F(FunctionalCoreTest, ScratchpadsAreReadAsTheyStandInDram) {
  for (uint32_t i = 0; i < 128; ++i)
    dram[i] = static_cast<uint8_t>(7 * i + 1);
  ASSERT_EQ(run({load(MemoryType::Wgt, 2, 0, 1), load(MemoryType::Inp, 5, 0, 2)}).code, ErrorCode::None);
  const std::vector<uint8_t> wgt = core.scratchpad(MemoryType::Wgt), inp = core.scratchpad(MemoryType::Inp);
  EXPECT_EQ(0, std::memcmp(wgt.data() + 2 * 64, dram.data(), 64));
  EXPECT_EQ(0, std::memcmp(inp.data() + 5 * 8, dram.data(), 16));
  core.clearScratchpads();
  EXPECT_EQ(core.scratchpad(MemoryType::Wgt), std::vector<uint8_t>(wgt.size()));
}

} // namespace
} // namespace tessera::simulator
