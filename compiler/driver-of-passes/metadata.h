/// The metadata of a program image, from the imported module.
#ifndef TESSERA_COMPILER_DRIVER_OF_PASSES_METADATA_H
#define TESSERA_COMPILER_DRIVER_OF_PASSES_METADATA_H

#include "tessera/compiler/compiler.h"

#include "mlir/IR/BuiltinOps.h"

#include <nlohmann/json.hpp>

namespace tessera::compiler {

/// model, machine, config_hash, inputs and outputs (keys: docs/host-code.md); placement adds the rest. `module` is as
/// importTflite() leaves it.
nlohmann::ordered_json metadataOf(mlir::ModuleOp module, const CompileOptions &options);

} // namespace tessera::compiler

#endif
