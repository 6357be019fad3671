#include "quantise/ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::compiler::quantise {

namespace {

constexpr double kLow = -128, kHigh = 127;

} // namespace

void Histogram::add(double value) {
  const double at = (value - range_.low) / width();
  const double bin = std::isfinite(at) ? std::clamp(at, 0.0, static_cast<double>(kBins - 1)) : 0;
  ++bins_[static_cast<size_t>(bin)];
}

Range percentileRange(const Histogram &values, double percentile) {
  const std::vector<uint64_t> &bins = values.bins();
  uint64_t total = 0;
  for (uint64_t bin : bins)
    total += bin;
  const double beyond = static_cast<double>(total) * (100 - percentile) / 100;
  // How many bins at an end hold no more than that.
  const auto cut = [&](auto begin, auto end) {
    double sum = 0;
    size_t count = 0;
    for (auto bin = begin; bin != end && sum + static_cast<double>(*bin) <= beyond; ++bin, ++count)
      sum += static_cast<double>(*bin);
    return static_cast<double>(std::min(count, Histogram::kBins - 1));
  };
  return {values.range().low + cut(bins.begin(), bins.end()) * values.width(),
          values.range().high - cut(bins.rbegin(), bins.rend()) * values.width()};
}

namespace {

/// Divergence of bins [0, size), with the outliers in the last, from their quantisation to `levels`.
double divergence(const std::vector<uint64_t> &bins, size_t size, size_t levels, double outliers) {
  double total = 0;
  for (size_t i = 0; i < size; ++i)
    total += static_cast<double>(bins[i]);
  const double pTotal = total + outliers;
  if (total <= 0)
    return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t begin = level * size / levels, end = (level + 1) * size / levels;
    double inLevel = 0;
    size_t occupied = 0;
    for (size_t i = begin; i < end; ++i) {
      inLevel += static_cast<double>(bins[i]);
      occupied += bins[i] != 0;
    }
    for (size_t i = begin; i < end; ++i) {
      const double p = (static_cast<double>(bins[i]) + (i + 1 == size ? outliers : 0)) / pTotal;
      if (p == 0)
        continue;
      if (bins[i] == 0)
        return std::numeric_limits<double>::infinity(); // only outliers stand there: Q has nothing for them
      const double q = inLevel / static_cast<double>(occupied) / total;
      sum += p * std::log(p / q);
    }
  }
  return sum;
}

} // namespace

size_t entropyBins(const std::vector<uint64_t> &bins, size_t levels) {
  double outliers = 0, least = std::numeric_limits<double>::infinity();
  for (uint64_t bin : bins)
    outliers += static_cast<double>(bin);
  for (size_t i = 0; i < std::min(levels, bins.size()); ++i)
    outliers -= static_cast<double>(bins[i]);
  size_t best = bins.size();
  for (size_t size = levels; size <= bins.size(); ++size) {
    const double found = divergence(bins, size, levels, outliers);
    if (found < least) {
      least = found;
      best = size;
    }
    if (size < bins.size())
      outliers -= static_cast<double>(bins[size]);
  }
  return best;
}

void ActivationStatistics::addEnds(std::span<const float> values) {
  for (float value : values) {
    const auto v = static_cast<double>(value);
    ends_ = isEmpty_ ? Range{v, v} : Range{std::min(ends_.low, v), std::max(ends_.high, v)};
    isEmpty_ = false;
  }
}

void ActivationStatistics::addSpread(std::span<const float> values) {
  if (!hasSpread_) {
    spread_ = Histogram(
        rule_ == RangeRule::Entropy ? Range{0, std::max(std::abs(ends_.low), std::abs(ends_.high))} : ends_);
    hasSpread_ = true;
  }
  for (float value : values) {
    // Zero is a step of every scale: what a Relu cuts off says nothing about the range.
    if (rule_ == RangeRule::Entropy && value != 0)
      spread_.add(std::abs(static_cast<double>(value)));
    if (rule_ == RangeRule::Percentile)
      spread_.add(static_cast<double>(value));
  }
}

Range ActivationStatistics::range(double percentile) const {
  if (rule_ == RangeRule::MinMax || !hasSpread_ || !(ends_.high > ends_.low))
    return ends_;
  if (rule_ == RangeRule::Percentile)
    return percentileRange(spread_, percentile);
  // Of one sign, all 256 steps are for |x|; else half of them.
  const bool isOneSided = ends_.low >= 0 || ends_.high <= 0;
  const double limit =
      static_cast<double>(entropyBins(spread_.bins(), isOneSided ? 256 : 128)) * spread_.width();
  return {std::max(ends_.low, -limit), std::min(ends_.high, limit)};
}

Scale scaleOf(Range range, bool powerOfTwo) {
  const double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  if (powerOfTwo) {
    const double steps = std::max(high / kHigh, -low / -kLow);
    if (!(steps > 0))
      return {};
    const int exponent = std::clamp(static_cast<int>(std::ceil(std::log2(steps))), -100, 100);
    return {static_cast<float>(std::ldexp(1.0, exponent)), 0};
  }
  Scale result;
  // No range below what float32 can hold beside the weights' scales.
  result.scale = static_cast<float>(std::max((high - low) / (kHigh - kLow), 0.0));
  if (!(result.scale >= 1e-30f) || !std::isfinite(result.scale))
    return {};
  const double zero = std::nearbyint(kLow - low / static_cast<double>(result.scale));
  result.zeroPoint = static_cast<int32_t>(std::clamp(zero, kLow, kHigh));
  return result;
}

int32_t quantisedValue(double value, const Scale &scale) {
  const float steps = std::nearbyintf(static_cast<float>(value) / scale.scale);
  return static_cast<int32_t>(std::clamp(static_cast<double>(steps) + scale.zeroPoint, kLow, kHigh));
}

} // namespace tessera::compiler::quantise
