#include "status.h"

#include <cstdarg>
#include <cstdio>

namespace tessera::driver {

namespace {

std::string formatted(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  std::string result(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  if (length > 0)
    std::vsnprintf(result.data(), result.size() + 1, format, again);
  va_end(again);
  return result;
}

} // namespace

std::string text(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string result = formatted(format, arguments);
  va_end(arguments);
  return result;
}

Status failure(tsr_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status{code, formatted(format, arguments)};
  va_end(arguments);
  return status;
}

std::string &openMessage() {
  thread_local std::string message;
  return message;
}

} // namespace tessera::driver
