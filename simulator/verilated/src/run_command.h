// Runs a program with a limit on its time and gives back what it wrote.
#pragma once

#include "tessera/isa/error.h"

#include <string>
#include <vector>

namespace tessera::simulator {

/// Output (stdout and stderr together) of a program that ended with 0; otherwise an error with the end of its output.
isa::Expected<std::string> runCommand(const std::vector<std::string> &command, int limitSeconds);

} // namespace tessera::simulator
