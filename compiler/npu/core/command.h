// The command level: what record.h is asked to do, one command after another. The list means what it would do if each
// command ended before the next began; dependency flags (order/tokens.h) make the three modules keep to that.
#pragma once

#include "kernel.h"
#include "layer.h"
#include "target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

enum class Module { Load, Compute, Store };

struct Command {
  enum class Kind { Load, Store, Reduce, Vec, Gemm, Alu, Sync, Mark };
  Kind kind = Kind::Sync;
  uint32_t dependencies = 0; // TSR_POP_PREV ... of record.h

  // Load, Store: sizes and strides in elements, pads = top, bottom, left, right.
  MemoryType memory = MemoryType::Inp;
  uint32_t sramBase = 0;
  Place place;
  uint32_t rows = 1, columns = 0, stride = 0;
  std::array<uint32_t, 4> pads{0, 0, 0, 0};
  int32_t padValue = 0;

  // Reduce (dst, src, wgt bases), Vec (dst, lhs, rhs bases).
  Kernel kernel;
  uint32_t op = 0, taps = 1;
  isa::ReduceInit init = isa::ReduceInit::Zero;
  isa::Destination destination = isa::Destination::Out;
  uint32_t dstBase = 0, srcBase = 0, wgtBase = 0, par = 0;
  bool overlap = false;
  Exit exit;
  Operand lhs, rhs;

  // Gemm (kernel and bases as Reduce): 0 instead of a sum. Alu (op, kernel, dst and src bases): an immediate as second operand.
  bool reset = false;
  bool useImmediate = false;
  int32_t immediate = 0;

  // Mark: layer index in the launch.
  uint32_t layer = 0;

  Module module() const;
  // What record.h is told: bytes for ACC are loaded by the load module. Its int32, which level vta has for biases, are compute's to load.
  bool viaLoad() const { return memory == MemoryType::Acc8bit; }
  bool operator==(const Command &) const = default;
};

// A contiguous load of `count` elements from element `first` of `place` on.
Command contiguous(const Target &target, MemoryType memory, uint32_t sramBase, Place place, uint32_t first,
                   uint32_t count);

// One line of text, for messages.
std::string describe(const Command &command);

// A range [begin, end) that a command touches: elements of a scratchpad, bytes of a DRAM region.
struct Access {
  enum class Space { Inp, Wgt, Acc, Out, Par, Dram };
  Space space;
  uint32_t region; // Dram only
  uint64_t begin, end;
  bool write;
};
using Accesses = std::vector<Access>;

// Everything that the command reads and writes, as enclosing ranges.
Accesses accessesOf(const Target &target, const Command &command);

// Whether two commands touch the same thing and one writes it.
bool conflict(const Accesses &a, const Accesses &b);

} // namespace tessera::compiler::npu
