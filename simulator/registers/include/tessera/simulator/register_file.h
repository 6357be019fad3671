// The control registers of a core as software sees them, for models that have no RTL behind them.
//
// Contract: offsets, access and reset values as in isa/encoding.json. Writing 1 to control starts a launch (write() says so) unless
// one runs; the owner then runs the program and calls finish(). Read-only registers ignore writes, unmapped offsets read 0.
// Units: offsets are bytes. Not thread-safe: the owner serialises.
#ifndef TESSERA_SIMULATOR_REGISTER_FILE_H
#define TESSERA_SIMULATOR_REGISTER_FILE_H

#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"

#include <array>
#include <cstdint>

namespace tessera::simulator {

/// How a launch ended, as the registers report it.
struct LaunchOutcome {
  isa::ErrorCode code = isa::ErrorCode::None;
  uint32_t index = 0;
  uint64_t cycles = 0;
  std::array<uint32_t, 256> marks{};
};

class RegisterFile {
public:
  explicit RegisterFile(const isa::MachineConfig &machine);

  uint32_t read(uint32_t offset) const;

  /// True where this write starts a launch.
  bool write(uint32_t offset, uint32_t value);

  /// The launch has ended: done, status and, if enabled, the interrupt.
  void finish(const LaunchOutcome &outcome);

  bool running() const { return running_; }
  bool interrupt() const { return (irqEnable_ & 1) && (irqStatus_ & 1); }

  /// What a register says that software may write; 0 for others.
  uint32_t setting(uint32_t offset) const;

  /// Makes a read-only identity register say something else: a core that is not what it should be, for tests.
  void overrideIdentity(uint32_t offset, uint32_t value);

private:
  static constexpr uint32_t kSettings = 11; // insn_count .. par_base, by word offset
  std::array<uint32_t, kSettings> settings_{};
  uint32_t identity_, version_, hashLow_, hashHigh_, features_;
  uint32_t watchdog_ = 1'000'000, irqEnable_ = 0, irqStatus_ = 0;
  bool running_ = false, done_ = false;
  LaunchOutcome outcome_;
};

} // namespace tessera::simulator

#endif
