/// The CPU half of a network: TOSA functions become LLVM dialect functions of the host object.
#ifndef TESSERA_COMPILER_CPU_LOWER_CPU_H
#define TESSERA_COMPILER_CPU_LOWER_CPU_H

#include "cpu/arena.h"
#include "cpu/cpu_target.h"
#include "cpu/tile_choice.h"

#include "tessera/isa/error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::compiler::cpu {

/// Dialects and interface models that the lowering needs; to be in the context's registry before it runs.
void registerDialects(mlir::DialectRegistry &registry);

/// Where tiles come from, and who wants to see the loop nests.
struct CpuTuning {
  TileChoices tiles;
  /// Called with a module that holds one loop nest before it is tiled, a function of buffers of static shape, and its constants.
  std::function<void(mlir::ModuleOp kernel)> kernel;
};

/// Lowers every `func.func @cpu_body_K` of `module` (docs/host-code.md, docs/tosa-input.md) and gives the declaration
/// `llvm.func @cpu_segment_K(!llvm.ptr, !llvm.ptr)` its body. Afterwards none of the `cpu_body_K` is left as func.func.
/// With ArenaOf::Caller each segment takes its arena, 64-byte aligned, as one more input behind the others (and behind their extents). Gives the bytes
/// of the largest. `dump`, if set, gets the module of each segment at stage "linalg". An operation that cannot be lowered is an error that
/// names its layer.
isa::Expected<int64_t> lowerSegments(mlir::ModuleOp module, const CpuTarget &target, ArenaOf owner,
                                     const CpuTuning &tuning,
                                     const std::function<void(std::string_view, const std::string &)> &dump);

/// What the code of one loop nest takes.
struct KernelBuffer {
  uint64_t bytes = 0;
  bool isFloat = false;
};

/// Lowers a module as CpuTuning::kernel gives it, to `llvm.func @tessera_main(!llvm.ptr, !llvm.ptr)`, which gets the buffers' pointers as its first
/// argument. Gives the buffers.
isa::Expected<std::vector<KernelBuffer>> lowerKernel(mlir::ModuleOp module, const CpuTarget &target,
                                                     const TileChoices &tiles);

} // namespace tessera::compiler::cpu

#endif
