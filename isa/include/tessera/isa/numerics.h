// The numerics contract: the one copy of the arithmetic that RTL, functional model, compiler and tests agree on, byte for byte.
// docs/instruction-set.md states it in words. Every function is total: it has one defined result for every input.
//
// Shifts are positive to the left. A multiplier is the raw 32-bit row of PAR: a signed fixed-point number where 2^31 is one
// (tflite), the bits of a float32 (onnx), or an unsigned reciprocal (average).
#pragma once

#include "tessera/isa/encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tessera::isa {

constexpr int32_t wrapAdd(int32_t x, int32_t y) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) + static_cast<uint32_t>(y));
}

constexpr int32_t wrapSub(int32_t x, int32_t y) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) - static_cast<uint32_t>(y));
}

constexpr int32_t wrapMul(int32_t x, int32_t y) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) * static_cast<uint32_t>(y));
}

/// x times 2^amount, wrapping; amount in [0, 31].
constexpr int32_t wrapShiftLeft(int32_t x, int amount) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) << amount);
}

/// Both saturate to int32.
constexpr int32_t saturateToInt32(int64_t x) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(x, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}
constexpr int32_t saturatingAdd(int32_t x, int32_t y) { return saturateToInt32(int64_t{x} + y); }

/// The sign-extended low byte.
constexpr int32_t lowByte(int32_t x) { return static_cast<int8_t>(static_cast<uint32_t>(x)); }

/// (x * y) / 2^31, halves rounded up, saturated (only -2^31 times -2^31 saturates). As gemmlowp's function of this name.
constexpr int32_t saturatingRoundingDoublingHighMul(int32_t x, int32_t y) {
  return saturateToInt32((int64_t{x} * y + (int64_t{1} << 30)) >> 31);
}

/// x / 2^exponent, halves rounded away from zero; exponent in [0, 32]. As gemmlowp's function of this name, which ends at 31.
constexpr int32_t roundingDivideByPowerOfTwo(int32_t x, int exponent) {
  int64_t half = exponent == 0 ? 0 : int64_t{1} << (exponent - 1);
  return static_cast<int32_t>((int64_t{x} + half - (x < 0 && exponent > 0)) >> exponent);
}

namespace detail {

/// product >> amount, rounded to nearest with halves up after `adjust` was added, saturated to int32; the sum is taken in
/// unbounded integers. amount in [0, 63], |product| <= 2^62, |adjust| <= 2^30.
constexpr int32_t roundedShift(int64_t product, int64_t adjust, int amount) {
  uint64_t half = amount == 0 ? 0 : uint64_t{1} << (amount - 1);
  uint64_t sum = static_cast<uint64_t>(product) + half + static_cast<uint64_t>(adjust);
  // Only a product of 2^62 with amount 63 takes bit 63 of a positive sum; an unsigned shift is right for it.
  return product >= 0
             ? static_cast<int32_t>(std::min<uint64_t>(sum >> amount, std::numeric_limits<int32_t>::max()))
             : saturateToInt32(static_cast<int64_t>(sum) >> amount);
}

} // namespace detail

/// The low 6 bits of a shift row as a signed number, in [-32, 31].
constexpr int32_t shiftOfRow(int32_t row) {
  return static_cast<int32_t>(static_cast<uint32_t>(row) << 26) >> 26;
}

/// x * multiplier * 2^(shift - 31) with gemmlowp's two roundings, in their one-step form: for shift in [-31, 31]
/// roundingDivideByPowerOfTwo(saturatingRoundingDoublingHighMul(x << max(shift, 0), multiplier), max(-shift, 0)).
constexpr int32_t multiplyDoubleRounding(int32_t x, int32_t multiplier, int32_t shift) {
  int64_t product = int64_t{wrapShiftLeft(x, std::max(shift, 0))} * multiplier;
  int64_t adjust = shift >= 0 ? 0 : product >= 0 ? int64_t{1} << 30 : -(int64_t{1} << 30);
  return detail::roundedShift(product, adjust, 31 + std::max(-shift, 0));
}

/// x * multiplier * 2^(shift - 31) with one rounding, halves up; shift in [-32, 31].
constexpr int32_t multiplySingleRounding(int32_t x, int32_t multiplier, int32_t shift) {
  return detail::roundedShift(int64_t{x} * multiplier, 0, 31 - shift);
}

/// float32(x) * scale in float32, rounded half to even, saturated; NaN gives 0.
inline int32_t multiplyFloat(int32_t x, float scale) {
  float product = static_cast<float>(x) * scale;
  if (!(product == product))
    return 0;
  if (product >= 2147483648.0f)
    return std::numeric_limits<int32_t>::max();
  if (product < -2147483648.0f)
    return std::numeric_limits<int32_t>::min();
  return static_cast<int32_t>(std::nearbyintf(product));
}

