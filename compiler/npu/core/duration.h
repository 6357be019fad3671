// What commands take on the machine, by the timing model of isa/: the measure by which plans are chosen.
#pragma once

#include "command.h"
#include "target.h"

#include <span>

namespace tessera::compiler::npu {

// Cycles of ordered commands as a program of their own; micro-ops are taken to be there. Estimate: no result depends on it.
uint64_t durationOf(const Target &target, std::span<const Command> commands);

} // namespace tessera::compiler::npu
