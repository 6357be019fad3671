// A program as fetch sees it: decoded once, up to FINISH or to the first instruction that no module could take.
#ifndef TESSERA_FUNCTIONAL_PROGRAM_H
#define TESSERA_FUNCTIONAL_PROGRAM_H

#include <array>
#include <span>
#include <vector>

#include "core_state.h"

#include "tessera/isa/modules.h"

namespace tessera::simulator {

using isa::Module;
inline constexpr size_t kModules = isa::kModuleCount;

struct Program {
  std::vector<isa::Instruction> instructions;
  std::vector<Module> modules; ///< of each instruction
  /// What fetch found wrong, at `errorIndex`; the instructions before it are as if it were not there.
  isa::ErrorCode error = isa::ErrorCode::None;
  uint32_t errorIndex = 0;
  uint64_t cycles = 0;               ///< that the core takes, by estimate (isa/timing.h)
  std::array<uint32_t, 256> marks{}; ///< the cycle counter at each SET MARK, by estimate
  /// The bytes that this was decoded from, so that a program that is launched again is not decoded again.
  std::vector<uint8_t> bytes;
  uint32_t count = 0;
};

/// Reads the instructions that `launch` names; keeps `program` where it already holds them.
void fetchProgram(const isa::MachineConfig &machine, const isa::Layout &layout, std::span<const uint8_t> dram,
                  const LaunchRegisters &launch, Program &program);

} // namespace tessera::simulator

#endif
