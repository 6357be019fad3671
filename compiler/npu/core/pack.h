// Packing of weights and channel parameters into the image's constants, in the layouts of docs/architecture.md.
//
// All functions append to `out` and pad what lies outside the network's channels with zeros.
#pragma once

#include "layer.h"
#include "target.h"

#include <cstdint>
#include <span>
#include <vector>

namespace tessera::compiler::npu {

// Bias with the input zero point folded in, and the requantisation, one entry a channel.
struct ChannelParameters {
  std::vector<int32_t> bias, multiplier, shift;
};

// weights: int8 [weightParts][outputs][kernelHeight][kernelWidth][inputs].
void packConvWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                     std::vector<uint8_t> &out);
// weights: int8 [weightParts][kernelHeight][kernelWidth][channels].
void packDepthwiseWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                          std::vector<uint8_t> &out);
// PAR elements of all channel blocks.
void packParameters(const Target &target, const ChannelParameters &parameters, std::vector<uint8_t> &out);
// One PAR element with the same multiplier and shift for all channels (add).
void packUniformParameters(const Target &target, uint32_t multiplier, int32_t shift,
                           std::vector<uint8_t> &out);
// PAR elements of an average pooling: element i divides by averageCounts(layer)[i].
void packAverageParameters(const Target &target, const Layer &layer, std::vector<uint8_t> &out);

// At level vta, where a parameter element is the int32 biases of a channel block alone: `bias` a channel, each `more` higher.
void packBiases(const Target &target, std::span<const int32_t> bias, int32_t more, std::vector<uint8_t> &out);
// At level vta: weights of packDepthwiseWeights as the diagonals of whole WGT elements.
void packDiagonalWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                         std::vector<uint8_t> &out);
// At level vta: one diagonal of equal values for every channel of a block.
void packUniformDiagonal(const Target &target, int8_t value, std::vector<uint8_t> &out);

// bias - zeroPoint * sum of the channel's weights, wrapping: with it the padding value may be the zero point.
int32_t foldZeroPoint(int32_t bias, int32_t zeroPoint, int64_t weightSum);

} // namespace tessera::compiler::npu
