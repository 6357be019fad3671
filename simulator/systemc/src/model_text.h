// The text that names a platform's model: "lt", "cycle", "cycle,latency=16,response=10,outstanding=16".
#ifndef TESSERA_SYSTEMC_MODEL_TEXT_H
#define TESSERA_SYSTEMC_MODEL_TEXT_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <string>

namespace tessera::simulator {

struct PlatformModel {
  bool isCycle = false;
  uint32_t latency = 40, response = 10, outstanding = 16; ///< cycles, cycles, bursts
};

/// "bench" is "cycle"; an empty text is "lt".
isa::Expected<PlatformModel> parsePlatformModel(const std::string &text);

} // namespace tessera::simulator

#endif
