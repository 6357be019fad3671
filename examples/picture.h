/// RGB pictures: PNG files in and out, cutting and resizing.
#ifndef TESSERA_EXAMPLES_PICTURE_H
#define TESSERA_EXAMPLES_PICTURE_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::examples {

struct Colour {
  uint8_t red, green, blue;
};

/// Rows from the top, pixels from the left.
struct Picture {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<Colour> pixels;

  Picture() = default;
  Picture(uint32_t columns, uint32_t rows, Colour fill = {0, 0, 0})
      : width(columns), height(rows), pixels(size_t{columns} * rows, fill) {}
  Colour &at(uint32_t x, uint32_t y) { return pixels[size_t{y} * width + x]; }
  const Colour &at(uint32_t x, uint32_t y) const { return pixels[size_t{y} * width + x]; }
};

/// Any PNG up to 64 million pixels; transparency is laid over white.
isa::Expected<Picture> readPng(const std::string &path);
isa::Expected<void> writePng(const std::string &path, const Picture &picture);

Picture crop(const Picture &picture, uint32_t x, uint32_t y, uint32_t width, uint32_t height);

/// Each new pixel is the mean of the area that it covers (repeats pixels where it grows).
Picture resize(const Picture &picture, uint32_t width, uint32_t height);

} // namespace tessera::examples

#endif
