// Device memory given out and taken back.
#include "../isa/seed.h"
#include "allocator.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tessera::driver {

TEST(AllocatorTest, RandomBuffersAreAlignedDisjointAndCounted) {
  const uint32_t seed = test::freshSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr uint64_t kBytes = 5000;
  Allocator allocator(kBytes);
  struct Buffer {
    uint32_t address;
    uint64_t bytes;
  };
  std::vector<Buffer> buffers;
  uint64_t used = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    if (!buffers.empty() && random() % 2) {
      const size_t which = random() % buffers.size();
      ASSERT_TRUE(allocator.release(buffers[which].address));
      used -= buffers[which].bytes;
      buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(which));
    } else {
      const uint64_t bytes = 1 + random() % 700, alignment = 1 + random() % 200;
      if (const auto address = allocator.allocate(bytes, alignment)) {
        ASSERT_EQ(*address % alignment, 0u);
        ASSERT_LE(*address + bytes, kBytes);
        for (const Buffer &other : buffers)
          ASSERT_TRUE(*address + bytes <= other.address || other.address + other.bytes <= *address);
        buffers.push_back({*address, bytes});
        used += bytes;
      }
    }
    ASSERT_EQ(allocator.used(), used);
  }
}

} // namespace tessera::driver
