// The SystemC platform against the devices that it has behind it: the cycle model of the platform gives the cycles, marks and counters
// of device `cycle` exactly; the loosely timed one gives the same bytes.
#include "tessera/device.h"
#include "tessera/isa/machine.h"
#include "tessera/record.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tessera::test {

namespace {

constexpr uint32_t kTiles = 12, kRows = 64, kIn = 4;

struct Outcome {
  std::vector<int8_t> bytes;
  uint64_t cycles = 0;
  std::vector<uint32_t> marks;
  std::vector<uint64_t> counters;
  double seconds = 0;
};

/// Overlapped loads, products and stores of kTiles tiles, recorded on the device.
void run(const char *deviceName, const char *machineName, const char *memory, uint32_t repeats,
         Outcome &outcome) {
  const auto machine = isa::loadMachine(machineName);
  ASSERT_TRUE(machine);
  tsr_device *device = nullptr;
  const tsr_device_options options{machineName, memory, size_t{4} << 20, 0};
  ASSERT_EQ(tsr_device_open(deviceName, &options, &device), TSR_OK) << tsr_open_message();
  const std::unique_ptr<tsr_device, void (*)(tsr_device *)> deviceGuard(device, tsr_device_close);
  const uint32_t inpBytes = kTiles * kRows * kIn * machine->dramElementBytes(isa::MemoryType::Inp);
  const uint32_t wgtBytes = kIn * machine->dramElementBytes(isa::MemoryType::Wgt);
  const uint32_t outBytes = kTiles * kRows * machine->dramElementBytes(isa::MemoryType::Out);
  uint32_t address = 0;
  ASSERT_EQ(tsr_device_allocate(device, inpBytes + wgtBytes + outBytes + 4096, 4096, &address), TSR_OK);
  std::mt19937 random(1);
  std::vector<int8_t> data(inpBytes + wgtBytes);
  for (int8_t &byte : data)
    byte = static_cast<int8_t>(random());
  ASSERT_EQ(tsr_device_write(device, address, data.data(), data.size()), TSR_OK);

  tsr_recorder *recorder = nullptr;
  ASSERT_EQ(tsr_record_begin(device, &recorder), TSR_OK);
  const std::unique_ptr<tsr_recorder, void (*)(tsr_recorder *)> recorderGuard(recorder, tsr_record_end);
  tsr_record_region(recorder, 0, address, inpBytes);
  tsr_record_region(recorder, 1, address + inpBytes, wgtBytes);
  tsr_record_region(recorder, 2, address + inpBytes + wgtBytes, outBytes);
  const uint32_t extents[] = {kRows, kIn}, strides[] = {1, kIn, 0, 0, 1, 1};
  uint32_t kernel = 0;
  tsr_record_kernel(recorder, 2, extents, strides, 1, &kernel);
  const auto inp = static_cast<uint32_t>(isa::MemoryType::Inp),
             wgt = static_cast<uint32_t>(isa::MemoryType::Wgt);
  tsr_record_load(recorder, wgt, 0, 1, 0, 1, kIn, kIn, 0, 0, 0, 0, 0, 0, 0);
  // Two halves of each buffer in turn: load waits for compute, and compute for store, two tiles later.
  for (uint32_t tile = 0; tile < kTiles; ++tile) {
    const uint32_t half = tile % 2, count = kRows * kIn;
    const uint32_t wait = tile >= 2, more = tile + 2 < kTiles;
    tsr_record_load(recorder, inp, half * count, 0,
                    tile * count * machine->dramElementBytes(isa::MemoryType::Inp), 1, count, count, 0, 0, 0,
                    0, 0, 0, TSR_PUSH_NEXT | (wait ? TSR_POP_NEXT : 0));
    for (uint32_t r = 0; r < repeats; ++r)
      tsr_record_gemm(recorder, kernel, 0, half * kRows, half * count, 0,
                      r == 0 ? TSR_POP_PREV | (wait ? TSR_POP_NEXT : 0) : 0);
    tsr_record_sync(recorder, TSR_PUSH_NEXT | (more ? TSR_PUSH_PREV : 0));
    tsr_record_mark(recorder, tile);
    tsr_record_store(recorder, half * kRows, 2,
                     tile * kRows * machine->dramElementBytes(isa::MemoryType::Out), 1, kRows, kRows,
                     TSR_POP_PREV | (more ? TSR_PUSH_PREV : 0));
  }
  ASSERT_EQ(tsr_record_finish(recorder), TSR_OK) << tsr_record_message(recorder);
  tsr_launch_result result{};
  ASSERT_EQ(tsr_record_run(recorder, 60, &result), TSR_OK) << tsr_record_message(recorder);
  outcome.cycles = result.cycles;
  outcome.seconds = result.wallSeconds;
  outcome.marks.resize(kTiles);
  ASSERT_EQ(tsr_record_marks(recorder, outcome.marks.data(), kTiles, nullptr), TSR_OK);
  outcome.counters.resize(TSR_COUNTERS);
  ASSERT_EQ(tsr_device_counters(device, outcome.counters.data()), TSR_OK);
  outcome.bytes.resize(outBytes);
  ASSERT_EQ(tsr_device_read(device, address + inpBytes + wgtBytes, outcome.bytes.data(), outBytes), TSR_OK);
}

} // namespace

