/// One line on stderr that says what long work is at, on a terminal only; in a pipe or a file nothing appears.
///
/// The line is erased when the object ends or another line of the program is to be printed (clear).
#ifndef TESSERA_TOOLS_PROGRESS_H
#define TESSERA_TOOLS_PROGRESS_H

#include <string>

namespace tessera::tools {

class Progress {
public:
  /// `quiet`: nothing appears on a terminal either.
  explicit Progress(bool quiet = false);
  ~Progress() { clear(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Puts `text` in place of what stood there, cut to the terminal's width; at most ten times a second unless `always`.
  void show(const std::string &text, bool always = false);
  void clear();

private:
  bool terminal_;
  bool shown_ = false;
  double lastSeconds_ = -1;
};

} // namespace tessera::tools

#endif
