// Two lanes that share slices, in chains for either DSP slice: all operands of each product, and the ends of the fields that hold the sums.
#include "Vpair_bench.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>

namespace {

class PairTest : public ::testing::Test {
protected:
  static constexpr uint32_t kProducts = 8;

  /// One cycle of the two pairs of lanes: operands[0] the lower lane's weights, [1] the upper's, [2] the inputs.
  /// expected: sums of the cycles whose results have not come out yet.
  void pairStep(const std::array<std::array<int8_t, kProducts>, 3> &operands,
                std::deque<std::array<int, 2>> &expected) {
    constexpr size_t kLatency = 5;
    std::array<int, 2> sums = {-1, -1}; // short of one
    for (uint32_t k = 0; k < kProducts; ++k)
      for (uint32_t lane = 0; lane < 2; ++lane)
        sums[lane] += operands[lane][k] * operands[2][k];
    std::memcpy(&bench_.low_i, operands[0].data(), kProducts);
    std::memcpy(&bench_.high_i, operands[1].data(), kProducts);
    std::memcpy(&bench_.x_i, operands[2].data(), kProducts);
    expected.push_back(sums);
    bench_.clk_i = 0;
    bench_.eval();
    bench_.clk_i = 1;
    bench_.eval();
    if (expected.size() < kLatency)
      return;
    std::array<int, 2> was = expected.front();
    expected.pop_front();
    uint64_t both = uint64_t{static_cast<uint32_t>(was[1])} << 32 | static_cast<uint32_t>(was[0]);
    ASSERT_EQ(bench_.sums_25_o, both) << "DSP48E1: sums " << was[0] + 1 << ' ' << was[1] + 1;
    ASSERT_EQ(bench_.sums_27_o, both) << "DSP48E2: sums " << was[0] + 1 << ' ' << was[1] + 1;
  }

  Vpair_bench bench_;
};

// Two lanes of eight products that share slices: every place sees all 2^24 operands, each time with other ones in the other places.
TEST_F(PairTest, AllOperands) {
  constexpr uint32_t kCount = 1u << 24;
  std::deque<std::array<int, 2>> expected;
  for (uint32_t i = 0; i < kCount; ++i) {
    std::array<std::array<int8_t, kProducts>, 3> operands;
    for (uint32_t k = 0; k < kProducts; ++k) {
      uint32_t word =
          i * (2 * 0x9e375 * k + 1) + 0x35fb1d * k; // odd factors: each place goes through all words
      for (uint32_t j = 0; j < 3; ++j)
        operands[j][k] = static_cast<int8_t>(word >> 8 * j);
    }
    pairStep(operands, expected);
    if (HasFatalFailure())
      return;
  }
}

// The ends of what the fields of a chain hold: each place takes the greatest, least, nearly greatest and small products of either lane.
TEST_F(PairTest, Extremes) {
  constexpr std::array<std::array<int, 3>, 8> kOperands = {{{-128, -128, -128},
                                                            {127, 127, -128},
                                                            {-128, 127, -128},
                                                            {127, -128, -128},
                                                            {127, 127, 127},
                                                            {-128, -127, 127},
                                                            {-127, -128, -128},
                                                            {0, -1, -1}}};
  std::deque<std::array<int, 2>> expected;
  for (uint32_t i = 0; i < 1u << 24; ++i) {
    std::array<std::array<int8_t, kProducts>, 3> operands;
    for (uint32_t k = 0; k < kProducts; ++k)
      for (uint32_t j = 0; j < 3; ++j)
        operands[j][k] = static_cast<int8_t>(kOperands[i >> 3 * k & 7][j]);
    pairStep(operands, expected);
    if (HasFatalFailure())
      return;
  }
}

} // namespace
