// Register accesses of a SystemC thread to AXI4-Lite master pins: each takes the cycles of its handshakes.
#ifndef TESSERA_SYSTEMC_AXI_LITE_ADAPTOR_H
#define TESSERA_SYSTEMC_AXI_LITE_ADAPTOR_H

#include "pin_bundles.h"

#include <systemc>

namespace tessera::simulator {

class AxiLiteAdaptor : public sc_core::sc_module {
public:
  sc_core::sc_in<bool> clock;
  sc_core::sc_in<CorePins> core;
  sc_core::sc_out<RegisterPins> pins;

  explicit AxiLiteAdaptor(const sc_core::sc_module_name &name);

  /// From a thread. False where the core does not answer within kLimit cycles.
  bool read(uint32_t offset, uint32_t &value);
  bool write(uint32_t offset, uint32_t value);

private:
  static constexpr int kLimit = 1000;
  sc_core::sc_mutex busy_;
};

} // namespace tessera::simulator

#endif
