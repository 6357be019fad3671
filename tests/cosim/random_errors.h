// Instructions that fail, one for each way in which the core can say so.
#ifndef TESSERA_COSIM_RANDOM_ERRORS_H
#define TESSERA_COSIM_RANDOM_ERRORS_H

#include <optional>

#include "random_instructions.h"

namespace tessera::cosim {

/// How a program is meant to end, and at which instruction.
struct PlantedError {
  isa::ErrorCode code = isa::ErrorCode::None;
  size_t index = 0;
  /// What has no struct of its own, an unknown opcode or selector, is made from another instruction's word: bits to clear, set.
  uint64_t clear = 0, set = 0;
};

/// Appends a failing instruction to the program, with what must stand before it.
/// Nothing where the kind drawn does not exist on this machine and level, or did not come about.
std::optional<PlantedError> emitError(ProgramBuilder &builder, RandomInstructions &instructions,
                                      isa::Level level);

} // namespace tessera::cosim

#endif
