// A program image on a device: memory regions, one recorder a segment, and what their launches reported.
#ifndef TESSERA_DRIVER_RUNTIME_RUNTIME_H
#define TESSERA_DRIVER_RUNTIME_RUNTIME_H

#include "device.h"
#include "host.h"
#include "tessera/pool.h"

#include "tessera/isa/image.h"
#include "tessera/runtime.h"

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tessera::driver {
class Turns;
}

struct tsr_runtime {
  tsr_runtime(tsr_device *owner, tsr_main_function function) : device(owner), entry(function) {}
  ~tsr_runtime();

  /// Checks the image, takes device memory and copies the constants.
  tessera::driver::Status load(const tessera::isa::ProgramImage &image);

  /// A runtime of the same image beside `first`.
  tessera::driver::Status loadBeside(const tsr_runtime &first);

  /// Keeps the message and gives the code.
  tsr_status report(tessera::driver::Status status) {
    if (!status.ok())
      message = std::move(status.message);
    return status.code;
  }

  /// What a segment's last launch told.
  struct Launched {
    tsr_segment_report report{};
    bool profiled = false;             ///< it was, and what follows is of it
    std::vector<uint32_t> markClasses; ///< TSR_CYCLE_CLASSES a mark
    uint64_t classes[TSR_CYCLE_CLASSES] = {};
    std::vector<tsr_slice> slices;
    uint64_t leftOut = 0;
  };
  struct Segment : Launched {
    tsr_recorder *recorder = nullptr;
    std::future<tessera::driver::Status> running; ///< the launch, beside which host code runs
    tessera::driver::Status ended;                ///< what a launch gave that start() waited for
  };
  /// When a run was, and what the host did in it.
  struct Times {
    std::chrono::steady_clock::time_point begin;
    double seconds = 0;
    std::vector<tsr_host_slice> host;
  };
  /// One of several runs, for the timeline.
  struct KeptRun {
    Times times;
    std::vector<Launched> launches;
  };
  struct Region {
    uint32_t address = 0, bytes = 0;
  };

  tsr_device *device; ///< null: the image has no segments
  tsr_main_function entry;
  double timeoutSeconds = 60;
  tsr_pool *pool = nullptr; ///< null: host code runs on the caller's thread alone
  Region constants, arena;
  uint32_t arenaBlock = 0; ///< allocated; the arena is in it
  bool ownsConstants = true;
  tessera::driver::Turns *turns = nullptr; ///< while runs of two runtimes share the device
  uint64_t run = 0;                        ///< among those
  uint32_t launch = 0;                     ///< of the run
  bool hasTurn = false;                    ///< the device is this runtime's
  bool overlaps = true;                    ///< host code runs beside launches
  std::vector<Segment> segments;
  std::span<uint8_t> arenaBytes;  ///< as the host sees them: the device's own, or a copy
  std::vector<int8_t> gathered;   ///< windows on their way
  std::vector<uint8_t> arenaCopy; ///< where the host does not see the device's memory
  tsr_borders borders{};          ///< of the last run
  std::string message;
  bool profiles = false;
  uint64_t timelineLimit = 0;              ///< events of a launch; 0: no timeline is kept
  Times times;                             ///< of the last run
  std::vector<KeptRun> kept;               ///< since tsr_runtime_set_profile, where a timeline is kept
  std::optional<size_t> shown;             ///< of these; none: the last run
  tsr_host_slice cpuSlice{}, layerSlice{}; ///< under way; a layer without a name is none
  tessera::driver::HostHeap heap;          ///< of host code with dynamic shapes
  std::vector<tessera::driver::HostResult> results; ///< of the last run, where their shapes are dynamic

  /// The arena's bytes are the device's own.
  bool seesDevice() const { return arenaCopy.empty(); }

  /// Of the run that is shown.
  const Launched &launched(uint32_t segment) const {
    return shown ? kept[*shown].launches[segment] : segments[segment];
  }
  const Times &shownTimes() const { return shown ? kept[*shown].times : times; }

private:
  tessera::driver::Status reserve(uint64_t bytes, Region &region);
  tessera::driver::Status seeArena();
};

namespace tessera::driver {

/// One inference, as tsr_runtime_invoke has it.
tsr_status invoke(tsr_runtime &runtime, const void *const *inputs, void *const *outputs);

Status beginSegment(tsr_runtime &runtime, uint32_t segment, tsr_recorder *&recorder, bool &fresh);
Status finishSegment(tsr_runtime &runtime, uint32_t segment);
Status runSegment(tsr_runtime &runtime, uint32_t segment);
Status startSegment(tsr_runtime &runtime, uint32_t segment);
Status waitSegment(tsr_runtime &runtime, uint32_t segment);
/// Ends launches that a run has left behind.
void endLaunches(tsr_runtime &runtime);

/// Of several runs at once: waits for the next launch's turn, unless it is there; ends it.
Status takeTurn(tsr_runtime &runtime);
void giveTurn(tsr_runtime &runtime);

/// As tsr_runtime_invoke_all has it.
struct RunArrays {
  uint64_t count = 0;
  const void *const *const *inputs = nullptr;
  void *const *const *outputs = nullptr;
};
Status runAll(tsr_runtime &first, tsr_runtime *second, const RunArrays &arrays, uint64_t &failed);

Status setProfile(tsr_runtime &runtime, uint64_t timelineEvents);
/// Where a timeline is kept: puts what the last run told by, before the next takes its place.
void keepRun(tsr_runtime &runtime);

/// After a launch, where the runtime profiles: reads the classes of its cycles.
Status keepProfile(tsr_runtime &runtime, uint32_t segment);
Status profileIntervals(const tsr_runtime &runtime, uint32_t segment, std::vector<tsr_interval> &intervals);

/// After a launch, where the runtime keeps a timeline: its events as slices of instructions.
Status keepTimeline(tsr_runtime &runtime, uint32_t segment);

double secondsOf(const tsr_runtime &runtime); ///< since the run's begin
void keepHostSlice(tsr_runtime &runtime, const tsr_host_slice &slice);

/// Ends the layer that is under way in a CPU segment; `next` begins where it is not null.
void changeLayer(tsr_runtime &runtime, const char *next);

/// What a scope of the host's work takes, where the runtime keeps a timeline.
class HostSpan {
public:
  HostSpan(tsr_runtime &runtime, const char *what, uint32_t segment = 0);
  ~HostSpan();
  HostSpan(const HostSpan &) = delete;
  HostSpan &operator=(const HostSpan &) = delete;

private:
  tsr_runtime &runtime_;
  tsr_host_slice slice_;
};

/// Where host code reads and writes `bytes` of the arena.
Status shareArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes, uint8_t *&data);
/// What host code wrote goes to the device, what a launch wrote comes to the host: nothing, where both see the same bytes.
Status giveArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes);
Status takeArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes);

/// A dense int8 picture and its blocked form in the arena.
struct Picture {
  uint32_t height = 0, width = 0, channels = 0;
};
Status writeBlocked(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    int32_t fill, bool isGathered = false);
/// `window` as tsr_runtime_write_windows has it.
Status writeWindows(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    const uint32_t *window, int32_t fill);
Status readBlocked(tsr_runtime &runtime, uint32_t offset, int8_t *nhwc, const Picture &picture);

} // namespace tessera::driver

#endif
