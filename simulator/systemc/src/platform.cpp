#include "tessera/simulator/systemc_platform.h"

#include "bus.h"
#include "driver_process.h"
#include "memory.h"
#include "model_text.h"

#include "tessera/simulator/systemc/accelerator.h"

#include <cstdlib>

namespace tessera::simulator {

namespace {

const sc_core::sc_time &cycleTime() {
  static const sc_core::sc_time time(10, sc_core::SC_NS);
  return time;
}

class Platform final : public SystemcPlatform {
public:
  Platform(const PlatformModel &model, std::span<uint8_t> dram)
      : bus_("bus"), memory_("memory", dram, model.latency * cycleTime(), model.response * cycleTime()),
        driver_("driver", cycleTime()) {}

  void connect(std::unique_ptr<Accelerator> accelerator) {
    accelerator_ = std::move(accelerator);
    driver_.bus(bus_.driver);
    driver_.interrupt(interrupt_);
    accelerator_->memory(bus_.accelerator);
    accelerator_->interrupt(interrupt_);
    bus_.memory(memory_.socket);
    bus_.registers(accelerator_->registers);
  }

  uint32_t readRegister(uint32_t offset) override {
    DriverProcess::Request request{DriverProcess::Request::Read, offset, 0, {}, false};
    driver_.perform(request);
    return request.value;
  }
  void writeRegister(uint32_t offset, uint32_t value) override {
    DriverProcess::Request request{DriverProcess::Request::Write, offset, value, {}, false};
    driver_.perform(request);
  }
  bool runUntilDone(uint64_t cycles) override {
    DriverProcess::Request request{DriverProcess::Request::Wait, 0, 0,
                                   static_cast<double>(cycles) * cycleTime(), false};
    driver_.perform(request);
    return request.done;
  }
  std::string message() const override {
    const std::string model = accelerator_->message();
    return model.empty() ? driver_.message() : model;
  }

  std::unique_ptr<sc_core::sc_clock> clock; ///< of the cycle model

private:
  Bus bus_;
  Memory memory_;
  DriverProcess driver_;
  sc_core::sc_signal<bool> interrupt_{"interrupt"};
  std::unique_ptr<Accelerator> accelerator_;
};

bool &isOpen() {
  static bool open = false;
  return open;
}

} // namespace

isa::Expected<std::unique_ptr<SystemcPlatform>>
SystemcPlatform::open(const isa::MachineConfig &machine, const std::string &model, std::span<uint8_t> dram) {
  const isa::Expected<PlatformModel> parsed = parsePlatformModel(model);
  if (!parsed)
    return parsed.error();
  if (isOpen())
    return isa::Error{"this process has a SystemC platform already"};
  if (dram.empty() || dram.size() % 4096 != 0)
    return isa::Error{"memory of " + std::to_string(dram.size()) + " bytes is not a multiple of 4096"};
  isOpen() = true;
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  auto platform = std::make_unique<Platform>(*parsed, dram);
  if (parsed->isCycle) {
    platform->clock = std::make_unique<sc_core::sc_clock>("clock", cycleTime());
    isa::Expected<std::unique_ptr<Accelerator>> accelerator =
        makeAcceleratorCycle("accelerator", machine, *platform->clock, parsed->outstanding);
    if (!accelerator)
      return accelerator.error();
    platform->connect(std::move(*accelerator));
  } else {
    platform->connect(makeAcceleratorLt("accelerator", machine, cycleTime()));
  }
  return std::unique_ptr<SystemcPlatform>(std::move(platform));
}

} // namespace tessera::simulator

/// SystemC's library wants one; nobody calls it here, the platform is elaborated by SystemcPlatform::open.
extern "C" int sc_main(int, char **) { return 0; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
/// SystemC's threads run on stacks of their own, which the sanitizer's look for use after return does not know.
extern "C" const char *__asan_default_options() { return "detect_stack_use_after_return=0"; }
#endif
#endif
