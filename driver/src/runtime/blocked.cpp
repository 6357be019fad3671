// What crosses between the host and the arena: dense activations to and from the blocked layout [ceil(C/blockOut)][H][W][batch][blockOut], and
// bytes that both sides use where they lie.
#include "runtime.h"

#include <algorithm>
#include <cstring>

namespace tessera::driver {

namespace {

/// Sizes of the blocked form.
struct BlockedShape {
  uint64_t pixels = 0, blocks = 0, bytes = 0;
  uint32_t block = 0, batch = 0;
  bool isDense = false; ///< it begins with the dense array
};

Status shapeOf(const tsr_runtime &runtime, uint32_t offset, const void *data, const Picture &picture,
               BlockedShape &shape) {
  if (!runtime.device)
    return failure(TSR_INVALID_ARGUMENT, "no device is open");
  if (!data)
    return failure(TSR_INVALID_ARGUMENT, "no activations given");
  const isa::MachineConfig &machine = runtime.device->machine;
  shape.block = machine.blockOut;
  shape.batch = machine.batch;
  shape.pixels = uint64_t{picture.height} * picture.width;
  shape.blocks = (uint64_t{picture.channels} + shape.block - 1) / shape.block;
  const uint64_t pixelBytes = shape.blocks * shape.block * shape.batch; // below 2^36
  if (shape.pixels != 0 && (shape.pixels > UINT32_MAX || pixelBytes > UINT32_MAX))
    return failure(TSR_OUT_OF_RANGE, "activations of %u x %u x %u are too large", picture.height,
                   picture.width, picture.channels);
  shape.bytes = shape.pixels * pixelBytes;
  shape.isDense = shape.pixels == 1 ? shape.batch == 1 || picture.channels <= shape.block
                                    : shape.batch == 1 && picture.channels == shape.block;
  if (offset + shape.bytes > runtime.arena.bytes)
    return failure(TSR_OUT_OF_RANGE, "activations of %u x %u x %u at offset %u end past the arena's %u bytes",
                   picture.height, picture.width, picture.channels, offset, runtime.arena.bytes);
  return {};
}

/// Calls copy(blocked byte, bytes that lie there as in the dense array, index of the first in that).
template <class Copy> void forPixels(const BlockedShape &shape, uint32_t channels, Copy copy) {
  if (shape.isDense)
    return copy(0, shape.pixels * channels, 0);
  uint64_t at = 0;
  for (uint64_t b = 0; b < shape.blocks; ++b) {
    const uint64_t first = b * shape.block, here = std::min<uint64_t>(shape.block, channels - first);
    for (uint64_t p = 0; p < shape.pixels; ++p, at += uint64_t{shape.batch} * shape.block)
      copy(at, here, p * channels + first);
  }
}

void count(tsr_runtime &runtime, const BlockedShape &shape, const Picture &picture, bool isGathered = false) {
  (shape.isDense && !isGathered ? runtime.borders.copiedBytes : runtime.borders.convertedBytes) +=
      shape.pixels * picture.channels;
}

Status checkArena(const tsr_runtime &runtime, uint32_t offset, uint64_t bytes) {
  if (offset + bytes > runtime.arena.bytes)
    return failure(TSR_OUT_OF_RANGE, "%llu bytes at offset %u end past the arena's %u bytes",
                   static_cast<unsigned long long>(bytes), offset, runtime.arena.bytes);
  return {};
}

} // namespace

Status shareArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes, uint8_t *&data) {
  if (Status status = checkArena(runtime, offset, bytes); !status.ok())
    return status;
  data = runtime.arenaBytes.data() + offset;
  return {};
}

namespace {

/// Bytes of the arena cross the border: they lie there already, or `move` (readMemory, writeMemory) copies them.
template <class Move> Status crossArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes, Move &&move) {
  if (Status status = checkArena(runtime, offset, bytes); !status.ok())
    return status;
  if (runtime.seesDevice()) {
    runtime.borders.sharedBytes += bytes;
    return {};
  }
  runtime.borders.copiedBytes += bytes;
  return move(*runtime.device, runtime.arena.address + offset, runtime.arenaBytes.subspan(offset, bytes));
}

} // namespace

Status giveArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes) {
  return crossArena(runtime, offset, bytes, writeMemory);
}

Status takeArena(tsr_runtime &runtime, uint32_t offset, uint64_t bytes) {
  return crossArena(runtime, offset, bytes, readMemory);
}

Status writeBlocked(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    int32_t fill, bool isGathered) {
  BlockedShape shape;
  if (Status status = shapeOf(runtime, offset, nhwc, picture, shape); !status.ok())
    return status;
  const bool isFull = shape.batch == 1 && picture.channels % shape.block == 0;
  const std::span<uint8_t> blocked = runtime.arenaBytes.subspan(offset, shape.bytes);
  if (!isFull)
    std::fill(blocked.begin(), blocked.end(), static_cast<uint8_t>(fill));
  uint8_t *to = blocked.data();
  forPixels(shape, picture.channels,
            [&](uint64_t at, uint64_t count, uint64_t from) { std::memcpy(to + at, nhwc + from, count); });
  count(runtime, shape, picture, isGathered);
  return runtime.seesDevice() ? Status{}
                              : writeMemory(*runtime.device, runtime.arena.address + offset, blocked);
}

Status readBlocked(tsr_runtime &runtime, uint32_t offset, int8_t *nhwc, const Picture &picture) {
  BlockedShape shape;
  if (Status status = shapeOf(runtime, offset, nhwc, picture, shape); !status.ok())
    return status;
  const std::span<uint8_t> blocked = runtime.arenaBytes.subspan(offset, shape.bytes);
  if (!runtime.seesDevice())
    if (Status status = readMemory(*runtime.device, runtime.arena.address + offset, blocked); !status.ok())
      return status;
  const uint8_t *from = blocked.data();
  forPixels(shape, picture.channels,
            [&](uint64_t at, uint64_t count, uint64_t to) { std::memcpy(nhwc + to, from + at, count); });
  count(runtime, shape, picture);
  return {};
}

} // namespace tessera::driver
