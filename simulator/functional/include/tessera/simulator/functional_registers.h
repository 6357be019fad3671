// The core's register file with the functional model behind it: what a bus master sees, without cycles.
//
// Contract: offsets, access and reset values as the register table (tessera::isa::reg, docs/encoding.md). Writing 1 to
// control marks a launch as pending; runPending() executes it. The two are apart so that a device can decide when (and a
// timed platform for how long) the program runs. Cycle counters and stall counters read 0: the model has no cycles; marks hold
// the number of instructions that had ended.
// Errors: a misaligned or unknown offset reads 0 and ignores writes, as on the core.
#ifndef TESSERA_SIMULATOR_FUNCTIONAL_REGISTERS_H
#define TESSERA_SIMULATOR_FUNCTIONAL_REGISTERS_H

#include "tessera/simulator/functional_core.h"

#include <map>

namespace tessera::simulator {

/// Value of the identity register, "TSRA".
inline constexpr uint32_t kCoreIdentity = 0x54535241;
/// Value of the version register: major << 16 | minor. The RTL has the same (a test compares them).
inline constexpr uint32_t kCoreVersion = 1u << 16;
/// Reset value of watchdog_limit, cycles.
inline constexpr uint32_t kWatchdogReset = 1'000'000;

class FunctionalRegisters {
public:
  explicit FunctionalRegisters(const isa::MachineConfig &machine);

  uint32_t read(uint32_t offset) const;
  void write(uint32_t offset, uint32_t value);

  /// A launch was written and has not run yet.
  bool pending() const { return pending_; }
  /// Runs the pending launch to its end on `dram`; does nothing if none is pending.
  void runPending(std::span<uint8_t> dram);

  /// Level of the interrupt line.
  bool interrupt() const;
  /// How the last launch ended.
  const RunResult &result() const { return result_; }
  /// What the next launch will read.
  LaunchRegisters launchRegisters() const;
  const isa::MachineConfig &machine() const { return core_.machine(); }

private:
  FunctionalCore core_;
  std::map<uint32_t, uint32_t> values_; ///< of the plain read-write registers, by offset
  RunResult result_;
  bool pending_ = false, done_ = false, irqStatus_ = false;
};

} // namespace tessera::simulator

#endif
