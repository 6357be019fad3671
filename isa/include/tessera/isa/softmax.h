// Softmax of int8 bytes, the way TensorFlow Lite Micro's reference kernel computes it in gemmlowp's fixed point.
//
// Input: any scale and zero point (the zero point cancels); output: scale 1/256, zero point -128. The exponential is a
// table of 256 entries (Q0.31, one for each difference to the row's maximum), the division a reciprocal with three Newton
// steps. Functional model, compiled host code and tests take table, reciprocal and rounding from here.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace tessera::isa {

/// Rows beyond this overflow the kernel's sum (12 integer bits).
inline constexpr int64_t kSoftmaxMaxDepth = 4095;

/// Entry 255 + d is exp(beta * inputScale * d) in Q0.31 for d = -255 .. 0; 0 where the kernel leaves the term out.
/// beta * inputScale must be more than 2^-26 (the kernel's limit): softmaxScaleFits().
std::array<int32_t, 256> softmaxTable(double beta, double inputScale);
bool softmaxScaleFits(double beta, double inputScale);

/// 1 / sum for a sum of table entries divided by 2^12 each: result = scale * 2^-31 * 2^-bits (sum as Q12.19).
struct SoftmaxReciprocal {
  int32_t scale = 0;
  int32_t bits = 0;
};
SoftmaxReciprocal softmaxReciprocal(int32_t sum);

/// One row; `output` as long as `input`, at most kSoftmaxMaxDepth.
void softmaxRow(std::span<const int8_t> input, std::span<int8_t> output,
                const std::array<int32_t, 256> &table);

} // namespace tessera::isa
