// A layer as the NPU runs it: one window operation (convolution, depthwise, pooling) or one element-wise addition, with all
// that its quantisation needs, and where its tensors lie in device DRAM.
//
// Shapes are of one batch row; activations are blocked (docs/architecture.md). A dense layer is a convolution whose kernel is
// as large as its input. Sources: docs/instruction-set.md for the exits, TensorFlow Lite for the arithmetic.
#pragma once

#include "tessera/isa/encoding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

enum class LayerKind { Conv, Depthwise, AveragePool, MaxPool, Add };

const char *layerKindName(LayerKind kind);

struct Shape {
  uint32_t height = 1, width = 1, channels = 1;
  bool operator==(const Shape &) const = default;
};

// A place in device DRAM: memory region of record.h and byte offset.
struct Place {
  uint32_t region = 0;
  uint32_t offset = 0;
  bool operator==(const Place &) const = default;
};

constexpr uint32_t kConstants = 0; // memory region of packed weights and parameters
constexpr uint32_t kArena = 1;     // memory region of activations

struct Window {
  uint32_t kernelHeight = 1, kernelWidth = 1;
  uint32_t strideHeight = 1, strideWidth = 1;
  uint32_t dilationHeight = 1, dilationWidth = 1;
  uint32_t padTop = 0, padBottom = 0, padLeft = 0, padRight = 0;
  bool operator==(const Window &) const = default;
};

struct Exit {
  static constexpr int32_t kNoShift = INT32_MAX;
  isa::ExitMode mode = isa::ExitMode::None;
  int32_t zeroPoint = 0, clampMin = -128, clampMax = 127;
  // Of Layer::shiftExit: the scale of all channels is factor * 2^-shift; a negative shift goes to the left.
  int32_t shift = kNoShift, factor = 1;
  bool operator==(const Exit &) const = default;
};

struct Operand {
  int32_t zeroPoint = 0;
  uint32_t multiplier = 0;
  int32_t shift = 0;
  bool operator==(const Operand &) const = default;
};

struct Layer {
  std::string name;
  LayerKind kind = LayerKind::Conv;
  Shape input, output;
  Window window;
  int32_t padValue = 0; // what lies around the input: its zero point for a convolution
  Exit exit;
  Operand lhs, rhs; // Add only
  // Weights that do not fit a byte are the sum of so many bytes: each window is multiplied once with each part.
  uint32_t weightParts = 1;
  std::vector<uint32_t>
      blockParts; // by output channel block, where only some need all parts: the others' are zeros, and are left out
  // Level vta (shift_exit.h): the exit as a shift, if it can be one, and what a step of each operand of an addition is worth in its sums.
  std::optional<Exit> shiftExit;
  int32_t lhsStep = 0, rhsStep = 0;
  int64_t mostBias = 0;     // largest magnitude of a bias as the network has it
  int64_t mostWeight = 128; // of a weight, or a bound of it
  Place inputPlace, rhsPlace, outputPlace, weightPlace, parameterPlace;

  bool handsOn = false; // its result is read by the next layer and by nobody else

  uint64_t macs() const;
};

// PAR elements that the layer needs, and WGT elements of one output block (0 for layers without weights).
class Target;
uint32_t parameterElements(const Target &target, const Layer &layer);
uint32_t weightElementsPerBlock(const Target &target, const Layer &layer);

// Reduction elements along the channels of the input as they are packed: whole pixels unless one block holds all channels.
uint32_t packedInputElements(const Target &target, uint32_t channels);

// Taps of one DEPTHWISE micro-op and how many cover a kernel row.
struct TapChunks {
  uint32_t taps = 1, chunks = 1;
};
TapChunks depthwiseChunks(const Target &target, const Window &window);

} // namespace tessera::compiler::npu
