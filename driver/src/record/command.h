// What a recorder has been told to do, before it is instructions.
#ifndef TESSERA_DRIVER_RECORD_COMMAND_H
#define TESSERA_DRIVER_RECORD_COMMAND_H

#include "kernel.h"

#include "tessera/isa/encoding.h"

#include <cstdint>
#include <string>
#include <variant>

namespace tessera::driver {

struct LoadCommand {
  isa::MemoryType memoryType{};
  uint32_t sramBase = 0;
  uint32_t address = 0; ///< DRAM bytes, a multiple of the element's
  uint32_t ySize = 0, xSize = 0, xStride = 0;
  uint32_t yPad0 = 0, yPad1 = 0, xPad0 = 0, xPad1 = 0;
  int32_t padValue = 0;
  bool viaLoad = false; ///< in the load module
  isa::Dependencies dependencies;

  bool moves() const { return ySize != 0 && xSize != 0; }
  bool padded() const { return moves() && (yPad0 || yPad1 || xPad0 || xPad1); }
  uint64_t rowElements() const { return uint64_t{xPad0} + xSize + xPad1; }
  uint64_t rows() const { return uint64_t{yPad0} + ySize + yPad1; }
};

struct StoreCommand {
  uint32_t sramBase = 0;
  uint32_t address = 0;
  uint32_t ySize = 0, xSize = 0, xStride = 0;
  isa::Dependencies dependencies;
};

/// An instruction over a kernel. Loops, micro-ops and bases of the instruction are filled in when the stream is emitted.
struct KernelCommand {
  uint32_t kernel = 0;
  Indices base{}; ///< dst, src (VEC: rhs), wgt
  std::variant<isa::Gemm, isa::Alu, isa::Reduce, isa::Vec> instruction;
};

struct SyncCommand {
  isa::Dependencies dependencies;
};

using Command = std::variant<LoadCommand, StoreCommand, KernelCommand, isa::SetExit, isa::SetLhs, isa::SetRhs,
                             SyncCommand, isa::SetMark>;

/// `load`, `gemm` ... for messages.
const char *commandName(const Command &command);

} // namespace tessera::driver

#endif
