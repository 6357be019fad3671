// The windows of a convolution gathered into pixels.
#include "runtime.h"

#include <algorithm>
#include <cstring>

namespace tessera::driver {

namespace {

/// One axis of the windows, as tsr_runtime_write_windows has it.
struct Axis {
  uint64_t kernel = 0, stride = 0, dilation = 0, pad = 0, out = 0, in = 0;

  /// Where a tap of an output position lies; not below `in` where that is outside.
  uint64_t at(uint64_t position, uint64_t tap) const {
    return position * stride + tap * dilation - pad; // wraps below 0
  }
};

/// A row of a window's taps: what lies inside the picture in one piece where taps are neighbours, else tap by tap.
void gatherRow(int8_t *to, const int8_t *row, const Axis &across, uint64_t x, uint64_t channels,
               int32_t fill) {
  const uint64_t first = across.at(x, 0);
  if (across.dilation == 1 && first < across.in && across.kernel <= across.in - first) {
    std::memcpy(to, row + first * channels, across.kernel * channels);
    return;
  }
  for (uint64_t tap = 0; tap < across.kernel; ++tap, to += channels)
    if (const uint64_t column = across.at(x, tap); column < across.in)
      std::memcpy(to, row + column * channels, channels);
    else
      std::memset(to, fill, channels);
}

} // namespace

Status writeWindows(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    const uint32_t *window, int32_t fill) {
  if (!nhwc || !window)
    return failure(TSR_INVALID_ARGUMENT, "no activations or no window given");
  const Axis down{window[0], window[2], window[4], window[6], window[8], picture.height};
  const Axis across{window[1], window[3], window[5], window[7], window[9], picture.width};
  const uint64_t rowBytes = across.kernel * picture.channels, deep = down.kernel * rowBytes;
  // The arena bounds what can be asked for before anything is gathered.
  if (deep > UINT32_MAX || down.out * across.out > UINT32_MAX ||
      (deep != 0 && down.out * across.out > runtime.arena.bytes / deep))
    return failure(TSR_OUT_OF_RANGE, "windows of %u x %u over %u x %u positions are too large", window[0],
                   window[1], window[8], window[9]);
  runtime.gathered.resize(deep * down.out * across.out);
  int8_t *to = runtime.gathered.data();
  for (uint64_t y = 0; y < down.out && deep != 0; ++y)
    for (uint64_t x = 0; x < across.out; ++x)
      for (uint64_t ky = 0; ky < down.kernel; ++ky, to += rowBytes)
        if (const uint64_t row = down.at(y, ky); row < down.in)
          gatherRow(to, nhwc + row * picture.width * picture.channels, across, x, picture.channels, fill);
        else
          std::memset(to, fill, rowBytes);
  return writeBlocked(runtime, offset, runtime.gathered.data(),
                      {window[8], window[9], static_cast<uint32_t>(deep)}, fill, true);
}

} // namespace tessera::driver
