// The systemc device: the SystemC platform in a child process, its memory shared with this one.
#include "backend.h"
#include "child.h"

#include "tessera/isa/encoding.h"

#include <cstring>

#include <sys/mman.h>

namespace tessera::driver {

namespace {

/// Memory that a forked child shares; costs nothing until it is touched.
class SharedPages {
public:
  explicit SharedPages(size_t bytes) : bytes_(bytes) {
    at_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~SharedPages() {
    if (isThere())
      ::munmap(at_, bytes_);
  }
  SharedPages(const SharedPages &) = delete;
  SharedPages &operator=(const SharedPages &) = delete;
  bool isThere() const { return at_ != MAP_FAILED; }
  std::span<uint8_t> span() const { return {static_cast<uint8_t *>(at_), bytes_}; }

private:
  void *at_;
  size_t bytes_;
};

class SystemcBackend : public Backend {
public:
  explicit SystemcBackend(size_t dramBytes) : memory_(dramBytes) {}

  Status start(const BackendOptions &options) {
    if (!memory_.isThere())
      return failure(TSR_OUT_OF_MEMORY, "no host memory for %zu bytes", options.dramBytes);
    return child_.start(options, memory_.span());
  }

  Status readRegister(uint32_t offset, uint32_t &value) override {
    return call({ChildRequest::Read, offset, 0}, value);
  }
  Status writeRegister(uint32_t offset, uint32_t value) override {
    if (offset == isa::reg::kControl && (value & 1))
      launched_ = true;
    uint32_t unused = 0;
    return call({ChildRequest::Write, offset, value}, unused);
  }
  Status writeMemory(uint32_t address, std::span<const uint8_t> data) override {
    std::memcpy(memory_.span().data() + address, data.data(), data.size());
    return {};
  }
  Status readMemory(uint32_t address, std::span<uint8_t> data) override {
    std::memcpy(data.data(), memory_.span().data() + address, data.size());
    return {};
  }
  std::span<uint8_t> memory() override { return memory_.span(); }

  Status waitDone(double seconds) override {
    if (!launched_)
      return {};
    if (!waiting_)
      if (Status status = child_.send({ChildRequest::Wait, 0, 0}); !status.ok())
        return status;
    waiting_ = true;
    ChildAnswer answer;
    while (waiting_)
      if (Status status = take(answer, seconds); !status.ok())
        return status;
    return {};
  }

  double launchSeconds() const override { return launchSeconds_; }

private:
  /// A register access; the simulation answers between two steps, so not for long.
  Status call(const ChildRequest &request, uint32_t &value) {
    if (Status status = child_.send(request); !status.ok())
      return status;
    ChildAnswer answer;
    do {
      if (Status status = take(answer, kCallSeconds); !status.ok())
        return status;
    } while (answer.kind != request.kind);
    value = answer.value;
    return {};
  }

  /// The next answer; that of a wait is noted wherever it comes.
  Status take(ChildAnswer &answer, double seconds) {
    if (Status status = child_.receive(answer, seconds); !status.ok())
      return status;
    if (answer.message[0])
      return failure(TSR_DEVICE_ERROR, "in the SystemC simulation: %s", answer.message);
    if (answer.kind == ChildRequest::Wait) {
      waiting_ = launched_ = false;
      launchSeconds_ = answer.seconds;
    }
    return {};
  }

  static constexpr double kCallSeconds = 30;
  SharedPages memory_;
  Child child_;
  bool launched_ = false; ///< and its end has not been seen
  bool waiting_ = false;  ///< the child has been asked to wait
  double launchSeconds_ = 0;
};

} // namespace

Status openSystemcBackend(const BackendOptions &options, std::unique_ptr<Backend> &backend) {
  auto opened = std::make_unique<SystemcBackend>(options.dramBytes);
  if (Status status = opened->start(options); !status.ok())
    return status;
  backend = std::move(opened);
  return {};
}

} // namespace tessera::driver
