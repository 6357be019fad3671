/// Which features of a processor compiled code counts on, in LLVM's words: an image names them, and is refused where one is missing instead of ending
/// with an illegal instruction. What is asked of a processor is what LLVM can tell of the one that it runs on: on x86 all, on Arm a few.
#ifndef TESSERA_COMPILER_CPU_PROCESSOR_H
#define TESSERA_COMPILER_CPU_PROCESSOR_H

#include "cpu/object_code.h"

#include <memory>

namespace llvm {
class MCSubtargetInfo;
} // namespace llvm

namespace tessera::compiler::cpu {

isa::Expected<std::unique_ptr<llvm::MCSubtargetInfo>>
subtargetOf(const std::string &triple, const std::string &cpu, const std::string &features);

/// The features of `target`, of this host's architecture, that its code may use.
isa::Expected<std::vector<std::string>> codeFeatures(const HostTarget &target);

/// An error if this processor lacks one of `features`, which code for processor `cpu` uses. Names that LLVM does not know count as lacking.
isa::Expected<void> checkThisHost(const std::string &cpu, const std::vector<std::string> &features);

} // namespace tessera::compiler::cpu

#endif
