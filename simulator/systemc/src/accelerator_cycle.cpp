// The cycle-accurate accelerator: the Verilated core as a module with pins, and its two adaptors.
#include "axi_lite_adaptor.h"
#include "axi_memory_adaptor.h"

#include "tessera/simulator/systemc/accelerator.h"
#include "tessera/simulator/verilated_core.h"

#include <cstring>

namespace tessera::simulator {

namespace {

/// The core's pins, one evaluation a rising edge.
class CoreModule final : public sc_core::sc_module {
public:
  SC_HAS_PROCESS(CoreModule);

  sc_core::sc_in<bool> clock;
  sc_core::sc_in<MemoryPins> memory;
  sc_core::sc_in<RegisterPins> registers;
  sc_core::sc_out<CorePins> outputs;
  sc_core::sc_out<bool> interrupt;

  CoreModule(const sc_core::sc_module_name &name, std::unique_ptr<VerilatedPins> pins)
      : sc_module(name), clock("clock"), memory("memory"), registers("registers"), outputs("outputs"),
        interrupt("interrupt"), pins_(std::move(pins)) {
    SC_METHOD(edge);
    sensitive << clock.pos();
    dont_initialize();
  }

  std::string message() const { return pins_->message(); }

private:
  void edge() {
    const MemoryPins &m = memory.read();
    const RegisterPins &r = registers.read();
    in_.arReady = m.arReady;
    in_.rValid = m.rValid, in_.rLast = m.rLast, in_.rId = m.rId, in_.rResp = m.rResp;
    std::memcpy(in_.rData, m.rData.data(), sizeof in_.rData);
    in_.awReady = m.awReady, in_.wReady = m.wReady;
    in_.bValid = m.bValid, in_.bId = m.bId, in_.bResp = m.bResp;
    in_.sAwValid = r.awValid, in_.sAwAddr = r.awAddr;
    in_.sWValid = r.wValid, in_.sWData = r.wData, in_.sWStrb = 0xf;
    in_.sBReady = r.bReady;
    in_.sArValid = r.arValid, in_.sArAddr = r.arAddr, in_.sRReady = r.rReady;
    pins_->clock(in_);
    driven_.out = pins_->outputs();
    ++driven_.cycle;
    outputs.write(driven_);
    interrupt.write(driven_.out.irq);
  }

  std::unique_ptr<VerilatedPins> pins_;
  CorePinsIn in_;
  CorePins driven_;
};

class AcceleratorCycle final : public Accelerator {
public:
  AcceleratorCycle(const sc_core::sc_module_name &name, std::unique_ptr<VerilatedPins> pins,
                   uint32_t busBytes, sc_core::sc_clock &clock, uint32_t outstandingReads)
      : Accelerator(name), core_("core", std::move(pins)), lite_("lite"),
        axi_("axi", busBytes, clock.period(), outstandingReads) {
    core_.clock(clock);
    core_.memory(memoryPins_);
    core_.registers(registerPins_);
    core_.outputs(corePins_);
    core_.interrupt(interrupt);
    lite_.clock(clock);
    lite_.core(corePins_);
    lite_.pins(registerPins_);
    axi_.clock(clock);
    axi_.core(corePins_);
    axi_.pins(memoryPins_);
    axi_.memory.bind(pass_);
    pass_.register_b_transport(this, &AcceleratorCycle::forward);
  }

  std::string message() const override {
    const std::string assertion = core_.message();
    return assertion.empty() ? silence_ : assertion;
  }

private:
  void access(tlm::tlm_command command, uint32_t offset, uint32_t &value, sc_core::sc_time &delay) override {
    wait(delay); // pins have no time of their own
    delay = sc_core::SC_ZERO_TIME;
    const bool answered =
        command == tlm::TLM_READ_COMMAND ? lite_.read(offset, value) : lite_.write(offset, value);
    if (!answered)
      silence_ = "the core does not answer on its register port";
  }

  void forward(tlm::tlm_generic_payload &transaction, sc_core::sc_time &delay) {
    memory->b_transport(transaction, delay);
  }

  CoreModule core_;
  AxiLiteAdaptor lite_;
  AxiMemoryAdaptor axi_;
  tlm_utils::simple_target_socket<AcceleratorCycle> pass_{"pass"};
  sc_core::sc_signal<MemoryPins> memoryPins_{"memory_pins"};
  sc_core::sc_signal<RegisterPins, sc_core::SC_MANY_WRITERS> registerPins_{"register_pins"};
  sc_core::sc_signal<CorePins> corePins_{"core_pins"};
  std::string silence_;
};

} // namespace

isa::Expected<std::unique_ptr<Accelerator>> makeAcceleratorCycle(const char *name,
                                                                 const isa::MachineConfig &machine,
                                                                 sc_core::sc_clock &clock,
                                                                 uint32_t outstandingReads) {
  isa::Expected<std::unique_ptr<VerilatedPins>> pins = openVerilatedPins(machine);
  if (!pins)
    return pins.error();
  return std::unique_ptr<Accelerator>(
      new AcceleratorCycle(name, std::move(*pins), machine.busBytes(), clock, outstandingReads));
}

} // namespace tessera::simulator
