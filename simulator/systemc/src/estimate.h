// How long a program takes, roughly: the work of each module, of which the longest counts.
#ifndef TESSERA_SYSTEMC_ESTIMATE_H
#define TESSERA_SYSTEMC_ESTIMATE_H

#include "tessera/isa/encoding.h"

#include <cstdint>
#include <span>

namespace tessera::simulator {

/// Cycles of the program in `words` (up to FINISH): transfers at one bus beat a cycle, one micro-op a cycle, all modules overlapped.
uint64_t estimateCycles(const isa::MachineConfig &machine, std::span<const isa::Word128> words);

} // namespace tessera::simulator

#endif
