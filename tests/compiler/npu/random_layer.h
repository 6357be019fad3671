// Random layers with their data, and what they must give: a plain loop over NHWC arrays with isa/'s arithmetic.
#pragma once

#include "core/layer.h"
#include "core/pack.h"
#include "core/target.h"

#include <cstdint>
#include <random>
#include <vector>

namespace tessera::compiler::npu::test {

struct LayerCase {
  Layer layer;
  std::vector<int8_t> input, rhs; // NHWC
  std::vector<int8_t> weights;    // as pack.h takes them
  std::vector<int32_t> bias;      // before folding
  ChannelParameters parameters;   // bias folded
};

// Shapes that divide nothing, strides, padding, dilation, channels below and above the block. `size` bounds the picture's side.
LayerCase randomCase(const Target &target, LayerKind kind, uint32_t size, std::mt19937_64 &random);

// Fills in a case's data for the given layer geometry.
LayerCase caseOf(const Target &target, Layer layer, std::mt19937_64 &random);

// The same for level vta: scales that are one power of two, zero padding, windows that a machine without features can average.
LayerCase vtaCaseOf(const Target &target, Layer layer, std::mt19937_64 &random);

std::vector<int8_t> reference(const LayerCase &c);

// One line: kind, shapes, window.
std::string describe(const LayerCase &c);

} // namespace tessera::compiler::npu::test
