// The functional model: what the core does to its memories; cycles by estimate (isa/timing.h).
//
// Contract: run() executes one program exactly as docs/instruction-set.md says. At each step the runnable instruction
// with the lowest index runs to its end; a race-free program gives the same bytes in every other legal order. Scratchpads
// persist from run to run, as on the core, and hold zeros at first; everything else (tokens, set registers) is cleared.
// Units: addresses and sizes in `LaunchRegisters` are bytes, `insnCount` and indices count instructions.
// Errors: what the program does wrong comes back in RunResult; run() never aborts, and ends for every input.
// Ownership: the DRAM belongs to the caller and is used only during run().
#ifndef TESSERA_SIMULATOR_FUNCTIONAL_CORE_H
#define TESSERA_SIMULATOR_FUNCTIONAL_CORE_H

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tessera/isa/base_pointers.h"
#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"

namespace tessera::simulator {

/// The control registers that a launch reads.
struct LaunchRegisters {
  uint32_t insnAddress = 0; ///< DRAM byte address of the first instruction
  uint32_t insnCount = 0;   ///< instructions in the program
  isa::BasePointers bases;
};

/// How a launch ended.
struct RunResult {
  isa::ErrorCode code = isa::ErrorCode::None;
  uint32_t index = 0;                ///< instruction that failed; 0 without an error
  uint64_t instructions = 0;         ///< instructions that ended
  uint64_t cycles = 0;               ///< that the core takes, by estimate (isa/timing.h)
  std::array<uint32_t, 256> marks{}; ///< the cycle counter at each SET MARK, by estimate
};

/// Which implementation of the inner loops: the fastest that this machine runs, or the portable one.
enum class KernelChoice { Best, Portable };

class FunctionalCore {
public:
  explicit FunctionalCore(const isa::MachineConfig &machine, KernelChoice kernels = KernelChoice::Best);
  ~FunctionalCore();
  FunctionalCore(FunctionalCore &&) noexcept;
  FunctionalCore &operator=(FunctionalCore &&) noexcept;

  const isa::MachineConfig &machine() const;

  /// Runs the program at registers.insnAddress to its end. Accesses past dram.size() are DRAM faults.
  RunResult run(const LaunchRegisters &registers, std::span<uint8_t> dram);

  /// The contents of a scratchpad, elements laid out as they stand in DRAM (UOP: encoded micro-ops). For tests and
  /// debugging; Acc8bit gives an empty vector.
  std::vector<uint8_t> scratchpad(isa::MemoryType type) const;

  /// From any thread: the present run() ends within seconds, with no meaning, and so does every later one. For closing.
  void stop();

  /// All scratchpads to zero, as a fresh device.
  void clearScratchpads();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace tessera::simulator

#endif
