// The arithmetic cells of compute against isa's numerics: all operands where that is possible, edges and random ones elsewhere.
// The seed is printed; TESSERA_SEED sets it.
#include "Vcompute_bench.h"

#include "tessera/isa/numerics.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

using namespace tessera::isa;

class CellsTest : public ::testing::Test {
protected:
  CellsTest() {
    const char *text = std::getenv("TESSERA_SEED");
    uint64_t seed = text ? std::strtoull(text, nullptr, 0) : 2026;
    random_.seed(seed);
    std::cout << "seed " << seed << '\n';
    bench_.rst_ni = 0;
    clock();
    bench_.rst_ni = 1;
  }

  void clock() {
    bench_.clk_i = 0;
    bench_.eval();
    bench_.clk_i = 1;
    bench_.eval();
  }
  void clock(int cycles) {
    for (int i = 0; i < cycles; ++i)
      clock();
  }
  uint32_t random32() { return static_cast<uint32_t>(random_()); }

  /// Random bits, often near a power of two or an end of the range.
  uint32_t interesting() {
    switch (random32() % 4) {
    case 0:
      return random32();
    case 1:
      return random32() >> (random32() % 32);
    case 2:
      return (uint32_t{1} << (random32() % 32)) + random32() % 3 - 1;
    default:
      return uint32_t{0} - (uint32_t{1} << (random32() % 32)) + random32() % 3 - 1;
    }
  }

  Vcompute_bench bench_;
  std::mt19937_64 random_;
};

TEST_F(CellsTest, MulSmallAllOperands) {
  for (int a = -256; a < 256; ++a) {
    for (int b = -256; b < 256; ++b) {
      bench_.a_i = a & 0x1ff;
      bench_.b_i = b & 0x1ff;
      bench_.eval();
      ASSERT_EQ(bench_.small_o, static_cast<uint32_t>(a * b) & 0x3ffff) << a << " * " << b;
    }
  }
}

TEST_F(CellsTest, MulWide) {
  for (int i = 0; i < 300000; ++i) {
    bench_.v_i = interesting();
    bench_.y_i = interesting();
    bench_.unsigned_i = random32() & 1;
    clock(3);
    uint64_t expected = bench_.unsigned_i ? uint64_t{bench_.v_i} * bench_.y_i
                                          : static_cast<uint64_t>(int64_t{static_cast<int32_t>(bench_.v_i)} *
                                                                  static_cast<int32_t>(bench_.y_i));
    ASSERT_EQ(bench_.product_0_o, expected)
        << bench_.v_i << " * " << bench_.y_i << " unsigned " << int{bench_.unsigned_i};
    ASSERT_EQ(bench_.product_1_o, expected)
        << bench_.v_i << " * " << bench_.y_i << " unsigned " << int{bench_.unsigned_i};
  }
}

