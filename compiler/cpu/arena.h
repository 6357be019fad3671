/// Buffers of a bufferised function: results become arguments, everything else shares one static arena.
#ifndef TESSERA_COMPILER_CPU_ARENA_H
#define TESSERA_COMPILER_CPU_ARENA_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>

namespace tessera::compiler::cpu {

/// Turns `function(memrefs) -> memrefs` into `function(memrefs, results...)` without results: a returned allocation is
/// replaced by its argument, anything else is copied into it before the return.
mlir::LogicalResult resultsToArguments(mlir::func::FuncOp function);

/// Replaces every memref.alloc of the function's block by a view into the global `name`, which it makes. Buffers whose
/// lives do not overlap share bytes (greedy by size, first fit). Returns the arena's bytes.
mlir::FailureOr<int64_t> placeInArena(mlir::func::FuncOp function, llvm::StringRef name);

} // namespace tessera::compiler::cpu

#endif
