// A tile of a layer as a loop nest over on-chip memories, ready to be matched with a tensor instruction.
#pragma once

#include "layer.h"
#include "target.h"
#include "tensor_instructions.h"

namespace tessera::compiler::npu {

// Layout of a piece in INP, and of its results in OUT, in pixels.
struct TileLayout {
  uint32_t rows, columns;    // output positions computed by one instruction
  uint32_t resultColumns;    // row pitch of the results
  uint32_t inputWidth;       // row pitch of the loaded input
  uint32_t inputBlockPixels; // from one channel block of the loaded input to the next
  uint32_t kBlocks;          // input channel blocks in INP that the reduction walks (convolution)
  uint32_t weightParts = 0;  // that it walks; 0: all of the layer's
};

// Reduction elements along the channels when kBlocks input blocks are taken at a time.
uint32_t kElements(const Target &target, const Layer &layer, uint32_t kBlocks);

// The nest that computes one output channel block of a window layer.
Computation windowComputation(const Target &target, const Layer &layer, const TileLayout &tile);
// The nest that adds `elements` blocked vectors.
Computation addComputation(const Target &target, uint32_t elements);

// Micro-ops for each output position and block, or 0 if no instruction computes the layer.
uint64_t microOpsPerPosition(const Target &target, const Layer &layer);

} // namespace tessera::compiler::npu
