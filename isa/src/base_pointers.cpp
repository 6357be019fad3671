#include "tessera/isa/base_pointers.h"

namespace tessera::isa {

uint32_t BasePointers::of(MemoryType type) const {
  switch (type) {
  case MemoryType::Uop:
    return uop;
  case MemoryType::Wgt:
    return wgt;
  case MemoryType::Inp:
    return inp;
  case MemoryType::Acc:
  case MemoryType::Acc8bit:
    return acc;
  case MemoryType::Out:
    return out;
  case MemoryType::Par:
    return par;
  }
  return 0;
}

} // namespace tessera::isa
