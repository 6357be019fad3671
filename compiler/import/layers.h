/// Which layer an operation belongs to: the name in its location.
#ifndef TESSERA_COMPILER_IMPORT_LAYERS_H
#define TESSERA_COMPILER_IMPORT_LAYERS_H

#include "mlir/IR/Location.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tessera::compiler {

/// The location of everything that comes from operator `index`: "3:CONV_2D:conv2d_1/Relu".
mlir::Location layerLocation(mlir::MLIRContext *context, int64_t index, llvm::StringRef op,
                             llvm::StringRef name);

/// The operator index in a location made by layerLocation(), looked for inside fused and call-site locations too.
std::optional<int64_t> layerOf(mlir::Location location);

} // namespace tessera::compiler

#endif
