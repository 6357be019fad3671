/* The device interface: what every device of Tessera is, in C.
 *
 * A device owns one core and its DRAM. All calls return TSR_OK or an error code; the message with the place and the
 * numbers is then in tsr_device_message(). No call aborts and every wait has a limit. Calls on one device come from one
 * thread at a time. Addresses are byte addresses in the device's DRAM; they start at 0 and fit 32 bits.
 */
#ifndef TESSERA_DEVICE_H
#define TESSERA_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tsr_status {
  TSR_OK = 0,
  TSR_INVALID_ARGUMENT = 1, /* the caller's mistake */
  TSR_NOT_FOUND = 2,        /* no such device, machine or file */
  TSR_MISMATCH = 3,         /* configuration hash or version differs */
  TSR_OUT_OF_MEMORY = 4,    /* device DRAM exhausted */
  TSR_OUT_OF_RANGE = 5,     /* address outside the device's DRAM */
  TSR_TIMEOUT = 6,          /* the device did not answer in time */
  TSR_DEVICE_ERROR = 7,     /* the core reported an error: see tsr_launch_result */
  TSR_REJECTED = 8,         /* the program checker refused the program */
  TSR_UNSUPPORTED = 9,      /* this device cannot do that, and says so */
  TSR_IO = 10,              /* a file could not be read or written */
  TSR_STOPPED = 11          /* of several runs at once: another one failed */
} tsr_status;

typedef struct tsr_device tsr_device;

/* How a device is opened. Zero-initialise; NULL strings take the default. */
typedef struct tsr_device_options {
  const char *machine; /* name of a machine or path of its JSON file; default "pynq" */
  const char *
      memory; /* memory model of cycle and systemc: "bench", "bench,latency=16", "ideal", "ddr3", "chaos,seed=7" */
  size_t dramBytes; /* size of the device's DRAM; 0 is 256 MiB */
  int withoutAssertions; /* 1: cycle runs the core without the RTL's assertions and AXI checkers, which is faster */
} tsr_device_options;

typedef struct tsr_identity {
  char device[32];     /* "functional", "cycle", ... */
  char machine[64];    /* name of the machine configuration */
  uint64_t configHash; /* of the machine configuration, read from the core */
  uint32_t version;    /* of the core: major << 16 | minor */
  uint32_t features;   /* bits as in the features register */
  uint32_t classes;    /* classes of cycles that the core counts: TSR_CYCLE_CLASSES, or 0 */
} tsr_identity;

typedef struct tsr_launch_result {
  uint32_t errorCode;  /* isa error code, 0 is none */
  uint32_t errorIndex; /* instruction that failed */
  uint64_t cycles;     /* 0 where the device does not count; functional and loosely timed systemc estimate */
  double wallSeconds;  /* time the device took */
} tsr_launch_result;

/* Counters, in the order of the registers counter_fetch_stall ... counter_write_beats. */
#define TSR_COUNTERS 12

/* Where the cycles of a launch went, in the order of the core's counters; each cycle belongs to one class. docs/profile.md. */
enum {
  TSR_CYCLE_ARRAY = 0,       /* the array takes a micro-op */
  TSR_CYCLE_VECTOR = 1,      /* the vector unit does, alone */
  TSR_CYCLE_LOAD = 2,        /* compute waits for a load that runs */
  TSR_CYCLE_STORE = 3,       /* compute waits for a store that runs */
  TSR_CYCLE_TOKEN = 4,       /* compute waits for a token, and who owes it waits too */
  TSR_CYCLE_INSTRUCTION = 5, /* compute has no instruction yet */
  TSR_CYCLE_PIPELINE = 6     /* pipelines fill and drain */
};
#define TSR_CYCLE_CLASSES 7

/* Opens a device by name ("null", "functional", "cycle", "systemc"). On failure *device is NULL and the message is in
 * tsr_open_message() (thread-local). */
tsr_status tsr_device_open(const char *name, const tsr_device_options *options, tsr_device **device);
void tsr_device_close(tsr_device *device);
const char *tsr_open_message(void);
const char *tsr_device_message(const tsr_device *device);

/* Names of the devices in this build; returns how many, writes at most `capacity`. */
size_t tsr_device_list(const char **names, size_t capacity);

tsr_status tsr_device_identify(tsr_device *device, tsr_identity *identity);

tsr_status tsr_device_allocate(tsr_device *device, size_t bytes, size_t alignment, uint32_t *address);
tsr_status tsr_device_free(tsr_device *device, uint32_t address);
tsr_status tsr_device_write(tsr_device *device, uint32_t address, const void *data, size_t bytes);
tsr_status tsr_device_read(tsr_device *device, uint32_t address, void *data, size_t bytes);

/* Where the host sees the device's own memory, valid until the device is closed. What a running launch neither reads nor writes may be read
 * and written there while it runs, from any thread. TSR_UNSUPPORTED: the host does not see this device's memory; write() and read() copy. */
tsr_status tsr_device_memory(tsr_device *device, uint32_t address, size_t bytes, void **memory);

tsr_status tsr_device_read_register(tsr_device *device, uint32_t offset, uint32_t *value);
tsr_status tsr_device_write_register(tsr_device *device, uint32_t offset, uint32_t value);

/* Launches the program that the registers describe (insn_address, insn_count, base pointers). Returns at once or when
 * the program has ended; wait() then gives the result. TSR_DEVICE_ERROR: the core ended with an error, in *result. */
tsr_status tsr_device_launch(tsr_device *device);
tsr_status tsr_device_wait(tsr_device *device, double timeoutSeconds, tsr_launch_result *result);

/* Name of an isa error code: "SRAM_BOUNDS", "NONE", "unknown error". */
const char *tsr_error_name(uint32_t errorCode);

tsr_status tsr_device_counters(tsr_device *device, uint64_t counters[TSR_COUNTERS]);

/* Cycles of the last launch by class; they add up to its cycles (to their low 32 bits). TSR_UNSUPPORTED: the device counts no classes. */
tsr_status tsr_device_classes(tsr_device *device, uint64_t classes[TSR_CYCLE_CLASSES]);

/* The same as they stood at marks 0 to count - 1 of the last launch, TSR_CYCLE_CLASSES numbers (low 32 bits) a mark. */
tsr_status tsr_device_mark_classes(tsr_device *device, uint32_t count, uint32_t *classes);

/* Keeps when the instructions of each unit begin and end in later launches, at most `limit` events a launch; 0 turns it off.
 * TSR_UNSUPPORTED: the device cannot see that (only cycle can). */
tsr_status tsr_device_timeline(tsr_device *device, uint64_t limit);

/* The events of the last launch, valid until the next call on the device. Each is cycle << 16 | what: bits 0 to 4, an instruction of
 * the load module, the store module, the array, the vector unit, compute's loader begins; bits 5 to 9, one ends. */
tsr_status tsr_device_timeline_events(tsr_device *device, const uint64_t **events, uint64_t *count,
                                      uint64_t *dropped);

/* Waveform (FST) of instructions [firstInstruction, lastInstruction] of the next launch; NULL path turns it off. */
tsr_status tsr_device_wave(tsr_device *device, const char *path, uint32_t firstInstruction,
                           uint32_t lastInstruction);

#ifdef __cplusplus
}
#endif
#endif
