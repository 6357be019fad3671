// Tasks: neighbouring layers of a region whose plan is looked for by measuring, and found again by what they are.
//
// A region is cut into tasks where groups of its usual plan end and, if possible, where one tensor alone goes on; so the blocks of a network become
// tasks, but what has work for long is a task by itself, since every measurement takes its time. Blocks that are the same have the same key. The key says what the layers are (kinds, shapes, windows, requantisation, who
// reads whom) and what the layers before and behind are; it does not say where tensors lie, nor what the machine is: logs keep that beside it.
#pragma once

#include "plan.h"

#include <functional>
#include <optional>
#include <string>

namespace tessera::compiler::npu {

struct Task {
  size_t begin = 0, end = 0; // layers of the region
  std::string key;
};

// Cycles in which the machine could do the multiply-accumulates of layers.
uint64_t idealCycles(const Target &target, std::span<const Layer> layers);

std::vector<Task> tasksOf(const Target &target, std::span<const Layer> layers,
                          std::span<const LayerPlan> usual);

// What a compilation asks and tells about tuned plans; functions that are not set are not called.
struct Tuning {
  std::function<std::optional<std::string>(const std::string &key)> choice; // of a task (choice.h)
  std::function<void(const std::string &warning)> warn;
  std::function<void(std::span<const Layer>, std::span<const LayerPlan> usual)> region; // what it plans
};

// The plans with the choices in place of those of their tasks. A choice that the machine cannot run is refused with one warning.
std::vector<LayerPlan> tunedPlans(const Target &target, std::span<const Layer> layers,
                                  std::vector<LayerPlan> usual, const Tuning &tuning);

} // namespace tessera::compiler::npu
