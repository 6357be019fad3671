// A program image on a device: memory regions, one recorder a segment, and what their launches reported.
#ifndef TESSERA_DRIVER_RUNTIME_RUNTIME_H
#define TESSERA_DRIVER_RUNTIME_RUNTIME_H

#include "device.h"
#include "host.h"

#include "tessera/isa/image.h"
#include "tessera/runtime.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct tsr_runtime {
  tsr_runtime(tsr_device *owner, tsr_main_function function) : device(owner), entry(function) {}
  ~tsr_runtime();

  /// Checks the image, takes device memory and copies the constants.
  tessera::driver::Status load(const tessera::isa::ProgramImage &image);

  /// Keeps the message and gives the code.
  tsr_status report(tessera::driver::Status status) {
    if (!status.ok())
      message = std::move(status.message);
    return status.code;
  }

  struct Segment {
    tsr_recorder *recorder = nullptr;
    tsr_segment_report report{};
  };
  struct Region {
    uint32_t address = 0, bytes = 0;
  };

  tsr_device *device; ///< null: the image has no segments
  tsr_main_function entry;
  double timeoutSeconds = 60;
  Region constants, arena;
  std::vector<Segment> segments;
  std::vector<uint8_t> staging; ///< of blocked activations
  std::string message;
  tessera::driver::HostHeap heap;                   ///< of host code with dynamic shapes
  std::vector<tessera::driver::HostResult> results; ///< of the last run, where their shapes are dynamic

private:
  tessera::driver::Status reserve(uint64_t bytes, Region &region);
};

namespace tessera::driver {

Status beginSegment(tsr_runtime &runtime, uint32_t segment, tsr_recorder *&recorder, bool &fresh);
Status finishSegment(tsr_runtime &runtime, uint32_t segment);
Status runSegment(tsr_runtime &runtime, uint32_t segment);

/// A dense int8 picture and its blocked form in the arena.
struct Picture {
  uint32_t height = 0, width = 0, channels = 0;
};
Status writeBlocked(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    int32_t fill);
/// `window` as tsr_runtime_write_windows has it.
Status writeWindows(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    const uint32_t *window, int32_t fill);
Status readBlocked(tsr_runtime &runtime, uint32_t offset, int8_t *nhwc, const Picture &picture);

} // namespace tessera::driver

#endif
