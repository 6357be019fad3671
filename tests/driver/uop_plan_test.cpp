// UOP memory as a cache: at every use the kernel's micro-ops are where the instruction looks.
#include "../isa/seed.h"
#include "record/uop_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera::driver {

namespace {

/// Plays the loads; expects every use to find its kernel. The number of loads.
uint32_t play(const KernelTable &table, const std::vector<uint32_t> &uses, uint32_t depth) {
  const UopPlan plan = planUops(table, uses, depth);
  std::vector<uint32_t> memory(depth, 0xdeadbeef);
  uint32_t loads = 0;
  for (size_t use = 0; use < uses.size(); ++use) {
    for (const UopLoad &load : plan.loads[use]) {
      ++loads;
      for (uint32_t i = 0; i < load.count; ++i)
        memory.at(load.sramBase + i) = plan.dram.at(load.dramBegin + i);
    }
    const MicroOpWords &kernel = table[uses[use]];
    for (size_t i = 0; i < kernel.size(); ++i)
      EXPECT_EQ(memory.at(plan.begin[use] + i), kernel[i]) << "use " << use;
  }
  EXPECT_EQ(loads, plan.loadCount);
  return loads;
}

} // namespace

TEST(UopPlanTest, EqualContentIsOneKernel) {
  KernelTable table;
  EXPECT_EQ(table.add({1, 2, 3}), 0u);
  EXPECT_EQ(table.add({1, 2}), 1u);
  EXPECT_EQ(table.add({1, 2, 3}), 0u);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.microOps(), 5u);
}

TEST(UopPlanTest, WhatFitsIsLoadedOnce) {
  KernelTable table;
  for (uint32_t k = 0; k < 8; ++k)
    table.add(MicroOpWords(8, k));
  EXPECT_EQ(play(table, {0, 1, 2, 3, 4, 5, 6, 7, 0, 7, 3, 3}, 64), 1u);
}

TEST(UopPlanTest, WhatDoesNotFitIsLoadedWhereItIsNeeded) {
  KernelTable table;
  for (uint32_t k = 0; k < 3; ++k)
    table.add(MicroOpWords(30, k));
  EXPECT_EQ(play(table, {0, 1, 0, 1, 2, 1, 2}, 64), 2u);
}

TEST(UopPlanTest, RandomStreamsFindTheirKernels) {
  const uint32_t seed = test::freshSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int trial = 0; trial < 300; ++trial) {
    KernelTable table;
    const uint32_t kernels = 1 + random() % 20, depth = 64;
    for (uint32_t k = 0; k < kernels; ++k)
      table.add(MicroOpWords(1 + random() % depth, 1000 + k));
    std::vector<uint32_t> uses;
    for (uint32_t u = 0; u < 100; ++u)
      uses.push_back(static_cast<uint32_t>(random() % table.size()));
    play(table, uses, depth);
  }
}

} // namespace tessera::driver
