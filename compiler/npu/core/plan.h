// How the layers of a region share the machine: each alone with all scratchpads, two neighbours
// interleaved, each with a share, or several chained on chip.
#pragma once

#include "cost.h"
#include "layer.h"
#include "target.h"
#include "tiling.h"

#include "tessera/isa/error.h"

#include <array>
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

// How much of INP and ACC the second of two layers gets: `inp` and `acc` of `of` parts.
struct PairParts {
  uint32_t inp = 0, acc = 0, of = 4;
};
// The shares of two interleaved layers; WGT and PAR are shared out by what each needs.
std::array<Share, 2> sharesOf(const Target &target, const Layer &first, const Layer &second, PairParts parts);

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

// Whether the pieces of both are few enough to be held against each other.
bool canInterleave(const Target &target, const Layer &first, const Layer &second, const PairPlan &pair);

constexpr size_t kMostChained = 32; // layers of a chain

// Layers chained on chip in tiles of `rows` rows of the last one.
std::vector<LayerPlan> chainPlans(std::span<const Layer> layers, uint32_t rows);

// Layers chained on chip, in the tiles that the timing model finds fastest. Nothing where they cannot be.
std::optional<std::vector<LayerPlan>> planChain(const Target &target, std::span<const Layer> layers);

} // namespace tessera::compiler::npu
