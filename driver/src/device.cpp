#include "device.h"

#include <cmath>

namespace tessera::driver {

namespace reg = isa::reg;

namespace {

constexpr uint32_t kRegisterBytes = reg::kMarks + 4 * reg::kMarksCount;

Status checkRange(const tsr_device &device, uint32_t address, uint64_t bytes) {
  if (address + bytes > device.dramBytes)
    return failure(TSR_OUT_OF_RANGE, "%llu bytes at address 0x%x end past the device's %llu bytes of memory",
                   static_cast<unsigned long long>(bytes), address,
                   static_cast<unsigned long long>(device.dramBytes));
  return {};
}

Status checkOffset(uint32_t offset) {
  if (offset % 4 != 0 || offset >= kRegisterBytes)
    return failure(TSR_INVALID_ARGUMENT, "register offset 0x%x is not a multiple of 4 below 0x%x", offset,
                   kRegisterBytes);
  return {};
}

} // namespace

Status Backend::wave(const std::string &path, uint32_t, uint32_t) {
  if (path.empty())
    return {};
  return failure(TSR_UNSUPPORTED, "this device writes no waveform");
}

Status Backend::timeline(uint64_t limit) {
  return limit == 0 ? Status{} : failure(TSR_UNSUPPORTED, "this device does not see when instructions run");
}

std::span<const uint64_t> Backend::timelineEvents(uint64_t &dropped) {
  dropped = 0;
  return {};
}

Backend &backendOf(tsr_device &device) { return *device.backend; }

const char *errorName(uint32_t code) {
  static constexpr const char *kNames[] = {"NONE",        "BAD_OPCODE", "BAD_MEMORY_TYPE",
                                           "SRAM_BOUNDS", "DRAM_FAULT", "DEADLOCK",
                                           "WATCHDOG",    "BAD_FIELD",  "NO_FINISH"};
  return code < std::size(kNames) ? kNames[code] : "unknown error";
}

Status identify(tsr_device &device) {
  const isa::MachineConfig &machine = device.machine;
  uint32_t identity = 0, version = 0, low = 0, high = 0, features = 0, classes = 0;
  for (auto [offset, value] : {std::pair{reg::kIdentity, &identity},
                               {reg::kVersion, &version},
                               {reg::kConfigHashLow, &low},
                               {reg::kConfigHashHigh, &high},
                               {reg::kFeatures, &features},
                               {reg::kClassCount, &classes}})
    if (Status status = device.backend->readRegister(offset, *value); !status.ok())
      return status;
  if (identity != isa::kIdentity)
    return failure(TSR_MISMATCH, "no core answers: identity register is 0x%08x, not 0x%08x", identity,
                   isa::kIdentity);
  if (version >> 16 != isa::kVersionMajor || (version & 0xffff) < isa::kVersionMinor)
    return failure(TSR_MISMATCH, "core version %u.%u does not fit this driver's version %u.%u", version >> 16,
                   version & 0xffff, isa::kVersionMajor, isa::kVersionMinor);
  const uint64_t hash = uint64_t{high} << 32 | low;
  if (hash != machine.hash())
    return failure(TSR_MISMATCH, "core has configuration 0x%016llx, machine %s is 0x%016llx",
                   static_cast<unsigned long long>(hash), machine.name.c_str(),
                   static_cast<unsigned long long>(machine.hash()));
  if (features != machine.features)
    return failure(TSR_MISMATCH, "core has features 0x%x, machine %s has 0x%x", features,
                   machine.name.c_str(), machine.features);
  std::snprintf(device.identity.device, sizeof device.identity.device, "%s", device.name.c_str());
  std::snprintf(device.identity.machine, sizeof device.identity.machine, "%s", machine.name.c_str());
  device.identity.configHash = hash;
  device.identity.version = version;
  device.identity.features = features;
  device.identity.classes = classes == TSR_CYCLE_CLASSES ? classes : 0;
  return {};
}

Status readMemory(tsr_device &device, uint32_t address, std::span<uint8_t> data) {
  if (Status status = checkRange(device, address, data.size()); !status.ok())
    return status;
  return data.empty() ? Status{} : device.backend->readMemory(address, data);
}

Status writeMemory(tsr_device &device, uint32_t address, std::span<const uint8_t> data) {
  if (Status status = checkRange(device, address, data.size()); !status.ok())
    return status;
  return data.empty() ? Status{} : device.backend->writeMemory(address, data);
}

Status memoryOf(tsr_device &device, uint32_t address, uint64_t bytes, std::span<uint8_t> &memory) {
  memory = {};
  if (Status status = checkRange(device, address, bytes); !status.ok())
    return status;
  if (const std::span<uint8_t> all = device.backend->memory(); !all.empty())
    memory = all.subspan(address, bytes);
  return {};
}

Status readRegister(tsr_device &device, uint32_t offset, uint32_t &value) {
  if (Status status = checkOffset(offset); !status.ok())
    return status;
  return device.backend->readRegister(offset, value);
}

Status writeRegister(tsr_device &device, uint32_t offset, uint32_t value) {
  if (Status status = checkOffset(offset); !status.ok())
    return status;
  if (offset == reg::kControl && (value & 1))
    return launch(device);
  return device.backend->writeRegister(offset, value);
}

Status readClasses(tsr_device &device, std::span<uint64_t, TSR_CYCLE_CLASSES> classes) {
  if (device.identity.classes == 0)
    return failure(TSR_UNSUPPORTED, "device %s does not count where cycles go", device.name.c_str());
  for (uint32_t i = 0; i < TSR_CYCLE_CLASSES; ++i) {
    uint32_t value = 0;
    if (Status status = device.backend->readRegister(reg::kClasses + 4 * i, value); !status.ok())
      return status;
    classes[i] = value;
  }
  return {};
}

Status readMarkClasses(tsr_device &device, uint32_t count, uint32_t *classes) {
  if (device.identity.classes == 0)
    return failure(TSR_UNSUPPORTED, "device %s does not count where cycles go", device.name.c_str());
  if (count > reg::kMarksCount)
    return failure(TSR_INVALID_ARGUMENT, "%u marks of %u", count, reg::kMarksCount);
  Status status;
  for (uint32_t show = 1; show <= TSR_CYCLE_CLASSES && status.ok(); ++show) {
    status = device.backend->writeRegister(reg::kMarksShow, show);
    for (uint32_t i = 0; i < count && status.ok(); ++i)
      status = device.backend->readRegister(reg::kMarks + 4 * i, classes[i * TSR_CYCLE_CLASSES + show - 1]);
  }
  if (Status back = device.backend->writeRegister(reg::kMarksShow, 0); status.ok())
    return back;
  return status;
}

Status allocate(tsr_device &device, uint64_t bytes, uint64_t alignment, uint32_t &address) {
  if (bytes == 0 || alignment == 0)
    return failure(TSR_INVALID_ARGUMENT, "cannot allocate %llu bytes aligned to %llu",
                   static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(alignment));
  const std::optional<uint32_t> found = device.allocator.allocate(bytes, alignment);
  if (!found)
    return failure(TSR_OUT_OF_MEMORY,
                   "no %llu bytes aligned to %llu left in device memory: %llu of %llu bytes are used",
                   static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(alignment),
                   static_cast<unsigned long long>(device.allocator.used()),
                   static_cast<unsigned long long>(device.allocator.capacity()));
  address = *found;
  return {};
}

Status launch(tsr_device &device) {
  if (device.launched) {
    // A launch that has ended without being waited for does not stand in the way.
    if (Status status = device.backend->waitDone(0); !status.ok()) {
      if (status.code != TSR_TIMEOUT)
        return status;
      return failure(TSR_INVALID_ARGUMENT, "a launch is still running");
    }
  }
  device.launched = true;
  return device.backend->writeRegister(reg::kControl, 1);
}

Status wait(tsr_device &device, double timeoutSeconds, tsr_launch_result &result) {
  result = {};
  if (!device.launched)
    return failure(TSR_INVALID_ARGUMENT, "no launch to wait for");
  if (!std::isfinite(timeoutSeconds) || timeoutSeconds < 0)
    return failure(TSR_INVALID_ARGUMENT, "timeout must be a number of seconds, not negative");
  if (Status status = device.backend->waitDone(timeoutSeconds); !status.ok()) {
    if (status.code == TSR_TIMEOUT)
      return failure(TSR_TIMEOUT, "the program did not end within %g seconds", timeoutSeconds);
    return status;
  }
  device.launched = false;
  uint32_t control = 0, low = 0, high = 0;
  for (auto [offset, value] : {std::pair{reg::kControl, &control},
                               {reg::kCycleCount, &low},
                               {reg::kCycleCountHigh, &high},
                               {reg::kErrorCode, &result.errorCode},
                               {reg::kErrorIndex, &result.errorIndex}})
    if (Status status = device.backend->readRegister(offset, *value); !status.ok())
      return status;
  result.cycles = uint64_t{high} << 32 | low;
  result.wallSeconds = device.backend->launchSeconds();
  if ((control & 2) == 0)
    return failure(TSR_DEVICE_ERROR, "the core is neither running nor done: control is 0x%x", control);
  if ((control & 4) == 0 && result.errorCode == 0)
    return {};
  return failure(TSR_DEVICE_ERROR, "core error %s at instruction %u", errorName(result.errorCode),
                 result.errorIndex);
}

} // namespace tessera::driver
