#include "tessera/isa/activation.h"

#include "fixed_point.h"

#include <algorithm>
#include <cmath>
#include <iterator>

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

/// Where the table that TensorFlow Lite publishes is one above the nearest number.
constexpr uint8_t kRaisedSteps[] = {4,  8,  12, 14, 15, 16, 17, 19, 20,  21,  22,  25,  27,  28, 29,
                                    30, 31, 33, 34, 35, 37, 39, 40, 41,  43,  44,  45,  46,  49, 50,
                                    54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255};

/// The logistic function at i / 24 (i to 255) with 16 bits below the point, as that table has it.
uint32_t logisticStep(uint32_t i) {
  const auto nearest =
      static_cast<uint32_t>(std::round(65536 / (1 + std::exp(-static_cast<double>(i) / 24))));
  return nearest + std::binary_search(std::begin(kRaisedSteps), std::end(kRaisedSteps), i);
}

/// Between the steps below and above `x`, which has `bits` bits behind the number of the lower one; as many more below the point.
uint32_t interpolated(uint32_t x, int bits) {
  const uint32_t low = logisticStep(x >> bits), high = logisticStep((x >> bits) + 1);
  return (low << bits) + (x & ((1u << bits) - 1)) * (high - low);
}

template <typename Function> std::vector<int16_t> tableOf16(Function function) {
  std::vector<int16_t> table;
  for (int32_t value = -32768; value <= 32767; ++value)
    table.push_back(static_cast<int16_t>(function(value)));
  return table;
}

int16_t saturated16(int64_t value) { return static_cast<int16_t>(std::clamp<int64_t>(value, -32768, 32767)); }

/// 2ab rounded, its high half; -2^15 times itself saturates.
int16_t roundingDoublingHighMul16(int16_t a, int16_t b) {
  const int32_t product = a * b;
  return saturated16((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/// The same with the fraction dropped.
int16_t doublingHighMul16(int16_t a, int16_t b) { return saturated16((a * b) / (1 << 15)); }

/// A multiplier of 31 bits below the point in 15 of them.
int16_t narrowed(uint32_t multiplier) { return saturated16((int64_t{multiplier} + (1 << 15)) >> 16); }

} // namespace

std::optional<std::array<int8_t, 256>> hardSwishTable(float inputScale, int32_t inputZeroPoint,
                                                      float outputScale, int32_t outputZeroPoint) {
  // Inputs have 7 more bits below the point inside, and 32768 stands for 3 while x + 3 is bounded. The quotients are float32's.
  const float fine = (1.0f / 128) * inputScale;
  const float toOutput = fine / outputScale, toThree = fine / (3.0f / 32768);
  if (!(toOutput > 0 && toOutput < 1 && toThree > 0 && std::isfinite(toThree)))
    return std::nullopt;
  const QuantizedMultiplier output = quantizeMultiplier(static_cast<double>(toOutput));
  const QuantizedMultiplier three = quantizeMultiplier(static_cast<double>(toThree));
  if (output.shift > 0)
    return std::nullopt;
  std::array<int8_t, 256> table{};
  for (int byte = -128; byte <= 127; ++byte) {
    const auto x = static_cast<int16_t>((byte - inputZeroPoint) * (1 << 7));
    const int16_t onOutput = roundingDoublingHighMul16(x, narrowed(output.multiplier));
    int64_t gate =
        x; // from -1 to 1 with 15 bits below the point; the last bit of a shift to the left saturates
    if (three.shift > 0)
      gate = saturated16(gate * (int64_t{1} << std::min(three.shift - 1, 31)));
    gate = roundingDoublingHighMul16(static_cast<int16_t>(gate), narrowed(three.multiplier));
    if (three.shift > 0)
      gate = saturated16(gate * 2);
    else if (three.shift < 0)
      gate = roundingDivideByPowerOfTwo(static_cast<int32_t>(gate), std::min(-three.shift, 31));
    gate = (gate + (1 << 15)) >> 1; // from 0 to 1
    const int16_t product = doublingHighMul16(static_cast<int16_t>(gate), onOutput);
    const int32_t result = roundingDivideByPowerOfTwo(product, std::min(-output.shift, 31)) + outputZeroPoint;
    table[static_cast<size_t>(byte + 128)] = static_cast<int8_t>(std::clamp(result, -128, 127));
  }
  return table;
}

std::vector<int16_t> logisticTable16() {
  return tableOf16([](int32_t value) {
    const int32_t scaled = 3 * value; // 24 steps to one
    const auto magnitude = static_cast<uint32_t>(std::abs(scaled));
    const uint32_t result = magnitude >> 9 >= 255 ? 0x7fffu << 10 : interpolated(magnitude, 9);
    return static_cast<int32_t>((scaled >= 0 ? result + (1 << 9) : (1u << 25) - result + (1 << 9) - 1) >> 10);
  });
}

std::vector<int16_t> tanhTable16(int power) {
  const int shift = 12 + power;
  return tableOf16([&](int32_t value) {
    const int32_t scaled = shift >= 0 ? value * (3 << shift) : (value * 3 + (1 << (-shift - 1))) >> -shift;
    const auto magnitude = static_cast<uint32_t>(std::abs(scaled));
    // tanh(x) = 2 logistic(2x) - 1
    const auto result =
        static_cast<int32_t>(magnitude >> 8 >= 255 ? 0xffffu << 8 : interpolated(magnitude, 8));
    return (scaled >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1) >> 8;
  });
}

std::array<int8_t, 256> logisticTable(double inputScale, int32_t inputZeroPoint) {
  return tableOf(logistic, inputScale, inputZeroPoint, 8, -128);
}

std::array<int8_t, 256> tanhTable(double inputScale, int32_t inputZeroPoint) {
  return tableOf(tanh, inputScale, inputZeroPoint, 7, 0);
}

} // namespace tessera::isa
