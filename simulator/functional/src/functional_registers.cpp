#include "tessera/simulator/functional_registers.h"

namespace tessera::simulator {
namespace reg = isa::reg;

FunctionalRegisters::FunctionalRegisters(const isa::MachineConfig &machine) : core_(machine) {
  for (uint32_t offset : {reg::kInsnCount, reg::kInsnAddress, reg::kUopBase, reg::kInpBase, reg::kWgtBase, reg::kAccBase,
                          reg::kOutBase, reg::kUserCounter, reg::kParBase, reg::kIrqEnable})
    values_[offset] = 0;
  values_[reg::kWatchdogLimit] = kWatchdogReset;
}

uint32_t FunctionalRegisters::read(uint32_t offset) const {
  if (auto it = values_.find(offset); it != values_.end())
    return it->second;
  if (offset >= reg::kMarks && offset < reg::kMarks + 4 * reg::kMarksCount && offset % 4 == 0)
    return result_.marks[(offset - reg::kMarks) / 4];
  const isa::MachineConfig &machine = core_.machine();
  switch (offset) {
  case reg::kControl:
    return (pending_ ? 1u : 0u) | (done_ ? 2u : 0u) | (done_ && result_.code != isa::ErrorCode::None ? 4u : 0u);
  case reg::kIdentity:
    return kCoreIdentity;
  case reg::kVersion:
    return kCoreVersion;
  case reg::kConfigHashLow:
    return static_cast<uint32_t>(machine.hash());
  case reg::kConfigHashHigh:
    return static_cast<uint32_t>(machine.hash() >> 32);
  case reg::kFeatures:
    return machine.features;
  case reg::kErrorCode:
    return static_cast<uint32_t>(result_.code);
  case reg::kErrorIndex:
    return result_.index;
  case reg::kIrqStatus:
    return irqStatus_ ? 1 : 0;
  default:
    return 0; // counters of cycles, and offsets where nothing is
  }
}

void FunctionalRegisters::write(uint32_t offset, uint32_t value) {
  if (auto it = values_.find(offset); it != values_.end()) {
    it->second = offset == reg::kIrqEnable ? value & 1 : value;
    return;
  }
  if (offset == reg::kControl && (value & 1)) {
    pending_ = true;
    done_ = false;
    result_ = RunResult{};
  }
  if (offset == reg::kIrqStatus && (value & 1))
    irqStatus_ = false;
}

void FunctionalRegisters::runPending(std::span<uint8_t> dram) {
  if (!pending_)
    return;
  result_ = core_.run(launchRegisters(), dram);
  pending_ = false;
  done_ = irqStatus_ = true;
}

bool FunctionalRegisters::interrupt() const { return irqStatus_ && (values_.at(reg::kIrqEnable) & 1); }

LaunchRegisters FunctionalRegisters::launchRegisters() const {
  LaunchRegisters launch;
  launch.insnAddress = values_.at(reg::kInsnAddress);
  launch.insnCount = values_.at(reg::kInsnCount);
  launch.uopBase = values_.at(reg::kUopBase);
  launch.inpBase = values_.at(reg::kInpBase);
  launch.wgtBase = values_.at(reg::kWgtBase);
  launch.accBase = values_.at(reg::kAccBase);
  launch.outBase = values_.at(reg::kOutBase);
  launch.parBase = values_.at(reg::kParBase);
  return launch;
}

} // namespace tessera::simulator
