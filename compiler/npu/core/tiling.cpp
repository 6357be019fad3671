#include "tiling.h"

#include "computation.h"
#include "cost.h"

#include <algorithm>
#include <optional>

namespace tessera::compiler::npu {
namespace {

uint32_t ceilDivide(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

struct Fit {
  bool whole = true;  // fits the memories at all
  bool halves = true; // fits one context of each
};

Fit fitOf(const Target &target, const Layer &layer, const Tiling &t, const Footprint &f) {
  Fit fit;
  auto need = [&](MemoryType memory, uint64_t elements) {
    fit.whole = fit.whole && elements <= target.depth(memory);
    fit.halves = fit.halves && elements <= target.context(memory);
  };
  need(MemoryType::Inp, f.inp);
  need(MemoryType::Wgt, f.wgt);
  need(MemoryType::Acc, f.acc);
  need(MemoryType::Par, f.par);
  fit.whole = fit.whole && f.temporaries <= target.temporaries();
  if (layer.kind == LayerKind::Add) // one loop over all elements
    fit.whole = fit.whole && uint64_t(t.blocks) * t.rows * t.columns <= target.maxIterations();
  return fit;
}

} // namespace

std::vector<uint32_t> pieceSizes(uint32_t n) {
  std::vector<uint32_t> sizes;
  for (uint32_t pieces = 1; pieces <= n; ++pieces)
    if (uint32_t size = ceilDivide(n, pieces); sizes.empty() || sizes.back() != size)
      sizes.push_back(size);
  return sizes;
}

uint64_t tilesOf(const Layer &layer, const Tiling &t) {
  return uint64_t(ceilDivide(layer.output.height, t.rows)) * ceilDivide(layer.output.width, t.columns);
}

uint32_t reductionPieces(const Target &target, const Layer &layer, const Tiling &t) {
  return layer.kind == LayerKind::Conv ? ceilDivide(target.channelBlocks(layer.input.channels), t.kBlocks)
                                       : 1;
}

bool weightsResident(const Target &target, const Layer &layer, const Tiling &t) {
  bool oneChunk = t.blocks >= target.channelBlocks(layer.output.channels);
  return tilesOf(layer, t) > 1 && reductionPieces(target, layer, t) == 1 && (t.weightsOuter || oneChunk);
}

Footprint footprintOf(const Target &target, const Layer &layer, const Tiling &t) {
  const Window &w = layer.window;
  Footprint f;
  if (layer.kind == LayerKind::Add) {
    f.acc = 2 * uint64_t(t.blocks) * t.rows * t.columns;
    f.par = 1;
    return f;
  }
  uint64_t height = inputExtent(t.rows, w.kernelHeight, w.strideHeight, w.dilationHeight);
  uint64_t width = inputExtent(t.columns, w.kernelWidth, w.strideWidth, w.dilationWidth);
  uint64_t inputBlocks = layer.kind == LayerKind::Conv ? t.kBlocks : t.blocks;
  f.inp = inputBlocks * height * width * target.inputsPerOutput();
  f.acc = uint64_t(t.blocks) * t.rows * t.columns;
  f.par = t.blocks;
  f.temporaries = target.isVta() ? uint64_t(t.rows) * t.columns : 0;
  uint64_t weightBlocks = weightsResident(target, layer, t) ? t.blocks : 1;
  if (layer.kind == LayerKind::Conv)
    f.wgt = weightBlocks * layer.weightParts * w.kernelHeight * w.kernelWidth *
            kElements(target, layer, t.kBlocks);
  if (layer.kind != LayerKind::Conv && target.isVta())
    f.wgt = weightBlocks * weightElementsPerBlock(target, layer);
  if (layer.kind == LayerKind::Depthwise && !target.isVta()) {
    TapChunks taps = depthwiseChunks(target, w);
    f.wgt = weightBlocks * weightElementsPerBlock(target, layer);
    f.inp += (taps.taps * taps.chunks - w.kernelWidth) * target.inputsPerOutput();
  }
  if (layer.kind == LayerKind::AveragePool || layer.kind == LayerKind::MaxPool)
    f.par = parameterElements(target, layer);
  return f;
}

bool fitsHalves(const Target &target, const Layer &layer, const Tiling &tiling) {
  return fitOf(target, layer, tiling, footprintOf(target, layer, tiling)).halves;
}

bool fitsMemories(const Target &target, const Layer &layer, const Tiling &tiling) {
  return fitOf(target, layer, tiling, footprintOf(target, layer, tiling)).whole;
}

isa::Expected<Tiling> chooseTiling(const Target &target, const Layer &layer, TileOrder order) {
  bool conv = layer.kind == LayerKind::Conv;
  uint32_t inputBlocks = target.channelBlocks(layer.input.channels);
  CostModel model(target, layer);
  std::optional<Tiling> best;
  bool bestHalves = false;
  auto consider = [&](const Tiling &tiling) {
    Footprint f = footprintOf(target, layer, tiling);
    Fit fit = fitOf(target, layer, tiling, f);
    if (!fit.whole)
      return;
    uint64_t cycles = model.of(tiling, f, fit.halves).cycles();
    if (best && cycles >= best->estimatedCycles)
      return;
    best = tiling;
    best->estimatedCycles = cycles;
    bestHalves = fit.halves;
  };
  std::vector<uint32_t> allRows = pieceSizes(layer.output.height),
                        allColumns = pieceSizes(layer.output.width),
                        allBlocks = pieceSizes(target.channelBlocks(layer.output.channels));
  bool anyOrder = order == TileOrder::Any;
  for (uint32_t kBlocks : conv &&anyOrder ? pieceSizes(inputBlocks) : std::vector<uint32_t>{inputBlocks})
    for (uint32_t columns : allColumns) {
      for (uint32_t rows : allRows)
        for (uint32_t blocks : allBlocks) {
          if (anyOrder)
            consider({rows, columns, blocks, kBlocks, true, 0});
          if (!anyOrder || (conv && kBlocks == inputBlocks && blocks != allBlocks.front()))
            consider({rows, columns, blocks, kBlocks, false, 0});
        }
      if (best && bestHalves && best->columns > 2 * columns)
        break; // narrower tiles only add halo
    }
  if (best)
    return *best;
  Footprint least = footprintOf(target, layer, Tiling{});
  return isa::Error{"no tile of layer " + layer.name + " fits: one position of one block needs " +
                    std::to_string(least.inp) + " of " + std::to_string(target.depth(MemoryType::Inp)) +
                    " input elements and " + std::to_string(least.wgt) + " of " +
                    std::to_string(target.depth(MemoryType::Wgt)) + " weight elements"};
}

} // namespace tessera::compiler::npu
