// All cuts of a layer that the machine can run, where chooseTiling gives the cheapest one: what tuning and the refinement of plans choose from.
#pragma once

#include "tiling.h"

#include <vector>

namespace tessera::compiler::npu {

// All cuts into equal pieces that fit the memories, with their estimates, the cheapest first and at most `most`.
std::vector<Tiling> tilingsOf(const Target &target, const Layer &layer, size_t most);

} // namespace tessera::compiler::npu
