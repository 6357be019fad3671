/// Device and host on one clock. The device's time is cycles / clock of the machine, the host's is what its work took here; the time in which the host waits
/// for a simulation is not its own, and is replaced by what the device would have taken.
#ifndef TESSERA_COMPILER_HOST_CLOCK_H
#define TESSERA_COMPILER_HOST_CLOCK_H

#include "tessera/runtime.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace tessera::compiler {

/// A stretch of time, in microseconds.
struct Stretch {
  double begin = 0, end = 0;
};

/// One inference as it was measured.
struct MeasuredRun {
  struct Launch {
    double microseconds = 0; ///< that it takes on the device
    uint64_t order = 0;      ///< among all launches of all runs
  };
  size_t lane = 0;             ///< the host's thread; a lane's runs follow one another
  std::optional<size_t> after; ///< it begins when that one has ended; what was in between is left out
  double begin = 0, seconds = 0;
  std::span<const tsr_host_slice> host;
  std::vector<Launch> launches; ///< by segment
};

/// What the host did: `slice` of a run, or between two slices, where `slice` is null.
using TellHost = std::function<void(size_t run, const tsr_host_slice *slice, Stretch when)>;

/// Places the runs on one clock, tells what the host did, lane by lane in order of time (parts of a slice before it), and gives for each run when its launches ran.
///
/// Each lane goes on from piece to piece of its work as long as each took, and up to the end of a launch where it waits for one. The device does one launch at a time in
/// their order: one begins when its host starts it, or when the one before has ended. Time 0 is the begin of the first run.
std::vector<std::vector<Stretch>> placeOnOneClock(std::span<const MeasuredRun> runs, const TellHost &tell);

} // namespace tessera::compiler

#endif
