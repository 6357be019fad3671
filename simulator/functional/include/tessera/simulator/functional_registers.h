// The core's register file with the functional model behind it: what a bus master sees.
//
// Contract: registers as RegisterFile has them. Writing 1 to control marks a launch as pending; runPending() executes it. The two are
// apart so that a device can decide when (and a timed platform for how long) the program runs. The cycle counter and the
// marks hold estimates (isa/timing.h); stall counters read 0.
// Errors: a misaligned or unknown offset reads 0 and ignores writes, as on the core.
// Threads: runPending() may run on another thread than the calls that read and write registers.
#ifndef TESSERA_SIMULATOR_FUNCTIONAL_REGISTERS_H
#define TESSERA_SIMULATOR_FUNCTIONAL_REGISTERS_H

#include "tessera/simulator/functional_core.h"
#include "tessera/simulator/register_file.h"

#include <mutex>

namespace tessera::simulator {

class FunctionalRegisters {
public:
  explicit FunctionalRegisters(const isa::MachineConfig &machine);

  uint32_t read(uint32_t offset) const;
  void write(uint32_t offset, uint32_t value);

  /// A launch was written and has not ended.
  bool pending() const;
  /// Runs the pending launch to its end on `dram`; does nothing if none is pending. `cycles`: what
  /// the cycle counter says afterwards, if not the estimate.
  void runPending(std::span<uint8_t> dram, uint64_t cycles = 0);

  /// From any thread: a running launch ends soon, with no meaning, and so does every later one. For closing.
  void stop() { core_.stop(); }

  /// Level of the interrupt line.
  bool interrupt() const;
  /// How the last launch ended.
  const RunResult &result() const { return result_; }
  /// What the next launch will read.
  LaunchRegisters launchRegisters() const;
  const isa::MachineConfig &machine() const { return core_.machine(); }

private:
  FunctionalCore core_;
  mutable std::mutex mutex_; ///< guards registers_
  RegisterFile registers_;
  RunResult result_;
};

} // namespace tessera::simulator

#endif
