// From a kernel command to what the machine asks of its kernel: which indices count, how wide fields are, how deep memories.
#ifndef TESSERA_DRIVER_RECORD_KERNEL_USE_H
#define TESSERA_DRIVER_RECORD_KERNEL_USE_H

#include "command.h"

#include "tessera/isa/machine.h"

#include <string>

namespace tessera::driver {

KernelRules kernelRules(const isa::MachineConfig &machine, const KernelCommand &command);

/// What is wrong with the indices that the command reaches; empty if nothing.
std::string checkIndices(const isa::MachineConfig &machine, const KernelCommand &command,
                         const HardwareKernel &kernel);

/// GEMM and ALU have no base fields.
bool foldsBase(const KernelCommand &command);

} // namespace tessera::driver

#endif
