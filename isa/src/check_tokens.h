// Tokens balance and nothing waits for ever.
#pragma once

#include "tessera/isa/modules.h"

#include <vector>

namespace tessera::isa {

/// What the check needs of one instruction.
struct TokenStep {
  Module module;
  TokenUse use;
};

/// One step an instruction, in program order.
Expected<void> checkTokens(const std::vector<TokenStep> &steps);

} // namespace tessera::isa
