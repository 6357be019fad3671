// How long a program takes, by the timing model of isa/timing.h.
#ifndef TESSERA_SYSTEMC_ESTIMATE_H
#define TESSERA_SYSTEMC_ESTIMATE_H

#include "tessera/isa/base_pointers.h"
#include "tessera/isa/encoding.h"

#include <cstdint>
#include <span>

namespace tessera::simulator {

/// Cycles of the program in `words` (up to FINISH), whose micro-ops are in `dram`.
uint64_t estimateCycles(const isa::MachineConfig &machine, std::span<const isa::Word128> words,
                        std::span<const uint8_t> dram, const isa::BasePointers &bases);

} // namespace tessera::simulator

#endif
