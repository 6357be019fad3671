// What a tiling costs by estimate, on each unit of the machine.
#pragma once

#include "layer.h"
#include "target.h"
#include "tiling.h"

namespace tessera::compiler::npu {

// Cycles in which each unit is busy, and what nothing hides: the first load, the last store, the steps between pieces.
struct Cost {
  uint64_t array = 0, vector = 0, load = 0, store = 0, exposed = 0;
  bool overlapped =
      true; // pieces take turns in halves of the memories; otherwise the units wait for one another

  uint64_t busiest() const;
  uint64_t cycles() const;
  Cost &operator+=(const Cost &other);
};

class CostModel {
public:
  CostModel(const Target &target, const Layer &layer);
  Cost of(const Tiling &tiling, const Footprint &footprint, bool halves) const;

private:
  const Target &target_;
  const Layer &layer_;
  uint64_t microOps_; // of one position of one output block
};

} // namespace tessera::compiler::npu
