// Several runs at once: the order of launches, what fails, and that the bytes are those of one run after the other.
#include "runtime/runtime.h"
#include "runtime/turns.h"

#include "tessera/isa/encoding.h"
#include "tessera/isa/image.h"
#include "tessera/runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tessera::test {

using driver::Turns;

TEST(TurnsTest, EveryLaunchHasASlotOfItsOwnBehindTheOneBefore) {
  for (uint32_t launches : {1u, 2u, 3u, 4u, 5u, 8u}) {
    std::set<uint64_t> slots;
    for (uint64_t run = 0; run < 20; ++run)
      for (uint32_t launch = 0; launch < launches; ++launch) {
        const uint64_t slot = Turns::slotOf(run, launch, launches);
        EXPECT_TRUE(slots.insert(slot).second) << launches << " launches, run " << run << ", " << launch;
        if (launch > 0) {
          EXPECT_GT(slot, Turns::slotOf(run, launch - 1, launches));
        }
        if (run >= 2) { // which begins when that one has ended
          EXPECT_GT(slot, Turns::slotOf(run - 2, launches - 1, launches));
        }
      }
  }
}

TEST(TurnsTest, NeighboursAlternate) {
  std::vector<std::pair<uint64_t, uint64_t>> order; // slot, run
  for (uint64_t run = 0; run < 6; ++run)
    for (uint32_t launch = 0; launch < 4; ++launch)
      order.emplace_back(Turns::slotOf(run, launch, 4), run);
  std::sort(order.begin(), order.end());
  for (size_t i = 3; i + 3 < order.size(); ++i)
    EXPECT_NE(order[i].second, order[i - 1].second) << i;
}

TEST(TurnsTest, ALaunchWaitsForThoseBeforeItOnEitherSide) {
  Turns turns(3, 2); // slots: 0 2, 3 5, 4 6
  EXPECT_EQ(turns.take(1, 0, 0.01).code, TSR_TIMEOUT);
  for (int launch = 0; launch < 2; ++launch) {
    EXPECT_EQ(turns.take(0, static_cast<uint32_t>(launch), 0.01).code, TSR_OK);
    turns.give(0);
  }
  EXPECT_EQ(turns.take(2, 0, 0.01).code, TSR_TIMEOUT);
  EXPECT_EQ(turns.take(1, 0, 0.01).code, TSR_OK);
  turns.give(1);
  EXPECT_EQ(turns.take(1, 1, 0.01).code, TSR_TIMEOUT);
  EXPECT_EQ(turns.take(2, 0, 0.01).code, TSR_OK);
  turns.give(2);
  EXPECT_EQ(turns.take(1, 1, 0.01).code, TSR_OK);
}

TEST(TurnsTest, AWaitHasALimitAndEndsWhereAnotherRunFails) {
  Turns turns(3, 1);
  EXPECT_EQ(turns.take(1, 0, 0.01).code, TSR_TIMEOUT); // run 0 has not launched
  EXPECT_EQ(turns.take(0, 0, 0.01).code, TSR_OK);
  turns.give(0);
  EXPECT_EQ(turns.take(1, 0, 0.01).code, TSR_OK);
  turns.end(1, true);
  EXPECT_TRUE(turns.isStopped());
  EXPECT_EQ(turns.take(2, 0, 100).code, TSR_STOPPED);
}

