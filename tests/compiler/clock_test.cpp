// Device and host on one clock: what was measured of several runs, and where it has to stand.
#include "clock.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tessera::test {

using compiler::MeasuredRun;
using compiler::Stretch;

namespace {

/// A second in which the host waits for a simulation; all else takes microseconds.
constexpr double kSimulation = 1;

/// Runs by hand: what each thread of the host did, one piece behind the other, in microseconds.
class ClockTest : public testing::Test {
protected:
  struct Told {
    size_t run;
    std::string what;
    double begin, end;
    bool operator==(const Told &) const = default;
  };

  /// The next run of a lane begins where the lane's last has ended.
  void run(size_t lane, std::vector<MeasuredRun::Launch> of) {
    runs.push_back({lane, {}, now[lane], 0, {}, std::move(of)});
    slices.emplace_back();
  }
  void does(const char *what, double microseconds, uint32_t segment = 0, int32_t isLayer = 0) {
    const double begin = now[runs.back().lane] - runs.back().begin;
    slices.back().push_back({what, segment, begin, begin + 1e-6 * microseconds, isLayer});
    if (!isLayer)
      runs.back().seconds = begin + 1e-6 * microseconds;
    if (!isLayer)
      now[runs.back().lane] += 1e-6 * microseconds;
  }
  void starts(uint32_t segment) { does("start", 0, segment); }
  void waits(uint32_t segment, const char *what = "wait") { does(what, 1e6 * kSimulation, segment); }

  void place() {
    for (size_t i = 0; i < runs.size(); ++i)
      runs[i].host = slices[i];
    told.clear();
    launches = placeOnOneClock(runs, [&](size_t run, const tsr_host_slice *slice, Stretch when) {
      told.push_back({run, slice ? slice->what : "", when.begin, when.end});
    });
  }
  /// What a run did under this name, the `which`-th time.
  Told of(size_t run, const std::string &what, size_t which = 0) const {
    for (const Told &one : told)
      if (one.run == run && one.what == what && which-- == 0)
        return one;
    ADD_FAILURE() << "run " << run << " has no " << what;
    return {};
  }
  static void expect(const Stretch &when, double begin, double end) {
    EXPECT_NEAR(when.begin, begin, 1e-3);
    EXPECT_NEAR(when.end, end, 1e-3);
  }
  static void expect(const Told &when, double begin, double end) {
    expect(Stretch{when.begin, when.end}, begin, end);
  }

  double now[2] = {1000, 1000};
  std::vector<MeasuredRun> runs;
  std::vector<std::vector<tsr_host_slice>> slices;
  std::vector<Told> told;
  std::vector<std::vector<Stretch>> launches;
};

} // namespace

TEST_F(ClockTest, AWaitTakesWhatTheDeviceTakes) {
  run(0, {{100, 0}});
  does("write", 10);
  starts(0);
  waits(0);
  does("layer", 15, 0, 1);
  does("segment", 20);
  place();
  expect(launches[0][0], 10, 110);
  expect(of(0, "write"), 0, 10);
  expect(of(0, "start"), 10, 10);
  expect(of(0, "wait"), 10, 110);
  expect(of(0, "layer"), 110, 125);
  expect(of(0, "segment"), 110, 130);
  EXPECT_EQ(told.size(), 5u);
}

TEST_F(ClockTest, WorkBesideALaunchThatEndsFirstGoesOn) {
  run(0, {{30, 0}});
  starts(0);
  does("segment", 50);
  waits(0);
  does("behind", 5);
  place();
  expect(launches[0][0], 0, 30);
  expect(of(0, "wait"), 50, 50);
  expect(of(0, "behind"), 50, 55);
}

TEST_F(ClockTest, WhatTheRuntimeDoesNotSeeIsTold) {
  run(0, {});
  does("one", 10);
  now[0] += 5e-6;
  does("two", 10);
  now[0] += 0.4e-6; // too short
  does("three", 10);
  runs[0].seconds += 7e-6;
  place();
  expect(of(0, ""), 10, 15);
  expect(of(0, "", 1), 35.4, 42.4);
  EXPECT_EQ(told.size(), 5u);
}

// Two lanes: the device is busy with the other's launch, and the CPU works beside it.
TEST_F(ClockTest, LaunchesOfTwoLanesFollowOneAnother) {
  run(0, {{100, 0}, {100, 2}});
  does("write", 10);
  starts(0);
  waits(0);
  does("segment", 20);
  starts(1);
  waits(1);
  now[1] += 4e-6; // its thread begins later
  run(1, {{60, 1}, {60, 3}});
  does("write", 10);
  starts(0);
  waits(0);
  does("segment", 30);
  starts(1);
  waits(1);
  place();
  expect(of(1, "write"), 4, 14);
  expect(launches[0][0], 10, 110);
  expect(launches[1][0], 110, 170);
  expect(of(0, "segment"), 110, 130); // beside the other's launch
  expect(of(1, "wait"), 14, 170);
  expect(launches[0][1], 170, 270);
  expect(of(1, "segment"), 170, 200);
  expect(of(0, "wait", 1), 130, 270);
  expect(launches[1][1], 270, 330);
}

TEST_F(ClockTest, TheDevicesOrderDecides) {
  run(0, {{100, 1}});
  does("write", 10);
  starts(0);
  waits(0);
  run(1, {{50, 0}});
  does("write", 40);
  starts(0);
  waits(0);
  place();
  expect(launches[1][0], 40, 90);
  expect(launches[0][0], 90, 190);
  expect(of(0, "wait"), 10, 190);
}

TEST_F(ClockTest, ATurnComesWhenTheLaunchBeforeHasEnded) {
  run(0, {{100, 0}});
  starts(0);
  waits(0);
  run(1, {{100, 1}});
  does("write", 10);
  waits(0, "wait for turn");
  does("emit", 25);
  starts(0);
  waits(0);
  place();
  expect(of(1, "wait for turn"), 10, 100);
  expect(of(1, "emit"), 100, 125);
  expect(launches[1][0], 125, 225);
}

// The second lane's thread begins behind a first run, for which the host has waited seconds.
TEST_F(ClockTest, ALaneBeginsBehindARunOfAnother) {
  run(0, {{100, 0}});
  starts(0);
  waits(0);
  does("read", 5);
  now[0] += 7; // opens the other
  run(0, {{100, 1}});
  runs.back().after = 0;
  does("write", 10);
  starts(0);
  waits(0);
  now[1] = runs[1].begin + 0.25; // it took a while to begin
  run(1, {{100, 2}});
  runs.back().after = 0;
  does("write", 20);
  starts(0);
  waits(0);
  place();
  expect(of(1, "write"), 105, 115);
  expect(of(2, "write"), 105, 125);
  expect(launches[2][0], 215, 315);
  // The same where the other lane has not come so far.
  runs[1].launches[0].order = 2;
  runs[2].launches[0].order = 1;
  place();
  expect(of(2, "write"), 105, 125);
  expect(launches[2][0], 125, 225);
  expect(launches[1][0], 225, 325);
}

TEST_F(ClockTest, ALanesRunsFollowOneAnother) {
  run(0, {{100, 0}});
  starts(0);
  waits(0);
  does("read", 5);
  now[0] += 2e-6;
  run(0, {{100, 1}});
  does("write", 10);
  starts(0);
  waits(0);
  place();
  expect(of(0, "read"), 100, 105);
  expect(of(1, ""), 105, 107);
  expect(of(1, "write"), 107, 117);
  expect(launches[1][0], 117, 217);
}

} // namespace tessera::test
