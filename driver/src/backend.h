// What a kind of device implements; everything else of device.h (allocation, checks, identity, results) is shared above it.
//
// Contract: addresses and offsets are checked before they come here. A launch is a write of 1 to the control register. Nothing
// blocks but waitDone, which has a limit. Calls come from one thread at a time.
#ifndef TESSERA_DRIVER_BACKEND_H
#define TESSERA_DRIVER_BACKEND_H

#include "status.h"

#include "tessera/isa/machine.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tessera::driver {

struct BackendOptions {
  isa::MachineConfig machine;
  std::string memory; ///< text of the options' memory model; empty if none was given
  size_t dramBytes = 0;
  bool assertions = true; ///< of the core's model, where it has any
};

class Backend {
public:
  virtual ~Backend() = default;

  virtual Status readRegister(uint32_t offset, uint32_t &value) = 0;
  virtual Status writeRegister(uint32_t offset, uint32_t value) = 0;
  virtual Status writeMemory(uint32_t address, std::span<const uint8_t> data) = 0;
  virtual Status readMemory(uint32_t address, std::span<uint8_t> data) = 0;

  /// The device's memory where the host sees it, empty where it does not; the host may use what a running launch leaves alone.
  virtual std::span<uint8_t> memory() { return {}; }

  /// Returns when no launch runs, or with TSR_TIMEOUT (it may be called again), or when the model itself failed.
  virtual Status waitDone(double seconds) = 0;

  /// Wall time that the last launch took in the model.
  virtual double launchSeconds() const { return 0; }

  virtual Status wave(const std::string &path, uint32_t first, uint32_t last);

  /// As tsr_device_timeline and tsr_device_timeline_events have it.
  virtual Status timeline(uint64_t limit);
  virtual std::span<const uint64_t> timelineEvents(uint64_t &dropped);
};

/// Makes a backend; on failure `backend` stays empty.
using OpenBackend = Status (*)(const BackendOptions &options, std::unique_ptr<Backend> &backend);

struct BackendEntry {
  const char *name;
  OpenBackend open;
};

/// The backends of this build.
std::span<const BackendEntry> backends();

/// The backend of an open device.
Backend &backendOf(tsr_device &device);

} // namespace tessera::driver

#endif
