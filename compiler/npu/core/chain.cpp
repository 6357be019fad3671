#include "chain.h"

#include "computation.h"
#include "region.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

bool isMultiplying(const Layer &layer) {
  return layer.kind == LayerKind::Conv || layer.kind == LayerKind::Depthwise;
}

// Elements past a block that the last micro-op of a row reads (their weights are 0).
uint32_t overread(const Target &target, const Layer &layer) {
  if (layer.kind != LayerKind::Depthwise)
    return 0;
  TapChunks taps = depthwiseChunks(target, layer.window);
  return (taps.taps * taps.chunks - layer.window.kernelWidth) * target.inputsPerOutput();
}

} // namespace

bool canChain(const Target &target, const Layer &first, const Layer &second) {
  return target.has(isa::Feature::Chain) && first.handsOn && isMultiplying(first) && isMultiplying(second) &&
         second.inputPlace == first.outputPlace && second.input == first.output;
}

std::optional<ChainLayout> chainLayout(const Target &target, std::span<const Layer> layers, uint32_t rows) {
  ChainLayout layout;
  const uint32_t r = target.inputsPerOutput();
  const Shape &last = layers.back().output;
  layout.tiles = (last.height + rows - 1) / rows;
  layout.buffers.resize(layers.size());
  std::vector<TensorLife> lives(layers.size());
  uint32_t outputRows = rows;
  Range columns{0, last.width};
  int stages = int(layers.size());
  for (size_t i = layers.size(); i-- > 0;) {
    const Layer &layer = layers[i];
    const Window &w = layer.window;
    ChainBuffer &buffer = layout.buffers[i];
    buffer.rows = inputExtent(outputRows, w.kernelHeight, w.strideHeight, w.dilationHeight);
    const InputRun run = columnRun(layer, columns);
    buffer.pitch = run.total();
    columns = run.real();
    buffer.blocks = target.channelBlocks(layer.input.channels);
    buffer.blockwise = i > 0 && layer.kind == LayerKind::Depthwise && layers[i - 1].kind == LayerKind::Conv;
    if (buffer.blockwise)
      buffer.blocks = 2;
    outputRows = std::min(buffer.rows, layer.input.height);
    // Its producer runs in the stage before, or in the same one.
    lives[i].bytes = uint64_t(buffer.blockPixels()) * buffer.blocks * r + overread(target, layer);
    lives[i].last = stages;
    stages -= !buffer.blockwise;
    lives[i].first = stages;
  }
  if (layout.tiles > 1) { // the next tile's input comes while this one is computed
    lives.push_back(lives[0]);
    for (TensorLife &life : lives)
      life.first = 0, life.last = int(layers.size());
  }
  uint64_t inp = 0;
  std::vector<uint64_t> bases = planArena(lives, r, &inp);
  if (inp > target.depth(MemoryType::Inp) || uint64_t(rows) * last.width > target.context(MemoryType::Acc))
    return std::nullopt;
  for (size_t i = 0; i < layers.size(); ++i)
    layout.buffers[i].base = uint32_t(bases[i]);
  if (layout.tiles > 1)
    layout.secondInput = uint32_t(bases.back());
  layout.inp = uint32_t(inp);

  uint64_t wgt = 0, par = 0;
  bool streams =
      true; // two layers that take turns: the ring must not begin anew on what the first still reads
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer &layer = layers[i];
    const uint64_t block = weightElementsPerBlock(target, layer);
    streams = streams && block <= target.context(MemoryType::Wgt) / (layout.buffers[i].blockwise ? 2 : 1);
    wgt += block * target.channelBlocks(layer.output.channels);
    par += parameterElements(target, layer);
  }
  layout.residentParameters = layout.tiles > 1 && par <= target.depth(MemoryType::Par);
  if (layout.tiles > 1 ? wgt > target.depth(MemoryType::Wgt) : !streams)
    return std::nullopt;
  layout.wgt = layout.tiles > 1 ? uint32_t(wgt) : 0;
  layout.par = layout.residentParameters ? uint32_t(par) : 0;
  return layout;
}

} // namespace tessera::compiler::npu
