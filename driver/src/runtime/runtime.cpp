#include "runtime.h"

#include "tessera/isa/json.h"

#include <numeric>
#include <utility>

using namespace tessera;
using namespace tessera::driver;

namespace {

constexpr uint32_t kMaxSegments = 4096;
constexpr uint64_t kPageBytes = 4096;

/// Every element of every type starts at a multiple of its size when its region starts at one of this.
uint64_t regionAlignment(const isa::MachineConfig &machine) {
  using isa::MemoryType;
  uint64_t alignment = 64;
  for (MemoryType type : {MemoryType::Wgt, MemoryType::Inp, MemoryType::Acc, MemoryType::Out,
                          MemoryType::Acc8bit, MemoryType::Par})
    if (const uint64_t bytes = machine.dramElementBytes(type))
      alignment = std::lcm(alignment, bytes);
  return alignment;
}

/// A member of the metadata that is a whole number; 0 where it is absent.
isa::Expected<uint64_t> number(const isa::json::Value &metadata, const char *key, uint64_t limit) {
  const isa::json::Value *value = metadata.find(key);
  if (!value)
    return uint64_t{0};
  if (value->kind != isa::json::Value::Kind::Integer || value->integer < 0 ||
      static_cast<uint64_t>(value->integer) > limit)
    return isa::Error{text("metadata: %s is not a whole number from 0 to %llu", key,
                           static_cast<unsigned long long>(limit))};
  return static_cast<uint64_t>(value->integer);
}

} // namespace

tsr_runtime::~tsr_runtime() {
  endLaunches(*this); // they use what goes now
  tsr_pool_destroy(pool);
  for (Segment &segment : segments)
    tsr_record_end(segment.recorder);
  if (device && constants.bytes && ownsConstants)
    device->allocator.release(constants.address);
  if (device && arena.bytes)
    device->allocator.release(arenaBlock);
}

Status tsr_runtime::reserve(uint64_t bytes, Region &region) {
  if (bytes == 0)
    return {};
  if (Status status = allocate(*device, bytes, regionAlignment(device->machine), region.address);
      !status.ok())
    return status;
  region.bytes = static_cast<uint32_t>(bytes);
  return {};
}

