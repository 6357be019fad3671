// What was kept of several inferences, as slices of one timeline.
#include "clock.h"
#include "profile.h"

#include "tessera/isa/assembler.h"

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

struct Recorded {
  const tsr_slice *slices = nullptr;
  uint64_t count = 0;
  const void *stream = nullptr;
  tsr_segment_report report{};
};

/// One inference: what its launches did, and the host.
struct RecordedRun {
  std::vector<Recorded> launches;
  const tsr_host_slice *host = nullptr;
  uint64_t hostCount = 0;
  double begin = 0, seconds = 0;
};

Expected<RecordedRun> recordedOf(const TimelineRun &run, uint32_t segments, uint64_t &leftOut) {
  RecordedRun all;
  if (tsr_runtime_show(run.runtime, run.index) != TSR_OK ||
      tsr_runtime_host_timeline(run.runtime, &all.host, &all.hostCount, &all.begin, &all.seconds) != TSR_OK)
    return Error{"the host's work was not kept"};
  all.launches.resize(segments);
  for (uint32_t segment = 0; segment < segments; ++segment) {
    Recorded &of = all.launches[segment];
    uint64_t missing = 0;
    uint32_t instructions = 0;
    if (tsr_runtime_timeline(run.runtime, segment, &of.slices, &of.count, &missing) != TSR_OK ||
        tsr_runtime_stream(run.runtime, segment, &of.stream, &instructions) != TSR_OK ||
        tsr_runtime_report(run.runtime, segment, &of.report) != TSR_OK)
      return Error{"segment " + std::to_string(segment) + " has no timeline"};
    leftOut += missing;
  }
  return all;
}

void tellLaunch(TimelineSlice told, const Recorded &recorded, const Stretch &launch,
                double microsecondsPerCycle, const isa::MachineConfig &machine,
                const std::function<void(const TimelineSlice &)> &tell) {
  told.track = TimelineSlice::Track::Launch;
  told.name = "launch " + std::to_string(told.segment);
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

Expected<uint64_t> tellTimeline(std::span<const TimelineRun> runs, const Metadata &metadata,
                                const isa::MachineConfig &machine, double clockMegahertz,
                                const std::function<void(const TimelineSlice &)> &tell) {
  uint64_t leftOut = 0;
  std::vector<RecordedRun> recorded;
  std::vector<MeasuredRun> measured;
  for (const TimelineRun &run : runs) {
    auto found = recordedOf(run, metadata.segments, leftOut);
    if (!found)
      return found.error();
    MeasuredRun as{run.lane, run.after, found->begin, found->seconds, {found->host, found->hostCount}, {}};
    for (const Recorded &of : found->launches)
      as.launches.push_back({static_cast<double>(of.report.result.cycles) / clockMegahertz, of.report.order});
    recorded.push_back(std::move(*found));
    measured.push_back(std::move(as));
  }
  const auto tellHost = [&](size_t run, const tsr_host_slice *slice, Stretch when) {
    TimelineSlice all;
    all.run = run;
    all.lane = measured[run].lane;
    if (slice && slice->isLayer)
      all.track = TimelineSlice::Track::HostLayer;
    all.name = slice ? slice->what : "host code";
    all.segment = slice ? slice->segment : 0;
    all.begin = when.begin;
    all.end = when.end;
    tell(all);
  };
  const std::vector<std::vector<Stretch>> launches = placeOnOneClock(measured, tellHost);
  for (size_t run = 0; run < recorded.size(); ++run)
    for (uint32_t segment = 0; segment < metadata.segments; ++segment) {
      TimelineSlice told;
      told.run = run;
      told.lane = measured[run].lane;
      told.segment = segment;
      tellLaunch(told, recorded[run].launches[segment], launches[run][segment], 1 / clockMegahertz, machine,
                 tell);
    }
  return leftOut;
}

} // namespace tessera::compiler
