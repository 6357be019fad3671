#include "tessera/simulator/register_file.h"

namespace tessera::simulator {

namespace reg = isa::reg;

RegisterFile::RegisterFile(const isa::MachineConfig &machine)
    : identity_(isa::kIdentity), version_(isa::kVersionMajor << 16 | isa::kVersionMinor),
      hashLow_(static_cast<uint32_t>(machine.hash())), hashHigh_(static_cast<uint32_t>(machine.hash() >> 32)),
      features_(machine.features) {}

uint32_t RegisterFile::setting(uint32_t offset) const {
  if (offset < reg::kInsnCount || offset > reg::kParBase || offset % 4 != 0)
    return 0;
  return settings_[offset / 4];
}

uint32_t RegisterFile::read(uint32_t offset) const {
  if (offset >= reg::kMarks && offset < reg::kMarks + 4 * reg::kMarksCount)
    return outcome_.marks[(offset - reg::kMarks) / 4];
  switch (offset) {
  case reg::kControl:
    return (running_ ? 1u : 0u) | (done_ ? 2u : 0u) |
           (done_ && outcome_.code != isa::ErrorCode::None ? 4u : 0u);
  case reg::kCycleCount:
    return static_cast<uint32_t>(outcome_.cycles);
  case reg::kCycleCountHigh:
    return static_cast<uint32_t>(outcome_.cycles >> 32);
  case reg::kIdentity:
    return identity_;
  case reg::kVersion:
    return version_;
  case reg::kConfigHashLow:
    return hashLow_;
  case reg::kConfigHashHigh:
    return hashHigh_;
  case reg::kFeatures:
    return features_;
  case reg::kErrorCode:
    return static_cast<uint32_t>(outcome_.code);
  case reg::kErrorIndex:
    return outcome_.index;
  case reg::kWatchdogLimit:
    return watchdog_;
  case reg::kIrqEnable:
    return irqEnable_;
  case reg::kIrqStatus:
    return irqStatus_;
  default:
    return setting(offset);
  }
}

bool RegisterFile::write(uint32_t offset, uint32_t value) {
  switch (offset) {
  case reg::kControl:
    if (!(value & 1) || running_)
      return false;
    running_ = true;
    done_ = false;
    outcome_ = {};
    return true;
  case reg::kCycleCount:
    return false;
  case reg::kWatchdogLimit:
    watchdog_ = value;
    return false;
  case reg::kIrqEnable:
    irqEnable_ = value & 1;
    return false;
  case reg::kIrqStatus:
    irqStatus_ &= ~value;
    return false;
  default:
    if (offset >= reg::kInsnCount && offset <= reg::kParBase && offset % 4 == 0)
      settings_[offset / 4] = value;
    return false;
  }
}

void RegisterFile::finish(const LaunchOutcome &outcome) {
  outcome_ = outcome;
  running_ = false;
  done_ = true;
  irqStatus_ |= 1;
}

void RegisterFile::overrideIdentity(uint32_t offset, uint32_t value) {
  switch (offset) {
  case reg::kIdentity:
    identity_ = value;
    break;
  case reg::kVersion:
    version_ = value;
    break;
  case reg::kConfigHashLow:
    hashLow_ = value;
    break;
  case reg::kConfigHashHigh:
    hashHigh_ = value;
    break;
  case reg::kFeatures:
    features_ = value;
    break;
  default:
    break;
  }
}

} // namespace tessera::simulator
