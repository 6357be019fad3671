#include "tessera/isa/numerics.h"

namespace tessera::isa {

QuantizedMultiplier quantizeMultiplier(double scale) {
  if (scale == 0.0 || std::isnan(scale))
    return {};
  if (std::isinf(scale))
    return {scale > 0 ? 0x7fffffffu : 0x80000000u, 30};
  int shift = 0;
  auto fixed = static_cast<int64_t>(std::round(std::frexp(scale, &shift) * 2147483648.0));
  if (fixed == int64_t{1} << 31 || fixed == -(int64_t{1} << 31)) {
    fixed /= 2;
    ++shift;
  }
  if (shift < -31)
    return {};
  if (shift > 30)
    return {scale > 0 ? 0x7fffffffu : 0x80000000u, 30};
  return {static_cast<uint32_t>(fixed), shift};
}

// Round-up reciprocal m = ceil(2^k / count) with k = 31 + ceil(log2 count): m * count - 2^k < count <= 2^(k - 31), so the error
// of n * m / 2^k against n / count stays below 1 / count for every n < 2^31, and the floor is exact.
AverageRows averageReciprocal(uint32_t count) {
  int k = 31 + static_cast<int>(std::bit_width(count - 1));
  uint64_t reciprocal = ((uint64_t{1} << k) + count - 1) / count;
  return {static_cast<int32_t>(count / 2), static_cast<uint32_t>(reciprocal), -k};
}

} // namespace tessera::isa
