// The numerics contract against independent statements of it: gemmlowp's and TFLite's published formulas, exact 128-bit
// arithmetic, and the C library's float32. Exhaustive where the domain allows it, edges times edges and seeded random elsewhere.
#include "tessera/isa/numerics.h"

#include "seed.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <random>
#include <vector>

using namespace tessera::isa;

namespace {

using Wide = __int128;

constexpr int32_t kMin = std::numeric_limits<int32_t>::min(), kMax = std::numeric_limits<int32_t>::max();
constexpr int kRandomCases = 2'000'000;

/// Powers of two, their neighbours, and both signs.
std::vector<int32_t> edges() {
  std::vector<int32_t> values{0, kMin, kMax, 3, -3, 127, -128, 1000003, -1000003, 0x55555555, -0x55555555};
  for (int bit = 0; bit < 31; ++bit)
    for (int delta : {-1, 0, 1})
      for (int sign : {-1, 1})
        values.push_back(sign * ((1 << bit) + (bit == 30 && delta > 0 ? 1 : delta)));
  return values;
}

int32_t saturate(Wide x) { return static_cast<int32_t>(x < kMin ? kMin : x > kMax ? kMax : x); }

Wide floorDivide(Wide x, Wide y) { return x / y - (x % y != 0 && (x < 0) != (y < 0)); }

// gemmlowp, fixedpoint.h, as published: truncating division after a nudge that depends on the sign.
int32_t gemmlowpHighMul(int32_t a, int32_t b) {
  if (a == b && a == kMin)
    return kMax;
  int64_t ab = int64_t{a} * b;
  int32_t nudge = ab >= 0 ? (1 << 30) : (1 - (1 << 30));
  return static_cast<int32_t>((ab + nudge) / (int64_t{1} << 31));
}

int32_t gemmlowpDivide(int32_t x, int exponent) {
  int64_t mask = (int64_t{1} << exponent) - 1;
  int64_t remainder = x & mask;
  int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<int32_t>((int64_t{x} >> exponent) + (remainder > threshold ? 1 : 0));
}

int32_t gemmlowpMultiply(int32_t x, int32_t m, int32_t s) {
  auto raised = static_cast<int32_t>(static_cast<uint32_t>(x) << (s > 0 ? s : 0));
  return gemmlowpDivide(gemmlowpHighMul(raised, m), s < 0 ? -s : 0);
}

/// The sentence of docs/instruction-set.md, in 128 bits.
int32_t statedDouble(int32_t v, int32_t m, int32_t s) {
  Wide product = Wide{static_cast<int32_t>(static_cast<uint32_t>(v) << (s > 0 ? s : 0))} * m;
  int n = 31 + (s < 0 ? -s : 0);
  Wide sum =
      product + (Wide{1} << (n - 1)) + (n > 31 ? (product >= 0 ? Wide{1} << 30 : -(Wide{1} << 30)) : 0);
  return saturate(floorDivide(sum, Wide{1} << n));
}

int32_t statedSingle(int32_t v, int32_t m, int32_t s) {
  return saturate(floorDivide(2 * Wide{v} * m + (Wide{1} << (31 - s)), Wide{1} << (32 - s)));
}

/// float32 by the C library, rounding by remainder.
int32_t statedFloat(int32_t v, uint32_t bits) {
  volatile float x = static_cast<float>(v);
  volatile float product = x * std::bit_cast<float>(bits);
  if (std::isnan(product))
    return 0;
  if (std::fabs(product) >= 4294967296.0f)
    return product > 0 ? kMax : kMin;
  double exact = product, down = std::floor(exact), rest = exact - down;
  auto whole = static_cast<int64_t>(down);
  if (rest > 0.5 || (rest == 0.5 && whole % 2 != 0))
    ++whole;
  return saturate(whole);
}

} // namespace

TEST(NumericsTest, WrappingSumsAndProducts) {
  for (int32_t x : edges())
    for (int32_t y : edges()) {
      ASSERT_EQ(wrapAdd(x, y), static_cast<int32_t>(static_cast<uint64_t>(int64_t{x} + y)));
      ASSERT_EQ(wrapSub(x, y), static_cast<int32_t>(static_cast<uint64_t>(int64_t{x} - y)));
      ASSERT_EQ(wrapMul(x, y), static_cast<int32_t>(static_cast<uint64_t>(int64_t{x} * y)));
      ASSERT_EQ(saturatingAdd(x, y), saturate(Wide{x} + y));
    }
}

