#include "tessera/isa/softmax.h"

#include "fixed_point.h"

#include "tessera/isa/numerics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tessera::isa {

using fixed_point::multiply;
using fixed_point::saturatingShiftLeft;

namespace {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int kInputIntegerBits = 5;
constexpr int kInputFractionBits = 31 - kInputIntegerBits;

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
      table[static_cast<size_t>(255 + difference)] = fixed_point::expOfNegative(
          multiply(static_cast<int32_t>(difference * (int64_t{1} << factor.shift)), multiplier),
          kInputIntegerBits);
  return table;
}

SoftmaxReciprocal softmaxReciprocal(int32_t sum) {
  const int headroom = std::countl_zero(static_cast<uint32_t>(sum));
  const auto fraction = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - (1u << 31));
  return {saturatingShiftLeft(fixed_point::inverseOfHalf(fraction), 1), 12 - headroom};
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
