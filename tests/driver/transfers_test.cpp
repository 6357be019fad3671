// Loads and stores that do not fit an instruction: the instructions of the split write what the one would have.
#include "../isa/seed.h"
#include "record/transfers.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera::driver {

namespace {

constexpr int kPad = -1, kUntouched = -2;

/// What a scratchpad holds after the loads: the DRAM element, kPad or kUntouched.
std::vector<int> contents(const std::vector<isa::Load> &loads, size_t depth) {
  std::vector<int> sram(depth, kUntouched);
  for (const isa::Load &l : loads) {
    EXPECT_LE(std::max({l.yPad0, l.yPad1, l.xPad0, l.xPad1}), 15u);
    EXPECT_LE(l.xStride, 65535u);
    size_t at = l.sramBase;
    for (uint32_t y = 0; y < l.yPad0 + l.ySize + l.yPad1; ++y)
      for (uint32_t x = 0; x < l.xPad0 + l.xSize + l.xPad1; ++x) {
        const bool inside = y >= l.yPad0 && y < l.yPad0 + l.ySize && x >= l.xPad0 && x < l.xPad0 + l.xSize;
        sram.at(at++) =
            inside ? static_cast<int>(l.dramBase + (y - l.yPad0) * l.xStride + x - l.xPad0) : kPad;
      }
  }
  return sram;
}

std::vector<int> wanted(const LoadCommand &c, uint32_t element, size_t depth) {
  std::vector<int> sram(depth, kUntouched);
  size_t at = c.sramBase;
  for (uint64_t y = 0; y < c.rows(); ++y)
    for (uint64_t x = 0; x < c.rowElements(); ++x) {
      const bool inside = y >= c.yPad0 && y < c.yPad0 + c.ySize && x >= c.xPad0 && x < c.xPad0 + c.xSize;
      sram.at(at++) = inside ? static_cast<int>(element + (y - c.yPad0) * c.xStride + x - c.xPad0) : kPad;
    }
  return sram;
}

} // namespace

TEST(TransfersTest, RandomLoadsAreTheSameInPieces) {
  const auto machine = isa::loadMachine("pynq");
  ASSERT_TRUE(machine);
  const uint32_t seed = test::freshSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int split = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const auto pad = [&] { return static_cast<uint32_t>(random() % 3 ? random() % 16 : random() % 60); };
    LoadCommand c;
    c.memoryType = isa::MemoryType::Inp;
    c.sramBase = random() % 100;
    c.address = 16 * (random() % 1000);
    c.ySize = 1 + random() % 5;
    c.xSize = 1 + random() % 7;
    c.xStride = random() % 4 ? c.xSize + random() % 20 : 70000 + random() % 1000;
    c.yPad0 = pad(), c.yPad1 = pad(), c.xPad0 = pad(), c.xPad1 = pad();
    const std::vector<isa::Load> loads = splitLoad(c, *machine);
    split += loads.size() > 1;
    ASSERT_EQ(contents(loads, 20000), wanted(c, c.address / 16, 20000)) << "trial " << trial;
  }
  EXPECT_GT(split, 500);
}

TEST(TransfersTest, LoadsThatFitStayOne) {
  const auto machine = isa::loadMachine("pynq");
  LoadCommand c;
  c.memoryType = isa::MemoryType::Inp;
  c.ySize = 5, c.xSize = 3, c.xStride = 65535, c.yPad0 = c.yPad1 = c.xPad0 = c.xPad1 = 15;
  EXPECT_EQ(splitLoad(c, *machine).size(), 1u);
  c.xStride = 65536;
  EXPECT_EQ(splitLoad(c, *machine).size(), 5u);
}

TEST(TransfersTest, StoresWithLongStridesGoRowByRow) {
  const auto machine = isa::loadMachine("pynq");
  StoreCommand c{10, 160, 3, 4, 70000, {}};
  const std::vector<isa::Store> stores = splitStore(c, *machine);
  ASSERT_EQ(stores.size(), 3u);
  EXPECT_EQ(stores[2].sramBase, 18u);
  EXPECT_EQ(stores[2].dramBase, 10u + 140000u);
  EXPECT_EQ(stores[2].ySize, 1u);
}

} // namespace tessera::driver
