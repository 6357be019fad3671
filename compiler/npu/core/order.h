// Order of commands: loads ahead of need, dependency flags, and the proof that nothing races.
//
// The machine runs three modules at once, each in the order of its own commands; only tokens order commands of different modules,
// and only neighbours (load and compute, compute and store) have them. A hazard is a pair of commands that touch the same
// scratchpad elements or DRAM bytes, one of them writing.
#pragma once

#include "command.h"

#include "tessera/isa/error.h"

#include <vector>

namespace tessera::compiler::npu {

// Moves each load up past computes and stores to the first place where it does not collide with what stands above, never past
// another load. Behind a colliding store it stays one further store away, so that the wait for it does not hold up computing.
std::vector<Command> hoistLoads(const Target &target, const std::vector<Command> &commands);

// Moves loads of constants (weights, parameters) forward past other loads into time in which the load module would wait, by
// estimate. Nothing passes a command that it collides with.
std::vector<Command> prefetchConstants(const Target &target, const std::vector<Command> &commands);

// Sets the fewest dependency flags that order every hazard, and inserts sync commands where load and store must meet. Also sets
// `overlap` of REDUCE and VEC where the unit need not wait for the other units.
std::vector<Command> placeTokens(const Target &target, const std::vector<Command> &commands);

// Replays the flags as the machine would, and proves each hazard ordered and all tokens used. The error names both commands.
isa::Expected<void> checkOrder(const Target &target, const std::vector<Command> &commands);

} // namespace tessera::compiler::npu