Status tsr_runtime::load(const isa::ProgramImage &image) {
  const isa::Expected<isa::json::Value> metadata = isa::json::parse(image.text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return {TSR_INVALID_ARGUMENT, "metadata: " + metadata.error().message};
  const isa::Expected<uint64_t> count = number(*metadata, "segments", kMaxSegments);
  const isa::Expected<uint64_t> bytesOfArena = number(*metadata, "arena_bytes", UINT32_MAX);
  if (!count)
    return {TSR_INVALID_ARGUMENT, count.error().message};
  if (!bytesOfArena)
    return {TSR_INVALID_ARGUMENT, bytesOfArena.error().message};
  if (!entry)
    return failure(TSR_INVALID_ARGUMENT, "no entry point given");
  segments.resize(*count);
  if (*count == 0 && image.configHash == 0)
    return {}; // host code only
  if (!device)
    return failure(TSR_INVALID_ARGUMENT, "the image has %llu segments for a device, none is open",
                   static_cast<unsigned long long>(*count));
  if (isa::Expected<void> fits = image.checkMachine(device->machine); !fits)
    return {TSR_MISMATCH, fits.error().message};
  const std::vector<uint8_t> *constantBytes = image.find(isa::ProgramImage::kConstants);
  if (Status status = reserve(constantBytes ? constantBytes->size() : 0, constants); !status.ok())
    return status;
  if (Status status = reserve(*bytesOfArena, arena); !status.ok())
    return status;
  arenaBlock = arena.address;
  if (Status status = seeArena(); !status.ok())
    return status;
  return constants.bytes ? writeMemory(*device, constants.address, *constantBytes) : Status{};
}

Status tsr_runtime::seeArena() {
  if (Status status = memoryOf(*device, arena.address, arena.bytes, arenaBytes); !status.ok())
    return status;
  if (arenaBytes.data() == nullptr) {
    arenaCopy.resize(arena.bytes);
    arenaBytes = arenaCopy;
  }
  return {};
}

Status tsr_runtime::loadBeside(const tsr_runtime &first) {
  if (!entry)
    return failure(TSR_INVALID_ARGUMENT, "no entry point given");
  if (!device)
    return failure(TSR_INVALID_ARGUMENT, "the image has no segments for a device");
  if (!first.seesDevice())
    return failure(TSR_UNSUPPORTED, "the host does not see the memory of device %s", device->name.c_str());
  ownsConstants = false;
  constants = first.constants;
  segments.resize(first.segments.size());
  timeoutSeconds = first.timeoutSeconds;
  if (first.arena.bytes == 0)
    return {};
  // Bursts end at pages: the second arena lies on its pages as the first one does on its own, and launches take the same cycles.
  const uint64_t alignment = std::lcm(regionAlignment(device->machine), kPageBytes);
  if (Status status = allocate(*device, first.arena.bytes + alignment, alignment, arenaBlock); !status.ok())
    return status;
  arena = {static_cast<uint32_t>(arenaBlock + first.arena.address % alignment), first.arena.bytes};
  return seeArena();
}

namespace tessera::driver {

namespace {

Status checkSegment(const tsr_runtime &runtime, uint32_t segment) {
  if (segment < runtime.segments.size() && runtime.device)
    return {};
  return failure(TSR_INVALID_ARGUMENT, "segment %u of %zu", segment, runtime.segments.size());
}

/// Between start() and wait() the device and the turn are the launch's, on a thread of its own.
Status checkNoneRuns(const tsr_runtime &runtime) {
  for (size_t i = 0; i < runtime.segments.size(); ++i)
    if (runtime.segments[i].running.valid())
      return failure(TSR_INVALID_ARGUMENT, "segment %zu: a launch is still running", i);
  return {};
}

Status launchSegment(tsr_runtime &runtime, uint32_t segment);

Status segmentFailure(uint32_t segment, tsr_status status, const char *message) {
  return failure(status, "segment %u: %s", segment, message);
}

} // namespace

Status beginSegment(tsr_runtime &runtime, uint32_t segment, tsr_recorder *&recorder, bool &fresh) {
  if (Status status = checkSegment(runtime, segment); !status.ok())
    return status;
  if (Status status = checkNoneRuns(runtime); !status.ok())
    return status;
  tsr_recorder *&kept = runtime.segments[segment].recorder;
  fresh = kept == nullptr;
  if (fresh) {
    // Recording uses the device, too, and places in its memory are given in the order of the turns.
    if (runtime.turns && !runtime.hasTurn) {
      const HostSpan span(runtime, "wait for turn", segment);
      if (Status status = takeTurn(runtime); !status.ok())
        return status;
    }
    tsr_status status = tsr_record_begin(runtime.device, &kept);
    if (status != TSR_OK)
      return segmentFailure(segment, status, tsr_device_message(runtime.device));
    status = tsr_record_region(kept, 0, runtime.constants.address, runtime.constants.bytes);
    if (status == TSR_OK)
      status = tsr_record_region(kept, 1, runtime.arena.address, runtime.arena.bytes);
    if (status != TSR_OK)
      return segmentFailure(segment, status, tsr_record_message(kept));
  }
  recorder = kept;
  return {};
}

Status finishSegment(tsr_runtime &runtime, uint32_t segment) {
  if (Status status = checkSegment(runtime, segment); !status.ok())
    return status;
  tsr_runtime::Segment &s = runtime.segments[segment];
  if (!s.recorder)
    return failure(TSR_INVALID_ARGUMENT, "segment %u: nothing is recorded", segment);
  if (tsr_status status = tsr_record_finish(s.recorder); status != TSR_OK)
    return segmentFailure(segment, status, tsr_record_message(s.recorder));
  tsr_record_statistics statistics{};
  tsr_record_get_statistics(s.recorder, &statistics);
  s.report.instructions = statistics.instructions;
  s.report.microOps = statistics.microOps;
  return {};
}

namespace {

/// The launch in its turn, on whichever thread.
Status launchInTurn(tsr_runtime &runtime, uint32_t segment) {
  if (Status status = takeTurn(runtime); !status.ok())
    return status;
  Status status = launchSegment(runtime, segment);
  if (status.ok()) // after a failure the run keeps its turn until it has ended: no launch begins
    giveTurn(runtime);
  return status;
}

Status checkRecorded(const tsr_runtime &runtime, uint32_t segment) {
  if (Status status = checkSegment(runtime, segment); !status.ok())
    return status;
  if (!runtime.segments[segment].recorder)
    return failure(TSR_INVALID_ARGUMENT, "segment %u: nothing is recorded", segment);
  return checkNoneRuns(runtime);
}

void keepStart(tsr_runtime &runtime, uint32_t segment) {
  const double now = secondsOf(runtime);
  keepHostSlice(runtime, {"start", segment, now, now, 0});
}

} // namespace

Status runSegment(tsr_runtime &runtime, uint32_t segment) {
  if (Status status = checkRecorded(runtime, segment); !status.ok())
    return status;
  keepStart(runtime, segment);
  const HostSpan span(runtime, "wait", segment);
  return launchInTurn(runtime, segment);
}

Status startSegment(tsr_runtime &runtime, uint32_t segment) {
  if (Status status = checkRecorded(runtime, segment); !status.ok())
    return status;
  tsr_runtime::Segment &s = runtime.segments[segment];
  if (!runtime.overlaps || !runtime.seesDevice()) {
    s.ended = runSegment(runtime, segment);
    return {};
  }
  keepStart(runtime, segment);
  s.running = std::async(std::launch::async, [&runtime, segment] { return launchInTurn(runtime, segment); });
  return {};
}

Status waitSegment(tsr_runtime &runtime, uint32_t segment) {
  if (Status status = checkSegment(runtime, segment); !status.ok())
    return status;
  tsr_runtime::Segment &s = runtime.segments[segment];
  if (!s.running.valid())
    return std::exchange(s.ended, {});
  const HostSpan span(runtime, "wait", segment);
  return s.running.get();
}

void endLaunches(tsr_runtime &runtime) {
  for (tsr_runtime::Segment &segment : runtime.segments)
    if (segment.running.valid())
      segment.running = {}; // waits
}

namespace {

Status launchSegment(tsr_runtime &runtime, uint32_t segment) {
  tsr_runtime::Segment &s = runtime.segments[segment];
  ++s.report.launches;
  s.report.order = runtime.device->launches++;
  s.profiled = false;
  if (tsr_status status = tsr_record_run(s.recorder, runtime.timeoutSeconds, &s.report.result);
      status != TSR_OK)
    return segmentFailure(segment, status, tsr_record_message(s.recorder));
  if (tsr_status status =
          tsr_record_marks(s.recorder, s.report.marks, isa::reg::kMarksCount, &s.report.markCount);
      status != TSR_OK)
    return segmentFailure(segment, status, tsr_record_message(s.recorder));
  if (tsr_status status = tsr_device_counters(runtime.device, s.report.counters); status != TSR_OK)
    return segmentFailure(segment, status, tsr_device_message(runtime.device));
  return runtime.profiles ? keepProfile(runtime, segment) : Status{};
}

} // namespace

tsr_status invoke(tsr_runtime &runtime, const void *const *inputs, void *const *outputs) {
  runtime.message.clear();
  runtime.borders = {};
  runtime.shown.reset();
  runtime.times.host.clear();
  runtime.times.begin = std::chrono::steady_clock::now();
  const int32_t status = callHost(&runtime, inputs, outputs);
  endLaunches(runtime);
  runtime.times.seconds = secondsOf(runtime);
  if (status != TSR_OK && runtime.message.empty()) {
    // The host code gave up on a record call: its recorder has the message.
    for (size_t i = 0; i < runtime.segments.size(); ++i)
      if (tsr_recorder *recorder = runtime.segments[i].recorder; recorder && *tsr_record_message(recorder))
        runtime.message = text("segment %zu: %s", i, tsr_record_message(recorder));
    if (runtime.message.empty())
      runtime.message = text("host code ended with status %d", status);
  }
  return static_cast<tsr_status>(status);
}

} // namespace tessera::driver
