/* The image runner: what runs a program image on a device, and what the image's host code calls.
 *
 * tsr_runtime_open checks the image against the device (configuration hash: a difference is TSR_MISMATCH), copies the
 * constants into device DRAM and reserves the arena there. The host code's entry point is given as a C function pointer:
 * whoever loads the object code (compiler/) resolves `tessera_main`. tsr_runtime_invoke calls it; each NPU segment is
 * recorded on its first run and replayed on later ones. An image without NPU segments runs without a device.
 *
 * Memory regions of every recorder: 0 is the constants section, 1 is the arena; both start at an address that is a multiple
 * of every element size of the machine. Offsets and sizes are bytes. Nothing aborts; messages name the segment. Calls on
 * one runtime come from one thread at a time. What host code contains: docs/host-code.md.
 */
#ifndef TESSERA_RUNTIME_H
#define TESSERA_RUNTIME_H

#include "tessera/device.h"
#include "tessera/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tsr_runtime tsr_runtime;

/* `tessera_main` of an image: dense arrays in and out, in the order of the metadata. Returns a tsr_status. */
typedef int32_t (*tsr_main_function)(tsr_runtime *runtime, const void *const *inputs, void *const *outputs);

/* ---- For whoever runs an image ---- */

/* Opens a program image (the bytes of the file; copied). `device` may be NULL when the image has no NPU segment; else it must
 * outlive the runtime. On failure *runtime is NULL and the message is in tsr_open_message(). */
tsr_status tsr_runtime_open(tsr_device *device, const void *image, size_t bytes, tsr_main_function entry,
                            tsr_runtime **runtime);
void tsr_runtime_close(tsr_runtime *runtime);
const char *tsr_runtime_message(const tsr_runtime *runtime);

/* Limit of each launch; 60 seconds at first. */
void tsr_runtime_set_timeout(tsr_runtime *runtime, double seconds);

/* What host code of networks with dynamic shapes may allocate at once; 2 GiB at first. */
void tsr_runtime_set_heap(tsr_runtime *runtime, uint64_t bytes);

/* Threads that host code computes on, the caller's among them; 1 at first, 0 is one for each processor that the process may use, and more than
 * that are not taken. Results do not depend on it. */
tsr_status tsr_runtime_set_threads(tsr_runtime *runtime, uint32_t threads);

/* 0: host code never runs beside a launch; 1 at first. Results do not depend on it. */
void tsr_runtime_set_overlap(tsr_runtime *runtime, int on);

/* One inference. Where the metadata says `dynamic`, `inputs` has twice as many entries: the data of each input, then for each
 * a `const int64_t *` to its extents; and `outputs[i]` is not used (NULL) where output i has an extent that the run decides. */
tsr_status tsr_runtime_invoke(tsr_runtime *runtime, const void *const *inputs, void *const *outputs);

/* A second runtime of the same image on the same device, for tsr_runtime_invoke_all: an arena of its own, the constants of `first`, which must outlive it. `entry`
 * is that of another copy of the host code, whose memory is static. TSR_UNSUPPORTED: the host does not see the device's memory, and could not touch it while
 * a launch runs. On failure *runtime is NULL and the message is in tsr_open_message(). */
tsr_status tsr_runtime_open_beside(tsr_runtime *first, tsr_main_function entry, tsr_runtime **runtime);

/* `count` inferences, two at a time: while one is on the device, the host prepares the next and finishes the last, on a thread of each runtime. The launches come to
 * the device in an order that depends on nothing but their number, and results are those of one inference after the other. Without `second` (NULL) there is
 * only one at a time. inputs[i] and outputs[i] are as tsr_runtime_invoke wants them. After a failure no launch begins; *failed is the inference that failed and its message is
 * that of `first`. The last inference is `first`'s: reports are of that one. Shapes must be static. */
tsr_status tsr_runtime_invoke_all(tsr_runtime *first, tsr_runtime *second, uint64_t count,
                                  const void *const *const *inputs, void *const *const *outputs,
                                  uint64_t *failed);

/* An output whose shape the last run decided; valid until the next run. TSR_NOT_FOUND: it has none such. */
typedef struct tsr_result {
  const void *data;
  size_t bytes;
  const int64_t *extents;
  uint32_t rank;
} tsr_result;
tsr_status tsr_runtime_result(const tsr_runtime *runtime, uint32_t index, tsr_result *result);

