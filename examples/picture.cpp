#include "picture.h"

#include "tessera/isa/image.h"

#include <png.h>

#include <algorithm>
#include <cstring>

namespace tessera::examples {

using isa::Error;
using isa::Expected;

namespace {
constexpr uint64_t kMaxPixels = 64'000'000;
static_assert(sizeof(Colour) == 3);
} // namespace

Expected<Picture> readPng(const std::string &path) {
  auto file = isa::readFile(path);
  if (!file)
    return file.error();
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (file->empty())
    return Error{path + " is no PNG picture: it is empty"};
  if (!png_image_begin_read_from_memory(&image, file->data(), file->size()))
    return Error{path + " is no PNG picture: " + image.message};
  if (uint64_t{image.width} * image.height > kMaxPixels) {
    png_image_free(&image);
    return Error{path + ": " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                 " is more than " + std::to_string(kMaxPixels) + " pixels"};
  }
  image.format = PNG_FORMAT_RGB;
  Picture picture(image.width, image.height);
  png_color white{255, 255, 255};
  if (!png_image_finish_read(&image, &white, picture.pixels.data(), 0, nullptr)) {
    std::string message = image.message;
    png_image_free(&image);
    return Error{path + " is a damaged PNG picture: " + message};
  }
  return picture;
}

Expected<void> writePng(const std::string &path, const Picture &picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = picture.width;
  image.height = picture.height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<uint8_t> data(bytes);
  if (!png_image_write_to_memory(&image, data.data(), &bytes, 0, picture.pixels.data(), 0, nullptr))
    return Error{"cannot write " + path + ": " + image.message};
  data.resize(bytes);
  return isa::writeFileAtomically(path, data);
}

Picture crop(const Picture &picture, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  Picture result(width, height);
  for (uint32_t row = 0; row < height; ++row)
    for (uint32_t column = 0; column < width; ++column)
      result.at(column, row) = picture.at(x + column, y + row);
  return result;
}

Picture resize(const Picture &picture, uint32_t width, uint32_t height) {
  Picture result(width, height);
  auto edge = [](uint32_t index, uint32_t from, uint32_t to) {
    return static_cast<uint32_t>(uint64_t{index} * from / to);
  };
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x) {
      uint32_t top = edge(y, picture.height, height),
               bottom = std::max(edge(y + 1, picture.height, height), top + 1);
      uint32_t left = edge(x, picture.width, width),
               right = std::max(edge(x + 1, picture.width, width), left + 1);
      uint64_t sum[3] = {}, count = uint64_t{bottom - top} * (right - left);
      for (uint32_t row = top; row < bottom; ++row)
        for (uint32_t column = left; column < right; ++column) {
          const Colour &pixel = picture.at(column, row);
          sum[0] += pixel.red, sum[1] += pixel.green, sum[2] += pixel.blue;
        }
      auto mean = [&](uint64_t total) { return static_cast<uint8_t>((total + count / 2) / count); };
      result.at(x, y) = {mean(sum[0]), mean(sum[1]), mean(sum[2])};
    }
  return result;
}

} // namespace tessera::examples
