// CRC-32 by eight tables, eight bytes a step.
#include "tessera/isa/image.h"

#include <array>

namespace tessera::isa {
namespace {

constexpr uint32_t kPolynomial = 0xedb88320;
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables makeTables() {
  Tables tables{};
  for (uint32_t n = 0; n < 256; ++n) {
    uint32_t value = n;
    for (int bit = 0; bit < 8; ++bit)
      value = value >> 1 ^ (value & 1 ? kPolynomial : 0);
    tables[0][n] = value;
  }
  for (uint32_t n = 0; n < 256; ++n)
    for (size_t t = 1; t < 8; ++t)
      tables[t][n] = tables[t - 1][n] >> 8 ^ tables[0][tables[t - 1][n] & 255];
  return tables;
}

constexpr Tables kTables = makeTables();

} // namespace

uint32_t crc32(std::span<const uint8_t> bytes, uint32_t previous) {
  uint32_t value = ~previous;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const uint8_t *p = bytes.data() + i;
    uint32_t low = value ^ (p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24);
    value = kTables[7][low & 255] ^ kTables[6][low >> 8 & 255] ^ kTables[5][low >> 16 & 255] ^
            kTables[4][low >> 24] ^ kTables[3][p[4]] ^ kTables[2][p[5]] ^ kTables[1][p[6]] ^ kTables[0][p[7]];
  }
  for (; i < bytes.size(); ++i)
    value = value >> 8 ^ kTables[0][(value ^ bytes[i]) & 255];
  return ~value;
}

} // namespace tessera::isa
