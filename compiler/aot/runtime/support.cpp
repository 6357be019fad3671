// What the C++ of kernels takes from the C++ library, so that a network needs only the C library. Running out of memory ends the run, not the process.
#include "tessera/runtime.h"

#include <cstdlib>
#include <new>

void *operator new(std::size_t bytes) {
  void *data = std::malloc(bytes);
  if (!data)
    tsr_host_fail("there is no memory for the network's detections");
  return data;
}
void operator delete(void *data) noexcept { std::free(data); }
void operator delete(void *data, std::size_t) noexcept { std::free(data); }

namespace std {
void __throw_length_error(const char *message) { tsr_host_fail(message); }
void __throw_bad_optional_access() { tsr_host_fail("a value is missing"); }
} // namespace std
