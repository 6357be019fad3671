// The timing model by what must be true of any machine; how near it is to the Verilated core is compared in tests/e2e.
#include "tessera/isa/timing.h"

#include <gtest/gtest.h>

using namespace tessera::isa;

namespace {

MachineConfig pynq() { return *loadMachine("pynq"); }

uint64_t cyclesOf(const std::vector<Instruction> &program, const MemoryTiming &memory = {}) {
  TimingModel model(pynq(), memory);
  for (const Instruction &instruction : program)
    model.add(instruction);
  model.add(Finish{});
  model.finish();
  return model.cycles();
}

Load load(MemoryType memory, uint32_t rows, uint32_t columns, uint32_t stride = 0) {
  Load i;
  i.memoryType = memory;
  i.ySize = rows;
  i.xSize = columns;
  i.xStride = stride ? stride : columns;
  return i;
}

Store store(uint32_t elements) {
  Store i;
  i.memoryType = MemoryType::Out;
  i.ySize = 1;
  i.xSize = i.xStride = elements;
  return i;
}

Reduce reduce(uint32_t iterations, bool overlap = true) {
  Reduce i;
  i.uopEnd = 1;
  i.iterOut = 1;
  i.iterIn = iterations;
  i.overlap = overlap;
  return i;
}

Vec requantise(uint32_t iterations, bool overlap = true) {
  Vec i;
  i.op = VecOp::Requantise;
  i.uopEnd = 1;
  i.iterOut = 1;
  i.iterIn = iterations;
  i.overlap = overlap;
  return i;
}

template <class I> I with(I instruction, Dependencies dependencies) {
  instruction.dependencies = dependencies;
  return instruction;
}

constexpr Dependencies kPushNext{false, false, false, true}, kPopPrev{true, false, false, false},
    kPopNext{false, true, false, false};

} // namespace

TEST(Timing, ALoadTakesTheBusOneBeatACycle) {
  const uint64_t small = cyclesOf({load(MemoryType::Inp, 1, 100)}),
                 large = cyclesOf({load(MemoryType::Inp, 1, 1100)});
  EXPECT_EQ(large - small, 2000u); // two beats an element
}

TEST(Timing, PaddingTakesOneCycleAnElement) {
  Load padded = load(MemoryType::Inp, 10, 10);
  const uint64_t without = cyclesOf({padded});
  padded.yPad1 = 10;
  EXPECT_EQ(cyclesOf({padded}) - without, 100u);
  padded.yPad1 = 0, padded.xPad0 = 3, padded.xPad1 = 4;
  EXPECT_EQ(cyclesOf({padded}) - without, 67u); // those before the first pixel pass while it is on its way
}

TEST(Timing, RowsOfOneElementAreBoundByWhatMayBeOutstanding) {
  const uint64_t rows = cyclesOf({load(MemoryType::Inp, 400, 1, 2)});
  EXPECT_GT(rows, 800u);
  EXPECT_GT(cyclesOf({load(MemoryType::Inp, 400, 1, 2)},
                     {.readLatency = 40, .outstandingReads = 4, .writeResponse = 10}),
            400u * 44 / 4 - 100);
  EXPECT_LT(cyclesOf({load(MemoryType::Inp, 400, 1, 2)},
                     {.readLatency = 4, .outstandingReads = 16, .writeResponse = 10}),
            rows);
}

TEST(Timing, TheArrayTakesAMicroOpACycleAndInstructionsFollowWithoutAGap) {
  EXPECT_EQ(cyclesOf({reduce(1000), reduce(1000)}) - cyclesOf({reduce(1000)}), 1000u);
}

TEST(Timing, TokensMakeModulesWait) {
  const Load input = load(MemoryType::Inp, 1, 500);
  const uint64_t apart = cyclesOf({input, reduce(2000)});
  const uint64_t after = cyclesOf({with(input, kPushNext), with(reduce(2000), kPopPrev)});
  EXPECT_LT(apart, 2200u);
  EXPECT_GT(after, 3000u);
  EXPECT_LT(after, 3200u);
}

TEST(Timing, AStoreBehindComputingAndALoadBehindTheStore) {
  const uint64_t chain =
      cyclesOf({with(reduce(1000), kPushNext), with(with(store(100), kPopPrev), {true, false, true, false}),
                with(SetExit{}, {false, true, true, false}), with(load(MemoryType::Inp, 1, 100), kPopNext)});
  EXPECT_GT(chain, 1000u + 200 + 200 + 40 + 10);
  EXPECT_LT(chain, 1000u + 200 + 200 + 40 + 10 + 200);
}

