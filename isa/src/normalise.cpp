#include "tessera/isa/normalise.h"

#include "fixed_point.h"

#include <algorithm>
#include <bit>

namespace tessera::isa {

namespace {

/// 1 / sqrt(sum) as a Q0.31 multiplier and a shift, positive to the left; 0 counts as 1.
QuantizedMultiplier inverseRoot(int32_t sum) {
  if (sum <= 1)
    return {static_cast<uint32_t>(fixed_point::kMax), 0};
  int32_t shift = -11;
  for (; sum >= 1 << 29; sum /= 4)
    --shift;
  const int pairs = (std::countl_zero(static_cast<uint32_t>(sum)) - 1) / 2 - 1; // so that 2^27 <= sum < 2^29
  shift += pairs;
  const int32_t half = roundingDivideByPowerOfTwo((sum << (2 * pairs)) >> 1, 1);
  // Newton's method from 1, in Q3.28: x = 1.5 x - half x^3.
  constexpr int32_t kThreeHalves = (1 << 28) + (1 << 27), kHalfRootOfTwo = 1518500250;
  int32_t x = 1 << 28;
  for (int step = 0; step < 5; ++step) {
    const int32_t cube =
        fixed_point::saturatingShiftLeft(fixed_point::multiply(fixed_point::multiply(x, x), x), 6);
    x = fixed_point::saturatingShiftLeft(
        fixed_point::multiply(kThreeHalves, x) - fixed_point::multiply(half, cube), 3);
  }
  x = fixed_point::multiply(x, kHalfRootOfTwo);
  if (shift > 0)
    x = wrapShiftLeft(x, shift), shift = 0;
  return {static_cast<uint32_t>(x), shift};
}

} // namespace

void normalise(std::span<const int8_t> row, int32_t zeroPoint, bool asUnsigned, std::span<int8_t> out) {
  constexpr int kOutputBits = 7;
  int32_t sum = 0;
  for (const int8_t byte : row)
    sum += (byte - zeroPoint) * (byte - zeroPoint);
  const QuantizedMultiplier factor = inverseRoot(sum);
  const int32_t multiplier = static_cast<int32_t>(factor.multiplier);
  for (size_t i = 0; i < row.size(); ++i) {
    const int32_t steps = row[i] - zeroPoint;
    const int32_t result = asUnsigned ? multiplyDoubleRounding(steps << kOutputBits, multiplier, factor.shift)
                                      : multiplyDoubleRounding(steps, multiplier, factor.shift + kOutputBits);
    out[i] = static_cast<int8_t>(std::clamp(result, -128, 127));
  }
}

} // namespace tessera::isa
