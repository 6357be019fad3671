// Level vta: what REDUCE does, made of GEMM and ALU.
//
// Layers are emitted as for level tessera, in REDUCE commands with what a vta machine can express (shift_exit.h, diagonal weights); this
// replaces each by the base instructions. Biases stand in ACC in place of parameters, and a part of ACC holds temporaries.
//
// The core runs ALUs beside the GEMM before them where they touch nothing that it writes, and a GEMM waits for all ALUs before it. So what a
// result still needs (its exit, its store) comes behind the next GEMM, and that one's accumulators are cleared by ALUs, not by a GEMM.
#pragma once

#include "command.h"
#include "target.h"

#include <vector>

namespace tessera::compiler::npu {

// `commands` from position `first` on, expanded.
void expandForVta(const Target &target, size_t first, std::vector<Command> &commands);

} // namespace tessera::compiler::npu
