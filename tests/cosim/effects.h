// What one instruction touches, worked out from the page alone: indices, bounds, and the set registers that it depends on.
#ifndef TESSERA_COSIM_EFFECTS_H
#define TESSERA_COSIM_EFFECTS_H

#include <span>
#include <vector>

#include "access_set.h"
#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"
#include "tessera/simulator/functional_core.h"

namespace tessera::cosim {

/// What earlier instructions left that decides which elements a later one touches.
struct Context {
  std::vector<isa::MicroOp> uop;
  isa::SetGeometry geometry{};
  isa::ExitMode exitMode = isa::ExitMode::None;
};

struct Effects {
  isa::ErrorCode error = isa::ErrorCode::None; ///< SRAM_BOUNDS or DRAM_FAULT; accesses are then incomplete
  uint64_t steps = 0;                          ///< micro-ops or elements: a measure of its length
  AccessSet accesses;
};

/// Most micro-op steps that are worked out; instructions above it come back with that many steps and no accesses.
inline constexpr uint64_t kMostSteps = 20000;

Effects effectsOf(const isa::MachineConfig &machine, const simulator::LaunchRegisters &registers,
                  uint32_t dramBytes, const Context &context, const isa::Instruction &instruction);

/// Carries out what the instruction changes in the context (UOP loads, SET). `dram` holds the micro-ops to be loaded.
void advance(const isa::MachineConfig &machine, const simulator::LaunchRegisters &registers,
             std::span<const uint8_t> dram, Context &context, const isa::Instruction &instruction);

} // namespace tessera::cosim

#endif
