// Plans as text: what a tuning log keeps and a later compilation reads.
//
//   choice = group { ";" group }
//   group  = tiling                                  a layer by itself
//          | tiling "@" share "+" tiling "@" share   two layers interleaved
//          | "chain" layers "x" rows                 layers chained on chip, in tiles of so many rows of the last one
//   tiling = rows "x" columns "x" blocks "x" kBlocks ("o" | "i")   o: weights outer, i: tiles outer
//   share  = base ":" size of INP, WGT, ACC, PAR, with "," between
//
// Text comes from files: readChoice() takes nothing that the machine cannot run, and nothing that would not end or not fit the host's memory.
#pragma once

#include "plan.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::compiler::npu {

std::string choiceText(std::span<const LayerPlan> plans);

// Plans of exactly these layers. Error: the text is no choice, or why the machine cannot run it.
isa::Expected<std::vector<LayerPlan>> readChoice(const Target &target, std::span<const Layer> layers,
                                                 std::string_view text);

// Why these plans of these layers cannot be run; empty if they can. The first layer begins a group.
std::string illegal(const Target &target, std::span<const Layer> layers, std::span<const LayerPlan> plans);

} // namespace tessera::compiler::npu
