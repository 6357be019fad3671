// The windows of a convolution gathered into pixels.
#include "runtime.h"

#include <algorithm>
#include <vector>

namespace tessera::driver {

Status writeWindows(tsr_runtime &runtime, uint32_t offset, const int8_t *nhwc, const Picture &picture,
                    const uint32_t *window, int32_t fill) {
  if (!nhwc || !window)
    return failure(TSR_INVALID_ARGUMENT, "no activations or no window given");
  const uint64_t kernelHeight = window[0], kernelWidth = window[1], outHeight = window[8],
                 outWidth = window[9];
  const uint64_t deep = kernelHeight * kernelWidth * picture.channels;
  // The arena bounds what can be asked for before anything is gathered.
  if (deep > UINT32_MAX || outHeight * outWidth > UINT32_MAX ||
      (deep != 0 && outHeight * outWidth > runtime.arena.bytes / deep))
    return failure(TSR_OUT_OF_RANGE, "windows of %u x %u over %u x %u positions are too large", window[0],
                   window[1], window[8], window[9]);
  std::vector<int8_t> gathered(deep * outHeight * outWidth, static_cast<int8_t>(fill));
  int8_t *to = gathered.data();
  for (uint64_t y = 0; y < outHeight; ++y)
    for (uint64_t x = 0; x < outWidth; ++x)
      for (uint64_t ky = 0; ky < kernelHeight; ++ky)
        for (uint64_t kx = 0; kx < kernelWidth; ++kx, to += picture.channels) {
          const int64_t row = static_cast<int64_t>(y * window[2] + ky * window[4]) - window[6];
          const int64_t column = static_cast<int64_t>(x * window[3] + kx * window[5]) - window[7];
          if (row >= 0 && column >= 0 && row < picture.height && column < picture.width)
            std::copy_n(nhwc + (static_cast<uint64_t>(row) * picture.width + static_cast<uint64_t>(column)) *
                                   picture.channels,
                        picture.channels, to);
        }
  return writeBlocked(runtime, offset, gathered.data(), {window[8], window[9], static_cast<uint32_t>(deep)},
                      fill, true);
}

} // namespace tessera::driver
