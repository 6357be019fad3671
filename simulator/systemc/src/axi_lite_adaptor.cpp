#include "axi_lite_adaptor.h"

namespace tessera::simulator {

AxiLiteAdaptor::AxiLiteAdaptor(const sc_core::sc_module_name &name)
    : sc_module(name), clock("clock"), core("core"), pins("pins") {}

// In each cycle the core sees the pins written after the last edge; wait() ends at the edge that transfers them, and `out` are
// still the core's outputs of the cycle that this edge ends.

bool AxiLiteAdaptor::read(uint32_t offset, uint32_t &value) {
  busy_.lock();
  RegisterPins drive;
  drive.arValid = drive.rReady = true;
  drive.arAddr = static_cast<uint16_t>(offset);
  bool answered = false;
  wait(clock.posedge_event());
  pins.write(drive);
  for (int cycle = 0; cycle < kLimit && !answered; ++cycle) {
    wait(clock.posedge_event());
    const CorePinsOut &out = core.read().out;
    if (out.sRValid) {
      value = out.sRData;
      answered = true;
    }
    if (out.sArReady)
      drive.arValid = false;
    pins.write(drive);
  }
  pins.write({});
  busy_.unlock();
  return answered;
}

bool AxiLiteAdaptor::write(uint32_t offset, uint32_t value) {
  busy_.lock();
  RegisterPins drive;
  drive.awValid = drive.wValid = drive.bReady = true;
  drive.awAddr = static_cast<uint16_t>(offset);
  drive.wData = value;
  bool answered = false;
  wait(clock.posedge_event());
  pins.write(drive);
  for (int cycle = 0; cycle < kLimit && !answered; ++cycle) {
    wait(clock.posedge_event());
    const CorePinsOut &out = core.read().out;
    answered = out.sBValid;
    if (out.sAwReady)
      drive.awValid = false;
    if (out.sWReady)
      drive.wValid = false;
    pins.write(drive);
  }
  pins.write({});
  busy_.unlock();
  return answered;
}

} // namespace tessera::simulator
