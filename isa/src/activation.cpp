#include "tessera/isa/activation.h"

#include "fixed_point.h"

#include <cmath>

namespace tessera::isa {

namespace {

constexpr int kIntegerBits = 4; // of the input of both functions

/// logistic(x) of a Q4.27 number as Q0.31.
int32_t logistic(int32_t x) {
  if (x == 0)
    return 1 << 30;
  // 1 / (1 + exp(-|x|)); the Newton step's result is twice that in Q2.29.
  const int32_t exponential = fixed_point::expOfNegative(x > 0 ? -x : x, kIntegerBits);
  const int32_t positive = fixed_point::saturatingShiftLeft(fixed_point::inverseOfHalf(exponential), 1);
  return x > 0 ? positive : fixed_point::kMax - positive;
}

/// tanh(x) of a Q4.27 number as Q0.31.
int32_t tanh(int32_t x) {
  if (x == 0)
    return 0;
  // (1 - exp(-2|x|)) / (1 + exp(-2|x|)) = 2 / (1 + exp(-2|x|)) - 1; twice a Q4.27 number is the same bits as Q5.26.
  const int32_t exponential = fixed_point::expOfNegative(x > 0 ? -x : x, kIntegerBits + 1);
  const int32_t positive =
      fixed_point::saturatingShiftLeft(fixed_point::inverseOfHalf(exponential) - (1 << 29), 2);
  return x > 0 ? positive : -positive;
}

/// A table of `function` whose results lose all but `outputBits` bits below the point.
std::array<int8_t, 256> tableOf(int32_t (*function)(int32_t), double inputScale, int32_t inputZeroPoint,
                                int outputBits, int32_t outputZeroPoint) {
  const QuantizedMultiplier factor = quantizeMultiplier(inputScale * (1 << (31 - kIntegerBits)));
  // From this difference on the functions are taken as their limits.
  const double radius = std::floor(((1 << kIntegerBits) - 1) * std::exp2(31 - kIntegerBits - factor.shift));
  std::array<int8_t, 256> table{};
  for (int byte = -128; byte <= 127; ++byte) {
    const int32_t input = byte - inputZeroPoint;
    int32_t output = input < 0 ? -128 : 127;
    if (std::abs(static_cast<double>(input)) < radius) {
      const int32_t scaled =
          multiplyDoubleRounding(input, static_cast<int32_t>(factor.multiplier), factor.shift);
      output = roundingDivideByPowerOfTwo(function(scaled), 31 - outputBits) + outputZeroPoint;
    }
    table[static_cast<size_t>(byte + 128)] = static_cast<int8_t>(std::clamp(output, -128, 127));
  }
  return table;
}

} // namespace

std::array<int8_t, 256> logisticTable(double inputScale, int32_t inputZeroPoint) {
  return tableOf(logistic, inputScale, inputZeroPoint, 8, -128);
}

std::array<int8_t, 256> tanhTable(double inputScale, int32_t inputZeroPoint) {
  return tableOf(tanh, inputScale, inputZeroPoint, 7, 0);
}

} // namespace tessera::isa
