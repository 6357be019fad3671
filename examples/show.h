/// Pictures with captions: on a terminal (two pixels a character, in colour) and as one big picture.
#ifndef TESSERA_EXAMPLES_SHOW_H
#define TESSERA_EXAMPLES_SHOW_H

#include "picture.h"

#include <string>
#include <vector>

namespace tessera::examples {

struct Captioned {
  Picture picture;
  std::string caption; ///< at most 12 characters are shown
  bool right = true;   ///< green, else red
};

/// Prints the pictures beside each other, as many as the terminal is wide.
void showOnTerminal(const std::vector<Captioned> &pictures);

/// All pictures three times as large, `columns` a row, each above its caption.
Picture contactSheet(const std::vector<Captioned> &pictures, uint32_t columns);

} // namespace tessera::examples

#endif
