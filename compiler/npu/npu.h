// The NPU half of the compiler: from the TOSA form of docs/tosa-input.md to host code that records NPU commands.
//
// docs/host-code.md says what is left in the module. Errors carry the first diagnostic with its layer.
#pragma once

#include "core/task.h"

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

struct Artifacts {
  std::vector<uint8_t> constants; // memory region 0
  std::string metadata;           // JSON object: segments, arena_bytes, layers
};

// Called with "place", "fuse", ... and the module's text after each pass, if set.
using Dump = std::function<void(llvm::StringRef stage, const std::string &text)>;

// Plans come from `tuning` where it has some (core/task.h).
isa::Expected<Artifacts> lower(mlir::ModuleOp module, const isa::MachineConfig &machine,
                               const Tuning &tuning = {}, const Dump &dump = {});
// Everything on the CPU: one segment and tessera_main.
isa::Expected<Artifacts> lowerCpuOnly(mlir::ModuleOp module);

} // namespace tessera::compiler::npu
