// Memory as a TLM-2.0 target: reads and writes of any size, byte enables, DMI, and a latency for each direction.
#ifndef TESSERA_SYSTEMC_MEMORY_H
#define TESSERA_SYSTEMC_MEMORY_H

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include <cstring>
#include <span>

namespace tessera::simulator {

class Memory : public sc_core::sc_module {
public:
  tlm_utils::simple_target_socket<Memory> socket;

  Memory(const sc_core::sc_module_name &name, std::span<uint8_t> bytes, const sc_core::sc_time &readLatency,
         const sc_core::sc_time &writeLatency)
      : sc_module(name), socket("socket"), bytes_(bytes), readLatency_(readLatency),
        writeLatency_(writeLatency) {
    socket.register_b_transport(this, &Memory::transport);
    socket.register_get_direct_mem_ptr(this, &Memory::directAccess);
  }

private:
  void transport(tlm::tlm_generic_payload &transaction, sc_core::sc_time &delay) {
    const uint64_t address = transaction.get_address();
    const size_t length = transaction.get_data_length();
    if (address > bytes_.size() || length > bytes_.size() - address) {
      transaction.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      delay += transaction.is_read() ? readLatency_ : writeLatency_;
      return;
    }
    if (transaction.get_streaming_width() < length) {
      transaction.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
      return;
    }
    uint8_t *at = bytes_.data() + address;
    const uint8_t *enables = transaction.get_byte_enable_ptr();
    const auto enabled = [&](size_t k) {
      return !enables || enables[k % transaction.get_byte_enable_length()] == TLM_BYTE_ENABLED;
    };
    if (transaction.is_read()) {
      std::memcpy(transaction.get_data_ptr(), at, length);
      delay += readLatency_;
    } else if (transaction.is_write()) {
      if (!enables)
        std::memcpy(at, transaction.get_data_ptr(), length);
      else
        for (size_t k = 0; k < length; ++k)
          if (enabled(k))
            at[k] = transaction.get_data_ptr()[k];
      delay += writeLatency_;
    }
    transaction.set_dmi_allowed(true);
    transaction.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  bool directAccess(tlm::tlm_generic_payload &, tlm::tlm_dmi &dmi) {
    dmi.set_dmi_ptr(bytes_.data());
    dmi.set_start_address(0);
    dmi.set_end_address(bytes_.size() - 1);
    dmi.set_read_latency(readLatency_);
    dmi.set_write_latency(writeLatency_);
    dmi.allow_read_write();
    return true;
  }

  std::span<uint8_t> bytes_;
  sc_core::sc_time readLatency_, writeLatency_;
};

} // namespace tessera::simulator

#endif
