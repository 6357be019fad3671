// L2_NORMALIZATION of bytes as TensorFlow Lite's reference kernels compute it: each row over the root of its sum of squares.
#pragma once

#include <cstdint>
#include <span>

namespace tessera::isa {

/// Longest row whose sum of squares stays within int32.
inline constexpr int64_t kNormaliseMaxDepth = 33025;

/// `out` = row / |row| with scale 1/128 and zero point 0. `asUnsigned`: rounded as the kernel of uint8 files does, which shifts to the left before
/// it divides. row and out are equally long, kNormaliseMaxDepth at most.
void normalise(std::span<const int8_t> row, int32_t zeroPoint, bool asUnsigned, std::span<int8_t> out);

} // namespace tessera::isa
