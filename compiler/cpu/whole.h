/// A network that runs on the host alone, whatever operations it has.
#ifndef TESSERA_COMPILER_CPU_WHOLE_H
#define TESSERA_COMPILER_CPU_WHOLE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace tessera::compiler::cpu {

/// Makes the one function `@main` of `module` into `@cpu_body_0`, declares `@cpu_segment_0` and makes `tessera_main`, which calls it
/// (docs/host-code.md). Gives the metadata: a JSON object with `segments`, `arena_bytes`, `layers` (each on the CPU, because of `why`)
/// and, where a shape is, `dynamic`.
std::string placeWholeOnCpu(mlir::ModuleOp module, const std::string &why);

} // namespace tessera::compiler::cpu

#endif
