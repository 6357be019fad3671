// PNG in and out, resizing, captions.
#include "picture.h"
#include "show.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace tessera::examples {
namespace {

std::string temporary(const std::string &name) {
  return std::filesystem::temp_directory_path() / (name + std::to_string(::getpid()) + ".png");
}

bool same(const Picture &a, const Picture &b) {
  return a.width == b.width && a.height == b.height &&
         std::equal(
             a.pixels.begin(), a.pixels.end(), b.pixels.begin(), b.pixels.end(),
             [](Colour x, Colour y) { return x.red == y.red && x.green == y.green && x.blue == y.blue; });
}

Picture gradient(uint32_t width, uint32_t height) {
  Picture picture(width, height);
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x)
      picture.at(x, y) = {static_cast<uint8_t>(x), static_cast<uint8_t>(y), static_cast<uint8_t>(x + y)};
  return picture;
}

TEST(PictureTest, PngRoundTrips) {
  Picture picture = gradient(37, 21);
  std::string path = temporary("tessera_picture");
  ASSERT_TRUE(writePng(path, picture));
  auto again = readPng(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(same(*again, picture));
}

TEST(PictureTest, BrokenAndMissingFilesAreErrors) {
  EXPECT_FALSE(readPng("/nowhere/x.png"));
  std::ifstream stream(TESSERA_SHAPES_FOLDER "/sheet.png", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  std::string path = temporary("tessera_broken");
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_FALSE(readPng(path));
  std::ofstream(path, std::ios::binary) << "no picture";
  EXPECT_FALSE(readPng(path));
  std::filesystem::remove(path);
  EXPECT_FALSE(writePng("/nowhere/x.png", Picture(2, 2)));
}

TEST(PictureTest, ResizeAveragesAndRepeats) {
  Picture picture(4, 2, {10, 20, 30});
  picture.at(0, 0) = {50, 60, 70};
  Picture half = resize(picture, 2, 1);
  EXPECT_EQ(half.at(0, 0).red, 20); // (50 + 3 x 10) / 4
  EXPECT_EQ(half.at(1, 0).blue, 30);
  Picture twice = resize(picture, 8, 4);
  EXPECT_EQ(twice.at(1, 1).red, 50);
  EXPECT_EQ(twice.at(2, 1).red, 10);
  EXPECT_TRUE(same(resize(picture, 4, 2), picture));
}

TEST(PictureTest, ContactSheetHoldsEveryPictureAndItsCaption) {
  std::vector<Captioned> pictures(5, {Picture(32, 32, {1, 2, 3}), "triangle 99% and more", true});
  pictures[4].right = false;
  Picture sheet = contactSheet(pictures, 3);
  auto count = [&](Colour wanted) {
    return std::count_if(sheet.pixels.begin(), sheet.pixels.end(), [&](Colour c) {
      return c.red == wanted.red && c.green == wanted.green && c.blue == wanted.blue;
    });
  };
  EXPECT_EQ(count({1, 2, 3}), 5 * 96 * 96);
  EXPECT_GT(count({60, 200, 90}), 4 * 100);
  EXPECT_GT(count({235, 80, 70}), 100);
}

} // namespace
} // namespace tessera::examples
