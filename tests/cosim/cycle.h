// The Verilated core as a model of the comparison.
#ifndef TESSERA_COSIM_CYCLE_H
#define TESSERA_COSIM_CYCLE_H

#include "compare.h"

namespace tessera::cosim {

/// Session.memory names the memory model.
isa::Expected<std::unique_ptr<Model>> makeCycle(const isa::MachineConfig &, const Session &);

} // namespace tessera::cosim

#endif
