// Where the cycles and the bytes of a launch went, between its marks.
#include "runtime.h"
#include "traffic.h"

#include <algorithm>

namespace tessera::driver {

Status setProfile(tsr_runtime &runtime, uint64_t timelineEvents) {
  if (!runtime.device)
    return failure(TSR_UNSUPPORTED, "the image has no segments for a device");
  if (runtime.device->identity.classes == 0)
    return failure(TSR_UNSUPPORTED, "device %s does not count where cycles go; cycle does",
                   runtime.device->name.c_str());
  if (Status status = runtime.device->backend->timeline(timelineEvents); !status.ok())
    return status;
  runtime.profiles = true;
  runtime.timelineLimit = timelineEvents;
  runtime.kept.clear();
  runtime.shown.reset();
  return {};
}

void keepRun(tsr_runtime &runtime) {
  if (runtime.timelineLimit)
    runtime.kept.push_back({runtime.times, {runtime.segments.begin(), runtime.segments.end()}});
}

Status keepProfile(tsr_runtime &runtime, uint32_t segment) {
  tsr_runtime::Segment &s = runtime.segments[segment];
  const uint32_t marks = std::min<uint32_t>(s.report.markCount, isa::reg::kMarksCount);
  s.markClasses.assign(size_t{marks} * TSR_CYCLE_CLASSES, 0);
  if (Status status = readClasses(*runtime.device, s.classes); !status.ok())
    return status;
  if (Status status = readMarkClasses(*runtime.device, marks, s.markClasses.data()); !status.ok())
    return status;
  s.profiled = true;
  return runtime.timelineLimit ? keepTimeline(runtime, segment) : Status{};
}

Status profileIntervals(const tsr_runtime &runtime, uint32_t segment, std::vector<tsr_interval> &intervals) {
  if (segment >= runtime.segments.size())
    return failure(TSR_INVALID_ARGUMENT, "segment %u of %zu", segment, runtime.segments.size());
  const tsr_runtime::Launched &s = runtime.launched(segment);
  if (!runtime.profiles || !s.profiled)
    return failure(TSR_NOT_FOUND, "segment %u: no launch was profiled", segment);
  const void *stream = nullptr;
  uint32_t instructions = 0;
  if (tsr_record_stream(runtime.segments[segment].recorder, &stream, &instructions) != TSR_OK)
    return failure(TSR_NOT_FOUND, "segment %u: nothing is recorded", segment);
  const std::vector<Traffic> traffic =
      trafficOf(runtime.device->machine, {static_cast<const isa::Word128 *>(stream), instructions});
  const size_t marks = s.markClasses.size() / TSR_CYCLE_CLASSES;
  intervals.assign(marks + 1, {});
  // Counters are 32 bits and wrap: differences are right as long as one interval is shorter than that.
  uint32_t cyclesBefore = 0, classesBefore[TSR_CYCLE_CLASSES] = {};
  for (size_t i = 0; i <= marks; ++i) {
    tsr_interval &interval = intervals[i];
    const uint32_t cycles = i < marks ? s.report.marks[i] : static_cast<uint32_t>(s.report.result.cycles);
    interval.cycles = cycles - cyclesBefore;
    cyclesBefore = cycles;
    for (uint32_t c = 0; c < TSR_CYCLE_CLASSES; ++c) {
      const uint32_t count =
          i < marks ? s.markClasses[i * TSR_CYCLE_CLASSES + c] : static_cast<uint32_t>(s.classes[c]);
      interval.classes[c] = count - classesBefore[c];
      classesBefore[c] = count;
    }
    if (i < traffic.size()) {
      interval.readBytes = traffic[i].read;
      interval.writtenBytes = traffic[i].written;
      interval.instructionBytes = traffic[i].instructions;
      interval.leastBytes = traffic[i].least;
    }
  }
  return {};
}

} // namespace tessera::driver
