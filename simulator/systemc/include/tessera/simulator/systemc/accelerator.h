// The accelerator as a SystemC module: a TLM-2.0 target for its registers, an initiator for memory, an interrupt.
//
// Two models stand behind the same sockets:
// - AcceleratorLt: the functional model, loosely timed. A launch reads and writes memory through DMI at its end; the time it takes is an
//   estimate from the program's work, and so are the cycles that the registers report.
// - AcceleratorCycle: the Verilated core behind pin-level AXI adaptors, cycle for cycle. It has a clock; the latencies of memory are the
//   delays that b_transport of the memory socket gives back.
//
// Register accesses are 4 bytes at a multiple of 4; others answer TLM_ADDRESS_ERROR_RESPONSE or TLM_BURST_ERROR_RESPONSE. Addresses
// of both sockets start at 0. A fatal error of the model is in message(), and the interrupt stays low.
#ifndef TESSERA_SIMULATOR_SYSTEMC_ACCELERATOR_H
#define TESSERA_SIMULATOR_SYSTEMC_ACCELERATOR_H

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <memory>
#include <string>

namespace tessera::simulator {

class Accelerator : public sc_core::sc_module {
public:
  tlm_utils::simple_target_socket<Accelerator> registers;
  tlm_utils::simple_initiator_socket<Accelerator> memory;
  sc_core::sc_out<bool> interrupt;

  /// What went wrong in the model itself; empty if nothing.
  virtual std::string message() const { return {}; }

protected:
  explicit Accelerator(const sc_core::sc_module_name &name);

  /// One register access; may wait.
  virtual void access(tlm::tlm_command command, uint32_t offset, uint32_t &value,
                      sc_core::sc_time &delay) = 0;

private:
  void transport(tlm::tlm_generic_payload &transaction, sc_core::sc_time &delay);
};

/// `cycleTime` scales the estimated cycles.
std::unique_ptr<Accelerator> makeAcceleratorLt(const char *name, const isa::MachineConfig &machine,
                                               const sc_core::sc_time &cycleTime);

/// `clock`'s rising edges are the core's cycles. Fails where no Verilated model can be had.
isa::Expected<std::unique_ptr<Accelerator>> makeAcceleratorCycle(const char *name,
                                                                 const isa::MachineConfig &machine,
                                                                 sc_core::sc_clock &clock,
                                                                 uint32_t outstandingReads = 16);

} // namespace tessera::simulator

#endif
