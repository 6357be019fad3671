// Device and host on one clock. The device's time is cycles / clock of the machine, the host's is what it took; the time in which the host waits for a
// simulation is not its own, and is replaced by what the device would have taken.
#include "profile.h"

#include "tessera/isa/assembler.h"

#include <algorithm>
#include <cstring>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

/// Gaps between what the runtime sees of the host that are long enough to be told.
constexpr double kGapSeconds = 1e-6;

/// A launch on the clock that all share.
struct Launch {
  double begin = 0, end = 0; ///< microseconds
};

/// Tells what the host did and finds when launches ran.
class Clock {
public:
  Clock(const std::vector<double> &launchMicroseconds, const std::function<void(const TimelineSlice &)> &tell)
      : took_(launchMicroseconds), launches_(took_.size()), tell_(tell) {}

  void host(const tsr_host_slice &slice) {
    if (slice.isLayer) // in a CPU segment, which is to come
      return told(slice.what, slice, at(slice.begin), at(slice.end));
    gapUntil(slice.begin);
    before_ = std::max(before_, slice.end);
    const bool known = slice.segment < launches_.size();
    if (known && std::strcmp(slice.what, "start") == 0) {
      Launch &launch = launches_[slice.segment];
      launch.begin = std::max(at(slice.begin), deviceFree_);
      deviceFree_ = launch.end = launch.begin + took_[slice.segment];
    }
    if (!known || std::strcmp(slice.what, "wait") != 0)
      return told(slice.what, slice, at(slice.begin), at(slice.end));
    const double begin = at(slice.begin), end = std::max(begin, launches_[slice.segment].end);
    told(slice.what, slice, begin, end);
    shift_ = end - 1e6 * slice.end;
  }
  void gapUntil(double seconds) {
    if (seconds - before_ >= kGapSeconds)
      told("host code", {}, at(before_), at(seconds));
  }
  const std::vector<Launch> &launches() const { return launches_; }

private:
  double at(double seconds) const { return 1e6 * seconds + shift_; }
  void told(const char *name, const tsr_host_slice &slice, double begin, double end) {
    TimelineSlice all;
    all.track = slice.isLayer ? TimelineSlice::Track::HostLayer : TimelineSlice::Track::Host;
    all.name = name;
    all.segment = slice.segment;
    all.begin = begin;
    all.end = end;
    tell_(all);
  }

  std::vector<double> took_;
  std::vector<Launch> launches_;
  const std::function<void(const TimelineSlice &)> &tell_;
  double shift_ = 0;      ///< from the host's own time to the shared clock
  double before_ = 0;     ///< end of what has been told, in seconds of the host
  double deviceFree_ = 0; ///< when the device has ended all launches so far
};

struct Recorded {
  const tsr_slice *slices = nullptr;
  uint64_t count = 0;
  const void *stream = nullptr;
  tsr_segment_report report{};
};

void tellLaunch(uint32_t segment, const Recorded &recorded, const Launch &launch, double microsecondsPerCycle,
                const isa::MachineConfig &machine, const std::function<void(const TimelineSlice &)> &tell) {
  TimelineSlice told;
  told.segment = segment;
  told.track = TimelineSlice::Track::Launch;
  told.name = "launch " + std::to_string(segment);
  told.begin = launch.begin;
  told.end = launch.end;
  told.cycles = recorded.report.result.cycles;
  tell(told);
  told.track = TimelineSlice::Track::Instruction;
  for (uint64_t i = 0; i < recorded.count; ++i) {
    const tsr_slice &slice = recorded.slices[i];
    told.instruction = slice.instruction;
    told.unit = slice.unit;
    told.name =
        isa::disassemble(static_cast<const isa::Word128 *>(recorded.stream)[slice.instruction], machine);
    told.cycle = slice.begin;
    told.cycles = slice.end - slice.begin;
    told.begin = launch.begin + microsecondsPerCycle * static_cast<double>(slice.begin);
    told.end = launch.begin + microsecondsPerCycle * static_cast<double>(slice.end);
    tell(told);
  }
}

} // namespace

Expected<uint64_t> tellTimeline(tsr_runtime *runtime, const Metadata &metadata,
                                const isa::MachineConfig &machine, double clockMegahertz,
                                const std::function<void(const TimelineSlice &)> &tell) {
  uint64_t leftOut = 0;
  std::vector<Recorded> recorded(metadata.segments);
  std::vector<double> took;
  for (uint32_t segment = 0; segment < metadata.segments; ++segment) {
    Recorded &of = recorded[segment];
    uint64_t missing = 0;
    uint32_t instructions = 0;
    if (tsr_runtime_timeline(runtime, segment, &of.slices, &of.count, &missing) != TSR_OK ||
        tsr_runtime_stream(runtime, segment, &of.stream, &instructions) != TSR_OK ||
        tsr_runtime_report(runtime, segment, &of.report) != TSR_OK)
      return Error{"segment " + std::to_string(segment) + " has no timeline"};
    leftOut += missing;
    took.push_back(static_cast<double>(of.report.result.cycles) / clockMegahertz);
  }
  const tsr_host_slice *host = nullptr;
  uint64_t count = 0;
  double seconds = 0;
  if (tsr_runtime_host_timeline(runtime, &host, &count, &seconds) != TSR_OK)
    return Error{"the host's work was not kept"};
  Clock clock(took, tell);
  for (uint64_t i = 0; i < count; ++i)
    clock.host(host[i]);
  clock.gapUntil(seconds);
  for (uint32_t segment = 0; segment < metadata.segments; ++segment)
    tellLaunch(segment, recorded[segment], clock.launches()[segment], 1 / clockMegahertz, machine, tell);
  return leftOut;
}

} // namespace tessera::compiler
