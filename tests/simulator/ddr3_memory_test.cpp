// Memory model `ddr3` behind AXI pins that are moved here; the channel by itself: ddr3_timing_test.cpp.
#include "ddr3_memory.h"

#include <gtest/gtest.h>
#include <utility>
#include <vector>

using namespace tessera::cycle;

namespace {

constexpr uint64_t kSameBank =
    8 * 2048; // the next row of the same bank: eight banks of 1,024 columns of 2 bytes

/// The pins that a memory model sees; a core that takes all it is given.
template <unsigned BusBytes> struct Pins {
  uint8_t ar_ready_i = 0, ar_valid_o = 0, ar_id_o = 1, ar_len_o = 0;
  uint32_t ar_addr_o = 0;
  uint8_t r_valid_i = 0, r_ready_o = 1, r_id_i = 0, r_resp_i = 0, r_last_i = 0;
  uint8_t r_data_i[BusBytes] = {};
  uint8_t aw_ready_i = 0, aw_valid_o = 0, aw_id_o = 2, aw_len_o = 0;
  uint32_t aw_addr_o = 0;
  uint8_t w_ready_i = 0, w_valid_o = 0, w_last_o = 0;
  uint8_t w_data_o[BusBytes] = {};
  uint64_t w_strb_o = (uint64_t{1} << BusBytes) - 1;
  uint8_t b_valid_i = 0, b_ready_o = 1, b_id_i = 0, b_resp_i = 0;
};

template <unsigned BusBytes> struct Bench {
  explicit Bench(const char *model = "ddr3")
      : text(model), bytes(1 << 20), memory(text, bytes.data(), bytes.size()) {
    EXPECT_EQ(text.error(), "");
  }
  MemoryText text;
  std::vector<uint8_t> bytes;
  Ddr3Memory<Pins<BusBytes>, BusBytes> memory;
  Pins<BusBytes> pins;
  uint64_t now = 0;

  void cycle() { memory.cycle(pins, now++); }

  /// Cycles from the address to the first beat and to the last of a lone read.
  std::pair<uint64_t, uint64_t> read(uint32_t address, uint8_t beats) {
    pins.ar_valid_o = 1, pins.ar_addr_o = address, pins.ar_len_o = beats - 1;
    cycle();
    pins.ar_valid_o = 0;
    const uint64_t begin = now - 1;
    uint64_t first = 0;
    for (;;) {
      cycle();
      if (pins.r_valid_i && first == 0)
        first = now - 1 - begin;
      if (pins.r_valid_i && pins.r_last_i)
        return {first, now - 1 - begin};
    }
  }

  /// Cycles from the last beat of a lone write of one burst to its response.
  uint64_t write(uint32_t address, uint8_t value) {
    pins.aw_valid_o = 1, pins.aw_addr_o = address, pins.aw_len_o = 0;
    cycle();
    pins.aw_valid_o = 0, pins.w_valid_o = pins.w_last_o = 1;
    pins.w_data_o[0] = value;
    cycle();
    pins.w_valid_o = 0;
    for (const uint64_t begin = now - 1;;) {
      cycle();
      if (pins.b_valid_i)
        return now - 1 - begin;
    }
  }

  struct Beats {
    uint64_t read = 0, written = 0;
  };
  /// Beats moved in `cycles` by streams of 64-beat reads and writes that never pause.
  Beats stream(uint64_t cycles, bool reads, bool writes) {
    Beats beats;
    uint32_t readAt = 0, writeAt = 1 << 19, sent = 0;
    uint64_t asked = 0, given = 0;
    for (uint64_t end = now + cycles; now < end;) {
      pins.ar_valid_o = reads, pins.ar_addr_o = readAt % (1 << 19), pins.ar_len_o = 63;
      pins.aw_valid_o = writes, pins.aw_addr_o = (1 << 19) + writeAt % (1 << 19), pins.aw_len_o = 63;
      pins.w_valid_o = asked > given, pins.w_last_o = sent == 63;
      cycle();
      readAt += reads && pins.ar_ready_i ? 64 * BusBytes : 0;
      if (writes && pins.aw_ready_i)
        writeAt += 64 * BusBytes, ++asked;
      if (pins.w_valid_o && pins.w_ready_i && (sent = (sent + 1) % 64) == 0)
        ++given;
      beats.read += pins.r_valid_i;
      beats.written += pins.b_valid_i * uint64_t{64};
    }
    return beats;
  }
};

TEST(Ddr3MemoryTest, ALoneReadOfAnOpenRowTakesBenchsLatency) {
  Bench<8> bench;
  EXPECT_EQ(bench.read(0, 8),
            (std::pair<uint64_t, uint64_t>(41, 48))); // the row is opened: tRCD and what rounding leaves
  EXPECT_EQ(bench.read(64, 8), (std::pair<uint64_t, uint64_t>(40, 47)));
  EXPECT_EQ(bench.read(kSameBank, 1).first, 42u); // another row is closed first
}

TEST(Ddr3MemoryTest, BytesGoThrough) {
  Bench<8> bench;
  bench.bytes[512] = 77;
  bench.read(512, 1);
  EXPECT_EQ(bench.pins.r_data_i[0], 77);
  EXPECT_EQ(bench.pins.r_id_i, 1);
  bench.write(1024, 99);
  EXPECT_EQ(bench.bytes[1024], 99);
  EXPECT_EQ(bench.pins.b_id_i, 2);
  bench.read(1 << 20, 1);
  EXPECT_EQ(bench.pins.r_resp_i, kDecodeError);
}

TEST(Ddr3MemoryTest, AWriteIsAnsweredWhenItHasGoneToTheMemory) {
  Bench<8> bench;
  // 18 cycles of path, tRCD + CWL + BL/2 = 31.875 ns, 10 cycles back.
  EXPECT_EQ(bench.write(0, 1), 18u + 4 + 10);
  EXPECT_EQ(bench.write(0, 1), 18u + 2 + 10); // 18.75 ns
}

TEST(Ddr3MemoryTest, ReadsAndWritesShareTheChannel) {
  constexpr uint64_t kCycles = 100'000;
  // 16 bits at 1,066 transfers a microsecond: 21.3 bytes a cycle of 10 ns. A bus of 8 bytes is slower, one of 16 nearly as fast.
  EXPECT_GT(Bench<8>().stream(kCycles, true, false).read, kCycles * 95 / 100);
  EXPECT_GT(Bench<8>().stream(kCycles, false, true).written, kCycles * 95 / 100);
  const auto narrow = Bench<8>().stream(kCycles, true, true);
  EXPECT_GT(narrow.read + narrow.written, kCycles * 180 / 100);
  const auto wide = Bench<16>().stream(kCycles, true, true);
  EXPECT_LT((wide.read + wide.written) * 16, kCycles * 2133 / 100);
  EXPECT_GT((wide.read + wide.written) * 16, kCycles * 1600 / 100);
  const auto slow = Bench<16>("ddr3,width=8").stream(kCycles, true, false);
  EXPECT_LT(slow.read * 16, kCycles * 1067 / 100);
}

TEST(Ddr3MemoryTest, TheSameEachTime) {
  Bench<8> first, second;
  const auto one = first.stream(20'000, true, true), two = second.stream(20'000, true, true);
  EXPECT_EQ(one.read, two.read);
  EXPECT_EQ(one.written, two.written);
}

} // namespace
