/// Host code of a program image, linked into this process: gives the entry point that tsr_runtime_open wants.
///
/// The object is relocatable ELF for this host, with the functions of docs/host-code.md. It may call the runtime and recording
/// functions of driver/ and the C library; another undefined symbol is an error. Thread safety: independent objects may be
/// loaded at the same time.
#ifndef TESSERA_COMPILER_HOST_CODE_H
#define TESSERA_COMPILER_HOST_CODE_H

#include "tessera/isa/error.h"
#include "tessera/runtime.h"

#include <cstdint>
#include <memory>
#include <span>

namespace tessera::compiler {

/// Linked host code; the entry point is valid as long as this lives.
class HostCode {
public:
  virtual ~HostCode() = default;
  virtual tsr_main_function entry() const = 0;
};

/// Links the object file. Fails on a file that is no object for this host, an undefined symbol, and a missing `tessera_main`.
isa::Expected<std::unique_ptr<HostCode>> loadHostCode(std::span<const uint8_t> object);

} // namespace tessera::compiler

#endif