#if TESSERA_HAVE_CYCLE_MODELS
TEST(SystemcTest, CycleModelCountsAsTheCycleDevice) {
  for (const char *machine : {"pynq", "tiny"})
    for (const auto &[bench, cycle] :
         {std::pair{"bench", "cycle"},
          {"bench,latency=7,response=3,outstanding=2", "cycle,latency=7,response=3,outstanding=2"}}) {
      SCOPED_TRACE(std::string(machine) + " " + bench);
      Outcome expected, got;
      run("cycle", machine, bench, 1, expected);
      run("systemc", machine, cycle, 1, got);
      EXPECT_GT(expected.cycles, 1000u);
      EXPECT_EQ(got.cycles, expected.cycles);
      EXPECT_EQ(got.marks, expected.marks);
      EXPECT_EQ(got.counters, expected.counters);
      EXPECT_EQ(got.bytes, expected.bytes);
    }
}

TEST(SystemcTest, CycleModelSaysHowFastItIs) {
  Outcome outcome;
  run("systemc", "pynq", "cycle", 40, outcome);
  const double speed = static_cast<double>(outcome.cycles) / outcome.seconds;
  std::printf("%.0f cycles/s over %llu cycles\n", speed, static_cast<unsigned long long>(outcome.cycles));
  EXPECT_GT(speed, 0);
}
#endif

TEST(SystemcTest, LooselyTimedModelComputesAndEstimates) {
  Outcome expected, got;
  run("functional", "pynq", "", 1, expected);
  run("systemc", "pynq", "lt", 1, got);
  EXPECT_EQ(got.bytes, expected.bytes);
  EXPECT_GE(got.cycles, uint64_t{kTiles} * kRows * kIn); // one micro-op a cycle at best
}

TEST(SystemcTest, SeveralPlatformsLiveSideBySide) {
  Outcome a, b;
  tsr_device *other = nullptr;
  const tsr_device_options options{"tiny", "lt", 4096, 0};
  ASSERT_EQ(tsr_device_open("systemc", &options, &other), TSR_OK) << tsr_open_message();
  run("systemc", "pynq", "lt", 1, a);
  run("systemc", "pynq", "lt", 1, b);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.cycles, b.cycles);
  tsr_identity identity{};
  EXPECT_EQ(tsr_device_identify(other, &identity), TSR_OK);
  tsr_device_close(other);
}

TEST(SystemcTest, UnknownModelsAreRefused) {
  for (const auto &[memory, message] :
       {std::pair{"chaos", "systemc: unknown model 'chaos' of the SystemC platform (lt, cycle)"},
        {"lt,latency=3", "systemc: the SystemC platform has no parameter 'latency=3'"},
        {"cycle,latency=0", "systemc: parameter 'latency=0' is not a number from 1 to 100000"}}) {
    tsr_device *device = nullptr;
    const tsr_device_options options{"pynq", memory, 0, 0};
    EXPECT_EQ(tsr_device_open("systemc", &options, &device), TSR_NOT_FOUND);
    EXPECT_STREQ(tsr_open_message(), message);
  }
}

} // namespace tessera::test
