// The bus: what is below 4 GiB goes to memory, the 4 KiB from there on to the accelerator's registers; untimed.
#ifndef TESSERA_SYSTEMC_BUS_H
#define TESSERA_SYSTEMC_BUS_H

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace tessera::simulator {

class Bus : public sc_core::sc_module {
public:
  static constexpr uint64_t kRegisters = uint64_t{1} << 32; ///< address of the first register

  tlm_utils::simple_target_socket<Bus> driver, accelerator;
  tlm_utils::simple_initiator_socket<Bus> memory, registers;

  explicit Bus(const sc_core::sc_module_name &name)
      : sc_module(name), driver("driver"), accelerator("accelerator"), memory("memory"),
        registers("registers") {
    driver.register_b_transport(this, &Bus::transport);
    accelerator.register_b_transport(this, &Bus::transport);
    accelerator.register_get_direct_mem_ptr(this, &Bus::directAccess);
  }

private:
  void transport(tlm::tlm_generic_payload &transaction, sc_core::sc_time &delay) {
    const uint64_t address = transaction.get_address();
    if (address < kRegisters) {
      memory->b_transport(transaction, delay);
      return;
    }
    transaction.set_address(address - kRegisters);
    registers->b_transport(transaction, delay);
    transaction.set_address(address);
  }

  bool directAccess(tlm::tlm_generic_payload &transaction, tlm::tlm_dmi &dmi) {
    return transaction.get_address() < kRegisters && memory->get_direct_mem_ptr(transaction, dmi);
  }
};

} // namespace tessera::simulator

#endif