TEST(NumericsTest, LowByteOfEveryPattern) {
  for (int32_t x = -70000; x < 70000; ++x)
    ASSERT_EQ(lowByte(x), static_cast<int8_t>(x & 0xff)) << x;
}

TEST(NumericsTest, HighMulIsGemmlowps) {
  for (int32_t x : edges())
    for (int32_t y : edges())
      ASSERT_EQ(saturatingRoundingDoublingHighMul(x, y), gemmlowpHighMul(x, y)) << x << " " << y;
  std::mt19937 random(static_cast<uint32_t>(tessera::test::seed()));
  for (int n = 0; n < kRandomCases; ++n) {
    auto x = static_cast<int32_t>(random()), y = static_cast<int32_t>(random());
    ASSERT_EQ(saturatingRoundingDoublingHighMul(x, y), gemmlowpHighMul(x, y)) << x << " " << y;
  }
}

TEST(NumericsTest, DivideIsGemmlowpsForAll16BitValuesAndShifts) {
  for (int exponent = 0; exponent < 32; ++exponent)
    for (int32_t x = -32768; x < 32768; ++x)
      ASSERT_EQ(roundingDivideByPowerOfTwo(x, exponent), gemmlowpDivide(x, exponent)) << x << " " << exponent;
  for (int exponent = 0; exponent <= 32; ++exponent)
    for (int32_t x : edges()) {
      // Away from zero: the magnitude is rounded half up.
      Wide magnitude = x < 0 ? -Wide{x} : Wide{x};
      Wide rounded = (2 * magnitude + (Wide{1} << exponent)) >> (exponent + 1);
      ASSERT_EQ(roundingDivideByPowerOfTwo(x, exponent), static_cast<int32_t>(x < 0 ? -rounded : rounded))
          << x << " " << exponent;
    }
}

TEST(NumericsTest, OneStepFormIsGemmlowpsTwoSteps) {
  for (int32_t s = -31; s <= 31; ++s)
    for (int32_t v : edges())
      for (int32_t m : edges())
        ASSERT_EQ(multiplyDoubleRounding(v, m, s), gemmlowpMultiply(v, m, s)) << v << " " << m << " " << s;
  std::mt19937_64 random(tessera::test::seed());
  for (int n = 0; n < kRandomCases; ++n) {
    uint64_t bits = random();
    // Widths vary so that quotients near zero and ties are met as often as large ones.
    auto v = static_cast<int32_t>(static_cast<uint32_t>(bits)) >> (random() & 31);
    auto m = static_cast<int32_t>(bits >> 32) >> (random() & 31);
    auto s = static_cast<int32_t>(random() % 63) - 31;
    ASSERT_EQ(multiplyDoubleRounding(v, m, s), gemmlowpMultiply(v, m, s)) << v << " " << m << " " << s;
  }
}

TEST(NumericsTest, BothFixedPointFormsAreTheStatedOnes) {
  for (int32_t s = -32; s <= 31; ++s)
    for (int32_t v : edges())
      for (int32_t m : edges()) {
        ASSERT_EQ(multiplyDoubleRounding(v, m, s), statedDouble(v, m, s)) << v << " " << m << " " << s;
        ASSERT_EQ(multiplySingleRounding(v, m, s), statedSingle(v, m, s)) << v << " " << m << " " << s;
      }
  std::mt19937_64 random(tessera::test::seed() + 1);
  for (int n = 0; n < kRandomCases; ++n) {
    uint64_t bits = random();
    auto v = static_cast<int32_t>(static_cast<uint32_t>(bits)) >> (random() & 31);
    auto m = static_cast<int32_t>(bits >> 32) >> (random() & 31);
    auto s = static_cast<int32_t>(random() % 64) - 32;
    ASSERT_EQ(multiplyDoubleRounding(v, m, s), statedDouble(v, m, s)) << v << " " << m << " " << s;
    ASSERT_EQ(multiplySingleRounding(v, m, s), statedSingle(v, m, s)) << v << " " << m << " " << s;
  }
}

