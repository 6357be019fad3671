// Makes a failing session small.
#ifndef TESSERA_COSIM_MINIMISE_H
#define TESSERA_COSIM_MINIMISE_H

#include <functional>

#include "session.h"

namespace tessera::cosim {

/// True if the session still shows the difference and still has one outcome.
using StillFails = std::function<bool(const Session &)>;

/// Drops programs, instructions, token pairs and bytes, and shrinks sizes, as long as `stillFails`; gives up after
/// `mostSeconds`. Returns the smallest session found (at worst the one given).
Session minimise(const isa::MachineConfig &machine, Session session, const StillFails &stillFails,
                 double mostSeconds);

} // namespace tessera::cosim

#endif