TEST(Timing, WithoutOverlapAUnitWaitsForTheOther) {
  EXPECT_GT(cyclesOf({reduce(1000), requantise(1000, false)}), cyclesOf({reduce(1000), requantise(1000)}));
}

// A kernel of four micro-ops sends a result every fourth cycle, also where it begins behind the vector unit.
TEST(Timing, TheArraysResultsGoBeforeTheVectorUnits) {
  Reduce kernel = reduce(1000);
  kernel.uopEnd = 4;
  const auto endOfVector = [&](bool withKernel) {
    TimingModel model(pynq());
    model.add(requantise(900));
    model.add(SetMark{});
    if (withKernel)
      model.add(kernel);
    model.finish();
    return model.marks()[0];
  };
  EXPECT_NEAR(endOfVector(true), endOfVector(false) + 300, 10);
}

// Each row of one micro-op takes a beat of two, of which one is dropped; what comes behind is not held up by it.
TEST(Timing, RowsOfMicroOpsThatFillNoBeat) {
  const auto markBehind = [](uint32_t rows) {
    TimingModel model(pynq());
    for (int i = 0; i < 3; ++i)
      model.add(load(MemoryType::Uop, rows, 1, 2));
    model.add(reduce(10, false));
    model.add(SetMark{});
    model.finish();
    return model.marks()[0];
  };
  // Bursts of a beat: sixteen in the time of one that goes there and back.
  EXPECT_NEAR(markBehind(64), 3 * 64 * 43 / 16 + 100, 100);
  EXPECT_GT(markBehind(512), markBehind(64));
}

// Nobody gives the token: what comes behind is dropped, not kept.
TEST(Timing, AProgramThatWaitsForEverEnds) {
  std::vector<Instruction> program(100000, with(load(MemoryType::Inp, 1, 100), kPopNext));
  EXPECT_LT(cyclesOf(program), 100u);
  // Compute ends as if the load were not there, but for the two beats that bring it.
  EXPECT_EQ(cyclesOf({with(load(MemoryType::Inp, 1, 100), kPopNext)}), cyclesOf({}) + 2);
}

// Loops as long as the fields allow: the model says how long, at once.
TEST(Timing, TheLongestInstructionIsToldAtOnce) {
  Vec longest = requantise(16383);
  longest.uopEnd = 8191;
  longest.iterOut = 16383;
  const uint64_t items = uint64_t{8191} * 16383 * 16383;
  EXPECT_NEAR(double(cyclesOf({longest})), double(items), double(items) * 0.001);
}

TEST(Timing, AStoreEndsWithItsResponse) {
  const MemoryTiming fast{.readLatency = 40, .outstandingReads = 16, .writeResponse = 10},
      slow{.readLatency = 40, .outstandingReads = 16, .writeResponse = 110};
  EXPECT_EQ(cyclesOf({store(100)}, slow) - cyclesOf({store(100)}, fast), 100u);
}

TEST(Timing, MarksAreWrittenInOrder) {
  TimingModel model(pynq());
  SetMark first, second;
  first.index = 3, second.index = 4;
  model.add(reduce(500));
  model.add(first);
  model.add(reduce(700));
  model.add(second);
  model.add(Finish{});
  model.finish();
  EXPECT_GT(model.marks()[3], 500u);
  EXPECT_EQ(model.marks()[4] - model.marks()[3], 700u);
  EXPECT_EQ(model.marks()[5], 0u);
  EXPECT_LE(model.marks()[4], model.cycles());
}

// As many rows and columns as the fields hold, on every memory: no time, and no time to tell.
TEST(Timing, WhatTheCoreRefusesTakesNoTime) {
  for (MemoryType memory : {MemoryType::Inp, MemoryType::Wgt, MemoryType::Acc8bit, MemoryType::Uop}) {
    Load huge = load(memory, 0xffff, 0xffff, 1);
    EXPECT_LT(cyclesOf(std::vector<Instruction>(1000, huge)), 10000u);
  }
  Store store = ::store(0xffff);
  store.ySize = 0xffff, store.xStride = 1;
  EXPECT_LT(cyclesOf(std::vector<Instruction>(1000, store)), 50000u);
}

// Micro-ops loaded between input loads take the channel, and rows are bound by what may be outstanding afterwards as before.
TEST(Timing, ALoadOfMicroOpsLeavesTheBoundOfReads) {
  const Load rows = load(MemoryType::Inp, 400, 1, 2);
  Load microOps = load(MemoryType::Uop, 1, 2000);
  const MemoryTiming few{.readLatency = 40, .outstandingReads = 2, .writeResponse = 10};
  const uint64_t without = cyclesOf({rows, rows}, few);
  EXPECT_GE(cyclesOf({rows, microOps, rows}, few) + 100, without);
}
