// Which devices run no clock: their cycles are those of the timing model (isa/timing.h).
#ifndef TESSERA_TOOLS_ESTIMATE_H
#define TESSERA_TOOLS_ESTIMATE_H

#include <string_view>

namespace tessera::tools {

/// `memory` as the command takes it; empty: the device's own.
inline bool estimatesCycles(std::string_view device, std::string_view memory) {
  return device == "functional" || (device == "systemc" && (memory.empty() || memory == "lt"));
}

} // namespace tessera::tools

#endif
