// A program as fetch sees it: decoded once, up to FINISH or to the first instruction that no module could take.
#ifndef TESSERA_FUNCTIONAL_PROGRAM_H
#define TESSERA_FUNCTIONAL_PROGRAM_H

#include <span>
#include <vector>

#include "core_state.h"

namespace tessera::simulator {

enum class Module : uint8_t { Load, Compute, Store };
inline constexpr size_t kModules = 3;

/// The module that an instruction goes to.
Module moduleOf(const isa::Instruction &instruction);
/// The flags of any instruction.
const isa::Dependencies &dependenciesOf(const isa::Instruction &instruction);

struct Program {
  std::vector<isa::Instruction> instructions;
  std::vector<Module> modules; ///< of each instruction
  /// What fetch found wrong, at `errorIndex`; the instructions before it are as if it were not there.
  isa::ErrorCode error = isa::ErrorCode::None;
  uint32_t errorIndex = 0;
  /// The bytes that this was decoded from, so that a program that is launched again is not decoded again.
  std::vector<uint8_t> bytes;
  uint32_t count = 0;
};

/// Reads `count` instructions at byte `address`; keeps `program` where it already holds them.
void fetchProgram(const isa::Layout &layout, std::span<const uint8_t> dram, uint32_t address, uint32_t count,
                  Program &program);

} // namespace tessera::simulator

#endif
