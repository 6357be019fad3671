// A recorder: commands, then a stream in device memory, then launches of it.
#ifndef TESSERA_DRIVER_RECORD_RECORDER_H
#define TESSERA_DRIVER_RECORD_RECORDER_H

#include "command.h"
#include "device.h"

#include "tessera/record.h"

#include <array>
#include <optional>
#include <span>
#include <vector>

struct tsr_recorder {
  explicit tsr_recorder(tsr_device &owner) : device(owner) {}
  ~tsr_recorder();

  /// Runs `body` (returning Status) unless an earlier record call has failed; keeps the first failure.
  template <class Body> tsr_status step(Body &&body) {
    if (!failed.ok())
      return failed.code;
    std::string thrown;
    const tsr_status status = tessera::driver::guarded(thrown, [&] {
      failed = body();
      return failed.code;
    });
    if (!thrown.empty())
      failed = {status, std::move(thrown)};
    return status;
  }

  tessera::driver::Status addNest(std::span<const uint32_t> extents, const uint32_t *strides,
                                  uint32_t reduceLoops, uint32_t &kernel);
  tessera::driver::Status addLoad(tessera::driver::LoadCommand command, uint32_t region, uint32_t offset);
  tessera::driver::Status addStore(tessera::driver::StoreCommand command, uint32_t region, uint32_t offset);
  tessera::driver::Status addKernel(tessera::driver::KernelCommand command);
  tessera::driver::Status addSet(const char *name, tessera::driver::Command command);
  tessera::driver::Status finish();
  tessera::driver::Status run(double timeoutSeconds, tsr_launch_result &result);
  tessera::driver::Status readMarks(std::span<uint32_t> cycles);

  struct Region {
    uint32_t address = 0, bytes = 0;
  };

  tsr_device &device;
  tessera::driver::Status failed;
  std::string runMessage; ///< of the last run that failed
  std::array<std::optional<Region>, 16> regions;
  std::vector<tessera::driver::Nest> nests;
  std::vector<tessera::driver::Command> commands;
  uint32_t markCount = 0;
  bool finished = false;

  std::vector<tessera::isa::Word128> stream;
  std::vector<uint32_t> commandOf;
  uint32_t streamAddress = 0;
  std::vector<uint32_t> buffers; ///< device memory that the recorder owns
  tsr_record_statistics statistics{};

private:
  tessera::driver::Status resolve(const char *name, uint32_t region, uint32_t offset, uint64_t elements,
                                  uint32_t elementBytes, uint32_t &address) const;
  tessera::driver::Status commandFailure(const char *name, const std::string &message) const;
  tessera::driver::Status upload(const void *data, size_t bytes, uint32_t &address);
  tessera::driver::Status check();
};

#endif
