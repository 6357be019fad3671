/// Weights and biases as integers.
#ifndef TESSERA_COMPILER_QUANTISE_WEIGHTS_H
#define TESSERA_COMPILER_QUANTISE_WEIGHTS_H

#include "quantise/layer.h"

namespace tessera::compiler::quantise {

/// int8 without zero point; one scale, or one an output of the layer.
struct QuantisedWeights {
  std::vector<int8_t> values;
  std::vector<float> scales;
};

/// Each output's largest weight becomes 127 (-127). With `powerOfTwo` there is one scale, the power of two with the least squared error.
/// `inputScale`, where it is known, keeps the bias within int32: an output with tiny weights gets a larger scale for it.
QuantisedWeights quantiseWeights(const Network &network, const Layer &layer, bool powerOfTwo,
                                 float inputScale = 0);

/// In steps of inputScale * scale, to nearest, halves to even.
std::vector<int32_t> quantiseBias(const std::vector<float> &bias, const std::vector<float> &scales,
                                  float inputScale);

/// The weights' error, quantised less exact, in the layer's order.
Floats weightError(const Network &network, const Layer &layer, const QuantisedWeights &quantised);

} // namespace tessera::compiler::quantise

#endif
