/// Buffers of a bufferised function: results become arguments or are handed to the runtime, what is static shares one arena, the
/// rest comes from the runtime's heap.
#ifndef TESSERA_COMPILER_CPU_ARENA_H
#define TESSERA_COMPILER_CPU_ARENA_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>

namespace tessera::compiler::cpu {

/// Turns `function(memrefs) -> memrefs` into `function(memrefs, results...)` without results: a returned allocation is
/// replaced by its argument, anything else is copied into it before the return. A result of dynamic shape gets no argument: it is
/// handed to tsr_host_result, with its place among all results.
mlir::LogicalResult resultsToArguments(mlir::func::FuncOp function);

/// Who gives the arena: the object itself, or whoever calls the function, as its last argument.
enum class ArenaOf { Object, Caller };

/// Replaces memref.allocs of static shape by views into an arena: the global `name`, which it makes, or a new last argument. Buffers whose lives do not overlap share
/// bytes (greedy by size, first fit). Allocations whose shape is dynamic or that a loop carries from step to step stay. Returns
/// the arena's bytes; 0: there is none, and no argument.
mlir::FailureOr<int64_t> placeInArena(mlir::func::FuncOp function, llvm::StringRef name, ArenaOf owner);

/// Prepares the allocations that are left for the runtime's heap: their size is checked before, and they are freed behind their last
/// use where that is in the block that makes them (others are freed at the end of the run).
void placeInHeap(mlir::func::FuncOp function);

/// What lowered allocations are called in the object: tsr_host_allocate and tsr_host_free. `module` is LLVM dialect.
void nameHeapFunctions(mlir::Operation *module);

} // namespace tessera::compiler::cpu

#endif