namespace {

constexpr uint32_t kElements = 64, kLaunches = 2;
int failAt = -1;             // the input's first byte of the run that fails
std::atomic<int> inHost = 0; // runs whose host code works
std::atomic<int> mostInHost = 0;

/// Host code by hand, two launches: each adds nothing and copies kElements elements through the core, with work of the host before, between and behind.
int32_t hostCode(tsr_runtime *runtime, const void *const *inputs, void *const *outputs) {
  const auto work = [] {
    mostInHost = std::max(mostInHost.load(), ++inHost);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --inHost;
  };
  const auto *from = static_cast<const uint8_t *>(inputs[0]);
  void *shared = nullptr;
  const uint32_t bytes = kElements * 16;
  work();
  if (from[0] == failAt) {
    tsr_host_fail("this one fails");
  }
  for (uint32_t launch = 0; launch < kLaunches; ++launch) {
    tsr_recorder *recorder = nullptr;
    int32_t fresh = 0;
    tsr_status status = tsr_runtime_recorder(runtime, launch, &recorder, &fresh);
    if (status != TSR_OK)
      return status;
    if (fresh) {
      tsr_record_load(recorder, static_cast<uint32_t>(isa::MemoryType::Acc8bit), 0, 1, launch * bytes, 1,
                      kElements, kElements, 0, 0, 0, 0, 0, 0, TSR_PUSH_NEXT);
      tsr_record_store(recorder, 0, 1, (launch + 1) * bytes, 1, kElements, kElements, TSR_POP_PREV);
      if ((status = tsr_runtime_finish(runtime, launch)) != TSR_OK)
        return status;
    }
    if ((status = tsr_runtime_share(runtime, launch * bytes, bytes, &shared)) != TSR_OK)
      return status;
    if (launch == 0)
      std::copy_n(from, bytes, static_cast<uint8_t *>(shared));
    else
      std::for_each_n(static_cast<uint8_t *>(shared), bytes, [](uint8_t &byte) { ++byte; });
    if ((status = tsr_runtime_give(runtime, launch * bytes, bytes)) != TSR_OK)
      return status;
    if ((status = tsr_runtime_run(runtime, launch)) != TSR_OK)
      return status;
    work();
  }
  if (tsr_runtime_share(runtime, kLaunches * bytes, bytes, &shared) != TSR_OK)
    return TSR_DEVICE_ERROR;
  std::copy_n(static_cast<uint8_t *>(shared), bytes, static_cast<uint8_t *>(outputs[0]));
  return TSR_OK;
}

/// A device, and a runtime on it of an image with an arena and so many segments; the runtimes that stood in `runtime` are closed before their device.
template <class Code, class Device, class Runtime>
void openOn(const char *kind, const char *memory, uint32_t segments, Code code, Device &device,
            Runtime &runtime) {
  runtime.reset();
  const tsr_device_options options{"pynq", memory, 1 << 20, 0};
  tsr_device *opened = nullptr;
  ASSERT_EQ(tsr_device_open(kind, &options, &opened), TSR_OK) << tsr_open_message();
  device.reset(opened);
  isa::ProgramImage image;
  image.configHash = isa::loadMachine("pynq")->hash();
  image.setText(isa::ProgramImage::kMetadata,
                R"({"arena_bytes": 8192, "segments": )" + std::to_string(segments) + "}");
  const std::vector<uint8_t> bytes = *image.serialize();
  tsr_runtime *made = nullptr;
  ASSERT_EQ(tsr_runtime_open(device.get(), bytes.data(), bytes.size(), code, &made), TSR_OK);
  runtime.reset(made);
}

class ManyTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(openOn("functional", nullptr, 2, hostCode, device, first));
    tsr_runtime *runtime = nullptr;
    ASSERT_EQ(tsr_runtime_open_beside(first.get(), hostCode, &runtime), TSR_OK) << tsr_open_message();
    second.reset(runtime);
    failAt = -1;
    mostInHost = 0;
    for (size_t i = 0; i < kRuns; ++i) {
      in.emplace_back(kElements * 16);
      std::iota(in.back().begin(), in.back().end(), static_cast<uint8_t>(i));
      out.emplace_back(kElements * 16);
    }
  }
  tsr_status invokeAll(tsr_runtime *beside, uint64_t &failed) {
    std::vector<const void *> from;
    std::vector<void *> to;
    std::vector<const void *const *> inputs;
    std::vector<void *const *> outputs;
    for (size_t i = 0; i < kRuns; ++i) {
      from.push_back(in[i].data());
      to.push_back(out[i].data());
    }
    for (size_t i = 0; i < kRuns; ++i) {
      inputs.push_back(&from[i]);
      outputs.push_back(&to[i]);
    }
    return tsr_runtime_invoke_all(first.get(), beside, kRuns, inputs.data(), outputs.data(), &failed);
  }

  static constexpr size_t kRuns = 9;
  std::unique_ptr<tsr_device, void (*)(tsr_device *)> device{nullptr, tsr_device_close};
  std::unique_ptr<tsr_runtime, void (*)(tsr_runtime *)> first{nullptr, tsr_runtime_close};
  std::unique_ptr<tsr_runtime, void (*)(tsr_runtime *)> second{nullptr, tsr_runtime_close};
  std::vector<std::vector<uint8_t>> in, out;
};

} // namespace

