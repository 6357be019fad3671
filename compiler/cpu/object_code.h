/// LLVM dialect to a relocatable object of the host.
#ifndef TESSERA_COMPILER_CPU_OBJECT_CODE_H
#define TESSERA_COMPILER_CPU_OBJECT_CODE_H

#include "cpu/cpu_target.h"

#include "tessera/isa/error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::compiler::cpu {

/// For which processor, in LLVM's words; empty: this one.
struct HostTarget {
  std::string triple;
  std::string cpu;
  std::string features;
  int64_t cacheBytes =
      0; ///< of a core's own last cache; 0: as LLVM says, so that a named processor is the same everywhere
};

/// LLVM's code generators of this host and of x86-64, AArch64 and ARM; may be called again.
void registerTargets();

/// This host, spelled out.
HostTarget thisHost();

/// `target` with what it leaves empty.
HostTarget spelledOut(const HostTarget &target);

/// What the passes ask about that processor.
isa::Expected<CpuTarget> describe(const HostTarget &target);

/// Translations that emitObject() needs in the context's registry.
void registerTranslations(mlir::DialectRegistry &registry);

/// Optimises (-O2: -O3 takes twice as long and gives the same speed) and compiles `module`, which holds LLVM dialect only. The bytes are an ELF object, position
/// independent; the same module and target give the same bytes.
isa::Expected<std::vector<uint8_t>> emitObject(mlir::ModuleOp module, const HostTarget &target);

/// The same from LLVM's text.
isa::Expected<std::vector<uint8_t>> emitText(const std::string &text, const HostTarget &target);

} // namespace tessera::compiler::cpu

#endif
