// Layers one behind the other on chip: what one gives stays in INP, where the next one reads it, and never goes through DRAM.
//
// A chain is cut into tiles of rows of its last layer, over the whole width; each layer computes of a tile what the next one reads, so tiles
// of more than one row of windows compute some rows twice. A convolution in front of a depthwise layer gives it one channel block after the other; other
// tensors in between are held with all their blocks. Weights and parameters stay for all tiles, or stream block by block where there is one tile.
#pragma once

#include "emit.h"
#include "input_run.h"
#include "layer.h"
#include "target.h"

#include <optional>
#include <span>
#include <vector>

namespace tessera::compiler::npu {

// Whether the machine can hand on results in INP, and the second layer can take the first one's there.
bool canChain(const Target &target, const Layer &first, const Layer &second);

// Where the inputs of a chain's layers lie in INP, in elements from the chain's base.
struct ChainBuffer {
  uint32_t base = 0;
  uint32_t rows = 0, pitch = 0; // padding included, in pixels
  uint32_t blocks = 1;          // held at once
  bool blockwise = false;       // two buffers of one block take turns
  uint32_t blockPixels() const { return rows * pitch; }
};

struct ChainLayout {
  std::vector<ChainBuffer> buffers; // by layer
  uint32_t secondInput = 0;         // base of the input of every other tile
  uint32_t inp = 0;                 // elements in all
  uint32_t tiles = 1;
  bool residentParameters = false; // for all tiles; otherwise they stream
  uint32_t wgt = 0, par = 0;       // elements that stay for all tiles
};

// The layout of a chain in tiles of `rows`; nothing where the memories are too small.
std::optional<ChainLayout> chainLayout(const Target &target, std::span<const Layer> layers, uint32_t rows);

// Appends the commands of a chain (without its mark).
void emitChain(const Target &target, std::span<const Layer> layers, uint32_t rows, Contexts &contexts,
               std::vector<Command> &commands);

} // namespace tessera::compiler::npu