TEST_F(ManyTest, BytesAreThoseOfOneAfterTheOther) {
  for (tsr_runtime *beside : {static_cast<tsr_runtime *>(nullptr), second.get()}) {
    uint64_t failed = 0;
    for (auto &bytes : out)
      std::fill(bytes.begin(), bytes.end(), uint8_t{0});
    ASSERT_EQ(invokeAll(beside, failed), TSR_OK) << tsr_runtime_message(first.get());
    EXPECT_EQ(failed, kRuns);
    for (size_t i = 0; i < kRuns; ++i)
      for (size_t b = 0; b < in[i].size(); ++b)
        ASSERT_EQ(out[i][b], static_cast<uint8_t>(in[i][b] + 1)) << i;
    EXPECT_EQ(mostInHost, beside ? 2 : 1);
  }
  tsr_segment_report report{};
  ASSERT_EQ(tsr_runtime_report(first.get(), 1, &report), TSR_OK);
  EXPECT_EQ(report.launches, kRuns + (kRuns + 1) / 2) << "the last run is the first runtime's";
}

TEST_F(ManyTest, WhatEachRunDidIsKeptForATimeline) {
  for (tsr_runtime *runtime : {first.get(), second.get()})
    runtime->timelineLimit = 1; // no device here counts, which is not what this is about
  for (tsr_runtime *beside : {static_cast<tsr_runtime *>(nullptr), second.get()}) {
    uint64_t failed = 0;
    first->kept.clear(); // as tsr_runtime_set_profile does
    ASSERT_EQ(invokeAll(beside, failed), TSR_OK) << tsr_runtime_message(first.get());
    std::vector<std::pair<uint64_t, uint64_t>> orders; // as measured, and as they must be
    for (tsr_runtime *runtime : {first.get(), beside}) {
      double ended = 0;
      const size_t runs = !beside ? kRuns : runtime == first.get() ? (kRuns + 1) / 2 : kRuns / 2;
      for (size_t run = 0; runtime && run < runs; ++run) {
        ASSERT_EQ(tsr_runtime_show(runtime, run), TSR_OK) << run;
        const tsr_host_slice *slices = nullptr;
        uint64_t count = 0, starts = 0, waits = 0, turns = 0;
        double begin = 0, seconds = 0;
        ASSERT_EQ(tsr_runtime_host_timeline(runtime, &slices, &count, &begin, &seconds), TSR_OK);
        EXPECT_GE(begin, ended);
        EXPECT_GT(seconds, 0);
        ended = begin + seconds;
        for (uint64_t i = 0; i < count; ++i) {
          starts += std::string(slices[i].what) == "start";
          waits += std::string(slices[i].what) == "wait";
          turns += std::string(slices[i].what) == "wait for turn";
          EXPECT_LE(slices[i].end, seconds);
        }
        EXPECT_EQ(starts, kLaunches);
        EXPECT_EQ(waits, kLaunches);
        EXPECT_EQ(turns, runtime != first.get() && run == 0 ? kLaunches : 0) << "to record";
        const uint64_t which = !beside ? run : 2 * run + (runtime == first.get() ? 0 : 1);
        for (uint32_t launch = 0; launch < kLaunches; ++launch) {
          tsr_segment_report report{};
          ASSERT_EQ(tsr_runtime_report(runtime, launch, &report), TSR_OK);
          orders.emplace_back(report.order,
                              beside ? Turns::slotOf(which, launch, kLaunches) : which * kLaunches + launch);
        }
      }
      EXPECT_EQ(runtime ? tsr_runtime_show(runtime, runs) : TSR_NOT_FOUND, TSR_NOT_FOUND);
    }
    ASSERT_EQ(orders.size(), kRuns * kLaunches);
    std::sort(orders.begin(), orders.end());
    for (size_t i = 1; i < orders.size(); ++i) {
      EXPECT_EQ(orders[i].first, orders[i - 1].first + 1);
      EXPECT_GT(orders[i].second, orders[i - 1].second) << "in the order of their turns";
    }
  }
}

