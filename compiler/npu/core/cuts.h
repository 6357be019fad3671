// All cuts of a layer that the machine can run, where chooseTiling gives the cheapest one: what tuning chooses from.
#pragma once

#include "tiling.h"

#include <vector>

namespace tessera::compiler::npu {

// Sides of equal pieces: n/1, n/2, n/3, ... rounded up, each once, largest first.
std::vector<uint32_t> sidesOf(uint32_t n);

// Whether a piece fits the memories at all, and the loop over an addition's elements its counter.
bool fitsMemories(const Target &target, const Layer &layer, const Tiling &tiling);

// All cuts into equal pieces that fit the memories, with their estimates, the cheapest first and at most `most`.
std::vector<Tiling> tilingsOf(const Target &target, const Layer &layer, size_t most);

} // namespace tessera::compiler::npu
