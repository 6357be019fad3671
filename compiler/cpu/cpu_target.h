/// What the CPU passes ask about the host's processor. No pass knows a number of its own.
#ifndef TESSERA_COMPILER_CPU_CPU_TARGET_H
#define TESSERA_COMPILER_CPU_CPU_TARGET_H

#include <cstdint>
#include <string>

namespace tessera::compiler::cpu {

/// From LLVM's description of the target (object_code.cpp). The default is what every x86-64 has.
struct CpuTarget {
  int64_t vectorBytes = 16;     ///< of the widest vector register
  int64_t vectorRegisters = 16; ///< how many of them there are
  int64_t sumsInFlight = 8;     ///< independent multiply-adds that keep the units busy: latency times units
  int64_t cacheBytes = 262144;  ///< of a core's own last cache
  int64_t memoryBytes = 2;      ///< that come from behind it in the time of a multiply-add
  /// LLVM's intrinsic (sums, picture, weights) -> sums, which adds four products of bytes to each sum of int32 without saturating; empty where the
  /// processor has none. It takes the picture's bytes as unsigned, and bytes four by four as int32; or, `byteDotIsSigned`, both as signed vectors of bytes.
  std::string byteDot;
  bool byteDotIsSigned = false;
  /// The same of two products of int16, which stand two by two in int32; empty where the processor has none.
  std::string wordDot;
  bool roundsVectors =
      true; ///< has an instruction that rounds vectors of floats to whole numbers, ties to even
};

} // namespace tessera::compiler::cpu

#endif
