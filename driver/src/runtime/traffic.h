// Bytes that a program moves between device memory and the core, by the intervals that its marks make.
#ifndef TESSERA_DRIVER_RUNTIME_TRAFFIC_H
#define TESSERA_DRIVER_RUNTIME_TRAFFIC_H

#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"

#include <cstdint>
#include <span>
#include <vector>

namespace tessera::driver {

/// Bytes between two marks. least: each byte that is read (micro-ops apart) or written counts once for being read, once for being written.
struct Traffic {
  uint64_t read = 0, written = 0, instructions = 0, least = 0;
};

/// One entry a mark of the stream, and one for what comes after the last. Instructions count where they stand in the program.
std::vector<Traffic> trafficOf(const isa::MachineConfig &machine, std::span<const isa::Word128> stream);

} // namespace tessera::driver

#endif
