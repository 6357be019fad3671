#include "cuts.h"

#include "cost.h"

#include <algorithm>
#include <tuple>

namespace tessera::compiler::npu {

std::vector<uint32_t> sidesOf(uint32_t n) {
  std::vector<uint32_t> sides;
  for (uint32_t pieces = 1; pieces <= n; ++pieces)
    if (uint32_t side = (n + pieces - 1) / pieces; sides.empty() || sides.back() != side)
      sides.push_back(side);
  return sides;
}

bool fitsMemories(const Target &target, const Layer &layer, const Tiling &t) {
  const Footprint f = footprintOf(target, layer, t);
  return f.inp <= target.depth(MemoryType::Inp) && f.wgt <= target.depth(MemoryType::Wgt) &&
         f.acc <= target.depth(MemoryType::Acc) && f.par <= target.depth(MemoryType::Par) &&
         (layer.kind != LayerKind::Add || uint64_t(t.blocks) * t.rows * t.columns <= target.maxIterations());
}

std::vector<Tiling> tilingsOf(const Target &target, const Layer &layer, size_t most) {
  const uint32_t inputBlocks = target.channelBlocks(layer.input.channels);
  const CostModel model(target, layer);
  std::vector<Tiling> tilings;
  auto consider = [&](Tiling tiling) {
    if (!fitsMemories(target, layer, tiling))
      return;
    tiling.estimatedCycles =
        model.of(tiling, footprintOf(target, layer, tiling), fitsHalves(target, layer, tiling)).cycles();
    tilings.push_back(tiling);
  };
  const bool splits = layer.kind == LayerKind::Conv;
  for (uint32_t kBlocks : splits ? sidesOf(inputBlocks) : std::vector<uint32_t>{inputBlocks})
    for (uint32_t columns : sidesOf(layer.output.width))
      for (uint32_t rows : sidesOf(layer.output.height))
        for (uint32_t blocks : sidesOf(target.channelBlocks(layer.output.channels))) {
          consider({rows, columns, blocks, kBlocks, true, 0});
          if (kBlocks == inputBlocks)
            consider({rows, columns, blocks, kBlocks, false, 0});
        }
  std::sort(tilings.begin(), tilings.end(), [](const Tiling &a, const Tiling &b) {
    auto order = [](const Tiling &t) {
      return std::tuple(t.estimatedCycles, t.rows, t.columns, t.blocks, t.kBlocks, t.weightsOuter);
    };
    return order(a) < order(b);
  });
  tilings.resize(std::min(most, tilings.size()));
  return tilings;
}

} // namespace tessera::compiler::npu
