// The minimiser keeps what fails and drops the rest; the analysis accepts what the generator makes and refuses races.
#include <gtest/gtest.h>

#include "analysis.h"
#include "generator.h"
#include "hazard_tracker.h"
#include "minimise.h"

namespace tessera::cosim {
namespace {

isa::MachineConfig tiny() {
  auto machine = isa::loadMachine("tiny");
  EXPECT_TRUE(machine);
  return *machine;
}

size_t count(const isa::MachineConfig &machine, const Session &session,
             bool (*wanted)(const isa::Instruction &)) {
  const isa::Layout layout(machine);
  size_t found = 0;
  for (const ProgramCase &program : session.programs)
    for (const isa::Word128 &word : program.words)
      if (const auto decoded = layout.decode(word); decoded && wanted(*decoded))
        ++found;
  return found;
}

bool isVec(const isa::Instruction &x) { return std::holds_alternative<isa::Vec>(x); }
bool isAny(const isa::Instruction &) { return true; }

TEST(MinimiseTest, KeepsTheInstructionThatMatters) {
  const isa::MachineConfig machine = tiny();
  int tried = 0;
  for (uint64_t seed = 1; seed < 40 && tried < 5; ++seed) {
    Session session = generateSession(machine, "tiny", "none", seed, {}).session;
    session.programs.resize(1);
    const auto outcomes = compare(machine, session, makeFunctional, makeFunctional);
    ASSERT_TRUE(outcomes);
    if (count(machine, session, isVec) == 0 || outcomes->outcomes[0].code != isa::ErrorCode::None)
      continue;
    ++tried;
    // As if every program with a VEC gave a wrong result.
    const auto fails = [&](const Session &candidate) {
      const auto result = compare(machine, candidate, makeFunctional, makeFunctional);
      return result && result->outcomes[0].code == isa::ErrorCode::None &&
             count(machine, candidate, isVec) > 0 && hasOneOutcome(machine, candidate, result->outcomes);
    };
    const Session smallest = minimise(machine, session, fails, 20);
    EXPECT_TRUE(fails(smallest)) << "seed " << seed;
    EXPECT_LE(count(machine, smallest, isAny), 2u) << "seed " << seed << "\n" << toText(smallest, machine);
  }
  EXPECT_EQ(tried, 5);
}

TEST(AnalysisTest, GeneratedSessionsHaveOneOutcome) {
  for (const std::string &name : isa::machineNames()) {
    const auto machine = isa::loadMachine(name);
    ASSERT_TRUE(machine);
    for (uint64_t seed = 0; seed < 60; ++seed) {
      Session session = generateSession(*machine, name, "none", seed, {}).session;
      const auto result = compare(*machine, session, makeFunctional, makeFunctional);
      ASSERT_TRUE(result);
      // What follows an error is beyond the analysis.
      size_t upTo = 0;
      while (upTo + 1 < session.programs.size() && result->outcomes[upTo].code == isa::ErrorCode::None)
        ++upTo;
      session.programs.resize(upTo + 1);
      EXPECT_TRUE(hasOneOutcome(*machine, session, result->outcomes)) << name << " seed " << seed;
    }
  }
}

/// A load of INP, and a REDUCE that reads it.
struct Pair {
  isa::Load load;
  isa::Reduce reduce;
  AccessSet written, read;
  Pair() {
    load.memoryType = isa::MemoryType::Inp;
    written.writing(Space::Inp).add(0, 4);
    read.reading(Space::Inp).add(2, 3);
  }
};

TEST(HazardTrackerTest, AReadNeedsTheTokenOfTheWrite) {
  Pair pair;
  HazardTracker tracker;
  pair.load.dependencies.pushNext = true;
  tracker.append(pair.load, pair.written);
  EXPECT_FALSE(tracker.raceFree(pair.reduce, pair.read));
  pair.reduce.dependencies.popPrev = true;
  EXPECT_TRUE(tracker.tokensPresent(pair.reduce));
  EXPECT_TRUE(tracker.raceFree(pair.reduce, pair.read));
}

TEST(HazardTrackerTest, AnEarlierTokenIsNotEnough) {
  Pair pair;
  HazardTracker tracker;
  pair.load.dependencies.pushNext = true;
  tracker.append(pair.load, {});
  tracker.append(pair.load, pair.written);
  pair.reduce.dependencies.popPrev = true; // takes the first token
  EXPECT_FALSE(tracker.raceFree(pair.reduce, pair.read));
  tracker.append(pair.reduce, {});
  EXPECT_TRUE(tracker.raceFree(pair.reduce, pair.read));
}

TEST(HazardTrackerTest, OverlapLosesTheOrderOfTheOtherUnits) {
  AccessSet writes, reads;
  writes.writing(Space::Acc).add(5, 6);
  reads.reading(Space::Acc).add(5, 6);
  HazardTracker tracker;
  tracker.append(isa::Reduce{}, writes);
  isa::Vec vec;
  EXPECT_TRUE(tracker.raceFree(vec, reads));
  vec.overlap = 1;
  EXPECT_FALSE(tracker.raceFree(vec, reads));
}

TEST(HazardTrackerTest, AnOverlappingReduceMustNotReadWhatTheOneBeforeChains) {
  AccessSet chain, reads;
  chain.writing(Space::Inp).add(8, 9);
  reads.reading(Space::Inp).add(8, 9);
  HazardTracker tracker;
  tracker.append(isa::Reduce{}, chain);
  isa::Reduce next;
  EXPECT_TRUE(tracker.raceFree(next, reads));
  next.overlap = 1;
  EXPECT_FALSE(tracker.raceFree(next, reads));
}

TEST(HazardTrackerTest, StoresAndLoadsMeetInDram) {
  AccessSet stored, loaded;
  stored.writing(Space::Dram).add(100, 108);
  loaded.reading(Space::Dram).add(104, 112);
  HazardTracker tracker;
  isa::Store store;
  store.dependencies.pushPrev = true;
  tracker.append(store, stored);
  isa::Load load;
  load.memoryType = isa::MemoryType::Inp;
  EXPECT_FALSE(tracker.raceFree(load, loaded));
  isa::Gemm between; // store gives to compute, compute to load
  between.dependencies.popNext = true;
  between.dependencies.pushPrev = true;
  tracker.append(between, {});
  load.dependencies.popNext = true;
  EXPECT_TRUE(tracker.raceFree(load, loaded));
}

} // namespace
} // namespace tessera::cosim
