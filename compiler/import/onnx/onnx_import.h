/// ONNX to MLIR's own dialects.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_ONNX_IMPORT_H
#define TESSERA_COMPILER_IMPORT_ONNX_ONNX_IMPORT_H

#include "tessera/isa/error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace tessera::compiler {

/// True for bytes that may be an ONNX file (which has no magic number): the field that writers put first.
bool looksLikeOnnx(std::span<const uint8_t> file);

/// Imports the ONNX model in `file`, opsets 7 to 18 and, where operators did not change, older and newer ones. The module has the
/// form of docs/onnx-input.md: one function `@main`, whose tensors may have dynamic extents.
/// `folder` is where data in other files may lie; empty: nowhere. `extents` fixes open extents of inputs by their names; a name that none
/// has is an error. Errors name the node: "node 3 (Conv 'conv1'): ...".
/// Hostile files give an error; nothing is thrown. The context must outlive the module.
isa::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(mlir::MLIRContext &context, std::span<const uint8_t> file, const std::string &folder,
           const std::map<std::string, int64_t> &extents = {});

} // namespace tessera::compiler

#endif
