// A tsr_status with its message: how the driver's C++ code reports what the C interface will return.
#ifndef TESSERA_DRIVER_STATUS_H
#define TESSERA_DRIVER_STATUS_H

#include "tessera/device.h"

#include <exception>
#include <new>
#include <string>

namespace tessera::driver {

struct [[nodiscard]] Status {
  tsr_status code = TSR_OK;
  std::string message;
  bool ok() const { return code == TSR_OK; }
};

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string text(const char *format, ...);

/// A failure with a printf message.
[[gnu::format(printf, 2, 3)]] Status failure(tsr_status code, const char *format, ...);

/// What tsr_open_message() gives, of this thread.
std::string &openMessage();

/// Runs `body` (returning tsr_status); what it throws becomes a status, so that nothing crosses the C interface.
template <class Body> tsr_status guarded(std::string &message, Body &&body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    message = "out of host memory";
    return TSR_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    message = error.what();
    return TSR_DEVICE_ERROR;
  }
}

} // namespace tessera::driver

#endif
