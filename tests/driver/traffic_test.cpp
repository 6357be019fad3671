// Bytes of a program between its marks, against a plain count of every byte.
#include "runtime/traffic.h"

#include "../isa/seed.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tessera::test {

using driver::Traffic;
using isa::MemoryType;

namespace {

struct Program {
  explicit Program(const isa::MachineConfig &m) : machine(m), layout(m) {}

  void add(const isa::Instruction &instruction) { words.push_back(layout.encode(instruction)); }
  void load(MemoryType type, uint32_t place, uint32_t rows, uint32_t elements, uint32_t stride) {
    isa::Load load;
    load.memoryType = type;
    load.dramBase = place;
    load.ySize = rows;
    load.xSize = elements;
    load.xStride = stride;
    add(load);
    count(type, place, rows, elements, stride, type == MemoryType::Uop ? nullptr : &read);
    expected.read += uint64_t{rows} * elements * machine.dramElementBytes(type);
  }
  void store(uint32_t place, uint32_t rows, uint32_t elements, uint32_t stride) {
    isa::Store store;
    store.memoryType = MemoryType::Out;
    store.dramBase = place;
    store.ySize = rows;
    store.xSize = elements;
    store.xStride = stride;
    add(store);
    count(MemoryType::Out, place, rows, elements, stride, &written);
    expected.written += uint64_t{rows} * elements * machine.dramElementBytes(MemoryType::Out);
  }
  void end() {
    expected.least = read.size() + written.size();
    expected.instructions = 16 * (words.size() - before);
    before = words.size();
    all.push_back(expected);
    expected = {};
    read.clear();
    written.clear();
  }

  isa::MachineConfig machine;
  isa::Layout layout;
  std::vector<isa::Word128> words;
  std::vector<Traffic> all;

private:
  void count(MemoryType type, uint32_t place, uint32_t rows, uint32_t elements, uint32_t stride,
             std::set<uint64_t> *bytes) {
    const uint64_t element = machine.dramElementBytes(type);
    for (uint64_t row = 0; bytes && row < rows; ++row)
      for (uint64_t b = 0; b < elements * element; ++b)
        bytes->insert((place + row * stride) * element + b);
  }

  Traffic expected;
  std::set<uint64_t> read, written;
  size_t before = 0;
};

} // namespace

TEST(TrafficTest, RandomProgramsMoveWhatTheyMove) {
  const auto machine = isa::loadMachine("tiny");
  ASSERT_TRUE(machine);
  std::mt19937_64 random(seed());
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  constexpr MemoryType kTypes[] = {MemoryType::Inp, MemoryType::Wgt, MemoryType::Par, MemoryType::Acc,
                                   MemoryType::Uop};
  for (int round = 0; round < 20; ++round) {
    Program program(*machine);
    for (uint32_t marks = below(4), mark = 0; mark <= marks; ++mark) {
      for (uint32_t k = below(12); k-- > 0;)
        if (below(3))
          program.load(kTypes[below(std::size(kTypes))], below(60), below(5), below(12), below(30));
        else
          program.store(below(60), below(5), below(12), below(30));
      if (mark < marks)
        program.add(isa::SetMark{.dependencies = {}, .index = mark});
      else
        program.add(isa::Finish{});
      program.end();
    }
    const std::vector<Traffic> traffic = driver::trafficOf(*machine, program.words);
    ASSERT_EQ(traffic.size(), program.all.size());
    for (size_t i = 0; i < traffic.size(); ++i) {
      EXPECT_EQ(traffic[i].read, program.all[i].read);
      EXPECT_EQ(traffic[i].written, program.all[i].written);
      EXPECT_EQ(traffic[i].instructions, program.all[i].instructions);
      EXPECT_EQ(traffic[i].least, program.all[i].least);
    }
  }
}

TEST(TrafficTest, ManyScatteredRowsAreStillASet) {
  const auto machine = isa::loadMachine("tiny");
  ASSERT_TRUE(machine);
  Program program(*machine);
  isa::Load load;
  load.memoryType = MemoryType::Inp;
  load.ySize = 4000;
  load.xSize = 1;
  load.xStride = 2;
  for (int again = 0; again < 100; ++again)
    program.add(load);
  const std::vector<Traffic> traffic = driver::trafficOf(*machine, program.words);
  const uint64_t element = machine->dramElementBytes(MemoryType::Inp);
  EXPECT_EQ(traffic[0].read, 400'000 * element);
  EXPECT_EQ(traffic[0].least, 4'000 * element);
}

} // namespace tessera::test
