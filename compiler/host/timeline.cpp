#include "profile.h"

#include "tessera/isa/assembler.h"

#include <algorithm>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

/// Gaps between what the runtime sees of the host that are long enough to be told.
constexpr double kGapSeconds = 1e-6;

void tellHost(const tsr_host_slice *slices, uint64_t count, double seconds,
              const std::function<void(const TimelineSlice &)> &tell) {
  TimelineSlice told;
  told.onHost = true;
  double before = 0;
  const auto tellUntil = [&](double end) {
    if (end - before < kGapSeconds)
      return;
    told.name = "CPU code";
    told.begin = 1e6 * before;
    told.end = 1e6 * end;
    tell(told);
  };
  for (uint64_t i = 0; i < count; ++i) {
    tellUntil(slices[i].begin);
    told.name = slices[i].what;
    told.segment = slices[i].segment;
    told.begin = 1e6 * slices[i].begin;
    told.end = 1e6 * slices[i].end;
    tell(told);
    before = std::max(before, slices[i].end);
  }
  tellUntil(seconds);
}

} // namespace

Expected<uint64_t> tellTimeline(tsr_runtime *runtime, const Metadata &metadata,
                                const isa::MachineConfig &machine,
                                const std::function<void(const TimelineSlice &)> &tell) {
  uint64_t leftOut = 0, start = 0;
  for (uint32_t segment = 0; segment < metadata.segments; ++segment) {
    const tsr_slice *slices = nullptr;
    const void *stream = nullptr;
    uint64_t count = 0, missing = 0;
    uint32_t instructions = 0;
    tsr_segment_report report;
    if (tsr_runtime_timeline(runtime, segment, &slices, &count, &missing) != TSR_OK ||
        tsr_runtime_stream(runtime, segment, &stream, &instructions) != TSR_OK ||
        tsr_runtime_report(runtime, segment, &report) != TSR_OK)
      return Error{"segment " + std::to_string(segment) + " has no timeline"};
    TimelineSlice told;
    told.segment = segment;
    for (uint64_t i = 0; i < count; ++i) {
      told.instruction = slices[i].instruction;
      told.unit = slices[i].unit;
      told.name = isa::disassemble(static_cast<const isa::Word128 *>(stream)[told.instruction], machine);
      told.begin = static_cast<double>(start + slices[i].begin);
      told.end = static_cast<double>(start + slices[i].end);
      tell(told);
    }
    leftOut += missing;
    start += report.result.cycles;
  }
  const tsr_host_slice *host = nullptr;
  uint64_t count = 0;
  double seconds = 0;
  if (tsr_runtime_host_timeline(runtime, &host, &count, &seconds) != TSR_OK)
    return Error{"the host's work was not kept"};
  tellHost(host, count, seconds, tell);
  return leftOut;
}

} // namespace tessera::compiler