/// sign(x) * (((|x| + bias) * reciprocal) >> (-shift & 63)): the sum wraps in 32 bits, the product is 64 bits, all unsigned,
/// and the low 32 bits of the quotient count.
constexpr int32_t multiplyAverage(int32_t x, int32_t bias, uint32_t reciprocal, int32_t shift) {
  uint32_t magnitude = x < 0 ? uint32_t{0} - static_cast<uint32_t>(x) : static_cast<uint32_t>(x);
  uint64_t product = uint64_t{magnitude + static_cast<uint32_t>(bias)} * reciprocal;
  auto quotient = static_cast<uint32_t>(product >> (-shift & 63));
  return static_cast<int32_t>(x < 0 ? uint32_t{0} - quotient : quotient);
}

/// The requantisation of `exit`, before zero point and clamp. multiplier, shift and bias are the raw rows of PAR.
inline int32_t requantise(int32_t v, uint32_t multiplier, int32_t shift, int32_t bias, ExitMode mode) {
  switch (mode) {
  case ExitMode::None:
    return v;
  case ExitMode::Tflite:
    return multiplyDoubleRounding(v, static_cast<int32_t>(multiplier), shiftOfRow(shift));
  case ExitMode::TfliteSingle:
    return multiplySingleRounding(v, static_cast<int32_t>(multiplier), shiftOfRow(shift));
  case ExitMode::Onnx:
    return multiplyFloat(v, std::bit_cast<float>(multiplier));
  case ExitMode::Average:
    return multiplyAverage(v, bias, multiplier, shift);
  }
  return v;
}

/// What SET EXIT loads.
struct ExitSettings {
  ExitMode mode = ExitMode::None;
  int32_t zeroPoint = 0; ///< in [-128, 127], as the clamps
  int32_t clampMin = 0;
  int32_t clampMax = 0;
};

/// One value on its way out of REDUCE or VEC. With clampMin above clampMax the result is clampMax.
inline int8_t exitValue(int32_t v, uint32_t multiplier, int32_t shift, int32_t bias,
                        const ExitSettings &settings) {
  int32_t scaled = saturatingAdd(requantise(v, multiplier, shift, bias, settings.mode), settings.zeroPoint);
  return static_cast<int8_t>(std::min(std::max(scaled, settings.clampMin), settings.clampMax));
}

/// What SET LHS and SET RHS load; shift in [-31, 0].
struct OperandSettings {
  int32_t zeroPoint = 0;
  uint32_t multiplier = 0;
  int32_t shift = 0;
};

/// Left shift that VEC ADD gives its operands before scaling, as TFLite's int8 addition.
inline constexpr int kOperandLeftShift = 20;

/// An operand of VEC ADD: low byte less zero point, times 2^20, scaled; single rounding where the exit mode says so.
constexpr int32_t scaleOperand(int32_t x, const OperandSettings &settings, ExitMode mode) {
  int32_t raised = (lowByte(x) - settings.zeroPoint) * (1 << kOperandLeftShift);
  auto multiplier = static_cast<int32_t>(settings.multiplier);
  return mode == ExitMode::TfliteSingle ? multiplySingleRounding(raised, multiplier, settings.shift)
                                        : multiplyDoubleRounding(raised, multiplier, settings.shift);
}

/// x op y of an ALU instruction. A reserved opcode gives x.
constexpr int32_t aluOp(AluOpcode op, int32_t x, int32_t y) {
  switch (op) {
  case AluOpcode::Min:
    return std::min(x, y);
  case AluOpcode::Max:
    return std::max(x, y);
  case AluOpcode::Add:
    return wrapAdd(x, y);
  case AluOpcode::Shr:
    if (y >= 0)
      return x >> std::min(y, 31);
    return y > -32 ? wrapShiftLeft(x, -y) : 0;
  case AluOpcode::Mul:
    return wrapMul(x, y);
  }
  return x;
}

struct QuantizedMultiplier {
  uint32_t multiplier = 0; ///< fixed point, 2^31 is one, in [2^30, 2^31) or 0 for a positive scale
  int32_t shift = 0;       ///< positive to the left, in [-31, 30]
  friend bool operator==(const QuantizedMultiplier &, const QuantizedMultiplier &) = default;
};

/// The fixed-point form of a real scale, as TFLite's QuantizeMultiplier: below 2^-32 it is 0, from 2^30 on it saturates; NaN gives 0.
QuantizedMultiplier quantizeMultiplier(double scale);

/// Rows of PAR for exit mode AVERAGE.
struct AverageRows {
  int32_t bias = 0;
  uint32_t multiplier = 0;
  int32_t shift = 0;
};

/// Division by count (1 or more, below 2^31), rounded half away from zero: exact for every sum v with |v| + count / 2 < 2^31.
AverageRows averageReciprocal(uint32_t count);

} // namespace tessera::isa
