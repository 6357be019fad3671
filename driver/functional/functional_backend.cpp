// The functional device: registers with the functional model behind them. A launch runs on a thread of its own, so that a wait has
// its limit whatever the program does. The options' memory model has no meaning here.
#include "backend.h"

#include "tessera/simulator/functional_registers.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

namespace tessera::driver {

namespace {

using Clock = std::chrono::steady_clock;

class FunctionalBackend : public Backend {
public:
  FunctionalBackend(const BackendOptions &options)
      : registers_(options.machine),
        dram_(static_cast<uint8_t *>(std::calloc(options.dramBytes, 1)), &std::free),
        dramBytes_(options.dramBytes) {
    if (dram_)
      worker_ = std::thread([this] { work(); });
  }

  ~FunctionalBackend() override {
    if (!worker_.joinable())
      return;
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    registers_.stop();
    wake_.notify_all();
    worker_.join();
  }

  bool hasMemory() const { return dram_ != nullptr; }

  Status readRegister(uint32_t offset, uint32_t &value) override {
    value = registers_.read(offset);
    return {};
  }
  Status writeRegister(uint32_t offset, uint32_t value) override {
    registers_.write(offset, value);
    if (offset != isa::reg::kControl)
      return {};
    {
      const std::lock_guard lock(mutex_);
      running_ = registers_.pending();
    }
    wake_.notify_all();
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
  std::span<uint8_t> memory() override { return {dram_.get(), dramBytes_}; }

  Status waitDone(double seconds) override {
    std::unique_lock lock(mutex_);
    // A wait of a year is as good as one of a thousand, and does not overflow the clock.
    const auto limit =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::min(seconds, 3.0e7)));
    if (wake_.wait_for(lock, limit, [this] { return !running_; }))
      return {};
    return {TSR_TIMEOUT, "the functional model still runs"};
  }
  double launchSeconds() const override { return launchSeconds_; }

private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return running_ || closing_; });
      if (closing_)
        return;
      lock.unlock();
      const Clock::time_point begin = Clock::now();
      registers_.runPending({dram_.get(), dramBytes_});
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      lock.lock();
      launchSeconds_ = seconds;
      running_ = false;
      wake_.notify_all();
    }
  }

  simulator::FunctionalRegisters registers_;
  std::unique_ptr<uint8_t, void (*)(void *)> dram_;
  size_t dramBytes_;
  double launchSeconds_ = 0;

  std::mutex mutex_; // guards what follows
  std::condition_variable wake_;
  bool running_ = false, closing_ = false;
  std::thread worker_;
};

} // namespace

Status openFunctionalBackend(const BackendOptions &options, std::unique_ptr<Backend> &backend) {
  auto opened = std::make_unique<FunctionalBackend>(options);
  if (!opened->hasMemory())
    return failure(TSR_OUT_OF_MEMORY, "no host memory for %zu bytes", options.dramBytes);
  backend = std::move(opened);
  return {};
}

} // namespace tessera::driver
