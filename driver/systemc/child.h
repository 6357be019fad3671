// The process that a SystemC simulation lives in: SystemC has one simulation a process, so every device forks a child of its own.
// Requests and answers go over a socket pair; device memory is shared.
#ifndef TESSERA_DRIVER_SYSTEMC_CHILD_H
#define TESSERA_DRIVER_SYSTEMC_CHILD_H

#include "backend.h"

#include <cstdint>
#include <span>
#include <string>

#include <sys/types.h>

namespace tessera::driver {

struct ChildRequest {
  enum Kind : uint32_t { Read, Write, Wait } kind = Read;
  uint32_t offset = 0, value = 0;
};

/// Answer to the request of the same kind; there is one of each kind under way at most.
struct ChildAnswer {
  uint32_t kind = 0, value = 0;
  double seconds = 0;     ///< Wait: wall time of the launch
  char message[240] = {}; ///< of a failure; empty if none
};

class Child {
public:
  Child() = default;
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child();

  /// Forks; returns when the child has elaborated its platform, or with its error.
  Status start(const BackendOptions &options, std::span<uint8_t> sharedMemory);

  Status send(const ChildRequest &request);
  /// The next answer; TSR_TIMEOUT after `seconds`.
  Status receive(ChildAnswer &answer, double seconds);

private:
  pid_t pid_ = -1;
  int socket_ = -1;
};

} // namespace tessera::driver

#endif
