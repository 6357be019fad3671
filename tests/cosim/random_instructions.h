// Random instructions of every kind with mostly legal indices; ProgramBuilder::emit refuses the others.
#ifndef TESSERA_COSIM_RANDOM_INSTRUCTIONS_H
#define TESSERA_COSIM_RANDOM_INSTRUCTIONS_H

#include <optional>

#include "program_builder.h"

namespace tessera::cosim {

class RandomInstructions {
public:
  RandomInstructions(ProgramBuilder &builder, isa::Level level);

  /// Micro-ops and channel parameters that the host writes, for loads to pick from.
  void prepareDram();

  isa::Load load(isa::MemoryType type);
  isa::Load load();
  isa::Store store();
  isa::Gemm gemm();
  isa::Alu alu();
  isa::Reduce reduce();
  isa::Vec vec();
  isa::Instruction set();

  /// One of all, weighted.
  isa::Instruction any();

  /// A load that puts (nearly) `elements` elements at sramBase, without padding.
  isa::Load plainLoad(isa::MemoryType type, uint32_t sramBase, uint32_t elements);
  isa::Store plainStore(uint32_t sramBase, uint32_t elements);

private:
  isa::MicroOp microOp(uint32_t dst);
  uint32_t index(uint32_t depth);
  void place(isa::Load &load, uint32_t begin, uint32_t end);
  template <class Kernel> void loops(Kernel &kernel);
  uint32_t factor();
  isa::MemoryType loadType();

  ProgramBuilder &builder_;
  Random &random_;
  const isa::MachineConfig &machine_;
  isa::Level level_;
  uint32_t window_;    ///< most indices lie below it
  uint32_t uopWindow_; ///< micro-ops that loads keep filled
};

} // namespace tessera::cosim

#endif