TEST(NumericsTest, KnownRoundings) {
  EXPECT_EQ(multiplyDoubleRounding(1, 1 << 30, 0), 1);    // 0.5 up
  EXPECT_EQ(multiplyDoubleRounding(-1, 1 << 30, 0), 0);   // -0.5 up
  EXPECT_EQ(multiplyDoubleRounding(-3, 1 << 30, -1), -1); // -1.5 to -1, then -0.5 away from zero
  EXPECT_EQ(multiplySingleRounding(-3, 1 << 30, -1), -1); // -0.75
  EXPECT_EQ(multiplyDoubleRounding(5, 1 << 30, -1), 2);   // 2.5 to 3, then 1.5 to 2: twice rounded
  EXPECT_EQ(multiplySingleRounding(5, 1 << 30, -1), 1);   // 1.25
  EXPECT_EQ(multiplyDoubleRounding(kMin, kMin, 0), kMax); // the one saturation of the high multiplication
  EXPECT_EQ(multiplyDoubleRounding(kMin, kMin, -32), 1);  // a half, in unbounded integers
  EXPECT_EQ(multiplySingleRounding(kMin, kMin, -32), 1);
  EXPECT_EQ(multiplySingleRounding(7, 11, 31), 77); // no bits to round
  EXPECT_EQ(multiplySingleRounding(kMax, kMax, 31), kMax);
  EXPECT_EQ(multiplySingleRounding(kMax, kMin, 31), kMin);
}

TEST(NumericsTest, ShiftRowIsSixBitsSigned) {
  for (int32_t row = -200; row < 200; ++row) {
    int32_t low = row & 63;
    ASSERT_EQ(shiftOfRow(row), low < 32 ? low : low - 64) << row;
    ASSERT_EQ(requantise(1 << 20, 1 << 30, row, 0, ExitMode::Tflite),
              multiplyDoubleRounding(1 << 20, 1 << 30, shiftOfRow(row)));
    ASSERT_EQ(requantise(1 << 20, 1 << 30, row, 0, ExitMode::TfliteSingle),
              multiplySingleRounding(1 << 20, 1 << 30, shiftOfRow(row)));
  }
}

TEST(NumericsTest, OnnxIsFloat32) {
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  std::vector<uint32_t> scales{0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
                               1,          0x007fffff, 0x00800000, 0x3f000000, 0xbf000000, 0x3f800000,
                               0x4f000000, 0x4effffff, 0x7f7fffff, 0x3dcccccd, 0x3eaaaaab};
  for (int exponent = 1; exponent < 255; exponent += 3)
    scales.push_back(static_cast<uint32_t>(exponent) << 23 | 0x2aaaaa);
  auto check = [](int32_t v, uint32_t bits) {
    ASSERT_EQ(requantise(v, bits, 5, 7, ExitMode::Onnx), statedFloat(v, bits))
        << v << " * " << std::hex << bits;
  };
  for (uint32_t bits : scales)
    for (int32_t v : edges())
      check(v, bits);
  for (int32_t v = -40000; v < 40000; ++v) // every tie: halves and quarters
    for (uint32_t bits : {0x3f000000u, 0x3e800000u, 0xbf000000u, 0x3b800000u})
      check(v, bits);
  std::mt19937 random(static_cast<uint32_t>(tessera::test::seed()));
  for (int n = 0; n < kRandomCases; ++n)
    check(static_cast<int32_t>(random()) >> (random() & 31), static_cast<uint32_t>(random()));
}

TEST(NumericsTest, AverageIsExactForEveryCountAndSumOfBytes) {
  for (uint32_t count = 1; count <= 1024; ++count) {
    AverageRows rows = averageReciprocal(count);
    auto c = static_cast<int32_t>(count);
    for (int32_t sum = -128 * c; sum <= 127 * c; ++sum) {
      int32_t expected = sum > 0 ? (sum + c / 2) / c : (sum - c / 2) / c; // TFLite's average pooling
      if (requantise(sum, rows.multiplier, rows.shift, rows.bias, ExitMode::Average) != expected)
        FAIL() << "count " << count << " sum " << sum;
    }
  }
}

