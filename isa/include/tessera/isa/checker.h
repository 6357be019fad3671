// The program checker: proves before a launch that a program ends and stays inside its memories.
//
// It proves: every word decodes on the machine; FINISH is there and last; no scratchpad index of a LOAD, STORE, GEMM, ALU,
// REDUCE or VEC passes its depth (affine maxima over both loops and the micro-ops, which are read from the UOP loads); no DRAM
// address passes the device's memory or 2^32; every token that is popped is pushed and every pushed one is popped; no circular
// wait, and no wait for a token that is pushed more than kMaxTokenDistance instructions later, which the bounded instruction
// queues of the core may not see; no REDUCE reads an INP element that it writes.
// It does not prove that tokens order all reads and writes of a scratchpad (races), nor the meaning of `overlap`.
//
// Micro-ops are tracked in program order, also those that `via_load` brings.
#pragma once

#include "tessera/isa/base_pointers.h"
#include "tessera/isa/encoding.h"

#include <functional>
#include <span>

namespace tessera::isa {

/// A pop may stand at most so many instructions before the push that answers it (docs/instruction-set.md).
inline constexpr uint32_t kMaxTokenDistance = 16;

struct CheckContext {
  uint64_t dramBytes = 0; ///< size of the device's DRAM
  BasePointers bases;

  /// Reads 32-bit words of DRAM from a byte address that the checker has found to be inside; false where that fails. Without a
  /// reader a program with UOP loads is refused.
  std::function<bool(uint64_t address, std::span<uint32_t> words)> readWords;

  /// Contents of UOP memory before the program, from element 0; elements past its end are unknown, and a program that uses
  /// them without loading them is refused.
  std::span<const uint32_t> uopMemory;
};

/// Base pointers that are no multiples of the bus width are an error: the core ignores their low bits.
Expected<void> checkBases(const MachineConfig &machine, const BasePointers &bases);

/// The first fault found, with Error::index the instruction and Error::code the ErrorCode that a core would give. Faults of
/// single instructions come first, in program order, then those of tokens.
Expected<void> checkProgram(const MachineConfig &machine, std::span<const Word128> program,
                            const CheckContext &context);

} // namespace tessera::isa
