#include "tessera/simulator/verilated_core.h"

#include "model_library.h"

#include "tessera/isa/encoding.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

using tessera::isa::Error;
using tessera::isa::Expected;
using tessera::isa::MachineConfig;
namespace reg = tessera::isa::reg;

namespace tessera::simulator {
namespace {

using Clock = std::chrono::steady_clock;

/// Zeroed memory that costs nothing until it is touched.
class Pages {
public:
  Pages() = default;
  static Expected<Pages> make(std::size_t bytes) {
    void *at = mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
      return Error{"cannot get " + std::to_string(bytes) + " bytes of dram: " + std::strerror(errno)};
    Pages pages;
    pages.at_ = static_cast<uint8_t *>(at);
    pages.bytes_ = bytes;
    return pages;
  }
  Pages(Pages &&other) noexcept
      : at_(std::exchange(other.at_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Pages &operator=(Pages &&other) noexcept {
    std::swap(at_, other.at_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Pages() {
    if (at_)
      munmap(at_, std::max<std::size_t>(bytes_, 1));
  }
  std::span<uint8_t> span() const { return {at_, bytes_}; }

private:
  uint8_t *at_ = nullptr;
  std::size_t bytes_ = 0;
};

/// One model of a library.
class Model {
public:
  Model() = default;
  static Expected<Model> make(const TsrCycleApi *api, std::span<uint8_t> dram, const std::string &memory) {
    char message[512] = "";
    Model model;
    model.api_ = api;
    model.state_ = api->create(dram.data(), dram.size(), memory.c_str(), message, sizeof message);
    if (!model.state_)
      return Error{message};
    return model;
  }
  Model(Model &&other) noexcept : api_(other.api_), state_(std::exchange(other.state_, nullptr)) {}
  Model &operator=(Model &&other) noexcept {
    std::swap(api_, other.api_);
    std::swap(state_, other.state_);
    return *this;
  }
  ~Model() {
    if (state_)
      api_->destroy(state_);
  }
  const TsrCycleApi *operator->() const { return api_; }
  void *state() const { return state_; }

private:
  const TsrCycleApi *api_ = nullptr;
  void *state_ = nullptr;
};

/// The waveform's library writes through mapped pages, and a disk that is full then ends the program: so there must be room before.
Expected<void> checkRoom(const std::string &path) {
  constexpr uint64_t kLeastBytes = 16 << 20;
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0)
    return {};
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  struct stat file{};
  if (free >= kLeastBytes || ::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode))
    return {};
  if (file.st_size == 0)
    ::unlink(path.c_str());
  return Error{"no waveform: the disk of " + path + " has " + std::to_string(free) +
               " bytes left, one needs up to " + std::to_string(kLeastBytes)};
}

Expected<void> makeEmptyFile(const std::string &path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return Error{"cannot write " + path + ": not a regular file"};
  if (std::ofstream file(path, std::ios::binary); !file)
    return Error{"cannot write " + path + ": " + std::strerror(errno)};
  return {};
}

class LibraryCore final : public VerilatedCore {
public:
  LibraryCore(const MachineConfig &machine, std::string memory, Pages pages, Model model)
      : machine_(machine), memory_(std::move(memory)), pages_(std::move(pages)), model_(std::move(model)) {}

  const MachineConfig &machine() const override { return machine_; }
  uint32_t readRegister(uint32_t offset) override { return model_->readRegister(model_.state(), offset); }
  void writeRegister(uint32_t offset, uint32_t value) override {
    model_->writeRegister(model_.state(), offset, value);
  }
  std::span<uint8_t> dram() override { return pages_.span(); }
  bool busy() const override { return model_->status(model_.state()) & 1; }
  bool interrupt() const override { return model_->status(model_.state()) >> 1 & 1; }
  uint64_t cycles() const override { return past_ + model_->cycles(model_.state()); }
  double secondsInModel() const override { return seconds_; }
  std::string message() const override { return model_->message(model_.state()); }

  void timeline(uint64_t limit) override {
    timelineLimit_ = limit;
    model_->timeline(model_.state(), limit);
  }
  std::span<const uint64_t> timelineEvents(uint64_t &dropped) const override {
    uint64_t count = 0;
    const uint64_t *events = model_->timelineEvents(model_.state(), &count, &dropped);
    return {events, count};
  }

  RunEnd runUntilDone(const RunLimits &limits) override {
    const auto begin = Clock::now();
    uint64_t left = limits.maxCycles;
    RunEnd end = RunEnd::CycleLimit;
    while (left != 0 || !busy()) {
      const uint64_t step = std::min(left, kStep);
      const uint32_t result = model_->run(model_.state(), step);
      left -= step;
      if (result != kTsrCycleLimit) {
        end = result == kTsrCycleDone ? RunEnd::Done : RunEnd::Assertion;
        break;
      }
      if (limits.maxSeconds > 0 && since(begin) > limits.maxSeconds) {
        end = RunEnd::TimeLimit;
        break;
      }
    }
    seconds_ += since(begin);
    return end;
  }

  Expected<void> wave(const std::string &path, uint32_t first, uint32_t last) override {
    if (!path.empty()) // the waveform's own library would not say, and deletes what is there: a device file, too
      if (Expected<void> made = makeEmptyFile(path); !made)
        return made;
    if (Expected<void> room = path.empty() ? Expected<void>() : checkRoom(path); !room)
      return room;
    if (!path.empty() && !model_->waves) {
      if (busy())
        return Error{"the waveform cannot be turned on while a launch runs"};
      Expected<const TsrCycleApi *> api = loadModelLibrary(machine_, {.waves = true});
      if (!api)
        return api.error();
      Expected<Model> other = Model::make(*api, pages_.span(), memory_);
      if (!other)
        return other.error();
      for (uint32_t offset : kWritable)
        (*other)->writeRegister(other->state(), offset, readRegister(offset));
      past_ = cycles();
      model_ = std::move(*other);
      timeline(timelineLimit_);
      past_ -= model_->cycles(model_.state());
    }
    if (!model_->wave(model_.state(), path.empty() ? nullptr : path.c_str(), first, last))
      return Error{"this model writes no waveforms"};
    return {};
  }

private:
  static constexpr uint64_t kStep = 200'000;
  static constexpr uint32_t kWritable[] = {
      reg::kInsnCount, reg::kInsnAddress, reg::kUopBase, reg::kInpBase,   reg::kWgtBase,      reg::kAccBase,
      reg::kOutBase,   reg::kUserCounter, reg::kParBase, reg::kIrqEnable, reg::kWatchdogLimit};
  static double since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  MachineConfig machine_;
  std::string memory_;
  Pages pages_;
  Model model_;
  uint64_t past_ = 0; ///< cycles of the model before the present one
  double seconds_ = 0;
  uint64_t timelineLimit_ = 0;
};

class LibraryPins final : public VerilatedPins {
public:
  LibraryPins(const MachineConfig &machine, Model model) : machine_(machine), model_(std::move(model)) {
    model_->outputs(model_.state(), &outputs_);
  }
  const MachineConfig &machine() const override { return machine_; }
  const CorePinsOut &outputs() const override { return outputs_; }
  void clock(const CorePinsIn &in) override {
    model_->clock(model_.state(), &in);
    model_->outputs(model_.state(), &outputs_);
  }
  std::string message() const override { return model_->message(model_.state()); }

private:
  MachineConfig machine_;
  Model model_;
  CorePinsOut outputs_;
};

} // namespace

Expected<std::unique_ptr<VerilatedCore>> openVerilatedCore(const MachineConfig &machine,
                                                           const VerilatedOptions &options) {
  Expected<const TsrCycleApi *> api = loadModelLibrary(machine, {options.wave, options.assertions});
  if (!api)
    return api.error();
  Expected<Pages> pages = Pages::make(options.dramBytes);
  if (!pages)
    return pages.error();
  const std::string memory = options.memory.empty() ? "bench" : options.memory;
  if (memory == "pins")
    return Error{"unknown memory model 'pins' (bench, ideal, ddr3, chaos, mute)"};
  Expected<Model> model = Model::make(*api, pages->span(), memory);
  if (!model)
    return model.error();
  return std::unique_ptr<VerilatedCore>(
      new LibraryCore(machine, memory, std::move(*pages), std::move(*model)));
}

Expected<std::unique_ptr<VerilatedCore>> openVerilatedCore(const std::string &machine,
                                                           const std::string &memory, std::size_t dramBytes) {
  Expected<MachineConfig> config = isa::loadMachine(machine);
  if (!config)
    return config.error();
  VerilatedOptions options;
  options.memory = memory;
  options.dramBytes = dramBytes;
  return openVerilatedCore(*config, options);
}

Expected<std::unique_ptr<VerilatedPins>> openVerilatedPins(const MachineConfig &machine) {
  Expected<const TsrCycleApi *> api = loadModelLibrary(machine, {});
  if (!api)
    return api.error();
  Expected<Model> model = Model::make(*api, {}, "pins");
  if (!model)
    return model.error();
  return std::unique_ptr<VerilatedPins>(new LibraryPins(machine, std::move(*model)));
}

} // namespace tessera::simulator
