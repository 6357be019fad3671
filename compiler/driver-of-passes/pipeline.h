/// compile() with plans from somewhere else than a tuning log: what the tuner uses.
#ifndef TESSERA_COMPILER_DRIVER_OF_PASSES_PIPELINE_H
#define TESSERA_COMPILER_DRIVER_OF_PASSES_PIPELINE_H

#include "tessera/compiler/compiler.h"

#include "npu/core/task.h"

namespace tessera::compiler {

/// compile(), whatever stands in CompileOptions::tuned, with the plans of `tuning`.
isa::Expected<CompiledModel> compileWith(std::span<const uint8_t> model, const CompileOptions &options,
                                         const npu::Tuning &tuning);

} // namespace tessera::compiler

#endif
