// What each instruction asks of its kernel.
#include "record/kernel_use.h"

#include <gtest/gtest.h>

namespace tessera::driver {

TEST(KernelUseTest, FoldedBasesTakeTheirPartOfTheField) {
  // An ALU reads accumulators through a src field that is as wide as indices of INP.
  isa::MachineConfig machine = *isa::loadMachine("pynq");
  machine.inpDepth = 512;
  KernelCommand command;
  command.instruction = isa::Alu{};
  command.base = {2000, 500, 0};
  EXPECT_EQ(kernelRules(machine, command).microOpLimit, (Indices{47, 11, 0}));
  command.base = {0, 600, 0}; // not even the base fits
  EXPECT_EQ(kernelRules(machine, command).microOpLimit, (Indices{2047, 0, 0}));
  command.instruction = isa::Reduce{}; // bases of their own
  EXPECT_EQ(kernelRules(machine, command).microOpLimit, (Indices{2047, 511, 1023}));
}

} // namespace tessera::driver
