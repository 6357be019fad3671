/// Loads the host object of a program image into this process.
#ifndef TESSERA_COMPILER_CPU_HOST_JIT_H
#define TESSERA_COMPILER_CPU_HOST_JIT_H

#include "tessera/compiler/run.h"
#include "tessera/isa/error.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

/// An object in memory, linked (LLVM's ORC). It stays as long as this lives; copies are not possible.
class HostCode {
public:
  /// Links `object` against `symbols` and the C library. A damaged object, one for another processor or one that needs a
  /// name that nobody has is an error.
  static isa::Expected<std::unique_ptr<HostCode>> load(std::span<const uint8_t> object,
                                                       std::span<const HostSymbol> symbols);
  ~HostCode();

  /// The address of a function of the object; an error names the one that is missing.
  isa::Expected<void *> find(const std::string &name) const;

private:
  struct State;
  explicit HostCode(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace tessera::compiler

#endif
