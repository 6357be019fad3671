// The loosely timed accelerator.
#include "estimate.h"

#include "tessera/simulator/functional_registers.h"
#include "tessera/simulator/systemc/accelerator.h"

#include <cstring>
#include <vector>

namespace tessera::simulator {

namespace {

class AcceleratorLt final : public Accelerator {
public:
  SC_HAS_PROCESS(AcceleratorLt);

  AcceleratorLt(const sc_core::sc_module_name &name, const isa::MachineConfig &machine,
                const sc_core::sc_time &cycleTime)
      : Accelerator(name), model_(machine), cycleTime_(cycleTime) {
    SC_THREAD(execute);
    set_stack_size(1 << 20);
    SC_METHOD(driveInterrupt);
    sensitive << interruptChange_;
  }

private:
  void access(tlm::tlm_command command, uint32_t offset, uint32_t &value, sc_core::sc_time &delay) override {
    delay += 2 * cycleTime_;
    if (command == tlm::TLM_READ_COMMAND) {
      value = model_.read(offset);
      return;
    }
    model_.write(offset, value);
    interruptChange_.notify(sc_core::SC_ZERO_TIME);
    if (model_.pending())
      launched_.notify(sc_core::SC_ZERO_TIME);
  }

  /// Each launch: its time passes, then the model runs at once.
  void execute() {
    for (;;) {
      wait(launched_);
      if (!model_.pending())
        continue;
      const std::span<uint8_t> dram = directMemory();
      const uint64_t cycles =
          estimateCycles(model_.machine(), program(dram), dram, model_.launchRegisters().bases);
      wait(static_cast<double>(cycles) * cycleTime_);
      model_.runPending(dram, cycles);
      interruptChange_.notify(sc_core::SC_ZERO_TIME);
    }
  }

  void driveInterrupt() { interrupt.write(model_.interrupt()); }

  /// The memory from address 0 on, as far as it lets us at it; empty if it does not, and then the program cannot be fetched.
  std::span<uint8_t> directMemory() {
    tlm::tlm_generic_payload transaction;
    tlm::tlm_dmi dmi;
    transaction.set_address(0);
    transaction.set_write();
    if (!memory->get_direct_mem_ptr(transaction, dmi) || !dmi.is_read_write_allowed() ||
        dmi.get_start_address() != 0)
      return {};
    return {dmi.get_dmi_ptr(), dmi.get_end_address() + 1};
  }

  std::vector<isa::Word128> program(std::span<const uint8_t> dram) const {
    const LaunchRegisters launch = model_.launchRegisters();
    if (launch.insnAddress >= dram.size())
      return {};
    std::vector<isa::Word128> words(
        std::min<size_t>(launch.insnCount, (dram.size() - launch.insnAddress) / sizeof(isa::Word128)));
    if (!words.empty())
      std::memcpy(words.data(), dram.data() + launch.insnAddress, words.size() * sizeof(isa::Word128));
    return words;
  }

  FunctionalRegisters model_;
  sc_core::sc_time cycleTime_;
  sc_core::sc_event launched_, interruptChange_;
};

} // namespace

std::unique_ptr<Accelerator> makeAcceleratorLt(const char *name, const isa::MachineConfig &machine,
                                               const sc_core::sc_time &cycleTime) {
  return std::make_unique<AcceleratorLt>(name, machine, cycleTime);
}

} // namespace tessera::simulator
