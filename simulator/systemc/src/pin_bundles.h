// The core's pins as SystemC signals, one signal a bundle: what the core drives, what the memory side drives, what the register side
// drives. A signal carries a struct, so that a cycle is a few writes and not a hundred.
#ifndef TESSERA_SYSTEMC_PIN_BUNDLES_H
#define TESSERA_SYSTEMC_PIN_BUNDLES_H

#include "tessera/simulator/core_pins.h"

#include <systemc>

#include <array>
#include <cstdint>
#include <ostream>

namespace tessera::simulator {

/// Inputs of the core on its AXI4 master ports.
struct MemoryPins {
  bool arReady = false;
  bool rValid = false, rLast = false;
  uint8_t rId = 0, rResp = 0;
  bool awReady = false, wReady = false, bValid = false;
  uint8_t bId = 0, bResp = 0;
  std::array<uint8_t, 64> rData{};
  friend bool operator==(const MemoryPins &, const MemoryPins &) = default;
};

/// Inputs of the core on its AXI4-Lite slave port.
struct RegisterPins {
  bool awValid = false, wValid = false, bReady = false, arValid = false, rReady = false;
  uint16_t awAddr = 0, arAddr = 0;
  uint32_t wData = 0;
  friend bool operator==(const RegisterPins &, const RegisterPins &) = default;
};

/// Outputs of the core in one cycle, numbered so that a change is a comparison of numbers.
struct CorePins {
  uint64_t cycle = 0;
  CorePinsOut out;
  friend bool operator==(const CorePins &a, const CorePins &b) { return a.cycle == b.cycle; }
};

// What sc_signal wants of a type.
inline std::ostream &operator<<(std::ostream &stream, const MemoryPins &) { return stream << "memory pins"; }
inline std::ostream &operator<<(std::ostream &stream, const RegisterPins &) {
  return stream << "register pins";
}
inline std::ostream &operator<<(std::ostream &stream, const CorePins &pins) {
  return stream << "core pins of cycle " << pins.cycle;
}
inline void sc_trace(sc_core::sc_trace_file *, const MemoryPins &, const std::string &) {}
inline void sc_trace(sc_core::sc_trace_file *, const RegisterPins &, const std::string &) {}
inline void sc_trace(sc_core::sc_trace_file *, const CorePins &, const std::string &) {}

} // namespace tessera::simulator

#endif
