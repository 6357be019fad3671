// A small SystemC platform around the accelerator: bus, memory, the accelerator and a driver process, run step by step.
//
//   driver process -> bus -> memory (address 0)
//                         -> accelerator registers (address 4 GiB)
//   accelerator    -> bus -> memory
//
// SystemC has one simulation a process: open() works once in the life of a process, and the device `systemc` forks a child for each
// device that is opened. The DRAM belongs to the caller. Register accesses are transactions of the driver process on simulated time.
//
// Models ("lt" or "cycle" with parameters): "lt"; "cycle", "cycle,latency=16,response=10,outstanding=16": the memory of model `bench`,
// whose cycle counts this gives exactly. Units: bytes, clock cycles of 10 ns.
#ifndef TESSERA_SIMULATOR_SYSTEMC_PLATFORM_H
#define TESSERA_SIMULATOR_SYSTEMC_PLATFORM_H

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tessera::simulator {

class SystemcPlatform {
public:
  virtual ~SystemcPlatform() = default;

  virtual uint32_t readRegister(uint32_t offset) = 0;
  virtual void writeRegister(uint32_t offset, uint32_t value) = 0;

  /// Lets the driver process wait for the launch, for about `cycles` clock cycles at most; true when none runs any more.
  virtual bool runUntilDone(uint64_t cycles) = 0;

  /// What went wrong in the model; empty if nothing.
  virtual std::string message() const = 0;

  /// Fails on an unknown model, where no Verilated model can be had, and when called again.
  static isa::Expected<std::unique_ptr<SystemcPlatform>>
  open(const isa::MachineConfig &machine, const std::string &model, std::span<uint8_t> dram);
};

} // namespace tessera::simulator

#endif
