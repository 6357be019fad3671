/// The targets that libraries are made for, and their processors.
#ifndef TESSERA_COMPILER_AOT_TARGET_H
#define TESSERA_COMPILER_AOT_TARGET_H

#include "cpu/object_code.h"

#include <cstdint>
#include <span>
#include <string>

namespace tessera::compiler::aot {

struct Target {
  const char *name;     ///< what the user says
  const char *triple;   ///< what LLVM is told
  const char *baseline; ///< the processor where none is named
  const char *needed;   ///< what every processor must have, as LLVM's features
};

isa::Expected<const Target *> targetOf(const std::string &name);

/// For LLVM: `cpu` as LibraryOptions::cpu.
isa::Expected<cpu::HostTarget> processorOf(const Target &target, const std::string &cpu);

} // namespace tessera::compiler::aot

#endif
