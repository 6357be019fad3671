// Kernels: whatever becomes of a nest, the core walks the indices of the nest.
#include "../isa/seed.h"
#include "record/kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tessera::driver {

namespace {

using Walk = std::vector<std::array<uint64_t, 3>>;

/// The indices of the nest, as its loops say.
Walk walkNest(const Nest &nest, const std::array<bool, 3> &used) {
  Walk walk{{0, 0, 0}};
  for (const Loop &loop : nest.loops) {
    Walk inner;
    for (const auto &at : walk)
      for (uint32_t i = 0; i < loop.extent; ++i) {
        auto next = at;
        for (size_t k = 0; k < 3; ++k)
          next[k] += used[k] ? uint64_t{i} * loop.stride[k] : 0;
        inner.push_back(next);
      }
    walk = std::move(inner);
  }
  return walk;
}

/// The indices that the core walks.
Walk walkKernel(const HardwareKernel &kernel) {
  Walk walk;
  for (uint32_t i = 0; i < kernel.iterOut; ++i)
    for (uint32_t j = 0; j < kernel.iterIn; ++j)
      for (const isa::MicroOp &u : kernel.microOps) {
        const uint32_t from[] = {u.dst, u.src, u.wgt};
        std::array<uint64_t, 3> at{};
        for (size_t k = 0; k < 3; ++k)
          at[k] = from[k] + uint64_t{i} * kernel.factorOut[k] + uint64_t{j} * kernel.factorIn[k];
        walk.push_back(at);
      }
  return walk;
}

KernelRules rules(KernelUse use) {
  KernelRules r;
  r.use = use;
  r.factorLimit = r.microOpLimit = {2047, 2047, 1023};
  r.microOpCount = 8192;
  return r;
}

Nest nest(std::vector<Loop> loops, uint32_t reduceLoops) { return {std::move(loops), reduceLoops}; }

} // namespace

TEST(KernelTest, RandomNestsAreWalkedInOrder) {
  const uint32_t seed = test::freshSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int lowered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Nest n;
    const uint32_t loops = random() % 6;
    n.reduceLoops = loops ? random() % (loops + 1) : 0;
    for (uint32_t l = 0; l < loops; ++l) {
      Loop loop{1 + static_cast<uint32_t>(random() % 4), {}};
      for (uint32_t &stride : loop.stride)
        stride = random() % 3 ? static_cast<uint32_t>(random() % 40) : static_cast<uint32_t>(random() % 3000);
      if (l >= loops - n.reduceLoops)
        loop.stride[0] = 0;
      n.loops.push_back(loop);
    }
    KernelRules r = rules(static_cast<KernelUse>(random() % 2));
    r.used[1] = random() % 4 != 0;
    r.used[2] = random() % 4 != 0;
    const auto kernel = lowerKernel(n, r);
    if (!kernel)
      continue;
    ++lowered;
    ASSERT_EQ(walkKernel(*kernel), walkNest(n, r.used));
  }
  EXPECT_GT(lowered, 500);
}

TEST(KernelTest, TwoOuterLoopsBecomeIterations) {
  // Rows, columns, output blocks; 3x3 taps and input blocks are the reduction.
  const auto kernel = lowerKernel(
      nest({{14, {30, 32, 0}}, {14, {1, 2, 0}}, {2, {900, 0, 36}}, {9, {0, 1, 4}}, {4, {0, 100, 1}}}, 2),
      rules(KernelUse::Group));
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->iterOut, 14u);
  EXPECT_EQ(kernel->iterIn, 14u);
  EXPECT_EQ(kernel->factorOut, (Indices{30, 32, 0}));
  EXPECT_EQ(kernel->factorIn, (Indices{1, 2, 0}));
  EXPECT_EQ(kernel->microOps.size(), 72u);
  EXPECT_EQ(kernel->microOps[37], (isa::MicroOp{900, 100, 37}));
}

TEST(KernelTest, LoopsThatContinueEachOtherAreMerged) {
  const auto kernel =
      lowerKernel(nest({{7, {28, 28, 0}}, {1, {999, 999, 9}}, {14, {2, 2, 0}}, {2, {1, 1, 0}}}, 0),
                  rules(KernelUse::Element));
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->iterOut, 1u);
  EXPECT_EQ(kernel->iterIn, 196u);
  EXPECT_EQ(kernel->factorIn, (Indices{1, 1, 0}));
  EXPECT_EQ(kernel->microOps.size(), 1u);
}

TEST(KernelTest, MergedLoopsKeepToTheLimitOfIterations) {
  const auto kernel =
      lowerKernel(nest({{200, {0, 100, 0}}, {100, {0, 1, 0}}}, 0), rules(KernelUse::Accumulate));
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->iterOut, 200u);
  EXPECT_EQ(kernel->iterIn, 100u);
}

TEST(KernelTest, ReductionsOfReduceStayMicroOps) {
  const Nest n = nest({{8, {0, 1, 1}}}, 1);
  const auto group = lowerKernel(n, rules(KernelUse::Group)),
             accumulate = lowerKernel(n, rules(KernelUse::Accumulate));
  ASSERT_TRUE(group && accumulate);
  EXPECT_EQ(group->microOps.size(), 8u);
  EXPECT_EQ(accumulate->microOps.size(), 1u);
  EXPECT_EQ(accumulate->iterIn, 8u);
}

TEST(KernelTest, StepsThatDoNotFitAreUnrolled) {
  const auto kernel = lowerKernel(nest({{2, {5, 1500, 0}}, {2, {1, 1, 0}}}, 0), [] {
    KernelRules r = rules(KernelUse::Accumulate);
    r.factorLimit[1] = 1023;
    return r;
  }());
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->iterOut * kernel->iterIn, 1u);
  EXPECT_EQ(kernel->microOps.size(), 4u);
}

TEST(KernelTest, WhatCannotBeIsNamed) {
  const auto message = [](const Nest &n, KernelUse use) {
    const auto kernel = lowerKernel(n, rules(use));
    return kernel ? std::string() : kernel.error().message;
  };
  EXPECT_EQ(message(nest({{9000, {0, 1, 0}}}, 1), KernelUse::Group),
            "kernel needs 9000 micro-ops or more, uop depth is 8192");
  EXPECT_EQ(message(nest({{3, {0, 1024, 0}}}, 1), KernelUse::Group),
            "kernel needs src index 2048 in a micro-op, the field holds 2047");
  EXPECT_EQ(
      message(nest({{2, {1, 0, 0}}, {2, {2, 0, 0}}, {2, {0, 1, 0}}, {2, {0, 5, 1}}}, 1), KernelUse::Group),
      "two results in a row go to dst 0: a loop that is no reduction has dst stride 0");
  EXPECT_EQ(message(nest({{2, {0, 1, 0}}}, 1), KernelUse::Element),
            "a kernel with reduction loops makes no sense for vec");
}

} // namespace tessera::driver
