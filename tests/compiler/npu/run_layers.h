// Runs layers on a device the way compiled host code does: constants and inputs in device memory, commands through record.h.
#pragma once

#include "core/command.h"
#include "core/plan.h"
#include "random_layer.h"

#include "tessera/device.h"
#include "tessera/isa/error.h"
#include "tessera/record.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace tessera::compiler::npu::test {

struct LayerRun {
  std::vector<int8_t> output; // NHWC
  uint64_t cycles = 0;
  std::vector<Command> commands;
};

// One layer in a launch of its own, recorded once and run twice.
isa::Expected<LayerRun> runLayer(tsr_device *device, const Target &target, const LayerCase &layerCase);

// Two layers interleaved row by row (or the first block by block), the second on what the first gives (of its own input only a second operand counts). Nothing where no
// plan is found.
std::optional<isa::Expected<LayerRun>> runPair(tsr_device *device, const Target &target,
                                               const LayerCase &first, const LayerCase &second,
                                               bool rowsOuter);

// Convolutions and depthwise layers chained on chip in tiles of `rows`, each on what the one before gives. Nothing where the memories are too small.
std::optional<isa::Expected<LayerRun>> runChain(tsr_device *device, const Target &target,
                                                std::span<const LayerCase> cases, uint32_t rows);

// Layers of which each reads what the one before gives, and nobody else does, under the plans that are made for them.
isa::Expected<LayerRun>
runPlans(tsr_device *device, const Target &target, std::span<const LayerCase> cases,
         const std::function<std::vector<LayerPlan>(std::span<const Layer>)> &plansOf);

} // namespace tessera::compiler::npu::test
