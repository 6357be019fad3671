/// The timeline of a run in the Chrome trace format, which Perfetto (ui.perfetto.dev) and chrome://tracing show.
#ifndef TESSERA_TOOLS_TRACE_H
#define TESSERA_TOOLS_TRACE_H

#include "profile_report.h"

#include <string>

namespace tessera::tools {

/// What a trace holds.
struct Trace {
  std::string json;
  uint64_t instructions = 0;
  uint64_t leftOutEvents = 0; ///< past the limit: begins and ends of instructions that are not in it
};

/// Process 1 is the device at so many cycles a microsecond: launches, layers, load, array, vector, store, and compute's own loads, an event an instruction with
/// its text as the name. Process 2 is the host, a track for each of its threads and one for the layers in it. Both are on one clock, in microseconds from the first run's begin; events say of which
/// case they are.
isa::Expected<Trace> traceOf(const compiler::Session &session, const Profile &profile, double clockMegahertz);

} // namespace tessera::tools

#endif