TEST_F(ManyTest, TheRunThatFailsIsNamed) {
  for (int which : {0, 3, static_cast<int>(kRuns) - 1}) {
    failAt = which;
    for (tsr_runtime *beside : {static_cast<tsr_runtime *>(nullptr), second.get()}) {
      uint64_t failed = 0;
      EXPECT_EQ(invokeAll(beside, failed), TSR_OUT_OF_RANGE);
      EXPECT_EQ(failed, static_cast<uint64_t>(which));
      EXPECT_STREQ(tsr_runtime_message(first.get()), "this one fails");
    }
  }
  failAt = -1; // and afterwards all works
  uint64_t failed = 0;
  EXPECT_EQ(invokeAll(second.get(), failed), TSR_OK);
}

namespace {

bool besideFails = false;    // the host's work beside the launch gives up
uint32_t loadedElements = 0; // of the program; more than the memory has make it fail where it is recorded
bool endedWithoutWait = false;
bool recordsBeside = false; // the host asks for a recorder beside the launch

/// A launch that copies, and host code that reads what another place holds beside it.
int32_t besideCode(tsr_runtime *runtime, const void *const *inputs, void *const *outputs) {
  tsr_recorder *recorder = nullptr;
  int32_t fresh = 0;
  tsr_status status = tsr_runtime_recorder(runtime, 0, &recorder, &fresh);
  const uint32_t bytes = kElements * 16;
  void *shared = nullptr;
  if (status != TSR_OK || (status = tsr_runtime_share(runtime, 0, 2 * bytes, &shared)) != TSR_OK)
    return status;
  if (fresh) {
    tsr_record_load(recorder, static_cast<uint32_t>(isa::MemoryType::Acc8bit), 0, 1, 0, 1, loadedElements,
                    loadedElements, 0, 0, 0, 0, 0, 0, TSR_PUSH_NEXT);
    tsr_record_store(recorder, 0, 1, bytes, 1, loadedElements, loadedElements, TSR_POP_PREV);
    if ((status = tsr_runtime_finish(runtime, 0)) != TSR_OK)
      return status;
  }
  std::copy_n(static_cast<const uint8_t *>(inputs[0]), bytes, static_cast<uint8_t *>(shared));
  if ((status = tsr_runtime_start(runtime, 0)) != TSR_OK)
    return status;
  tsr_runtime_cpu_begin(runtime, 7, "beside");
  if (besideFails)
    tsr_host_fail("the work beside it failed");
  tsr_runtime_cpu_end(runtime);
  if (recordsBeside && (status = tsr_runtime_recorder(runtime, 0, &recorder, &fresh)) != TSR_OK)
    return status;
  if (endedWithoutWait)
    return TSR_OK;
  if ((status = tsr_runtime_wait(runtime, 0)) != TSR_OK)
    return status;
  std::copy_n(static_cast<uint8_t *>(shared) + bytes, bytes, static_cast<uint8_t *>(outputs[0]));
  return TSR_OK;
}

class BesideTest : public testing::Test {
protected:
  void open(const char *memory, const char *kind = "functional") {
    ASSERT_NO_FATAL_FAILURE(openOn(kind, memory, 1, besideCode, device, runtime));
    besideFails = endedWithoutWait = recordsBeside = false;
    loadedElements = kElements;
  }
  tsr_status invoke(uint8_t first) {
    std::iota(in.begin(), in.end(), first);
    const void *inputs[] = {in.data()};
    void *outputs[] = {out.data()};
    return tsr_runtime_invoke(runtime.get(), inputs, outputs);
  }

  std::vector<uint8_t> in = std::vector<uint8_t>(kElements * 16), out = in;
  std::unique_ptr<tsr_device, void (*)(tsr_device *)> device{nullptr, tsr_device_close};
  std::unique_ptr<tsr_runtime, void (*)(tsr_runtime *)> runtime{nullptr, tsr_runtime_close};
};

} // namespace