TEST(NumericsTest, AverageIsExactForLargeCountsAndSums) {
  std::mt19937_64 random(tessera::test::seed());
  for (int n = 0; n < kRandomCases; ++n) {
    auto count = static_cast<uint32_t>(random() >> (33 + random() % 31)) | 1;
    int64_t limit = (int64_t{1} << 31) - 1 - count / 2;
    int64_t sum = static_cast<int64_t>(random() % static_cast<uint64_t>(2 * limit + 1)) - limit;
    if (n % 4 == 0) // close to a multiple of the count, where a reciprocal fails first
      sum = std::clamp<int64_t>(sum / count * count + count / 2 - static_cast<int64_t>(n / 4 % 3), -limit,
                                limit);
    int64_t magnitude = ((sum < 0 ? -sum : sum) + count / 2) / count;
    AverageRows rows = averageReciprocal(count);
    ASSERT_EQ(
        requantise(static_cast<int32_t>(sum), rows.multiplier, rows.shift, rows.bias, ExitMode::Average),
        sum < 0 ? -magnitude : magnitude)
        << sum << " / " << count;
  }
}

TEST(NumericsTest, AverageIsDefinedForEveryRow) {
  for (int32_t v : edges())
    for (int32_t bias : {0, 1, -1, kMin, kMax, 1 << 20})
      for (uint32_t m : {0u, 1u, 0x80000000u, 0xffffffffu, 0x12345678u})
        for (int32_t s = -64; s < 64; ++s) {
          uint64_t magnitude = static_cast<uint64_t>(v < 0 ? -int64_t{v} : int64_t{v});
          uint64_t sum = (magnitude + static_cast<uint64_t>(int64_t{bias})) & 0xffffffff;
          uint64_t quotient = (sum * m >> (static_cast<uint64_t>(-s) & 63)) & 0xffffffff;
          int64_t expected = v < 0 ? -static_cast<int64_t>(quotient) : static_cast<int64_t>(quotient);
          ASSERT_EQ(requantise(v, m, s, bias, ExitMode::Average), static_cast<int32_t>(expected))
              << v << " " << bias << " " << s;
        }
}

TEST(NumericsTest, ExitAddsSaturatesAndClamps) {
  ExitSettings settings{ExitMode::None, 5, -100, 90};
  EXPECT_EQ(exitValue(0, 1, 2, 3, settings), 5);
  EXPECT_EQ(exitValue(85, 1, 2, 3, settings), 90);
  EXPECT_EQ(exitValue(86, 1, 2, 3, settings), 90);
  EXPECT_EQ(exitValue(84, 1, 2, 3, settings), 89);
  EXPECT_EQ(exitValue(-104, 1, 2, 3, settings), -99);
  EXPECT_EQ(exitValue(-106, 1, 2, 3, settings), -100);
  EXPECT_EQ(exitValue(kMax, 1, 2, 3, settings), 90); // no wrap
  settings.zeroPoint = -5;
  EXPECT_EQ(exitValue(kMin, 1, 2, 3, settings), -100);
  EXPECT_EQ(exitValue(0, 1, 2, 3, {ExitMode::None, 0, 50, -50}), -50); // clampMax has the last word
  EXPECT_EQ(exitValue(-7, 1 << 30, 0, 1000, {ExitMode::Tflite, 1, -128, 127}), -2);  // -3.5 up to -3
  EXPECT_EQ(exitValue(-7, 0x3f000000, 0, 1000, {ExitMode::Onnx, 1, -128, 127}), -3); // -3.5 to even -4
}

