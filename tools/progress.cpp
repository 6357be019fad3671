#include "progress.h"

#include <chrono>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tessera::tools {
namespace {

constexpr double kSecondsBetween = 0.1;
constexpr size_t kUsualColumns = 80;

size_t terminalColumns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : kUsualColumns;
}

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

Progress::Progress(bool quiet) : terminal_(!quiet && ::isatty(STDERR_FILENO) != 0) {}

void Progress::show(const std::string &text, bool always) {
  if (!terminal_)
    return;
  const double now = secondsNow();
  if (!always && lastSeconds_ >= 0 && now - lastSeconds_ < kSecondsBetween)
    return;
  lastSeconds_ = now;
  std::fprintf(stderr, "\r\033[K%s", text.substr(0, terminalColumns() - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (shown_)
    std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

} // namespace tessera::tools
