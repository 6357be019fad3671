// Memory model `ddr3`: the channel by itself.
#include "ddr3_timing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace tessera::cycle;
using Ddr3 = Ddr3Timing;

namespace {

constexpr uint64_t kRowBytes = 2048;              // 1,024 columns of 2 bytes
constexpr uint64_t kSameBank = 8 * kRowBytes;     // the next row of the same bank
constexpr uint64_t kHit = 20'625, kMiss = 33'750; // CL + BL/2; with tRCD before
constexpr uint64_t kConflict = 46'875;            // with tRP before that

TEST(Ddr3TimingTest, RowsCostWhatTheyAre) {
  Ddr3 channel(2);
  EXPECT_EQ(channel.access(0, 0, false).end, kMiss);
  EXPECT_EQ(channel.access(1'000'000, 512, false).end - 1'000'000, kHit);
  EXPECT_EQ(channel.access(2'000'000, kSameBank, false).end - 2'000'000, kConflict);
  EXPECT_EQ(channel.access(3'000'000, kRowBytes, false).end - 3'000'000, kMiss);     // bank 1 was never open
  EXPECT_EQ(channel.access(4'000'000, kSameBank + 16, false).end - 4'000'000, kHit); // its row is still open
}

TEST(Ddr3TimingTest, ARowStaysOpenForItsLeastTime) {
  Ddr3 channel(2);
  channel.access(0, 0, false);
  // The row was opened at 0: closed at tRAS, the other one opened tRP later.
  EXPECT_EQ(channel.access(0, kSameBank, false).end, Ddr3::kRow + Ddr3::kClose + Ddr3::kOpen + kHit);
}

TEST(Ddr3TimingTest, AWrittenRowRecoversBeforeItCloses) {
  Ddr3 channel(2);
  const uint64_t written = channel.access(0, 0, true).end;
  EXPECT_EQ(written, Ddr3::kOpen + Ddr3::kWrite + Ddr3::kBurst);
  EXPECT_EQ(channel.access(0, kSameBank, false).end,
            written + Ddr3::kWritten + Ddr3::kClose + Ddr3::kOpen + kHit);
}

TEST(Ddr3TimingTest, BurstsOfARowFollowWithoutAGap) {
  Ddr3 channel(2);
  uint64_t last = channel.access(0, 0, false).end;
  for (uint64_t k = 1; k < kRowBytes / 16; ++k) {
    const Ddr3::Data data = channel.access(0, 16 * k, false);
    EXPECT_EQ(data.begin, last);
    last = data.end;
  }
}

TEST(Ddr3TimingTest, TheBusTurnsRound) {
  Ddr3 channel(2);
  const Ddr3::Data read = channel.access(0, 0, false);
  const Ddr3::Data write = channel.access(0, 16, true);
  EXPECT_EQ(write.begin, read.end + Ddr3::kTurn);
  EXPECT_EQ(channel.access(0, 32, false).begin, write.end + Ddr3::kWriteToRead + Ddr3::kRead);
}

TEST(Ddr3TimingTest, RefreshComesEachInterval) {
  Ddr3 channel(2);
  constexpr uint64_t kIntervals = 50;
  uint64_t last = 0, longest = 0, time = 0;
  for (uint64_t k = 0; time < kIntervals * Ddr3::kInterval; ++k) {
    const Ddr3::Data data = channel.access(time, k % 128 * 16, false); // one row, without a pause
    longest = std::max(longest, data.begin - last);
    last = time = data.end;
  }
  EXPECT_EQ(channel.refreshes(),
            kIntervals - 1); // the first is due after one interval, the next access would meet the last
  // Row closed, refreshed, opened again.
  EXPECT_GE(longest, Ddr3::kClose + Ddr3::kRefresh + Ddr3::kOpen + Ddr3::kRead);
  EXPECT_LE(longest, Ddr3::kClose + Ddr3::kRefresh + Ddr3::kOpen + Ddr3::kRead + Ddr3::kRow);
}

TEST(Ddr3TimingTest, WhatWasDueWhileNobodyAskedIsPast) {
  Ddr3 channel(2);
  channel.access(0, 0, false);
  EXPECT_EQ(channel.access(10 * Ddr3::kInterval + 5'000'000, 16, false).end - 10 * Ddr3::kInterval -
                5'000'000,
            kMiss);
  EXPECT_EQ(channel.refreshes(), 10u);
}

TEST(Ddr3TimingTest, NeverBothAtOnce) {
  Ddr3 channel(2);
  std::mt19937_64 random(5);
  uint64_t time = 0, last = 0;
  for (int k = 0; k < 200'000; ++k) {
    time += random() % 4 == 0 ? random() % 100'000 : 0;
    const Ddr3::Data data = channel.access(time, random() % (1 << 20) * 16, random() % 2 != 0);
    ASSERT_GE(data.begin, last);
    ASSERT_GE(data.begin, time + Ddr3::kWrite);
    ASSERT_EQ(data.end - data.begin, Ddr3::kBurst);
    last = data.end;
  }
}

} // namespace
