#include "show.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace tessera::examples {

namespace {

constexpr uint32_t kTerminalPixels = 16; ///< a picture on the terminal: 16 columns, 8 rows
constexpr uint32_t kZoom = 3;
constexpr uint32_t kTile = 96;
constexpr uint32_t kCaptionHeight = 16;
constexpr uint32_t kGap = 6;
constexpr size_t kCaptionLetters = 12;
constexpr Colour kGreen{60, 200, 90}, kRed{235, 80, 70}, kPaper{24, 24, 28};

/// Letters of 3 x 5 points: five octal digits, a row each.
constexpr std::string_view kGlyphs = "abcdefghijklmnopqrstuvwxyz0123456789%. ";
constexpr const char *kPoints[] = {"25755", "65656", "34443", "65556", "74647", "74644", "34553", "55755",
                                   "72227", "11152", "55655", "44447", "57755", "65555", "25552", "65644",
                                   "25563", "65655", "34216", "72222", "55557", "55552", "55775", "55255",
                                   "55222", "71247", "75557", "26227", "61247", "61216", "55711", "74616",
                                   "34757", "71222", "75757", "75716", "51245", "00002", "00000"};

void drawText(Picture &picture, uint32_t x, uint32_t y, std::string_view text, Colour colour) {
  for (char letter : text.substr(0, kCaptionLetters)) {
    size_t glyph = std::min(kGlyphs.find(letter), kGlyphs.size() - 1);
    for (uint32_t row = 0; row < 10; ++row)
      for (uint32_t column = 0; column < 6; ++column)
        if ((kPoints[glyph][row / 2] - '0') >> (2 - column / 2) & 1)
          picture.at(x + column, y + row) = colour;
    x += 8;
  }
}

uint32_t terminalColumns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

} // namespace

void showOnTerminal(const std::vector<Captioned> &pictures) {
  size_t perRow = std::max<size_t>(1, terminalColumns() / (kTerminalPixels + 2));
  for (size_t first = 0; first < pictures.size(); first += perRow) {
    size_t last = std::min(first + perRow, pictures.size());
    std::vector<Picture> small;
    for (size_t i = first; i < last; ++i)
      small.push_back(resize(pictures[i].picture, kTerminalPixels, kTerminalPixels));
    for (uint32_t y = 0; y < kTerminalPixels; y += 2) {
      for (const Picture &picture : small) {
        for (uint32_t x = 0; x < kTerminalPixels; ++x) {
          Colour upper = picture.at(x, y), lower = picture.at(x, y + 1);
          std::printf("\x1b[38;2;%d;%d;%dm\x1b[48;2;%d;%d;%dm\u2580", upper.red, upper.green, upper.blue,
                      lower.red, lower.green, lower.blue);
        }
        std::printf("\x1b[0m  ");
      }
      std::printf("\n");
    }
    for (size_t i = first; i < last; ++i)
      std::printf("\x1b[%dm%-16.12s\x1b[0m  ", pictures[i].right ? 32 : 31, pictures[i].caption.c_str());
    std::printf("\n\n");
  }
}

Picture contactSheet(const std::vector<Captioned> &pictures, uint32_t columns) {
  uint32_t count = static_cast<uint32_t>(pictures.size());
  columns = std::max(1u, std::min(columns, count));
  uint32_t rows = (count + columns - 1) / columns;
  Picture sheet(kGap + columns * (kTile + kGap), kGap + rows * (kTile + kCaptionHeight + kGap), kPaper);
  static_assert(kTile == 32 * kZoom);
  for (uint32_t i = 0; i < count; ++i) {
    Picture big = resize(pictures[i].picture, kTile, kTile);
    uint32_t left = kGap + i % columns * (kTile + kGap),
             top = kGap + i / columns * (kTile + kCaptionHeight + kGap);
    for (uint32_t y = 0; y < kTile; ++y)
      for (uint32_t x = 0; x < kTile; ++x)
        sheet.at(left + x, top + y) = big.at(x, y);
    drawText(sheet, left, top + kTile + 3, pictures[i].caption, pictures[i].right ? kGreen : kRed);
  }
  return sheet;
}

} // namespace tessera::examples
