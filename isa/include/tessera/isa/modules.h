// Which module runs an instruction, and which token queues it takes from and gives to. docs/instruction-set.md, "Modules,
// queues and tokens".
#pragma once

#include "tessera/isa/encoding.h"

#include <array>

namespace tessera::isa {

enum class Module : uint8_t { Load, Compute, Store };
inline constexpr size_t kModuleCount = 3;
const char *moduleName(Module module);

/// Decoded at level vta a LOAD has viaLoad 0, so the instruction alone decides.
Module moduleOf(const Instruction &instruction);

enum class TokenQueue : uint8_t { LoadToCompute, ComputeToLoad, ComputeToStore, StoreToCompute };
inline constexpr size_t kTokenQueueCount = 4;
/// `load to compute` ...
const char *tokenQueueName(TokenQueue queue);

/// One bit a TokenQueue. Flags towards a neighbour that does not exist are dropped.
struct TokenUse {
  uint8_t pops = 0;
  uint8_t pushes = 0;
};
TokenUse tokenUse(Module module, const Dependencies &dependencies);

const Dependencies &dependenciesOf(const Instruction &instruction);

} // namespace tessera::isa
