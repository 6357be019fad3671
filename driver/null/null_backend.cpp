// The null device: registers that answer, memory that keeps, and no core.
#include "tessera/null_device.h"

#include "backend.h"
#include "option_text.h"

#include "tessera/simulator/register_file.h"

#include <cstdlib>
#include <cstring>
#include <vector>

namespace tessera::driver {

namespace {

class NullBackend : public Backend {
public:
  explicit NullBackend(const BackendOptions &options)
      : registers_(options.machine),
        dram_(static_cast<uint8_t *>(std::calloc(options.dramBytes, 1)), &std::free) {}

  Status configure(const std::string &memory) {
    for (const auto &[key, value] : splitOptions(memory)) {
      const std::optional<uint64_t> number = parseNumber(value);
      if (key == "silent" && value.empty()) {
        silent_ = true;
        continue;
      }
      const auto low = static_cast<uint32_t>(number.value_or(0));
      if (!number)
        return failure(TSR_INVALID_ARGUMENT, "option %s needs a number, not '%s'", key.c_str(),
                       value.c_str());
      if (key == "identity")
        registers_.overrideIdentity(isa::reg::kIdentity, low);
      else if (key == "version")
        registers_.overrideIdentity(isa::reg::kVersion, low);
      else if (key == "features")
        registers_.overrideIdentity(isa::reg::kFeatures, low);
      else if (key == "hash") {
        registers_.overrideIdentity(isa::reg::kConfigHashLow, low);
        registers_.overrideIdentity(isa::reg::kConfigHashHigh, static_cast<uint32_t>(*number >> 32));
      } else if (key == "error")
        outcome_.code = static_cast<isa::ErrorCode>(low & 15);
      else if (key == "index")
        outcome_.index = low;
      else if (key == "cycles")
        outcome_.cycles = *number;
      else
        return failure(TSR_INVALID_ARGUMENT, "no option %s", key.c_str());
    }
    return {};
  }

  bool hasMemory() const { return dram_ != nullptr; }

  Status readRegister(uint32_t offset, uint32_t &value) override {
    value = registers_.read(offset);
    traffic.push_back({0, offset, value});
    return {};
  }
  Status writeRegister(uint32_t offset, uint32_t value) override {
    traffic.push_back({1, offset, value});
    if (registers_.write(offset, value) && !silent_)
      registers_.finish(outcome_);
    return {};
  }
  Status writeMemory(uint32_t address, std::span<const uint8_t> data) override {
    std::memcpy(dram_.get() + address, data.data(), data.size());
    return {};
  }
  Status readMemory(uint32_t address, std::span<uint8_t> data) override {
    std::memcpy(data.data(), dram_.get() + address, data.size());
    return {};
  }
  Status waitDone(double) override {
    if (registers_.running())
      return {TSR_TIMEOUT, "the null device is silent"};
    return {};
  }

  std::vector<tsr_null_access> traffic;

private:
  simulator::RegisterFile registers_;
  std::unique_ptr<uint8_t, void (*)(void *)> dram_;
  simulator::LaunchOutcome outcome_;
  bool silent_ = false;
};

} // namespace

Status openNullBackend(const BackendOptions &options, std::unique_ptr<Backend> &backend) {
  auto opened = std::make_unique<NullBackend>(options);
  if (!opened->hasMemory())
    return failure(TSR_OUT_OF_MEMORY, "no host memory for %zu bytes", options.dramBytes);
  if (Status status = opened->configure(options.memory); !status.ok())
    return status;
  backend = std::move(opened);
  return {};
}

} // namespace tessera::driver

using tessera::driver::NullBackend;

extern "C" size_t tsr_null_traffic(tsr_device *device, tsr_null_access *accesses, size_t capacity) {
  const auto *null = dynamic_cast<NullBackend *>(&tessera::driver::backendOf(*device));
  if (!null)
    return 0;
  for (size_t i = 0; accesses && i < null->traffic.size() && i < capacity; ++i)
    accesses[i] = null->traffic[i];
  return null->traffic.size();
}

extern "C" void tsr_null_clear(tsr_device *device) {
  if (auto *null = dynamic_cast<NullBackend *>(&tessera::driver::backendOf(*device)))
    null->traffic.clear();
}
