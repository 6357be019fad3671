// The pins of tsr_core in one clock cycle, for those who drive the Verilated core themselves (SystemC).
// Data buses are little-endian bytes, busBits / 8 of them are used. Nothing here depends on the machine.
#ifndef TESSERA_SIMULATOR_CORE_PINS_H
#define TESSERA_SIMULATOR_CORE_PINS_H

#include <cstdint>

namespace tessera::simulator {

/// Inputs of the core in one clock cycle.
struct CorePinsIn {
  bool resetN = true;
  bool arReady = false;
  bool rValid = false, rLast = false;
  uint8_t rId = 0, rResp = 0;
  bool awReady = false, wReady = false, bValid = false;
  uint8_t bId = 0, bResp = 0;
  // AXI4-Lite slave
  bool sAwValid = false, sWValid = false, sBReady = false, sArValid = false, sRReady = false;
  uint8_t sWStrb = 0;
  uint16_t sAwAddr = 0, sArAddr = 0;
  uint32_t sWData = 0;
  uint8_t rData[64] = {}; ///< busBits / 8 bytes are used
};

/// Outputs of the core in one clock cycle. None depends on an input of the same cycle.
struct CorePinsOut {
  bool arValid = false;
  uint8_t arId = 0, arLen = 0, arSize = 0, arBurst = 0;
  uint32_t arAddr = 0;
  bool rReady = false;
  bool awValid = false;
  uint8_t awId = 0, awLen = 0, awSize = 0, awBurst = 0;
  uint32_t awAddr = 0;
  bool wValid = false, wLast = false, bReady = false;
  uint64_t wStrb = 0;
  bool sAwReady = false, sWReady = false, sBValid = false, sArReady = false, sRValid = false;
  uint8_t sBResp = 0, sRResp = 0;
  uint32_t sRData = 0;
  bool irq = false, busy = false;
  uint8_t wData[64] = {};
};

} // namespace tessera::simulator

#endif
