// A region: layers that run in one launch, and their tensors in the arena.
#pragma once

#include "command.h"
#include "layer.h"
#include "plan.h"

#include "tessera/isa/error.h"

#include <span>
#include <vector>

namespace tessera::compiler::npu {

// A tensor of a region and the steps between which its bytes must be kept: written in step `first`, read last in step `last`.
// Inputs of the region have first = -1, results last = number of layers.
struct TensorLife {
  uint64_t bytes;
  int first, last;
};

// Byte offsets in the arena, such that tensors alive at the same time do not overlap. *arenaBytes is the size needed.
// Largest first, each at the lowest place that is free; aligned to `alignment`.
std::vector<uint64_t> planArena(std::span<const TensorLife> tensors, uint64_t alignment,
                                uint64_t *arenaBytes);

// Commands of the layers in order, not yet ordered by tokens; a mark behind each, or behind all of an interleaved pair or a chain. Of a pair both have
// shares that do not meet.
std::vector<Command> emitRegion(const Target &target, std::span<const Layer> layers,
                                std::span<const LayerPlan> plans);

// Cycles of layers under their plans, as a program of their own, by the timing model.
uint64_t durationOfPlans(const Target &target, std::span<const Layer> layers,
                         std::span<const LayerPlan> plans);

// emitRegion, hoistLoads, prefetchConstants, placeTokens and checkOrder in a row; without plans those of planLayers. Error: a layer does not
// fit.
isa::Expected<std::vector<Command>> scheduleRegion(const Target &target, std::span<const Layer> layers,
                                                   std::span<const LayerPlan> plans);
isa::Expected<std::vector<Command>> scheduleRegion(const Target &target, std::span<const Layer> layers);

} // namespace tessera::compiler::npu
