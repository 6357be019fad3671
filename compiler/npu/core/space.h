// The plans that a few neighbouring layers can have, and steps from one to another: the space in which tuning looks.
//
// It is derived from the layers and the machine, as the planner's own candidates are: every cut into equal pieces that fits, neighbours by
// themselves, interleaved (with any eighths of INP and ACC) or chained (in tiles of any number of rows). Every plan that is given out
// can be run (choice.h).
#pragma once

#include "plan.h"

#include <map>
#include <random>

namespace tessera::compiler::npu {

class PlanSpace {
public:
  using Plans = std::vector<LayerPlan>;

  // Both must outlive it.
  PlanSpace(const Target &target, std::span<const Layer> layers) : target_(target), layers_(layers) {}

  // Plans one or a few steps away from these; nothing where none was found.
  std::optional<Plans> step(const Plans &from, std::mt19937_64 &random) const;
  // The first groups of one and the last ones of the other, where both have a group's end in common.
  std::optional<Plans> cross(const Plans &first, const Plans &last, std::mt19937_64 &random) const;

private:
  struct Group {
    size_t begin, end;
  };
  static std::vector<Group> groupsOf(const Plans &plans);

  bool stepOnce(Plans &plans, std::mt19937_64 &random) const;
  bool cutAnew(Plans &plans, size_t layer, std::mt19937_64 &random) const;
  std::optional<Plans> pair(size_t first, std::mt19937_64 &random) const;
  std::optional<Plans> chain(Group group, std::mt19937_64 &random) const;
  // Layers by themselves, or a chain if they can be one.
  std::optional<Plans> group(Group group, std::mt19937_64 &random) const;
  Tiling neighbour(const Target &target, const Layer &layer, Tiling tiling, std::mt19937_64 &random) const;
  const std::vector<Tiling> &tilings(size_t layer) const;

  const Target &target_;
  std::span<const Layer> layers_;
  mutable std::map<size_t, std::vector<Tiling>> tilings_; // of single layers, the cheapest first
};

} // namespace tessera::compiler::npu
