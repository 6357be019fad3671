// Ranges of known distributions, and scales of known ranges.
#include "quantise/ranges.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace tessera::compiler;
using namespace tessera::compiler::quantise;

namespace {

/// 0, 1, ..., count - 1, times factor.
std::vector<float> ramp(size_t count, float factor = 1) {
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(i) * factor);
  return values;
}

Range rangeOf(RangeRule rule, const std::vector<float> &values, double percentile = 99.99) {
  ActivationStatistics statistics(rule);
  statistics.addEnds(values);
  statistics.addSpread(values);
  return statistics.range(percentile);
}

TEST(RangesTest, MinMaxIsBothEndsOverSeveralRuns) {
  ActivationStatistics statistics(RangeRule::MinMax);
  statistics.addEnds(std::vector<float>{1, 2});
  statistics.addEnds(std::vector<float>{-3, 1.5f});
  EXPECT_EQ(statistics.range(50), (Range{-3, 2}));
}

TEST(RangesTest, PercentileCutsBothEndsByThatShare) {
  // 20480 values, 10 a bin: one per cent are 204.8 values, 20 bins at each end.
  const Range range = rangeOf(RangeRule::Percentile, ramp(20480), 99);
  const double width = 20479.0 / 2048;
  EXPECT_NEAR(range.low, 20 * width, 1e-6);
  EXPECT_NEAR(range.high, 20479 - 20 * width, 1e-6);
  EXPECT_EQ(rangeOf(RangeRule::Percentile, ramp(20480), 100), (Range{0, 20479}));
}

TEST(RangesTest, PercentileLeavesOutASingleOutlier) {
  std::vector<float> values = ramp(100000, 1e-5f);
  values.push_back(1000);
  const Range range = rangeOf(RangeRule::Percentile, values, 99.99);
  EXPECT_NEAR(range.high, 3 * 1000.0 / 2048, 1e-6); // the rest ends in the third bin
}

/// The bins of an exponential distribution with a tail, as the numpy reference had them.
std::vector<uint64_t> exponentialBins(double decay) {
  std::vector<uint64_t> bins;
  for (int i = 0; i < 2048; ++i)
    bins.push_back(static_cast<uint64_t>(std::floor(1e6 * std::exp(-i / decay))) + (i == 2047 ? 3 : 0));
  return bins;
}

TEST(RangesTest, EntropyAsTheNumpyReference) {
  // tests/compiler/quantise/entropy_reference.py prints these.
  EXPECT_EQ(entropyBins(exponentialBins(100), 128), 1109u);
  EXPECT_EQ(entropyBins(exponentialBins(100), 256), 1243u);
  EXPECT_EQ(entropyBins(exponentialBins(300), 128), 2048u);
  EXPECT_EQ(entropyBins(exponentialBins(40), 128), 426u);
}

TEST(RangesTest, EntropyOfEmptyBinsAsTheNumpyReference) {
  const auto withGaps = [](std::vector<uint64_t> bins) {
    for (size_t i = 0; i < bins.size(); ++i)
      bins[i] = i * 7 % 5 < 2 ? 0 : bins[i];
    return bins;
  };
  EXPECT_EQ(entropyBins(withGaps(exponentialBins(100)), 128), 1097u);
  EXPECT_EQ(entropyBins(withGaps(exponentialBins(200)), 256), 2047u);
}

TEST(RangesTest, EntropyKeepsAnEvenSpread) {
  const std::vector<uint64_t> even(2048, 100);
  EXPECT_EQ(entropyBins(even, 128), 2048u);
}

TEST(RangesTest, EntropyDoesNotCountZeros) {
  std::vector<float> values = ramp(20480);
  const Range without = rangeOf(RangeRule::Entropy, values);
  values.resize(values.size() * 10, 0);
  EXPECT_EQ(rangeOf(RangeRule::Entropy, values), without);
  EXPECT_GT(without.high, 20000);
}

TEST(ScalesTest, AsymmetricRangeHasZeroAmongItsSteps) {
  const Scale scale = scaleOf({-1, 3}, false);
  EXPECT_FLOAT_EQ(scale.scale, 4.0f / 255);
  EXPECT_EQ(scale.zeroPoint, -64); // -128 + 63.75
  EXPECT_EQ(quantisedValue(0, scale), -64);
}

TEST(ScalesTest, RangesOfOneSignReachZero) {
  EXPECT_EQ(scaleOf({2, 5.1}, false).zeroPoint, -128);
  EXPECT_FLOAT_EQ(scaleOf({2, 5.1}, false).scale, 5.1f / 255);
  EXPECT_EQ(scaleOf({-5.1, -2}, false).zeroPoint, 127);
}

TEST(ScalesTest, NothingButZeroHasTheScaleOne) {
  for (bool powerOfTwo : {false, true}) {
    EXPECT_EQ(scaleOf({0, 0}, powerOfTwo).scale, 1);
    EXPECT_EQ(scaleOf({0, 0}, powerOfTwo).zeroPoint, 0);
  }
}

TEST(ScalesTest, PowersOfTwoHoldTheRangeAndAreTheSmallest) {
  for (double high = 1e-6; high < 1e6; high *= 1.37)
    for (double low : {0.0, -0.5 * high, -1.5 * high}) {
      const Scale scale = scaleOf({low, high}, true);
      int exponent = 0;
      EXPECT_EQ(std::frexp(scale.scale, &exponent), 0.5f) << high;
      EXPECT_EQ(scale.zeroPoint, 0);
      const auto step = static_cast<double>(scale.scale);
      EXPECT_GE(127 * step * (1 + 1e-12), high);
      EXPECT_GE(128 * step * (1 + 1e-12), -low);
      EXPECT_TRUE(127 * step / 2 < high || 128 * step / 2 < -low) << high << " " << low;
    }
}

TEST(ScalesTest, ValuesSaturateAndRoundHalfToEven) {
  const Scale scale{2, 1};
  EXPECT_EQ(quantisedValue(1e9, scale), 127);
  EXPECT_EQ(quantisedValue(-1e9, scale), -128);
  EXPECT_EQ(quantisedValue(1, scale), 1); // 0.5 steps
  EXPECT_EQ(quantisedValue(3, scale), 3); // 1.5 steps
}

} // namespace
