#include "tessera/simulator/functional_registers.h"

namespace tessera::simulator {
namespace reg = isa::reg;

FunctionalRegisters::FunctionalRegisters(const isa::MachineConfig &machine)
    : core_(machine), registers_(machine) {}

uint32_t FunctionalRegisters::read(uint32_t offset) const {
  const std::lock_guard lock(mutex_);
  return registers_.read(offset);
}

void FunctionalRegisters::write(uint32_t offset, uint32_t value) {
  const std::lock_guard lock(mutex_);
  registers_.write(offset, value);
}

bool FunctionalRegisters::pending() const {
  const std::lock_guard lock(mutex_);
  return registers_.running();
}

void FunctionalRegisters::runPending(std::span<uint8_t> dram, uint64_t cycles) {
  if (!pending())
    return;
  result_ = core_.run(launchRegisters(), dram);
  const std::lock_guard lock(mutex_);
  registers_.finish({result_.code, result_.index, cycles ? cycles : result_.cycles, result_.marks});
}

bool FunctionalRegisters::interrupt() const {
  const std::lock_guard lock(mutex_);
  return registers_.interrupt();
}

LaunchRegisters FunctionalRegisters::launchRegisters() const {
  const std::lock_guard lock(mutex_);
  LaunchRegisters launch;
  launch.insnAddress = registers_.setting(reg::kInsnAddress);
  launch.insnCount = registers_.setting(reg::kInsnCount);
  launch.bases.uop = registers_.setting(reg::kUopBase);
  launch.bases.inp = registers_.setting(reg::kInpBase);
  launch.bases.wgt = registers_.setting(reg::kWgtBase);
  launch.bases.acc = registers_.setting(reg::kAccBase);
  launch.bases.out = registers_.setting(reg::kOutBase);
  launch.bases.par = registers_.setting(reg::kParBase);
  return launch;
}

} // namespace tessera::simulator
