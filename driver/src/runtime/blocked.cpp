// Dense activations to and from the arena's blocked layout: [ceil(C/blockOut)][H][W][batch][blockOut].
#include "runtime.h"

#include <algorithm>
#include <cstring>

namespace tessera::driver {

namespace {

/// Sizes of the blocked form.
struct BlockedShape {
  uint64_t pixels = 0, blocks = 0, bytes = 0;
  uint32_t block = 0, batch = 0;
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
  if (offset + shape.bytes > runtime.arena.bytes)
    return failure(TSR_OUT_OF_RANGE, "activations of %u x %u x %u at offset %u end past the arena's %u bytes",
                   picture.height, picture.width, picture.channels, offset, runtime.arena.bytes);
  return {};
}

/// Calls copy(blocked bytes of row 0 of a pixel, first channel, channels there, NHWC index of that channel).
template <class Copy> void forPixels(const BlockedShape &shape, uint32_t channels, Copy copy) {
  uint64_t at = 0;
  for (uint64_t b = 0; b < shape.blocks; ++b) {
    const uint64_t first = b * shape.block, here = std::min<uint64_t>(shape.block, channels - first);
    for (uint64_t p = 0; p < shape.pixels; ++p, at += uint64_t{shape.batch} * shape.block)
      copy(at, here, p * channels + first);
  }
}

} // namespace

Status writeBlocked(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    int32_t fill) {
  BlockedShape shape;
  if (Status status = shapeOf(runtime, offset, nhwc, picture, shape); !status.ok())
    return status;
  const bool isFull = shape.batch == 1 && picture.channels % shape.block == 0;
  runtime.staging.resize(shape.bytes);
  uint8_t *to = runtime.staging.data();
  if (!isFull)
    std::fill(runtime.staging.begin(), runtime.staging.end(), static_cast<uint8_t>(fill));
  forPixels(shape, picture.channels,
            [&](uint64_t at, uint64_t count, uint64_t from) { std::memcpy(to + at, nhwc + from, count); });
  return writeMemory(*runtime.device, runtime.arena.address + offset, runtime.staging);
}

Status readBlocked(tsr_runtime &runtime, uint32_t offset, int8_t *nhwc, const Picture &picture) {
  BlockedShape shape;
  if (Status status = shapeOf(runtime, offset, nhwc, picture, shape); !status.ok())
    return status;
  runtime.staging.resize(shape.bytes);
  if (Status status = readMemory(*runtime.device, runtime.arena.address + offset, runtime.staging);
      !status.ok())
    return status;
  const uint8_t *from = runtime.staging.data();
  forPixels(shape, picture.channels,
            [&](uint64_t at, uint64_t count, uint64_t to) { std::memcpy(nhwc + to, from + at, count); });
  return {};
}

} // namespace tessera::driver
