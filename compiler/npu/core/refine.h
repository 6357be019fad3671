// Second thoughts on a plan: changes of single groups, judged by the duration of the whole region.
#pragma once

#include "plan.h"

namespace tessera::compiler::npu {

// Starts from `plans`, or from all layers by themselves if that is faster; splits and joins groups (single layers, pairs, chains) and then cuts
// single layers anew, wherever the region as a whole gets faster by the timing model. `alone` has each layer's plan for itself.
// Deterministic; ends when nothing helps or when so much has been tried that compiling would take long.
std::vector<LayerPlan> refinePlans(const Target &target, std::span<const Layer> layers,
                                   std::span<const LayerPlan> alone, std::vector<LayerPlan> plans);

} // namespace tessera::compiler::npu
