#include "tiling.h"

#include "computation.h"

#include <algorithm>
#include <optional>

namespace tessera::compiler::npu {
namespace {

uint32_t ceilDivide(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

// n/1, n/2, n/3, ... rounded up, each size once, largest first.
std::vector<uint32_t> pieceSizes(uint32_t n) {
  std::vector<uint32_t> sizes;
  for (uint32_t pieces = 1; pieces <= n; ++pieces)
    if (uint32_t size = ceilDivide(n, pieces); sizes.empty() || sizes.back() != size)
      sizes.push_back(size);
  return sizes;
}

struct Fit {
  bool whole = true;  // fits the memories at all
  bool halves = true; // fits one context of each
};

Fit fitOf(const Target &target, const Footprint &f) {
  Fit fit;
  auto need = [&](MemoryType memory, uint64_t elements) {
    fit.whole = fit.whole && elements <= target.depth(memory);
    fit.halves = fit.halves && elements <= target.context(memory);
  };
  need(MemoryType::Inp, f.inp);
  need(MemoryType::Wgt, f.wgt);
  need(MemoryType::Acc, f.acc);
  need(MemoryType::Par, f.par);
  return fit;
}

uint64_t estimate(const Target &target, const Layer &layer, const Tiling &t, const Footprint &f,
                  bool halves) {
  uint64_t tiles =
      uint64_t(ceilDivide(layer.output.height, t.rows)) * ceilDivide(layer.output.width, t.columns);
  uint32_t allBlocks = target.channelBlocks(layer.output.channels);
  uint64_t chunks = ceilDivide(allBlocks, t.blocks);
  uint64_t steps = tiles * chunks;
  uint64_t positions = uint64_t(layer.output.height) * layer.output.width * allBlocks;
  uint64_t compute = positions * microOpsPerPosition(target, layer) +
                     uint64_t(allBlocks) * tiles * target.instructionCycles();
  uint64_t inputLoad = target.transferCycles(MemoryType::Inp, f.inp);
  uint64_t weightLoad = target.transferCycles(MemoryType::Wgt, f.wgt);
  uint64_t inputLoads = steps, weightLoads = chunks;
  if (layer.kind == LayerKind::Conv) {
    if (t.weightsOuter)
      inputLoads = tiles == 1 ? 1 : steps;
    else
      inputLoads = tiles, weightLoads = chunks == 1 ? 1 : steps;
  }
  uint64_t load = inputLoads * inputLoad + weightLoads * weightLoad;
  uint64_t store = target.transferCycles(MemoryType::Out, positions);
  uint64_t lastStore = target.transferCycles(MemoryType::Out, uint64_t(t.rows) * t.columns);
  uint64_t exposed = inputLoad + weightLoad / t.blocks + lastStore + 2 * target.transferLatencyCycles();
  uint64_t perStep = 2 * target.instructionCycles();
  if (!halves)
    return compute + load + store + steps * (perStep + target.transferLatencyCycles());
  return std::max({compute, load, store}) + exposed + steps * perStep;
}

} // namespace

Footprint footprintOf(const Target &target, const Layer &layer, const Tiling &t) {
  const Window &w = layer.window;
  Footprint f;
  uint64_t height = inputExtent(t.rows, w.kernelHeight, w.strideHeight, w.dilationHeight);
  uint64_t width = inputExtent(t.columns, w.kernelWidth, w.strideWidth, w.dilationWidth);
  uint64_t inputBlocks = layer.kind == LayerKind::Conv ? t.kBlocks : t.blocks;
  f.inp = inputBlocks * height * width * target.inputsPerOutput();
  f.acc = uint64_t(t.blocks) * t.rows * t.columns;
  f.par = t.blocks;
  if (layer.kind == LayerKind::Conv)
    f.wgt = uint64_t(t.blocks) * w.kernelHeight * w.kernelWidth * kElements(target, layer, t.kBlocks);
  if (layer.kind != LayerKind::Conv && target.isVta())
    f.wgt = uint64_t(t.blocks) * weightElementsPerBlock(target, layer);
  if (layer.kind == LayerKind::Depthwise && !target.isVta()) {
    TapChunks taps = depthwiseChunks(target, w);
    f.wgt = uint64_t(t.blocks) * w.kernelHeight * taps.chunks;
    f.inp += (taps.taps * taps.chunks - w.kernelWidth) * target.inputsPerOutput();
  }
  if (layer.kind == LayerKind::AveragePool || layer.kind == LayerKind::MaxPool)
    f.par = parameterElements(target, layer);
  return f;
}

isa::Expected<Tiling> chooseTiling(const Target &target, const Layer &layer) {
  uint32_t inputBlocks = target.channelBlocks(layer.input.channels);
  std::optional<Tiling> best;
  bool bestHalves = false;
  for (uint32_t kBlocks :
       layer.kind == LayerKind::Conv ? pieceSizes(inputBlocks) : std::vector<uint32_t>{inputBlocks}) {
    for (uint32_t columns : pieceSizes(layer.output.width)) {
      for (uint32_t rows : pieceSizes(layer.output.height))
        for (uint32_t blocks : pieceSizes(target.channelBlocks(layer.output.channels)))
          for (bool weightsOuter : {true, false}) {
            Tiling t{rows, columns, blocks, kBlocks, weightsOuter, 0};
            if (!weightsOuter && layer.kind != LayerKind::Conv)
              continue;
            Footprint f = footprintOf(target, layer, t);
            Fit fit = fitOf(target, f);
            if (!fit.whole)
              continue;
            t.estimatedCycles = estimate(target, layer, t, f, fit.halves);
            if (!best || t.estimatedCycles < best->estimatedCycles) {
              best = t;
              bestHalves = fit.halves;
            }
          }
      if (best && bestHalves && best->columns > 2 * columns)
        break; // narrower tiles only add halo
    }
    if (best)
      return *best;
  }
  Footprint least = footprintOf(target, layer, Tiling{});
  return isa::Error{"no tile of layer " + layer.name + " fits: one position of one block needs " +
                    std::to_string(least.inp) + " of " + std::to_string(target.depth(MemoryType::Inp)) +
                    " input elements and " + std::to_string(least.wgt) + " of " +
                    std::to_string(target.depth(MemoryType::Wgt)) + " weight elements"};
}

} // namespace tessera::compiler::npu
