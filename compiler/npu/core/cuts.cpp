#include "cuts.h"

#include "cost.h"

#include <algorithm>
#include <tuple>

namespace tessera::compiler::npu {

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
  for (uint32_t kBlocks : splits ? pieceSizes(inputBlocks) : std::vector<uint32_t>{inputBlocks})
    for (uint32_t columns : pieceSizes(layer.output.width))
      for (uint32_t rows : pieceSizes(layer.output.height))
        for (uint32_t blocks : pieceSizes(target.channelBlocks(layer.output.channels))) {
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
