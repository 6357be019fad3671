// The C functions of device.h.
#include "device.h"

#include <cstring>

using namespace tessera;
using namespace tessera::driver;

namespace {

constexpr uint64_t kDefaultDramBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxDramBytes = uint64_t{1} << 32;

Status open(const char *name, const tsr_device_options &options, std::unique_ptr<tsr_device> &device) {
  const BackendEntry *entry = nullptr;
  std::string names;
  for (const BackendEntry &candidate : backends()) {
    if (std::strcmp(candidate.name, name) == 0)
      entry = &candidate;
    names += (names.empty() ? "" : ", ") + std::string(candidate.name);
  }
  if (!entry)
    return failure(TSR_NOT_FOUND, "no device named %s; this build has %s", name, names.c_str());
  const isa::Expected<isa::MachineConfig> machine =
      isa::loadMachine(options.machine ? options.machine : "pynq");
  if (!machine)
    return {TSR_NOT_FOUND, machine.error().message};
  const uint64_t bytes = options.dramBytes ? options.dramBytes : kDefaultDramBytes;
  if (bytes > kMaxDramBytes || bytes % 4096 != 0)
    return failure(TSR_INVALID_ARGUMENT, "device memory of %llu bytes is not a multiple of 4096 up to 4 GiB",
                   static_cast<unsigned long long>(bytes));
  auto opened = std::make_unique<tsr_device>(name, *machine, bytes);
  const BackendOptions backendOptions{*machine, options.memory ? options.memory : "", bytes,
                                      options.withoutAssertions == 0};
  if (Status status = entry->open(backendOptions, opened->backend); !status.ok())
    return status;
  if (Status status = identify(*opened); !status.ok())
    return status;
  device = std::move(opened);
  return {};
}

} // namespace

extern "C" {

tsr_status tsr_device_open(const char *name, const tsr_device_options *options, tsr_device **device) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  *device = nullptr;
  openMessage().clear();
  return guarded(openMessage(), [&] {
    std::unique_ptr<tsr_device> opened;
    Status status = name ? open(name, options ? *options : tsr_device_options{}, opened)
                         : failure(TSR_INVALID_ARGUMENT, "no device name given");
    if (!status.ok())
      openMessage() = std::string(name ? name : "device") + ": " + status.message;
    *device = opened.release();
    return status.code;
  });
}

void tsr_device_close(tsr_device *device) { delete device; }
const char *tsr_open_message(void) { return openMessage().c_str(); }
const char *tsr_device_message(const tsr_device *device) {
  return device ? device->message.c_str() : "no device";
}

size_t tsr_device_list(const char **names, size_t capacity) {
  const std::span<const BackendEntry> all = backends();
  for (size_t i = 0; names && i < all.size() && i < capacity; ++i)
    names[i] = all[i].name;
  return all.size();
}

tsr_status tsr_device_identify(tsr_device *device, tsr_identity *identity) {
  if (!device || !identity)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    const tsr_status status = device->report(identify(*device));
    *identity = device->identity;
    return status;
  });
}

tsr_status tsr_device_allocate(tsr_device *device, size_t bytes, size_t alignment, uint32_t *address) {
  if (!device || !address)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message,
                 [&] { return device->report(allocate(*device, bytes, alignment, *address)); });
}

tsr_status tsr_device_free(tsr_device *device, uint32_t address) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    if (device->allocator.release(address))
      return TSR_OK;
    return device->report(failure(TSR_INVALID_ARGUMENT, "no buffer starts at address 0x%x", address));
  });
}

tsr_status tsr_device_write(tsr_device *device, uint32_t address, const void *data, size_t bytes) {
  if (!device || (!data && bytes))
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    return device->report(writeMemory(*device, address, {static_cast<const uint8_t *>(data), bytes}));
  });
}

tsr_status tsr_device_read(tsr_device *device, uint32_t address, void *data, size_t bytes) {
  if (!device || (!data && bytes))
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    return device->report(readMemory(*device, address, {static_cast<uint8_t *>(data), bytes}));
  });
}

tsr_status tsr_device_memory(tsr_device *device, uint32_t address, size_t bytes, void **memory) {
  if (!device || !memory)
    return TSR_INVALID_ARGUMENT;
  *memory = nullptr;
  return guarded(device->message, [&] {
    std::span<uint8_t> seen;
    Status status = memoryOf(*device, address, bytes, seen);
    if (status.ok() && seen.data() == nullptr)
      status =
          failure(TSR_UNSUPPORTED, "the host does not see the memory of device %s", device->name.c_str());
    *memory = seen.data();
    return device->report(std::move(status));
  });
}

tsr_status tsr_device_read_register(tsr_device *device, uint32_t offset, uint32_t *value) {
  if (!device || !value)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] { return device->report(readRegister(*device, offset, *value)); });
}

tsr_status tsr_device_write_register(tsr_device *device, uint32_t offset, uint32_t value) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] { return device->report(writeRegister(*device, offset, value)); });
}

tsr_status tsr_device_launch(tsr_device *device) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] { return device->report(launch(*device)); });
}

tsr_status tsr_device_wait(tsr_device *device, double timeoutSeconds, tsr_launch_result *result) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    tsr_launch_result unused;
    return device->report(wait(*device, timeoutSeconds, result ? *result : unused));
  });
}

const char *tsr_error_name(uint32_t errorCode) { return errorName(errorCode); }

tsr_status tsr_device_counters(tsr_device *device, uint64_t counters[TSR_COUNTERS]) {
  if (!device || !counters)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    for (uint32_t i = 0; i < TSR_COUNTERS; ++i) {
      uint32_t value = 0;
      if (Status status = readRegister(*device, isa::reg::kCounterFetchStall + 4 * i, value); !status.ok())
        return device->report(std::move(status));
      counters[i] = value;
    }
    return TSR_OK;
  });
}

tsr_status tsr_device_classes(tsr_device *device, uint64_t classes[TSR_CYCLE_CLASSES]) {
  if (!device || !classes)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    return device->report(
        readClasses(*device, std::span<uint64_t, TSR_CYCLE_CLASSES>(classes, TSR_CYCLE_CLASSES)));
  });
}

tsr_status tsr_device_mark_classes(tsr_device *device, uint32_t count, uint32_t *classes) {
  if (!device || (!classes && count))
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] { return device->report(readMarkClasses(*device, count, classes)); });
}

tsr_status tsr_device_timeline(tsr_device *device, uint64_t limit) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] { return device->report(device->backend->timeline(limit)); });
}

tsr_status tsr_device_timeline_events(tsr_device *device, const uint64_t **events, uint64_t *count,
                                      uint64_t *dropped) {
  if (!device || !events || !count || !dropped)
    return TSR_INVALID_ARGUMENT;
  const std::span<const uint64_t> kept = device->backend->timelineEvents(*dropped);
  *events = kept.data();
  *count = kept.size();
  return TSR_OK;
}

tsr_status tsr_device_wave(tsr_device *device, const char *path, uint32_t firstInstruction,
                           uint32_t lastInstruction) {
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    return device->report(device->backend->wave(path ? path : "", firstInstruction, lastInstruction));
  });
}
}
