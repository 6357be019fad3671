// Two layers side by side: the second begins on what the first has finished of its input, so that loads and stores of one pass under
// the computing of the other.
#pragma once

#include "command.h"
#include "target.h"

#include <span>
#include <vector>

namespace tessera::compiler::npu {

// A layer's commands cut behind each run of stores: what can stand alone between commands of another layer.
std::vector<std::span<const Command>> piecesOf(std::span<const Command> commands);

// For each piece of `second` how many pieces of `first` must stand before it, because they touch the same bytes of DRAM. Never falls.
std::vector<size_t> piecesNeeded(const Target &target, const std::vector<std::span<const Command>> &first,
                                 const std::vector<std::span<const Command>> &second);

// Both lists in one. They must not share scratchpad elements. Pieces of `second` are spread over those of `first` that are left when the
// first of them can begin, each kInterleaveLag pieces behind what it needs, which gives stores and loads time to arrive.
std::vector<Command> interleave(const Target &target, std::span<const Command> first,
                                std::span<const Command> second);

constexpr size_t kInterleaveLag = 4;

} // namespace tessera::compiler::npu
