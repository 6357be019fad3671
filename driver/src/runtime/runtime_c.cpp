// The C functions of runtime.h.
#include "runtime.h"

#include <algorithm>

using namespace tessera;
using namespace tessera::driver;

namespace {

tsr_status open(tsr_device *device, const isa::Expected<isa::ProgramImage> &image, tsr_main_function entry,
                tsr_runtime **runtime) {
  if (!image) {
    openMessage() = image.error().message;
    return TSR_IO;
  }
  auto opened = std::make_unique<tsr_runtime>(device, entry);
  const Status status = opened->load(*image);
  if (!status.ok())
    openMessage() = status.message;
  else
    *runtime = opened.release();
  return status.code;
}

} // namespace

extern "C" {

tsr_status tsr_runtime_open(tsr_device *device, const void *image, size_t bytes, tsr_main_function entry,
                            tsr_runtime **runtime) {
  if (!runtime || (!image && bytes))
    return TSR_INVALID_ARGUMENT;
  *runtime = nullptr;
  return guarded(openMessage(), [&] {
    return open(device, isa::ProgramImage::parse({static_cast<const uint8_t *>(image), bytes}), entry,
                runtime);
  });
}

tsr_status tsr_runtime_open_beside(tsr_runtime *first, tsr_main_function entry, tsr_runtime **runtime) {
  if (!first || !runtime)
    return TSR_INVALID_ARGUMENT;
  *runtime = nullptr;
  return guarded(openMessage(), [&] {
    auto opened = std::make_unique<tsr_runtime>(first->device, entry);
    Status status = opened->loadBeside(*first);
    if (!status.ok())
      openMessage() = status.message;
    else
      *runtime = opened.release();
    return status.code;
  });
}

void tsr_runtime_close(tsr_runtime *runtime) { delete runtime; }
const char *tsr_runtime_message(const tsr_runtime *runtime) {
  return runtime ? runtime->message.c_str() : "no runtime";
}

void tsr_runtime_set_timeout(tsr_runtime *runtime, double seconds) {
  if (runtime)
    runtime->timeoutSeconds = seconds;
}

void tsr_runtime_set_overlap(tsr_runtime *runtime, int on) {
  if (runtime)
    runtime->overlaps = on != 0;
}

void tsr_runtime_set_heap(tsr_runtime *runtime, uint64_t bytes) {
  if (runtime)
    runtime->heap.limitBytes = bytes;
}

tsr_status tsr_runtime_set_threads(tsr_runtime *runtime, uint32_t threads) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  const auto most = static_cast<uint32_t>(tsr_pool_processors());
  threads = threads == 0 ? most : std::min(threads, most);
  tsr_pool_destroy(runtime->pool);
  runtime->pool = threads > 1 ? tsr_pool_create(static_cast<int32_t>(threads)) : nullptr;
  return TSR_OK;
}

tsr_status tsr_runtime_result(const tsr_runtime *runtime, uint32_t index, tsr_result *result) {
  if (!runtime || !result)
    return TSR_INVALID_ARGUMENT;
  if (index >= runtime->results.size() || !runtime->results[index].isSet)
    return TSR_NOT_FOUND;
  const HostResult &found = runtime->results[index];
  *result = {found.data.data(), found.data.size(), found.extents.data(),
             static_cast<uint32_t>(found.extents.size())};
  return TSR_OK;
}

tsr_status tsr_runtime_invoke(tsr_runtime *runtime, const void *const *inputs, void *const *outputs) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    const tsr_status status = invoke(*runtime, inputs, outputs);
    if (status == TSR_OK)
      keepRun(*runtime);
    return status;
  });
}

tsr_status tsr_runtime_invoke_all(tsr_runtime *first, tsr_runtime *second, uint64_t count,
                                  const void *const *const *inputs, void *const *const *outputs,
                                  uint64_t *failed) {
  if (!first || (count && (!inputs || !outputs)) || !failed)
    return TSR_INVALID_ARGUMENT;
  return guarded(first->message, [&] {
    Status status = runAll(*first, second, {count, inputs, outputs}, *failed);
    return first->report(std::move(status));
  });
}

tsr_status tsr_runtime_report(const tsr_runtime *runtime, uint32_t segment, tsr_segment_report *report) {
  if (!runtime || !report)
    return TSR_INVALID_ARGUMENT;
  if (segment >= runtime->segments.size() || runtime->launched(segment).report.launches == 0)
    return TSR_NOT_FOUND;
  *report = runtime->launched(segment).report;
  return TSR_OK;
}

tsr_status tsr_runtime_set_profile(tsr_runtime *runtime, uint64_t timelineEvents) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(setProfile(*runtime, timelineEvents)); });
}

tsr_status tsr_runtime_profile(tsr_runtime *runtime, uint32_t segment, tsr_interval *intervals,
                               uint32_t capacity, uint32_t *count) {
  if (!runtime || (!intervals && capacity) || !count)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    std::vector<tsr_interval> all;
    const tsr_status status = runtime->report(profileIntervals(*runtime, segment, all));
    *count = static_cast<uint32_t>(all.size());
    std::copy_n(all.begin(), std::min<size_t>(capacity, all.size()), intervals);
    return status;
  });
}

