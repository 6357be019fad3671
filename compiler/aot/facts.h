/// What a library says of itself, and the two texts that are made of it.
#ifndef TESSERA_COMPILER_AOT_FACTS_H
#define TESSERA_COMPILER_AOT_FACTS_H

#include "tessera/compiler/session.h"

#include <string>
#include <vector>

namespace tessera::compiler::aot {

struct Facts {
  std::string name;    ///< a C identifier
  std::string network; ///< the file's name
  std::string target;
  std::string cpu;
  uint64_t macs = 0;
  uint64_t arenaBytes = 0;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;

  /// The arena and, behind it, room for the list of inputs (runtime/network.c), whole cache lines.
  uint64_t workspaceBytes() const { return (arenaBytes + 8 * (inputs.size() + 1) + 63) / 64 * 64; }
};

/// The functions and the description of runtime/tessera_network.h as text of LLVM.
std::string describeAsCode(const Facts &facts);

/// NAME.h.
std::string describeAsHeader(const Facts &facts);

} // namespace tessera::compiler::aot

#endif
