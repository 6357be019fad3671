// Whether a session has one outcome on every legal implementation, so that a difference between two models is a defect of one
// of them. The generator makes only such sessions; the minimiser must not leave them.
#ifndef TESSERA_COSIM_ANALYSIS_H
#define TESSERA_COSIM_ANALYSIS_H

#include <vector>

#include "compare.h"
#include "session.h"

namespace tessera::cosim {

/// `outcomes` is how the functional model ends each program. False also where this is not easily seen, as for programs that
/// follow an error.
bool hasOneOutcome(const isa::MachineConfig &machine, const Session &session,
                   const std::vector<Model::Outcome> &outcomes);

} // namespace tessera::cosim

#endif
