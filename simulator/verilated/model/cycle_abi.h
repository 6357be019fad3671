// The C interface of a model library: one Verilated core of one machine, memory models and cycle loop inside.
// Private between simulator/verilated's library and the model libraries that it loads; both are built from one source
// tree, and `abi` says whether they fit. Sizes are bytes, times are clock cycles. No call throws.
#ifndef TESSERA_SIMULATOR_CYCLE_ABI_H
#define TESSERA_SIMULATOR_CYCLE_ABI_H

#include "tessera/simulator/core_pins.h"

#include <cstddef>
#include <cstdint>

/// In the bytes of a library, before the features of the processor that it was built for (words, ended by 0): the loader
/// looks before any code of it runs.
#define TSR_CYCLE_PROCESSOR_MARK "tessera cycle model for a processor with: "

extern "C" {

enum : uint32_t { kTsrCycleAbi = 4 };
enum : uint32_t { kTsrCycleDone = 0, kTsrCycleLimit = 1, kTsrCycleAssertion = 2 };

struct TsrCycleApi {
  uint32_t abi;
  uint32_t waves;      // 1: the variant that writes waveforms
  uint32_t assertions; // 0: the variant without the RTL's assertions and its AXI checkers
  uint32_t busBytes;
  uint64_t configHash;
  const char *contentKey; // of the sources that it was built from
  // memory: text of the memory model, or "pins". On failure nullptr and a message.
  void *(*create)(uint8_t *dram, uint64_t dramBytes, const char *memory, char *message, size_t messageBytes);
  void (*destroy)(void *model);
  uint32_t (*readRegister)(void *model, uint32_t offset);
  void (*writeRegister)(void *model, uint32_t offset, uint32_t value);
  // Ends when the core is not busy.
  uint32_t (*run)(void *model, uint64_t maxCycles);
  uint64_t (*cycles)(void *model);
  uint32_t (*status)(void *model); // bit 0 busy, bit 1 irq, bit 2 an assertion failed
  const char *(*message)(void *model);
  // 0: the file cannot be written or this variant writes none. Null path: off.
  uint32_t (*wave)(void *model, const char *path, uint32_t first, uint32_t last);
  // Keeps timeline_o of later launches, at most `limit` words a launch, each cycle << 16 | timeline_o; 0: off.
  void (*timeline)(void *model, uint64_t limit);
  const uint64_t *(*timelineEvents)(void *model, uint64_t *count, uint64_t *dropped);
  void (*outputs)(void *model, tessera::simulator::CorePinsOut *out);
  void (*clock)(void *model, const tessera::simulator::CorePinsIn *in);
};

__attribute__((visibility("default"))) const TsrCycleApi *tsr_cycle_api();
}

#endif
