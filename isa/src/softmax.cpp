#include "tessera/isa/softmax.h"

#include "tessera/isa/numerics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tessera::isa {

namespace {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int kInputIntegerBits = 5;
constexpr int kInputFractionBits = 31 - kInputIntegerBits;

int32_t multiply(int32_t a, int32_t b) { return saturatingRoundingDoublingHighMul(a, b); }

int32_t saturatingShiftLeft(int32_t value, int bits) {
  const int64_t wide = static_cast<int64_t>(value) << bits;
  return static_cast<int32_t>(std::clamp<int64_t>(wide, std::numeric_limits<int32_t>::min(), kMax));
}

/// exp(x) for x in [-1/4, 0), Q0.31: a Taylor polynomial of degree 4 about -1/8.
int32_t expNearZero(int32_t x) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t t = x + (1 << 28);
  const int32_t t2 = multiply(t, t);
  const int32_t t3 = multiply(t2, t);
  const int32_t t4 = multiply(t2, t2);
  const int32_t t4Over4 = roundingDivideByPowerOfTwo(t4, 2);
  const int32_t tail = roundingDivideByPowerOfTwo(multiply(t4Over4 + t3, kThird) + t2, 1);
  return kExpOfMinusEighth + multiply(kExpOfMinusEighth, t + tail);
}

/// exp(x) for x <= 0 in Q5.26, as Q0.31: the last quarter by the polynomial, the rest by constants for each bit.
int32_t expOfNegative(int32_t x) {
  constexpr int32_t kQuarter = 1 << (kInputFractionBits - 2);
  // exp(-2^k) in Q0.31 for k = -2 .. 4.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (x == 0)
    return kMax;
  const int32_t fraction = (x & (kQuarter - 1)) - kQuarter;
  int32_t result = expNearZero(saturatingShiftLeft(fraction, kInputIntegerBits));
  const int32_t remainder = fraction - x;
  for (int i = 0; i < 7; ++i)
    if (remainder & (1 << (kInputFractionBits - 2 + i)))
      result = multiply(result, kFactors[i]);
  return result;
}

/// The factor from a difference of bytes to Q5.26.
double inputFactor(double beta, double inputScale) {
  return std::min(beta * inputScale * (1 << kInputFractionBits), static_cast<double>(kMax));
}

} // namespace

bool softmaxScaleFits(double beta, double inputScale) { return inputFactor(beta, inputScale) > 1; }

std::array<int32_t, 256> softmaxTable(double beta, double inputScale) {
  const auto factor = quantizeMultiplier(inputFactor(beta, inputScale));
  const auto multiplier = static_cast<int32_t>(factor.multiplier);
  // Beyond this difference the exponential is taken as 0.
  const double radius = std::floor(1.0 * ((1 << kInputIntegerBits) - 1) * (1LL << kInputFractionBits) /
                                   static_cast<double>(1LL << factor.shift));
  std::array<int32_t, 256> table{};
  for (int difference = -255; difference <= 0; ++difference)
    if (-difference <= radius)
      table[static_cast<size_t>(255 + difference)] = expOfNegative(
          multiply(static_cast<int32_t>(difference * (int64_t{1} << factor.shift)), multiplier));
  return table;
}

SoftmaxReciprocal softmaxReciprocal(int32_t sum) {
  const int headroom = std::countl_zero(static_cast<uint32_t>(sum));
  const auto fraction = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - (1u << 31));
  // 1 / (1 + fraction) by Newton's method on half the denominator; Q2.29 in between.
  const int32_t halfDenominator = (1 << 30) + (fraction >> 1);
  int32_t x = 1515870810 + multiply(halfDenominator, -1010580540); // 48/17 - 32/17 * d
  for (int step = 0; step < 3; ++step) {
    const int32_t error = (1 << 29) - multiply(halfDenominator, x);
    x += saturatingShiftLeft(multiply(x, error), 2);
  }
  return {saturatingShiftLeft(x, 1), 12 - headroom};
}

void softmaxRow(std::span<const int8_t> input, std::span<int8_t> output,
                const std::array<int32_t, 256> &table) {
  int maximum = -128;
  for (int8_t value : input)
    maximum = std::max<int>(maximum, value);
  const auto exponential = [&](int8_t value) { return table[static_cast<size_t>(255 + value - maximum)]; };
  int32_t sum = 0;
  for (int8_t value : input)
    sum += roundingDivideByPowerOfTwo(exponential(value), 12);
  const SoftmaxReciprocal reciprocal = softmaxReciprocal(sum);
  const int exponent = reciprocal.bits + 31 - 8;
  for (size_t i = 0; i < input.size(); ++i) {
    const int64_t product = multiply(reciprocal.scale, exponential(input[i]));
    const int64_t rounded = (product + (int64_t{1} << (exponent - 1))) >> exponent;
    output[i] = static_cast<int8_t>(std::min<int64_t>(rounded - 128, 127));
  }
}

} // namespace tessera::isa
