// How the layers of a region share the machine: each alone with all scratchpads, two neighbours
// interleaved, each with a share, or several chained on chip.
#pragma once

#include "cost.h"
#include "layer.h"
#include "target.h"
#include "tiling.h"

#include "tessera/isa/error.h"

#include <optional>
#include <span>
#include <vector>

namespace tessera::compiler::npu {

struct LayerPlan {
  Tiling tiling;
  std::optional<Share> share; // of the scratchpads, where two layers are interleaved
  bool joins = false;         // interleaved with the layer before, or chained to it
  bool chained = false;       // one of a chain (chain.h); the last one's tiling has the rows of its tiles
  bool operator==(const LayerPlan &) const = default;
};

// Whether two shares lie in the machine's memories and do not meet.
bool fitTogether(const Target &target, const Share &first, const std::optional<Share> &second);

// The cheapest plan by estimate. Layers need their places. Error: a layer fits in no way.
isa::Expected<std::vector<LayerPlan>> planLayers(const Target &target, std::span<const Layer> layers);

// Whether the second layer reads what the first writes.
bool feeds(const Layer &first, const Layer &second);

// Two layers of which the second reads what the first writes, interleaved, and the cycles of both by estimate. Nothing where no cut of both
// fits its share in halves.
struct PairPlan {
  LayerPlan first, second;
  uint64_t cycles = 0;
};
std::optional<PairPlan> planPair(const Target &target, const Layer &first, const Layer &second);

// Layers chained on chip, in the tiles that the timing model finds fastest. Nothing where they cannot be.
std::optional<std::vector<LayerPlan>> planChain(const Target &target, std::span<const Layer> layers);

} // namespace tessera::compiler::npu
