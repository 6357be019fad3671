// AXI4 slave pins to TLM: a burst is one transaction, its latency the delay that b_transport gives back.
//
// Timing is that of memory model `bench`: reads and writes on independent channels of one beat a cycle each, at most `outstanding`
// reads, data in the order of addresses. A burst with an error response answers DECERR on every beat.
#ifndef TESSERA_SYSTEMC_AXI_MEMORY_ADAPTOR_H
#define TESSERA_SYSTEMC_AXI_MEMORY_ADAPTOR_H

#include "pin_bundles.h"

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <deque>
#include <vector>

namespace tessera::simulator {

class AxiMemoryAdaptor : public sc_core::sc_module {
public:
  SC_HAS_PROCESS(AxiMemoryAdaptor);

  sc_core::sc_in<bool> clock;
  sc_core::sc_in<CorePins> core;
  sc_core::sc_out<MemoryPins> pins;
  tlm_utils::simple_initiator_socket<AxiMemoryAdaptor> memory;

  AxiMemoryAdaptor(const sc_core::sc_module_name &name, uint32_t busBytes, const sc_core::sc_time &cycleTime,
                   uint32_t outstanding);

private:
  struct Read {
    uint64_t due = 0;
    uint8_t id = 0, response = 0;
    std::vector<uint8_t> data;
    size_t sent = 0; ///< bytes
  };
  struct Write {
    uint64_t due = 0, address = 0;
    uint8_t id = 0, response = 0;
    std::vector<uint8_t> data, enables;
  };

  void edge();
  void takeTransfers(const CorePinsOut &out);
  MemoryPins nextPins();
  /// Runs a transaction; gives the AXI response and the latency in cycles.
  uint8_t transact(tlm::tlm_command command, uint64_t address, std::vector<uint8_t> &data,
                   std::vector<uint8_t> *enables, uint64_t &latencyCycles);

  uint32_t busBytes_, outstanding_;
  sc_core::sc_time cycleTime_;
  uint64_t now_ = 0;
  MemoryPins presented_;
  std::deque<Read> reads_;
  std::deque<Write> writes_;    ///< address taken, data not complete
  std::deque<Write> responses_; ///< data complete
};

} // namespace tessera::simulator

#endif
