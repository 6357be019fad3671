/// What the CPU passes ask about the host's processor, what it has and what things cost on it. No pass knows a number of its own.
#ifndef TESSERA_COMPILER_CPU_CPU_TARGET_H
#define TESSERA_COMPILER_CPU_CPU_TARGET_H

#include <array>
#include <cstdint>
#include <string>

namespace tessera::compiler::cpu {

/// From LLVM's description of the target (object_code.cpp); the defaults are what every x86-64 has. What things cost nobody describes: those are estimates that fit the Xeon of
/// docs/bench-cpu.md, in the time of one vector operation where nothing else is said.
struct CpuTarget {
  int64_t vectorBytes = 16;     ///< of the widest vector register
  int64_t vectorRegisters = 16; ///< how many of them there are
  int64_t sumsInFlight = 8;     ///< independent multiply-adds that keep the units busy: latency times units
  int64_t cacheBytes = 262144;  ///< of a core's own last cache
  int64_t blockBytes =
      32768; ///< that a block of rows may take: in a core's first cache, and on a thread's stack
  /// LLVM's intrinsic (sums, picture, weights) -> sums, which adds four products of bytes to each sum of int32 without saturating; empty where the
  /// processor has none. It takes the picture's bytes as unsigned, and bytes four by four as int32; or, `byteDotIsSigned`, both as signed vectors of bytes.
  std::string byteDot;
  bool byteDotIsSigned = false;
  /// The same of two products of int16, which stand two by two in int32; empty where the processor has none.
  std::string wordDot;
  bool roundsVectors =
      true; ///< has an instruction that rounds vectors of floats to whole numbers, ties to even

  int64_t memoryBytes = 2;       ///< that come from behind the cache in the time of a multiply-add
  int64_t elementCost = 2;       ///< of one element by itself: it is picked or loaded, and used or stored
  int64_t everySecondCost = 3;   ///< of a vector of every second element: two loads and what picks from both
  int64_t unalignedLoads = 2;    ///< of vectors that begin anywhere so many cost one operation more
  int64_t kernelCost = 8;        ///< of entering a kernel: addresses, loops
  int64_t distantVectorCost = 8; ///< of a vector of memory beyond the nearest caches
  int64_t copyReadings = 8;      ///< readings of each element of a tensor that pay for a copy of it
  int64_t foldsInFlight = 4;     ///< vectors of partial results of which none waits for the one before
  int64_t unrolledOperations = 160;           ///< that the body of an innermost loop may be unrolled to
  int64_t unrolledSteps = 25;                 ///< of a reduction of single elements, at most
  int64_t sharedWork = 100000;                ///< operations from which on a loop nest is worth two threads
  int64_t sharedWorkBeside = 50000;           ///< the same of one beside a nest that threads share
  std::array<int64_t, 2> threadNumbers{2, 4}; ///< that a loop nest's parts are to be even for
  /// What needs several times the memory for the same result is to cost at most this part of it: cores share the memory. ResNet-18's pictures of 14x14 with Winograd's
  /// products, at 0.87, gain 6 % on one thread and lose 12 % on two.
  double worthOfMemory = 0.8;

  /// Of an array that stays in the cache, beside what else goes through it.
  int64_t residentBytes() const { return cacheBytes / 2; }
};

} // namespace tessera::compiler::cpu

#endif