tsr_status tsr_runtime_timeline(tsr_runtime *runtime, uint32_t segment, const tsr_slice **slices,
                                uint64_t *count, uint64_t *leftOut) {
  if (!runtime || !slices || !count || !leftOut)
    return TSR_INVALID_ARGUMENT;
  if (segment >= runtime->segments.size() || runtime->timelineLimit == 0)
    return TSR_NOT_FOUND;
  const tsr_runtime::Launched &s = runtime->launched(segment);
  *slices = s.slices.data();
  *count = s.slices.size();
  *leftOut = s.leftOut;
  return TSR_OK;
}

tsr_status tsr_runtime_host_timeline(tsr_runtime *runtime, const tsr_host_slice **slices, uint64_t *count,
                                     double *begin, double *seconds) {
  if (!runtime || !slices || !count || !begin || !seconds)
    return TSR_INVALID_ARGUMENT;
  const tsr_runtime::Times &times = runtime->shownTimes();
  *slices = times.host.data();
  *count = times.host.size();
  *begin = std::chrono::duration<double>(times.begin.time_since_epoch()).count();
  *seconds = times.seconds;
  return TSR_OK;
}

tsr_status tsr_runtime_show(tsr_runtime *runtime, uint64_t index) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  if (index >= runtime->kept.size())
    return TSR_NOT_FOUND;
  runtime->shown = index;
  return TSR_OK;
}

tsr_status tsr_runtime_borders(const tsr_runtime *runtime, tsr_borders *borders) {
  if (!runtime || !borders)
    return TSR_INVALID_ARGUMENT;
  *borders = runtime->borders;
  return TSR_OK;
}

tsr_status tsr_runtime_stream(tsr_runtime *runtime, uint32_t segment, const void **instructions,
                              uint32_t *count) {
  if (!runtime || !instructions || !count)
    return TSR_INVALID_ARGUMENT;
  if (segment >= runtime->segments.size() || !runtime->segments[segment].recorder)
    return TSR_NOT_FOUND;
  return tsr_record_stream(runtime->segments[segment].recorder, instructions, count);
}

tsr_status tsr_runtime_recorder(tsr_runtime *runtime, uint32_t segment, tsr_recorder **recorder,
                                int32_t *fresh) {
  if (!runtime || !recorder || !fresh)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    bool isFresh = false;
    const tsr_status status = runtime->report(beginSegment(*runtime, segment, *recorder, isFresh));
    *fresh = isFresh;
    return status;
  });
}

tsr_status tsr_runtime_finish(tsr_runtime *runtime, uint32_t segment) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    const HostSpan span(*runtime, "emit program", segment);
    return runtime->report(finishSegment(*runtime, segment));
  });
}

tsr_status tsr_runtime_run(tsr_runtime *runtime, uint32_t segment) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(runSegment(*runtime, segment)); });
}

tsr_status tsr_runtime_start(tsr_runtime *runtime, uint32_t segment) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(startSegment(*runtime, segment)); });
}

tsr_status tsr_runtime_wait(tsr_runtime *runtime, uint32_t segment) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(waitSegment(*runtime, segment)); });
}

tsr_status tsr_runtime_cpu_begin(tsr_runtime *runtime, uint32_t segment, const char *name) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  if (runtime->timelineLimit)
    runtime->cpuSlice = {name, segment, secondsOf(*runtime), 0, 0}, runtime->layerSlice = {};
  return TSR_OK;
}

tsr_status tsr_runtime_cpu_end(tsr_runtime *runtime) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  if (!runtime->timelineLimit)
    return TSR_OK;
  return guarded(runtime->message, [&] {
    changeLayer(*runtime, nullptr);
    runtime->cpuSlice.end = secondsOf(*runtime);
    keepHostSlice(*runtime, runtime->cpuSlice);
    return TSR_OK;
  });
}

tsr_status tsr_runtime_write_blocked(tsr_runtime *runtime, uint32_t offset, const int8_t *nhwc,
                                     uint32_t height, uint32_t width, uint32_t channels, int32_t fill) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    const HostSpan span(*runtime, "write input");
    return runtime->report(writeBlocked(*runtime, offset, nhwc, {height, width, channels}, fill));
  });
}

tsr_status tsr_runtime_write_windows(tsr_runtime *runtime, uint32_t offset, const int8_t *nhwc,
                                     uint32_t height, uint32_t width, uint32_t channels,
                                     const uint32_t window[10], int32_t fill) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    const HostSpan span(*runtime, "write input");
    return runtime->report(writeWindows(*runtime, offset, nhwc, {height, width, channels}, window, fill));
  });
}

tsr_status tsr_runtime_read_blocked(tsr_runtime *runtime, uint32_t offset, int8_t *nhwc, uint32_t height,
                                    uint32_t width, uint32_t channels) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    const HostSpan span(*runtime, "read output");
    return runtime->report(readBlocked(*runtime, offset, nhwc, {height, width, channels}));
  });
}

tsr_status tsr_runtime_share(tsr_runtime *runtime, uint32_t offset, uint32_t bytes, void **data) {
  if (!runtime || !data)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] {
    uint8_t *at = nullptr;
    const tsr_status status = runtime->report(shareArena(*runtime, offset, bytes, at));
    *data = at;
    return status;
  });
}

tsr_status tsr_runtime_give(tsr_runtime *runtime, uint32_t offset, uint32_t bytes) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(giveArena(*runtime, offset, bytes)); });
}

tsr_status tsr_runtime_take(tsr_runtime *runtime, uint32_t offset, uint32_t bytes) {
  if (!runtime)
    return TSR_INVALID_ARGUMENT;
  return guarded(runtime->message, [&] { return runtime->report(takeArena(*runtime, offset, bytes)); });
}
}
