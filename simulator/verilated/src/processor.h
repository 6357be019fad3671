// Model libraries are built for the processor at hand (-march=native), and a folder of them may move to another machine.
#pragma once

#include <string>

namespace tessera::simulator {

/// The instruction set extensions of this processor as the system names them, separated by blanks; empty where it does not say.
std::string processorFeatures();

/// Why the code of a model library must not run here: `it is for a processor with avx512f`; empty if it may. Only looks at the
/// file's bytes: a library that is loaded has already run.
std::string unfitForProcessor(const std::string &library);

} // namespace tessera::simulator
