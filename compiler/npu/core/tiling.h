// How a layer is cut so that its pieces fit the on-chip memories.
//
// A tile is `rows` x `columns` output positions; `blocks` output channel blocks are computed while their weights stay. Two
// contexts (halves) of each memory take turns, so that the next piece loads while this one computes; a piece that does not fit a half
// takes the whole memory. The reduction may be split (kBlocks less than all input blocks): the partial sums of a piece then stay in ACC.
// Weights that a second piece wants again are resident; others stream, one output block after the other.
#pragma once

#include "layer.h"
#include "target.h"

#include "tessera/isa/error.h"

#include <vector>

namespace tessera::compiler::npu {

struct Tiling {
  uint32_t rows = 1, columns = 1;
  uint32_t blocks = 1;      // output channel blocks in one piece
  uint32_t kBlocks = 1;     // input channel blocks in one piece of the reduction (convolution only)
  bool weightsOuter = true; // weights stay while tiles pass; otherwise a tile stays while weights pass
  uint64_t estimatedCycles = 0;
  bool operator==(const Tiling &) const = default;
};

// Input positions that `outputs` adjacent windows cover along one axis.
inline uint32_t inputExtent(uint32_t outputs, uint32_t kernel, uint32_t stride, uint32_t dilation) {
  return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

// Scratchpad elements that one piece needs.
struct Footprint {
  uint64_t inp = 0, wgt = 0, acc = 0, par = 0;
  uint64_t temporaries = 0; // of ACC, at level vta
};
// Whether the weights of all blocks of a piece are in WGT at once.
bool weightsResident(const Target &target, const Layer &layer, const Tiling &tiling);
bool fitsHalves(const Target &target, const Layer &layer, const Tiling &tiling); // one context of each memory
// Whether a piece fits the memories at all, and the loop over an addition's elements its counter.
bool fitsMemories(const Target &target, const Layer &layer, const Tiling &tiling);
Footprint footprintOf(const Target &target, const Layer &layer, const Tiling &tiling);

// Sizes of equal pieces: n/1, n/2, n/3, ... rounded up, each once, largest first.
std::vector<uint32_t> pieceSizes(uint32_t n);

uint64_t tilesOf(const Layer &layer, const Tiling &tiling);
uint32_t reductionPieces(const Target &target, const Layer &layer, const Tiling &tiling);

// Why the machine cannot run the layer at all; empty if it can.
std::string refusal(const Target &target, const Layer &layer);

enum class TileOrder { Any, RowsOuter };

// The cheapest tiling by estimate (cost.h), of those that finish one tile of rows before the next where the order asks for that. Error:
// nothing fits, with the memory that is too small.
isa::Expected<Tiling> chooseTiling(const Target &target, const Layer &layer,
                                   TileOrder order = TileOrder::Any);

} // namespace tessera::compiler::npu
