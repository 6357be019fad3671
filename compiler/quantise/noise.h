/// How far the quantised network is from the float one.
#ifndef TESSERA_COMPILER_QUANTISE_NOISE_H
#define TESSERA_COMPILER_QUANTISE_NOISE_H

#include "quantise/calibrate.h"
#include "quantise/write.h"

namespace tessera::compiler::quantise {

/// Sums for 10 log10(signal / noise).
struct NoiseSums {
  double signal = 0, noise = 0;
  void add(std::span<const float> exact, std::span<const float> other);
  /// Infinity without noise; 0 where there is noise and no signal.
  double decibels() const;
};

/// Runs both networks over the cases and fills layers (worst first) and outputs of the report.
void measureNoise(const Network &network, const Plan &plan, const Calibration &calibration,
                  const std::vector<Scale> &scales, const Written &written, const Cases &cases,
                  const QuantiseOptions &options, QuantiseReport &report);

} // namespace tessera::compiler::quantise

#endif
