// Functions on signed fixed-point numbers that softmax, logistic and tanh are made of, as gemmlowp defines them. Qm.n is a number
// whose raw value is 2^n times the real one, with m integer bits.
#pragma once

#include "tessera/isa/numerics.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace tessera::isa::fixed_point {

inline constexpr int32_t kMax = std::numeric_limits<int32_t>::max();

inline int32_t multiply(int32_t a, int32_t b) { return saturatingRoundingDoublingHighMul(a, b); }

inline int32_t saturatingShiftLeft(int32_t value, int bits) {
  const int64_t wide = static_cast<int64_t>(value) << bits;
  return static_cast<int32_t>(std::clamp<int64_t>(wide, std::numeric_limits<int32_t>::min(), kMax));
}

/// exp(x) for x in [-1/4, 0), Q0.31: a Taylor polynomial of degree 4 about -1/8.
inline int32_t expNearZero(int32_t x) {
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

/// exp(x) for x <= 0 with `integerBits` integer bits (4 or 5), as Q0.31: the last quarter by the polynomial, the rest by a
/// constant for each bit.
inline int32_t expOfNegative(int32_t x, int integerBits) {
  const int fractionBits = 31 - integerBits;
  const int32_t quarter = 1 << (fractionBits - 2);
  // exp(-2^k) in Q0.31 for k = -2 .. 4.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  if (x == 0)
    return kMax;
  const int32_t fraction = (x & (quarter - 1)) - quarter;
  int32_t result = expNearZero(saturatingShiftLeft(fraction, integerBits));
  const int32_t remainder = fraction - x;
  for (int i = 0; i < integerBits + 2; ++i)
    if (remainder & (1 << (fractionBits - 2 + i)))
      result = multiply(result, kFactors[i]);
  return result;
}

/// 1 / ((1 + x) / 2) for x in [0, 1), Q0.31, as Q2.29, by Newton's method.
inline int32_t inverseOfHalf(int32_t x) {
  const int32_t halfDenominator = (1 << 30) + (x >> 1);
  int32_t inverse = 1515870810 + multiply(halfDenominator, -1010580540); // 48/17 - 32/17 * d
  for (int step = 0; step < 3; ++step) {
    const int32_t error = (1 << 29) - multiply(halfDenominator, inverse);
    inverse += saturatingShiftLeft(multiply(inverse, error), 2);
  }
  return inverse;
}

} // namespace tessera::isa::fixed_point
