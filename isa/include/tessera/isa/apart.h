// Which ALU instructions of a program at level vta touch nothing that the GEMM before them writes: the core runs them beside it
// (docs/instruction-set.md, "Modules, queues and tokens"), and the timing model asks here, for instructions alone do not tell.
//
// Contract: instructions come in program order; micro-ops are read in DRAM as they stand there now, where LOADs fetch them from. Ranges are
// those of the core (hw_rtl/cells/tsr_dst_range.sv). Errors: none; what lies outside a memory touches everything.
#pragma once

#include "tessera/isa/base_pointers.h"
#include "tessera/isa/encoding.h"

#include <span>
#include <vector>

namespace tessera::isa {

class ApartFinder {
public:
  ApartFinder(const MachineConfig &machine, std::span<const uint8_t> dram, const BasePointers &bases);

  /// Whether this instruction is such an ALU; false for all others, and at level tessera.
  bool next(const Instruction &instruction);

private:
  // Indices [low, high]; none where low is above high.
  struct Range {
    uint64_t low = UINT64_MAX, high = 0;
    bool meets(const Range &other) const { return low <= other.high && other.low <= high; }
  };
  template <class Loops> Range reach(const Loops &loops, bool sources) const;
  void load(const Load &load);

  const MachineConfig machine_;
  const Layout layout_;
  std::span<const uint8_t> dram_;
  const BasePointers bases_;
  std::vector<MicroOp> microOps_;
  Range written_; // by the last GEMM
};

} // namespace tessera::isa
