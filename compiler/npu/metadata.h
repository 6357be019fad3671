// The layer table and the sizes that go into the image's metadata.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace tessera::compiler::npu {

// JSON object with segments, arena_bytes and layers (name, op, macs, where, why, and for the NPU segment and mark), from the
// module's attributes tessera.layers, npu.placement, npu.marks and npu.arena_bytes.
std::string metadataOf(mlir::ModuleOp module, int64_t segments);

} // namespace tessera::compiler::npu