/* What the last launch of a segment did. */
typedef struct tsr_segment_report {
  tsr_launch_result result;
  uint64_t counters[TSR_COUNTERS];
  uint32_t marks[256]; /* cycles at each mark */
  uint32_t markCount;
  uint32_t launches;     /* so far */
  uint32_t instructions; /* in its stream */
  uint32_t microOps;     /* of its kernels, after sharing */
  uint64_t order;        /* of the last one among all launches of the device's runtimes, from 0 */
} tsr_segment_report;

/* TSR_NOT_FOUND: no such segment, or it has not been launched. */
tsr_status tsr_runtime_report(const tsr_runtime *runtime, uint32_t segment, tsr_segment_report *report);

/* ---- For profiles ---- */

/* From now on each launch's cycles are also read by class, where the device counts them (TSR_UNSUPPORTED: it does not), and, if
 * timelineEvents is not 0, when instructions and host code ran is kept, at most so many events a launch. */
tsr_status tsr_runtime_set_profile(tsr_runtime *runtime, uint64_t timelineEvents);

/* What a launch did between two marks, in program order: the instructions up to the mark are the interval's. */
typedef struct tsr_interval {
  uint64_t cycles;                     /* from the last mark to this one */
  uint64_t classes[TSR_CYCLE_CLASSES]; /* they add up to cycles */
  uint64_t readBytes;                  /* by loads, micro-ops among them */
  uint64_t writtenBytes;
  uint64_t instructionBytes; /* the program's own */
  uint64_t leastBytes; /* each byte of device memory that is read (micro-ops apart) or written, once each */
} tsr_interval;

/* The intervals of a segment's last launch: one a mark, and one for what comes after the last mark. Writes at most `capacity`. */
tsr_status tsr_runtime_profile(tsr_runtime *runtime, uint32_t segment, tsr_interval *intervals,
                               uint32_t capacity, uint32_t *count);

/* When an instruction ran: unit 0 load module, 1 store module, 2 array, 3 vector unit, 4 compute's loader; from the cycle in which
 * it begins, or its unit ends the one before, to the one in which it ends. */
typedef struct tsr_slice {
  uint32_t instruction; /* its place in the program */
  uint32_t unit;
  uint64_t begin, end;
} tsr_slice;
#define TSR_UNITS 5

/* The slices of a segment's last launch, unit by unit in order of time, valid until the next call; *leftOut: events past the limit. */
tsr_status tsr_runtime_timeline(tsr_runtime *runtime, uint32_t segment, const tsr_slice **slices,
                                uint64_t *count, uint64_t *leftOut);

/* What the host's thread did in the last run, in order of time: seconds from the run's begin, which is in seconds of a clock that all runtimes of the process share. */
typedef struct tsr_host_slice {
  const char *
      what; /* "emit program", "write input", "read output", "wait for turn", "start" and "wait" of a launch, or the name of a CPU segment */
  uint32_t segment; /* of emit program, the waits, start and CPU segments */
  double begin, end;
  int32_t isLayer; /* 1: a part of the CPU segment that comes behind its parts, by the name of its layer */
} tsr_host_slice;
tsr_status tsr_runtime_host_timeline(tsr_runtime *runtime, const tsr_host_slice **slices, uint64_t *count,
                                     double *begin, double *seconds);

/* Where a timeline is kept: until the runtime runs again report, profile, timeline and host_timeline are of its run `index` since tsr_runtime_set_profile, which forgets
 * those before; without this, of its last one. Of the inferences of tsr_runtime_invoke_all each of two runtimes has every second one. TSR_NOT_FOUND: it has no such run. */
tsr_status tsr_runtime_show(tsr_runtime *runtime, uint64_t index);

/* What crossed between the host and the launches of the last run, in bytes of the host's dense arrays. What one launch leaves in the arena for another
 * crosses nothing. */
typedef struct tsr_borders {
  uint64_t sharedBytes;    /* written and read where they lie */
  uint64_t copiedBytes;    /* in the same order on both sides */
  uint64_t convertedBytes; /* to or from the blocked layout; of windows, what was gathered */
} tsr_borders;
tsr_status tsr_runtime_borders(const tsr_runtime *runtime, tsr_borders *borders);

/* The program of a segment, 16 bytes an instruction, valid as long as the runtime. */
tsr_status tsr_runtime_stream(tsr_runtime *runtime, uint32_t segment, const void **instructions,
                              uint32_t *count);

/* ---- For host code ---- */

