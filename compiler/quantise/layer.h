/// What Conv, Gemm and MatMul have in common: constant weights, outputs along an axis, perhaps a constant bias.
#ifndef TESSERA_COMPILER_QUANTISE_LAYER_H
#define TESSERA_COMPILER_QUANTISE_LAYER_H

#include "quantise/network.h"

#include <functional>

namespace tessera::compiler::quantise {

inline constexpr int kWeightsInput = 1, kBiasInput = 2;

struct Layer {
  int node = -1;
  Floats weights;
  std::vector<float> bias;         ///< one an output; empty where there is none
  bool canHaveBias = true;         ///< MatMul cannot
  int64_t outputAxis = 0;          ///< of the weights
  int64_t outputs = 0, inputs = 0; ///< channels
  int64_t channelAxis = 1;         ///< of the result; -1 is the last
};

/// The node as a layer; nothing where it has no integer form, and `why` says so.
std::optional<Layer> layerOf(const Network &network, int node, std::string *why = nullptr);

/// Calls `each` with every weight's position, input channel and output channel.
void forEachWeight(const Network &network, const Layer &layer,
                   const std::function<void(size_t at, int64_t in, int64_t out)> &each);

/// Writes weights and bias back; a bias that is all zero and was not there stays away.
void writeLayer(Network &network, const Layer &layer);

/// The tensor behind the layer, through a Relu that nothing else sees: what scales with the layer's outputs.
std::string scalingResult(const Network &network, int node);

} // namespace tessera::compiler::quantise

#endif
