// An open device: a backend with what all devices share.
#ifndef TESSERA_DRIVER_DEVICE_H
#define TESSERA_DRIVER_DEVICE_H

#include "allocator.h"
#include "backend.h"

#include "tessera/isa/encoding.h"

#include <memory>
#include <string>

struct tsr_device {
  tsr_device(std::string deviceName, tessera::isa::MachineConfig config, uint64_t dram)
      : name(std::move(deviceName)), machine(std::move(config)), dramBytes(dram), allocator(dram) {}

  std::string name;
  tessera::isa::MachineConfig machine;
  uint64_t dramBytes;
  std::unique_ptr<tessera::driver::Backend> backend;
  tessera::driver::Allocator allocator;
  tsr_identity identity{};
  bool launched = false; ///< a launch has not been waited for
  uint64_t launches = 0; ///< of its runtimes
  std::string message;

  /// Keeps the message and gives the code.
  tsr_status report(tessera::driver::Status status) {
    if (!status.ok())
      message = std::move(status.message);
    return status.code;
  }
};

namespace tessera::driver {

// device.h's calls, with Status instead of a kept message.
Status identify(tsr_device &device);
Status readMemory(tsr_device &device, uint32_t address, std::span<uint8_t> data);
Status writeMemory(tsr_device &device, uint32_t address, std::span<const uint8_t> data);
/// Of `bytes` at `address`; empty where the host does not see the device's memory.
Status memoryOf(tsr_device &device, uint32_t address, uint64_t bytes, std::span<uint8_t> &memory);
Status readRegister(tsr_device &device, uint32_t offset, uint32_t &value);
Status writeRegister(tsr_device &device, uint32_t offset, uint32_t value);
Status readClasses(tsr_device &device, std::span<uint64_t, TSR_CYCLE_CLASSES> classes);
Status readMarkClasses(tsr_device &device, uint32_t count, uint32_t *classes);
Status allocate(tsr_device &device, uint64_t bytes, uint64_t alignment, uint32_t &address);
Status launch(tsr_device &device);
Status wait(tsr_device &device, double timeoutSeconds, tsr_launch_result &result);

/// `SRAM_BOUNDS` ...
const char *errorName(uint32_t code);

} // namespace tessera::driver

#endif
