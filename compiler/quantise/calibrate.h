/// Runs the float network over the cases: ranges of activations, and the mean error that quantised weights make.
#ifndef TESSERA_COMPILER_QUANTISE_CALIBRATE_H
#define TESSERA_COMPILER_QUANTISE_CALIBRATE_H

#include "quantise/plan.h"
#include "quantise/ranges.h"
#include "quantise/runner.h"

namespace tessera::compiler::quantise {

/// Sets network.reals from the first case: every float32 activation and its shape. Gives the network's inputs.
std::vector<TensorInfo> observe(Network &network, CalibrationData &data, std::optional<Cases> &cases);

struct Calibration {
  std::vector<Range> ranges; ///< one a group of the plan, as the rule has them
  std::vector<Range> ends;   ///< one a tensor of the plan: the whole range
  /// By node: the mean of (quantised - exact weights) on the layer's input, one an output channel.
  std::map<int, std::vector<double>> weightErrors;
};

Calibration calibrate(const Network &network, const Plan &plan, const Cases &cases,
                      const QuantiseOptions &options);

/// Takes the mean error off each layer's bias (Nagel et al. 2019, section 4.2). Gives the number of layers.
size_t correctBiases(Network &network, const Calibration &calibration);

} // namespace tessera::compiler::quantise

#endif
