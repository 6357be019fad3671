/// Objects and the runtime of their target to a shared library.
#ifndef TESSERA_COMPILER_AOT_LINK_H
#define TESSERA_COMPILER_AOT_LINK_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::compiler::aot {

/// A file that the build made for a target and put into this program (embedded.cpp.in).
struct EmbeddedFile {
  const char *target; ///< empty: for all
  const char *name;   ///< "runtime.a", "libm.so.6"
  const uint8_t *begin;
  const uint8_t *end;
};
extern const EmbeddedFile kEmbedded[];
extern const size_t kEmbeddedCount;

/// The text of tessera_network.h.
std::string_view networkHeader();

/// libNAME.so, which exports NAME_* alone and needs the C library's files alone. A symbol that neither has is an error.
isa::Expected<std::vector<uint8_t>> link(const std::string &target, const std::string &name,
                                         std::span<const std::vector<uint8_t>> objects);

} // namespace tessera::compiler::aot

#endif
