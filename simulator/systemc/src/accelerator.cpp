#include "tessera/simulator/systemc/accelerator.h"

#include <cstring>

namespace tessera::simulator {

Accelerator::Accelerator(const sc_core::sc_module_name &name)
    : sc_module(name), registers("registers"), memory("memory"), interrupt("interrupt") {
  registers.register_b_transport(this, &Accelerator::transport);
}

void Accelerator::transport(tlm::tlm_generic_payload &transaction, sc_core::sc_time &delay) {
  if (transaction.get_address() % 4 != 0 || transaction.get_address() >= 4096) {
    transaction.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  if (transaction.get_data_length() != 4 || transaction.get_streaming_width() < 4 ||
      transaction.get_byte_enable_ptr()) {
    transaction.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  if (transaction.get_command() == tlm::TLM_IGNORE_COMMAND) {
    transaction.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
    return;
  }
  uint32_t value = 0;
  std::memcpy(&value, transaction.get_data_ptr(), 4);
  access(transaction.get_command(), static_cast<uint32_t>(transaction.get_address()), value, delay);
  if (transaction.is_read())
    std::memcpy(transaction.get_data_ptr(), &value, 4);
  transaction.set_response_status(tlm::TLM_OK_RESPONSE);
}

} // namespace tessera::simulator
