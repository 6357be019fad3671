/// What the launches of a session did, layer by layer.
#ifndef TESSERA_COMPILER_HOST_PROFILE_H
#define TESSERA_COMPILER_HOST_PROFILE_H

#include "metadata.h"
#include "tessera/runtime.h"

namespace tessera::compiler {

/// A row a mark in the order of the program, and one for what a launch does after its last mark. Fails where nothing was profiled.
isa::Expected<std::vector<ProfileRow>> profileRows(tsr_runtime *runtime, const Metadata &metadata);

/// An inference of the timeline: run `index` of what the runtime keeps, on a thread of the host.
struct TimelineRun {
  tsr_runtime *runtime = nullptr;
  uint64_t index = 0;
  size_t lane = 0;
  std::optional<size_t> after; ///< as MeasuredRun has it
};

/// Every slice of these runs, the host's and then the device's, which runs at `clockMegahertz`; gives how many events were past the limit.
isa::Expected<uint64_t> tellTimeline(std::span<const TimelineRun> runs, const Metadata &metadata,
                                     const isa::MachineConfig &machine, double clockMegahertz,
                                     const std::function<void(const TimelineSlice &)> &tell);

} // namespace tessera::compiler

#endif
