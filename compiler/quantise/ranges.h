/// From the values of an activation to its range: the whole of it, a percentile, or the range of least relative entropy.
#ifndef TESSERA_COMPILER_QUANTISE_RANGES_H
#define TESSERA_COMPILER_QUANTISE_RANGES_H

#include "tessera/compiler/quantise.h"

#include <span>
#include <vector>

namespace tessera::compiler::quantise {

struct Range {
  double low = 0, high = 0;
  friend bool operator==(const Range &, const Range &) = default;
};

/// 2048 equal bins over a range that is known before.
class Histogram {
public:
  static constexpr size_t kBins = 2048;

  Histogram() = default;
  explicit Histogram(Range range) : range_(range) {}
  void add(double value);
  const std::vector<uint64_t> &bins() const { return bins_; }
  Range range() const { return range_; }
  double width() const { return (range_.high - range_.low) / kBins; }

private:
  Range range_;
  std::vector<uint64_t> bins_ = std::vector<uint64_t>(kBins, 0);
};

/// The range that holds `percentile` per cent of the values at each end: between the edges of two bins.
Range percentileRange(const Histogram &values, double percentile);

/// The bins [0, result) of |x| whose quantisation to `levels` has the least Kullback-Leibler divergence from them, with what lies
/// beyond counted in the last (Migacz 2017). At least `levels`.
size_t entropyBins(const std::vector<uint64_t> &bins, size_t levels);

/// The values of the tensors of one scale, seen twice: first their ends, then, where the rule needs it, how they are spread.
class ActivationStatistics {
public:
  explicit ActivationStatistics(RangeRule rule) : rule_(rule) {}
  void addEnds(std::span<const float> values);
  void addSpread(std::span<const float> values);
  Range ends() const { return ends_; }
  Range range(double percentile) const;

private:
  RangeRule rule_;
  bool isEmpty_ = true;
  Range ends_;
  Histogram spread_;
  bool hasSpread_ = false;
};

/// Scale and zero point of an activation.
struct Scale {
  float scale = 1;
  int32_t zeroPoint = 0;
};

/// int8 over [low, high] widened to hold 0 (Jacob et al. 2018); with `powerOfTwo` the smallest power of two that holds the range around 0.
Scale scaleOf(Range range, bool powerOfTwo);

/// What an activation's value becomes: as QuantizeLinear.
int32_t quantisedValue(double value, const Scale &scale);

} // namespace tessera::compiler::quantise

#endif
