// Commands straight into a recorder, without compiled host code: for measuring and for tests. Who calls it links the driver.
#pragma once

#include "command.h"

#include "tessera/record.h"

#include <span>

namespace tessera::compiler::npu {

// All record.h calls of the commands; the first failure, whose message the recorder keeps.
tsr_status recordCommands(tsr_recorder *recorder, std::span<const Command> commands);

} // namespace tessera::compiler::npu
