// When the instructions of a launch ran, and what the host did around it.
#include "runtime.h"

#include "tessera/isa/modules.h"

#include <algorithm>
#include <array>

namespace tessera::driver {

namespace {

enum Unit : uint32_t { kLoad, kStore, kArray, kVector, kComputeLoad };
constexpr uint32_t kMaxHostSlices = 1 << 16;

/// TSR_UNITS: none, an instruction that the dispatcher alone deals with.
uint32_t unitOf(const isa::Instruction &instruction) {
  switch (isa::moduleOf(instruction)) {
  case isa::Module::Load:
    return kLoad;
  case isa::Module::Store:
    return kStore;
  case isa::Module::Compute:
    break;
  }
  if (std::holds_alternative<isa::Load>(instruction))
    return kComputeLoad;
  if (std::holds_alternative<isa::Gemm>(instruction) || std::holds_alternative<isa::Reduce>(instruction))
    return kArray;
  if (std::holds_alternative<isa::Alu>(instruction) || std::holds_alternative<isa::Vec>(instruction))
    return kVector;
  return TSR_UNITS;
}

/// One unit's instructions, which begin and end in the order of the program.
struct Track {
  std::vector<uint32_t> program; ///< places of its instructions
  std::vector<tsr_slice> slices; ///< of those that have begun
  size_t ended = 0;

  void begin(uint32_t unit, uint64_t cycle) {
    if (slices.size() < program.size())
      slices.push_back({program[slices.size()], unit, cycle, cycle});
  }
  void end(uint64_t cycle) {
    if (ended == slices.size())
      return;
    tsr_slice &slice = slices[ended];
    if (ended)
      slice.begin = std::max(slice.begin, slices[ended - 1].end);
    slice.end = std::max(slice.begin, cycle);
    ++ended;
  }
};

} // namespace

Status keepTimeline(tsr_runtime &runtime, uint32_t segment) {
  tsr_runtime::Segment &s = runtime.segments[segment];
  s.slices.clear();
  const void *stream = nullptr;
  uint32_t count = 0;
  if (tsr_record_stream(s.recorder, &stream, &count) != TSR_OK)
    return failure(TSR_NOT_FOUND, "segment %u: nothing is recorded", segment);
  const isa::Layout layout(runtime.device->machine);
  std::array<Track, TSR_UNITS> tracks;
  for (uint32_t i = 0; i < count; ++i)
    if (const auto instruction = layout.decode(static_cast<const isa::Word128 *>(stream)[i]))
      if (const uint32_t unit = unitOf(*instruction); unit < TSR_UNITS)
        tracks[unit].program.push_back(i);
  for (const uint64_t event : runtime.device->backend->timelineEvents(s.leftOut))
    for (uint32_t unit = 0; unit < TSR_UNITS; ++unit) {
      if (event >> unit & 1)
        tracks[unit].begin(unit, event >> 16);
      if (event >> (unit + TSR_UNITS) & 1)
        tracks[unit].end(event >> 16);
    }
  for (const Track &track : tracks)
    s.slices.insert(s.slices.end(), track.slices.begin(),
                    track.slices.begin() + static_cast<std::ptrdiff_t>(track.ended));
  return {};
}

double secondsOf(const tsr_runtime &runtime) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - runtime.times.begin).count();
}

void keepHostSlice(tsr_runtime &runtime, const tsr_host_slice &slice) {
  if (runtime.timelineLimit && runtime.times.host.size() < kMaxHostSlices)
    runtime.times.host.push_back(slice);
}

void changeLayer(tsr_runtime &runtime, const char *next) {
  tsr_host_slice &slice = runtime.layerSlice;
  const double now = secondsOf(runtime);
  if (slice.what) {
    slice.end = now;
    keepHostSlice(runtime, slice);
  }
  slice = {next, runtime.cpuSlice.segment, now, 0, 1};
}

HostSpan::HostSpan(tsr_runtime &runtime, const char *what, uint32_t segment)
    : runtime_(runtime), slice_{what, segment, secondsOf(runtime), 0, 0} {}

HostSpan::~HostSpan() {
  slice_.end = secondsOf(runtime_);
  keepHostSlice(runtime_, slice_);
}

} // namespace tessera::driver