TEST(NumericsTest, ScaledOperandsAreTflites) {
  for (int32_t zeroPoint : {-128, -1, 0, 127})
    for (int32_t shift = -31; shift <= 0; ++shift)
      for (int32_t x = -300; x < 300; ++x)
        for (uint32_t m : {0x40000000u, 0x7fffffffu, 0x5a827999u}) {
          int32_t raised = (static_cast<int8_t>(x) - zeroPoint) << 20;
          OperandSettings settings{zeroPoint, m, shift};
          ASSERT_EQ(scaleOperand(x, settings, ExitMode::Tflite),
                    gemmlowpMultiply(raised, static_cast<int32_t>(m), shift));
          ASSERT_EQ(scaleOperand(x, settings, ExitMode::Onnx),
                    gemmlowpMultiply(raised, static_cast<int32_t>(m), shift));
          ASSERT_EQ(scaleOperand(x, settings, ExitMode::TfliteSingle),
                    statedSingle(raised, static_cast<int32_t>(m), shift));
        }
}

TEST(NumericsTest, AluOperations) {
  for (int32_t x : edges())
    for (int32_t y : edges()) {
      ASSERT_EQ(aluOp(AluOpcode::Min, x, y), x < y ? x : y);
      ASSERT_EQ(aluOp(AluOpcode::Max, x, y), x > y ? x : y);
      ASSERT_EQ(aluOp(AluOpcode::Add, x, y), wrapAdd(x, y));
      ASSERT_EQ(aluOp(AluOpcode::Mul, x, y), wrapMul(x, y));
    }
  for (int32_t x : edges())
    for (int32_t y = -70; y < 70; ++y) {
      Wide expected = y >= 0 ? floorDivide(x, Wide{1} << y) : Wide{x} * (Wide{1} << -y);
      ASSERT_EQ(aluOp(AluOpcode::Shr, x, y),
                static_cast<int32_t>(static_cast<uint32_t>(static_cast<unsigned __int128>(expected))))
          << x << " " << y;
    }
  EXPECT_EQ(aluOp(AluOpcode::Shr, -5, kMax), -1);
  EXPECT_EQ(aluOp(AluOpcode::Shr, -5, kMin), 0);
}

TEST(NumericsTest, QuantizedMultipliers) {
  EXPECT_EQ(quantizeMultiplier(0.0), (QuantizedMultiplier{0, 0}));
  EXPECT_EQ(quantizeMultiplier(1.0), (QuantizedMultiplier{1u << 30, 1}));
  EXPECT_EQ(quantizeMultiplier(0.5), (QuantizedMultiplier{1u << 30, 0}));
  EXPECT_EQ(quantizeMultiplier(0.75), (QuantizedMultiplier{3u << 29, 0}));
  EXPECT_EQ(quantizeMultiplier(1.0 - 1e-12), (QuantizedMultiplier{1u << 30, 1})); // rounds up to one
  EXPECT_EQ(quantizeMultiplier(std::ldexp(1.0, -32)), (QuantizedMultiplier{1u << 30, -31}));
  EXPECT_EQ(quantizeMultiplier(std::ldexp(1.0, -33)), (QuantizedMultiplier{0, 0}));
  EXPECT_EQ(quantizeMultiplier(std::ldexp(1.0, 29)), (QuantizedMultiplier{1u << 30, 30}));
  EXPECT_EQ(quantizeMultiplier(std::ldexp(1.0, 30)), (QuantizedMultiplier{0x7fffffff, 30}));
  EXPECT_EQ(quantizeMultiplier(std::numeric_limits<double>::infinity()),
            (QuantizedMultiplier{0x7fffffff, 30}));
  EXPECT_EQ(quantizeMultiplier(std::numeric_limits<double>::quiet_NaN()), (QuantizedMultiplier{0, 0}));
  EXPECT_EQ(quantizeMultiplier(-0.5), (QuantizedMultiplier{0xc0000000u, 0}));
  std::mt19937_64 random(tessera::test::seed());
  std::uniform_real_distribution<double> exponent(-30, 29);
  for (int n = 0; n < 100000; ++n) {
    double scale = std::exp2(exponent(random));
    QuantizedMultiplier q = quantizeMultiplier(scale);
    ASSERT_GE(q.multiplier, 1u << 30);
    ASSERT_LT(q.multiplier, 1u << 31);
    double error = std::ldexp(static_cast<double>(q.multiplier), q.shift - 31) / scale - 1;
    ASSERT_LE(std::fabs(error), std::ldexp(1.0, -31)) << scale;
  }
}
