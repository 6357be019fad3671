/// compile() with plans from somewhere else than a tuning log: what the tuner uses.
#ifndef TESSERA_COMPILER_DRIVER_OF_PASSES_PIPELINE_H
#define TESSERA_COMPILER_DRIVER_OF_PASSES_PIPELINE_H

#include "tessera/compiler/compiler.h"

#include "cpu/tile_choice.h"
#include "npu/core/task.h"

namespace tessera::compiler {

/// Who sees loop nests of the host's code before they are tiled: a module (MLIR bytecode) as cpu::lowerKernel() takes it.
using KernelSink = std::function<void(const std::string &bytecode)>;

/// compile(), whatever stands in CompileOptions::tuned, with the plans of `npu` and the tiles of `cpu`.
isa::Expected<CompiledModel> compileWith(std::span<const uint8_t> model, const CompileOptions &options,
                                         const npu::Tuning &npu, const cpu::TileChoices &cpu = {},
                                         const KernelSink &kernels = {});

} // namespace tessera::compiler

#endif