TEST_F(BesideTest, AWaitComesBehindTheLaunch) {
  open(nullptr);
  for (const int overlap : {1, 0}) {
    tsr_runtime_set_overlap(runtime.get(), overlap);
    for (int round = 0; round < 100; ++round) {
      ASSERT_EQ(invoke(static_cast<uint8_t>(round)), TSR_OK) << tsr_runtime_message(runtime.get());
      ASSERT_EQ(out, in) << round;
    }
  }
  tsr_segment_report report{};
  ASSERT_EQ(tsr_runtime_report(runtime.get(), 0, &report), TSR_OK);
  EXPECT_EQ(report.launches, 200u);
  EXPECT_GT(report.result.cycles, 0u);
}

TEST_F(BesideTest, NoRunLeavesALaunchBehind) {
  open(nullptr);
  for (int round = 0; round < 20; ++round) {
    besideFails = true;
    EXPECT_EQ(invoke(1), TSR_OUT_OF_RANGE);
    EXPECT_STREQ(tsr_runtime_message(runtime.get()), "the work beside it failed");
    besideFails = false;
    endedWithoutWait = true;
    EXPECT_EQ(invoke(2), TSR_OK);
    endedWithoutWait = false;
    ASSERT_EQ(invoke(static_cast<uint8_t>(round)), TSR_OK) << tsr_runtime_message(runtime.get());
    ASSERT_EQ(out, in);
  }
}

TEST_F(BesideTest, NothingIsRecordedBesideALaunch) {
  open(nullptr);
  recordsBeside = true;
  EXPECT_EQ(invoke(1), TSR_INVALID_ARGUMENT);
  EXPECT_STREQ(tsr_runtime_message(runtime.get()), "segment 0: a launch is still running");
  tsr_runtime_set_overlap(runtime.get(), 0); // it has ended when start() returns
  EXPECT_EQ(invoke(2), TSR_OK) << tsr_runtime_message(runtime.get());
  EXPECT_EQ(out, in);
}

TEST_F(BesideTest, ErrorsOfTheDeviceComeWithTheWait) {
  open("error=4,index=1", "null"); // whose memory the host does not see: start() is the launch
  EXPECT_EQ(invoke(1), TSR_DEVICE_ERROR);
  EXPECT_TRUE(std::string(tsr_runtime_message(runtime.get()))
                  .starts_with("segment 0: core error DRAM_FAULT at instruction 1"))
      << tsr_runtime_message(runtime.get());
  open(nullptr);
  tsr_runtime_set_timeout(runtime.get(), -1);
  for (const int overlap : {1, 0}) {
    tsr_runtime_set_overlap(runtime.get(), overlap);
    EXPECT_EQ(invoke(1), TSR_INVALID_ARGUMENT);
    EXPECT_STREQ(tsr_runtime_message(runtime.get()),
                 "segment 0: timeout must be a number of seconds, not negative");
    tsr_launch_result ended{};
    EXPECT_EQ(tsr_device_wait(device.get(), 10, &ended), TSR_OK);
  }
  EXPECT_EQ(tsr_runtime_start(runtime.get(), 1), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_runtime_wait(runtime.get(), 1), TSR_INVALID_ARGUMENT);
}

TEST_F(ManyTest, ADeviceOutOfTheHostsSightRunsOneAfterTheOther) {
  const tsr_device_options options{"pynq", nullptr, 1 << 20, 0};
  tsr_device *opened = nullptr;
  ASSERT_EQ(tsr_device_open("null", &options, &opened), TSR_OK);
  const std::unique_ptr<tsr_device, void (*)(tsr_device *)> blind(opened, tsr_device_close);
  isa::ProgramImage image;
  image.configHash = isa::loadMachine("pynq")->hash();
  image.setText(isa::ProgramImage::kMetadata, R"({"arena_bytes": 8192, "segments": 2})");
  const std::vector<uint8_t> bytes = *image.serialize();
  tsr_runtime *runtime = nullptr, *beside = nullptr;
  ASSERT_EQ(tsr_runtime_open(blind.get(), bytes.data(), bytes.size(), hostCode, &runtime), TSR_OK);
  const std::unique_ptr<tsr_runtime, void (*)(tsr_runtime *)> alone(runtime, tsr_runtime_close);
  EXPECT_EQ(tsr_runtime_open_beside(alone.get(), hostCode, &beside), TSR_UNSUPPORTED);
  EXPECT_EQ(beside, nullptr);
  EXPECT_STREQ(tsr_open_message(), "the host does not see the memory of device null");
}

} // namespace tessera::test
