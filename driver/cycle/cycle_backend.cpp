// The cycle device: the Verilated core with its memory model. A launch runs inside the wait.
#include "backend.h"

#include "tessera/isa/encoding.h"
#include "tessera/simulator/verilated_core.h"

#include <algorithm>
#include <cstring>

namespace tessera::driver {

namespace {

class CycleBackend : public Backend {
public:
  explicit CycleBackend(std::unique_ptr<simulator::VerilatedCore> core) : core_(std::move(core)) {}

  Status readRegister(uint32_t offset, uint32_t &value) override {
    value = core_->readRegister(offset);
    return checkModel();
  }
  Status writeRegister(uint32_t offset, uint32_t value) override {
    if (offset == isa::reg::kControl && (value & 1) && !core_->busy())
      secondsAtLaunch_ = core_->secondsInModel();
    core_->writeRegister(offset, value);
    return checkModel();
  }
  Status writeMemory(uint32_t address, std::span<const uint8_t> data) override {
    std::memcpy(core_->dram().data() + address, data.data(), data.size());
    return {};
  }
  Status readMemory(uint32_t address, std::span<uint8_t> data) override {
    std::memcpy(data.data(), core_->dram().data() + address, data.size());
    return {};
  }
  std::span<uint8_t> memory() override { return core_->dram(); }

  Status waitDone(double seconds) override {
    if (!core_->busy())
      return checkModel();
    // In the model's limits 0 seconds is no limit.
    const simulator::RunEnd end =
        core_->runUntilDone({.maxCycles = UINT64_MAX, .maxSeconds = std::max(seconds, 1e-9)});
    switch (end) {
    case simulator::RunEnd::Done:
      return {};
    case simulator::RunEnd::CycleLimit:
    case simulator::RunEnd::TimeLimit:
      return {TSR_TIMEOUT, "the Verilated core still runs"};
    case simulator::RunEnd::Assertion:
      break;
    }
    return failure(TSR_DEVICE_ERROR, "assertion in the core's model: %s", core_->message().c_str());
  }

  double launchSeconds() const override { return core_->secondsInModel() - secondsAtLaunch_; }

  Status wave(const std::string &path, uint32_t first, uint32_t last) override {
    const isa::Expected<void> set = core_->wave(path, first, last);
    return set ? Status{} : Status{TSR_IO, set.error().message};
  }

  Status timeline(uint64_t limit) override {
    core_->timeline(limit);
    return {};
  }
  std::span<const uint64_t> timelineEvents(uint64_t &dropped) override {
    return core_->timelineEvents(dropped);
  }

private:
  Status checkModel() const {
    const std::string message = core_->message();
    return message.empty() ? Status{}
                           : failure(TSR_DEVICE_ERROR, "assertion in the core's model: %s", message.c_str());
  }

  std::unique_ptr<simulator::VerilatedCore> core_;
  double secondsAtLaunch_ = 0;
};

} // namespace

Status openCycleBackend(const BackendOptions &options, std::unique_ptr<Backend> &backend) {
  isa::Expected<std::unique_ptr<simulator::VerilatedCore>> core =
      simulator::openVerilatedCore(options.machine, {.memory = options.memory,
                                                     .dramBytes = options.dramBytes,
                                                     .wave = false,
                                                     .assertions = options.assertions});
  if (!core)
    return {TSR_NOT_FOUND, core.error().message};
  backend = std::make_unique<CycleBackend>(std::move(*core));
  return {};
}

} // namespace tessera::driver
