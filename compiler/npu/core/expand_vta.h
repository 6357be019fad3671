// Level vta: what REDUCE does, made of GEMM and ALU.
//
// Layers are emitted as for level tessera, in REDUCE commands with what a vta machine can express (shift_exit.h, diagonal weights); this
// replaces each by the base instructions. Biases stand in ACC in place of parameters, and a second half of ACC holds temporaries.
#pragma once

#include "command.h"
#include "target.h"

#include <vector>

namespace tessera::compiler::npu {

// `commands` from position `first` on, expanded.
void expandForVta(const Target &target, size_t first, std::vector<Command> &commands);

} // namespace tessera::compiler::npu
