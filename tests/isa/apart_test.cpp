// Which ALUs may run beside the GEMM before them, by programs of a few instructions whose micro-ops stand in DRAM.
#include "tessera/isa/apart.h"
#include "tessera/isa/timing.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace tessera::isa;

namespace {

MachineConfig machineAt(Level level) {
  MachineConfig machine = *loadMachine("pynq");
  machine.level = level;
  return machine;
}

/// Micro-ops 0 and 1 have these destinations and sources.
struct Program {
  MicroOp first, second;
  Gemm gemm;
  Alu alu;

  bool isApart(Level level = Level::Vta, size_t dramBytes = 64) const {
    const MachineConfig machine = machineAt(level);
    const Layout layout(machine);
    std::vector<uint8_t> dram(dramBytes);
    const std::array<uint32_t, 2> words{layout.encodeMicroOp(first), layout.encodeMicroOp(second)};
    BasePointers bases;
    bases.uop = 8;
    std::memcpy(dram.data() + bases.uop, words.data(), std::min(sizeof words, dramBytes - bases.uop));
    ApartFinder finder(machine, dram, bases);
    Load load;
    load.memoryType = MemoryType::Uop;
    load.ySize = 1;
    load.xSize = load.xStride = 2;
    EXPECT_FALSE(finder.next(load));
    EXPECT_FALSE(finder.next(gemm));
    return finder.next(alu);
  }
};

/// A GEMM that writes 100 to 129 by its loops, and an ALU of 10 results.
Program program(uint32_t dst, uint32_t src) {
  Program p;
  p.first.dst = 100;
  p.second.dst = dst, p.second.src = src;
  p.gemm.uopEnd = 1;
  p.gemm.iterOut = 3, p.gemm.dstFactorOut = 10;
  p.gemm.iterIn = 10, p.gemm.dstFactorIn = 1;
  p.alu.uopBgn = 1, p.alu.uopEnd = 2;
  p.alu.iterOut = 1, p.alu.iterIn = 10;
  p.alu.dstFactorIn = p.alu.srcFactorIn = 1;
  return p;
}

} // namespace

TEST(ApartTest, DestinationsAndSourcesCountToTheirLastElement) {
  EXPECT_TRUE(program(90, 90).isApart());
  EXPECT_FALSE(program(91, 90).isApart());
  EXPECT_FALSE(program(90, 91).isApart());
  EXPECT_TRUE(program(130, 130).isApart());
  EXPECT_FALSE(program(129, 130).isApart());
  EXPECT_FALSE(program(130, 129).isApart());
  EXPECT_FALSE(program(110, 500).isApart());
}

TEST(ApartTest, NothingIsWrittenByAnEmptyLoop) {
  Program p = program(110, 110);
  p.gemm.iterIn = 0;
  EXPECT_TRUE(p.isApart());
}

TEST(ApartTest, OnlyAtLevelVta) { EXPECT_FALSE(program(500, 500).isApart(Level::Tessera)); }

TEST(ApartTest, MicroOpsOutsideDramOrMemoryAreNoFault) {
  EXPECT_TRUE(program(110, 110).isApart(Level::Vta, 12)); // the second one is cut off: as if it were 0
  Program p = program(500, 500);
  p.gemm.uopEnd = machineAt(Level::Vta).uopDepth + 1;
  EXPECT_FALSE(p.isApart());
}

TEST(ApartTest, AnAluRunsBesideTheGemmThatItIsApartFrom) {
  Gemm gemm;
  gemm.uopEnd = 10, gemm.iterOut = 1, gemm.iterIn = 100;
  Alu alu;
  alu.uopEnd = 1, alu.iterOut = 1, alu.iterIn = 500;
  alu.aluOpcode = AluOpcode::Max, alu.useImm = 1;
  const auto cyclesOf = [&](Level level, bool apart) {
    TimingModel model(machineAt(level));
    model.add(gemm);
    model.add(alu, apart);
    model.add(Finish{});
    model.finish();
    return model.cycles();
  };
  EXPECT_LT(cyclesOf(Level::Vta, true), 1000u + 150);
  EXPECT_GT(cyclesOf(Level::Vta, false), 1500u);
  EXPECT_GT(cyclesOf(Level::Tessera, true), 1500u);
}