// A vector a cycle in all modes mixed; the settings of the last stages hold still for a batch.
TEST_F(CellsTest, ExitLane) {
  constexpr int kLatency = 11, kBatch = 64;
  const std::array<uint32_t, 10> floats = {0x3f800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x00000001,
                                           0x3f000000, 0xbf000000, 0x4f000000, 0x00800000, 0x80000000};
  for (int batch = 0; batch < 8000; ++batch) {
    ExitSettings settings;
    settings.zeroPoint = static_cast<int8_t>(random32());
    settings.clampMin = random32() % 2 ? -128 : static_cast<int8_t>(random32());
    settings.clampMax = random32() % 2 ? 127 : static_cast<int8_t>(random32());
    bench_.zero_point_i = static_cast<uint8_t>(settings.zeroPoint);
    bench_.clamp_min_i = static_cast<uint8_t>(std::min(settings.clampMin, settings.clampMax));
    bench_.clamp_max_i = static_cast<uint8_t>(settings.clampMax);
    std::vector<int32_t> expected;
    std::vector<bool> whole;
    std::vector<std::string> names;
    for (int i = 0; i < kBatch + kLatency - 1; ++i) {
      int kind = static_cast<int>(random32() % 7); // 5: ALU MUL, 6: destination ACC
      settings.mode = static_cast<ExitMode>(kind < 5 ? kind : random32() % 5);
      auto v = static_cast<int32_t>(interesting());
      auto bias = static_cast<int32_t>(interesting());
      auto y = static_cast<int32_t>(interesting());
      bool adds = kind != 5 && settings.mode != ExitMode::Average && random32() % 2;
      uint32_t multiplier = interesting();
      if (settings.mode == ExitMode::Onnx)
        multiplier = random32() % 4 == 0 ? floats[random32() % floats.size()]
                                         : (random32() & 0x807fffff & ~0u << random32() % 24) |
                                               (127 - 40 + random32() % 50) << 23;
      auto shift = static_cast<int32_t>(random32());
      bench_.v_i = static_cast<uint32_t>(v);
      bench_.y_i = static_cast<uint32_t>(y);
      bench_.bias_i = static_cast<uint32_t>(bias);
      bench_.multiplier_i = multiplier;
      bench_.shift_i = static_cast<uint32_t>(shift) & 63;
      bench_.mode_i = static_cast<uint8_t>(settings.mode);
      bench_.raw_i = kind == 5;
      bench_.pass_i = kind == 6;
      bench_.bias_on_i = adds;
      int32_t with = adds ? wrapAdd(v, bias) : v;
      expected.push_back(kind == 5   ? wrapMul(v, y)
                         : kind == 6 ? with
                                     : exitValue(with, multiplier, shift, bias, settings));
      whole.push_back(kind >= 5);
      names.push_back("kind " + std::to_string(kind) + " mode " + std::to_string(bench_.mode_i) + " v " +
                      std::to_string(with) + " multiplier " + std::to_string(multiplier) + " shift " +
                      std::to_string(shiftOfRow(shift)) + " bias " + std::to_string(bias));
      clock();
      if (i + 1 < kLatency)
        continue;
      size_t was = static_cast<size_t>(i + 1 - kLatency);
      // A requantised value is a byte.
      uint32_t counts = whole[was] ? 0xffffffff : 0xff;
      ASSERT_EQ(bench_.result_0_o & counts, static_cast<uint32_t>(expected[was]) & counts) << names[was];
      ASSERT_EQ(bench_.result_1_o & counts, static_cast<uint32_t>(expected[was]) & counts) << names[was];
    }
  }
}

// Shifts by every number of places both ways, and whatever lies further.
TEST_F(CellsTest, AluLane) {
  for (int i = 0; i < 1000000; ++i) {
    auto x = static_cast<int32_t>(interesting());
    auto y = static_cast<int32_t>(random32() % 2 ? interesting() : random32() % 80 - 40);
    auto op = std::array{AluOpcode::Min, AluOpcode::Max, AluOpcode::Add, AluOpcode::Shr}[random32() % 4];
    bench_.compares_i = op == AluOpcode::Min || op == AluOpcode::Max;
    bench_.second_i = op == AluOpcode::Max || op == AluOpcode::Shr;
    bench_.v_i = static_cast<uint32_t>(x);
    bench_.y_i = static_cast<uint32_t>(y);
    bench_.eval();
    ASSERT_EQ(static_cast<int32_t>(bench_.alu_o), aluOp(op, x, y))
        << "op " << static_cast<int>(op) << " x " << x << " y " << y;
  }
}

TEST_F(CellsTest, OperandTable) {
  for (int i = 0; i < 400; ++i) {
    OperandSettings settings;
    settings.zeroPoint = i == 0 ? -128 : i == 1 ? 127 : static_cast<int8_t>(random32());
    settings.multiplier = interesting();
    settings.shift = i < 4 ? 0 : -static_cast<int32_t>(random32() % 32);
    bool single = random32() & 1;
    bench_.operand_i = uint64_t{static_cast<uint8_t>(settings.zeroPoint)} << 38 |
                       (static_cast<uint64_t>(settings.shift) & 63) << 32 | settings.multiplier;
    bench_.single_i = single;
    bench_.fill_i = 1;
    clock();
    bench_.fill_i = 0;
    int waited = 0;
    while (bench_.busy_o && waited < 300) {
      clock();
      ++waited;
    }
    ASSERT_EQ(waited, settings.zeroPoint == -128 ? 256 : 258);
    clock(); // the last word
    bench_.valid_i = 1;
    for (int value = -128; value < 128; ++value) {
      bench_.value_i = static_cast<uint8_t>(value);
      clock();
      int32_t expected = scaleOperand(value, settings, single ? ExitMode::TfliteSingle : ExitMode::Tflite);
      for (uint32_t scaled : {bench_.scaled_0_o, bench_.scaled_1_o})
        ASSERT_EQ(static_cast<int32_t>(scaled), expected)
            << "value " << value << " zero point " << settings.zeroPoint << " multiplier "
            << settings.multiplier << " shift " << settings.shift << " single " << single;
    }
    bench_.valid_i = 0;
  }
}

} // namespace