/* The recorder of launch `segment`. The first call begins it, binds region 0 (constants) and 1 (arena) and sets *fresh to
 * 1; later calls set 0. */
tsr_status tsr_runtime_recorder(tsr_runtime *runtime, uint32_t segment, tsr_recorder **recorder,
                                int32_t *fresh);

/* After a fresh recording: finish (emit, check, upload). */
tsr_status tsr_runtime_finish(tsr_runtime *runtime, uint32_t segment);

/* Launches and waits; keeps the launch's result, marks and counters for reports. */
tsr_status tsr_runtime_run(tsr_runtime *runtime, uint32_t segment);

/* NHWC int8 [height][width][channels] to and from blocked [ceil(C/blockOut)][H][W][batch][blockOut] at byte `offset` of the
 * arena; channels past C and batch rows past 0 get `fill`. */
tsr_status tsr_runtime_write_blocked(tsr_runtime *runtime, uint32_t offset, const int8_t *nhwc,
                                     uint32_t height, uint32_t width, uint32_t channels, int32_t fill);
/* The windows of a convolution as pixels, for first layers with few channels: writes the blocked tensor [outHeight][outWidth]
 * [kernelHeight * kernelWidth * channels] gathered from `nhwc`, with `fill` where a window lies outside. window = kernel height and
 * width, stride height and width, dilation height and width, padding above and left, output height and width. */
tsr_status tsr_runtime_write_windows(tsr_runtime *runtime, uint32_t offset, const int8_t *nhwc,
                                     uint32_t height, uint32_t width, uint32_t channels,
                                     const uint32_t window[10], int32_t fill);
tsr_status tsr_runtime_read_blocked(tsr_runtime *runtime, uint32_t offset, int8_t *nhwc, uint32_t height,
                                    uint32_t width, uint32_t channels);

/* The same in two: what stands between runs beside the launch, on the caller's thread, and calls nothing here that uses the device (share, cpu_begin and
 * cpu_end do not): to record or launch there is TSR_INVALID_ARGUMENT. Where the host does not see the device's memory, or after tsr_runtime_set_overlap(runtime, 0),
 * start() returns behind the launch. The launch has its limit, so wait() has one. */
tsr_status tsr_runtime_start(tsr_runtime *runtime, uint32_t segment);
tsr_status tsr_runtime_wait(tsr_runtime *runtime, uint32_t segment);

/* Around a CPU segment, for the timeline; `name` stays valid as long as the host code. */
tsr_status tsr_runtime_cpu_begin(tsr_runtime *runtime, uint32_t segment, const char *name);
tsr_status tsr_runtime_cpu_end(tsr_runtime *runtime);
/* Between the two: what comes now, up to the next or the segment's end, is the work of this layer. */
void tsr_host_layer(const char *name);

/* Where host code writes what a launch reads, and reads what a launch wrote, without a copy: the arena's bytes, valid as long as the runtime.
 * Between the writing and the launch stands give(), between the launch and the reading take(); they do nothing but count where the host sees the device's memory, and
 * copy where it does not. */
tsr_status tsr_runtime_share(tsr_runtime *runtime, uint32_t offset, uint32_t bytes, void **data);
tsr_status tsr_runtime_give(tsr_runtime *runtime, uint32_t offset, uint32_t bytes);
tsr_status tsr_runtime_take(tsr_runtime *runtime, uint32_t offset, uint32_t bytes);

/* Calls function(words, part, parts) for every part of some loop nest, on the runtime's threads. `work`: what it costs in vector operations, which
 * decides how many parts there are. */
void tsr_host_parallel(int64_t work, void (*function)(void *words, int64_t part, int64_t parts), void *words);

/* For CPU operations whose shapes are dynamic; only inside tsr_runtime_invoke. Those that cannot go on end the run: the message is
 * tsr_runtime_message and the status TSR_OUT_OF_RANGE. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void tsr_host_fail(const char *message);
/* bytes * extent; ends the run where that overflows or the extent is negative. */
int64_t tsr_host_times(int64_t bytes, int64_t extent);
/* 64-byte aligned; ends the run where the heap's limit is reached. Freed at the end of the run at the latest. */
void *tsr_host_allocate(int64_t bytes);
void tsr_host_free(void *data);
/* Gives output `index` its shape and its bytes (copied). */
void tsr_host_result(int64_t index, int64_t rank, const int64_t *extents, const void *data, int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
