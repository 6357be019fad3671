/* Command recording: what compiled host code calls.
 *
 * A recorder collects commands for one machine. Loops are given as affine nests; the driver turns them into hardware
 * iterations and micro-ops just in time, shares kernels by content, and places them in UOP memory. tsr_record_finish
 * emits the instruction stream, checks it (isa program checker) and writes it to the device; from then on tsr_record_run
 * replays it without rebuilding anything.
 *
 * Addresses of DRAM are (region, byte offset): regions are device buffers bound with tsr_record_region. Offsets must be
 * multiples of the element's bytes, and so must the region's address for every memory type that is used in it. All functions return a tsr_status; after the first failure of a record call the
 * recorder keeps its message and every later call returns that status.
 */
#ifndef TESSERA_RECORD_H
#define TESSERA_RECORD_H

#include "tessera/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tsr_recorder tsr_recorder;

/* Dependency flags of a command, as in the instruction header. */
enum { TSR_POP_PREV = 1, TSR_POP_NEXT = 2, TSR_PUSH_PREV = 4, TSR_PUSH_NEXT = 8 };

tsr_status tsr_record_begin(tsr_device *device, tsr_recorder **recorder);
void tsr_record_end(tsr_recorder *recorder);
const char *tsr_record_message(const tsr_recorder *recorder);

/* Binds region `region` (0..15) to device DRAM [address, address + bytes). */
tsr_status tsr_record_region(tsr_recorder *recorder, uint32_t region, uint32_t address, uint32_t bytes);

/* A kernel: nest of `loops` loops, outermost first; loop l has extents[l] iterations and steps its dst, src and wgt index by
 * strides[3*l .. 3*l+2] (element units, not negative). The innermost `reduceLoops` loops walk a reduction (their dst stride is 0).
 * The driver makes at most two outer loops hardware iterations and the rest micro-ops. Equal kernels share micro-ops.
 * loops may be 0: one micro-op at 0, 0, 0. *kernel is valid for this recorder. */
tsr_status tsr_record_kernel(tsr_recorder *recorder, uint32_t loops, const uint32_t *extents,
                             const uint32_t *strides, uint32_t reduceLoops, uint32_t *kernel);

/* LOAD: a load with pads must move something (ySize and xSize not 0). pads = y_pad_0, y_pad_1, x_pad_0, x_pad_1; sizes beyond the instruction's 4-bit pads are split by the driver.
 * stride and sizes in elements. padValue needs feature pad_value unless 0. Through the load module for INP, WGT, PAR, and for the others if viaLoad. */
tsr_status tsr_record_load(tsr_recorder *recorder, uint32_t memoryType, uint32_t sramBase, uint32_t region,
                           uint32_t offset, uint32_t ySize, uint32_t xSize, uint32_t xStride, uint32_t yPad0,
                           uint32_t yPad1, uint32_t xPad0, uint32_t xPad1, int32_t padValue, uint32_t viaLoad,
                           uint32_t dependencies);
tsr_status tsr_record_store(tsr_recorder *recorder, uint32_t sramBase, uint32_t region, uint32_t offset,
                            uint32_t ySize, uint32_t xSize, uint32_t xStride, uint32_t dependencies);

/* VTA level: GEMM and ALU over a kernel whose indices start at the given bases. */
tsr_status tsr_record_gemm(tsr_recorder *recorder, uint32_t kernel, uint32_t reset, uint32_t dstBase,
                           uint32_t srcBase, uint32_t wgtBase, uint32_t dependencies);
tsr_status tsr_record_alu(tsr_recorder *recorder, uint32_t kernel, uint32_t opcode, uint32_t useImmediate,
                          int32_t immediate, uint32_t dstBase, uint32_t srcBase, uint32_t dependencies);

/* Tessera level. set_exit, set_lhs and set_rhs are emitted only when they change something. */
tsr_status tsr_record_exit(tsr_recorder *recorder, uint32_t mode, int32_t zeroPoint, int32_t clampMin,
                           int32_t clampMax);
tsr_status tsr_record_operand(tsr_recorder *recorder, uint32_t rhs, int32_t zeroPoint, uint32_t multiplier,
                              int32_t shift);
/* taps: pixels that a micro-op covers, 1 with MATMUL. Indices that an instruction does not read (weights of SUM and MAX, the second
 * operand of REQUANTISE) are ignored. */
tsr_status tsr_record_reduce(tsr_recorder *recorder, uint32_t kernel, uint32_t op, uint32_t taps,
                             uint32_t init, uint32_t destination, uint32_t dstBase, uint32_t srcBase,
                             uint32_t wgtBase, uint32_t par, uint32_t overlap, uint32_t dependencies);
tsr_status tsr_record_vec(tsr_recorder *recorder, uint32_t kernel, uint32_t op, uint32_t destination,
                          uint32_t dstBase, uint32_t lhsBase, uint32_t rhsBase, uint32_t par,
                          uint32_t overlap, uint32_t dependencies);

/* Does nothing but its tokens, in compute. */
tsr_status tsr_record_sync(tsr_recorder *recorder, uint32_t dependencies);

/* Marks the end of layer `layer`: cycles at each mark are read back after a run (one set_mark; up to 256 a launch). */
tsr_status tsr_record_mark(tsr_recorder *recorder, uint32_t layer);

/* Appends FINISH, emits, checks and uploads. Outstanding tokens are an error. */
tsr_status tsr_record_finish(tsr_recorder *recorder);

/* Launches the recorded stream and waits. Replays as often as called. */
tsr_status tsr_record_run(tsr_recorder *recorder, double timeoutSeconds, tsr_launch_result *result);

/* After a run: the cycle count (low word) at each mark, in program order. Writes at most `capacity`, *count is how many the
 * stream has. Devices without cycles give the number of instructions ended. */
tsr_status tsr_record_marks(tsr_recorder *recorder, uint32_t *cycles, uint32_t capacity, uint32_t *count);

/* What the recorder did; valid at any time. */
typedef struct tsr_record_statistics {
  uint32_t commands;     /* record calls that stand for instructions */
  uint32_t instructions; /* emitted */
  uint32_t kernels;      /* micro-op kernels after sharing by content */
  uint32_t microOps;     /* in them */
  uint32_t uopLoads;     /* LOAD UOP instructions emitted */
  uint32_t emissions;    /* times the stream was built: 1 after finish, however often it runs */
  uint32_t uploads;      /* writes of stream or micro-ops to the device */
  uint32_t launches;
} tsr_record_statistics;
void tsr_record_get_statistics(const tsr_recorder *recorder, tsr_record_statistics *statistics);

/* The emitted stream (16 bytes an instruction) and how long it is; valid until tsr_record_end. */
tsr_status tsr_record_stream(const tsr_recorder *recorder, const void **instructions, uint32_t *count);

#ifdef __cplusplus
}
#endif
#endif
