// Where the memories' data lie in device DRAM: a byte address each, from the control registers. A transfer starts there plus its
// dram_base times the bytes of an element. Source: docs/instruction-set.md.
#pragma once

#include "tessera/isa/encoding.h"

#include <cstdint>

namespace tessera::isa {

/// Base pointers, bytes, as in the registers.
struct BasePointers {
  uint32_t uop = 0, inp = 0, wgt = 0, acc = 0, out = 0, par = 0;

  /// The register that serves a memory type; ACC_8BIT uses that of ACC.
  uint32_t of(MemoryType type) const;
};

} // namespace tessera::isa
