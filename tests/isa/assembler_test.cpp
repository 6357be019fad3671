// Text of instructions and back: examples, random words of both levels on every machine, and errors with line and column.
#include "tessera/isa/assembler.h"

#include "seed.h"

#include <gtest/gtest.h>

#include <random>

using namespace tessera::isa;

namespace {

std::vector<MachineConfig> allMachines() {
  std::vector<MachineConfig> machines;
  for (const std::string &name : machineNames()) {
    machines.push_back(*loadMachine(name));
    machines.push_back(machines.back());
    machines.back().level = Level::Vta;
    machines.back().features = 0;
  }
  return machines;
}

std::string again(const std::string &line) {
  MachineConfig machine = *loadMachine("pynq");
  Expected<Program> program = assemble(line, machine);
  if (!program)
    return program.error().message;
  return program->microOps.empty() ? disassemble(program->instructions.at(0), machine)
                                   : disassembleMicroOp(program->microOps.at(0), machine);
}

} // namespace

TEST(AssemblerTest, LinesOfEveryInstruction) {
  for (const char *line : {
           "load inp sram=5 dram=256 size=(14,13) stride=56 pad=(1,2,3,4) pop_next push_next",
           "load acc_8bit sram=0 dram=0 via_load size=(1,1) stride=1",
           "store out sram=1 dram=2 size=(3,4) stride=5 pop_prev push_prev",
           "gemm uop=[0,9) iter=(14,14) dst=(14,1) src=(16,1) wgt=(0,0) pop_prev push_next",
           "gemm reset uop=[0,1) iter=(1,1) dst=(0,0) src=(0,0) wgt=(0,0)",
           "alu shr uop=[0,1) iter=(1,196) dst=(0,1) src=(0,1) imm=-8",
           "alu add uop=[0,1) iter=(1,1) dst=(0,1) src=(0,1)",
           "alu min uop=[0,1) iter=(1,1) dst=(0,1) src=(0,1) imm=0",
           "alu max uop=[0,1) iter=(1,1) dst=(0,1) src=(0,1) unused_imm=3",
           "alu alu_opcode=7 uop=[0,0) iter=(0,0) dst=(0,0) src=(0,0)",
           "finish pop_prev pop_next push_prev push_next",
           "reduce depthwise overlap uop=[0,3) iter=(14,14) base=(1,2,3) par=4 taps=3 init=bias "
           "destination=inp",
           "reduce matmul uop=[0,3) iter=(14,14) base=(1,2,3) par=4 taps=1 init=3 destination=acc",
           "vec mul uop=[8190,8191) iter=(1,1) base=(1,2,3) par=63 destination=out",
           "set_geometry dst=(1,2) src=(3,4) wgt=(5,6)",
           "set_exit tflite_single zero_point=-128 clamp=(-128,127)",
           "set_lhs zero_point=127 shift=-31 multiplier=4294967295",
           "set_rhs zero_point=-1 shift=0 multiplier=1073741824",
           "set_pad value=-128",
           "set_mark index=255",
           "uop dst=2047 src=2046 wgt=1023",
       })
    EXPECT_EQ(again(line), line);
}

TEST(AssemblerTest, OrderCaseOfNumbersAndSpacesAreFree) {
  EXPECT_EQ(again("  gemm push_next wgt=( 0x0 , 1 ) uop=[ 0 ,0x9)\titer=(1,2)\r ; comment"),
            "gemm uop=[0,9) iter=(1,2) dst=(0,0) src=(0,0) wgt=(0,1) push_next");
  Program program =
      *assemble("\n# nothing\n; nothing\nfinish\n\nuop src=1\nfinish # end", *loadMachine("tiny"));
  EXPECT_EQ(program.instructions.size(), 2u);
  EXPECT_EQ(program.microOps.size(), 1u);
}

TEST(AssemblerTest, RandomWordsRoundTripOnEveryMachineAndLevel) {
  std::mt19937_64 random(tessera::test::seed());
  for (const MachineConfig &machine : allMachines()) {
    Layout layout(machine);
    Program program;
    for (int n = 0; n < 2000; ++n) {
      Word128 word{random(), random()};
      if (n % 4 != 0) // mostly words without stray bits
        if (Expected<Instruction> instruction = layout.decodeFields(word))
          word = layout.encode(*instruction);
      program.instructions.push_back(word);
      program.microOps.push_back(static_cast<uint32_t>(random()));
    }
    std::string text = disassemble(program, machine);
    Expected<Program> back = assemble(text, machine);
    ASSERT_TRUE(back) << machine.name << ": " << back.error().message;
    ASSERT_EQ(back->instructions.size(), program.instructions.size());
    for (size_t i = 0; i < program.instructions.size(); ++i)
      ASSERT_EQ(back->instructions[i], program.instructions[i])
          << machine.name << ": " << disassemble(program.instructions[i], machine);
    ASSERT_EQ(back->microOps, program.microOps);
  }
}

TEST(AssemblerTest, StrayBitsAndUnknownWordsAreKept) {
  MachineConfig machine = *loadMachine("pynq");
  EXPECT_EQ(disassemble(Word128{3 | uint64_t{1} << 63, 5}, machine),
            ".word 0x00000000000000058000000000000003 ; finish");
  EXPECT_EQ(disassemble(Word128{7 | 6 << 7, 0}, machine),
            ".word 0x00000000000000000000000000000307 ; set selector 6 is reserved");
  EXPECT_EQ(disassembleMicroOp(0x80000000, *loadMachine("ultra96")), ".uop 0x80000000");
}

TEST(AssemblerTest, ErrorsNameLineAndColumn) {
  auto errorOf = [](const std::string &text) {
    Expected<Program> program = assemble(text, *loadMachine("pynq"));
    return program ? "accepted" : program.error().message;
  };
  EXPECT_EQ(errorOf("finish\n  gem"), "line 2 column 3: unknown instruction \"gem\"");
  EXPECT_EQ(errorOf("=3"), "line 1 column 1: expected an instruction");
  EXPECT_EQ(errorOf("gemm iter=(1,20000)"), "line 1 column 14: gemm iter_in 20000 does not fit 14 bits");
  EXPECT_EQ(errorOf("gemm uop=(0,1)"), "line 1 column 10: expected '['");
  EXPECT_EQ(errorOf("gemm uop=[0 1)"), "line 1 column 13: expected ','");
  EXPECT_EQ(errorOf("gemm uop=[0,1"), "line 1 column 14: expected ')'");
  EXPECT_EQ(errorOf("gemm uop=[0,x)"), "line 1 column 13: \"x\" is not a value");
  EXPECT_EQ(errorOf("gemm uop=[0,)"), "line 1 column 13: expected a value");
  EXPECT_EQ(errorOf("gemm uop=[0,1) uop=[0,1)"), "line 1 column 16: uop is given twice");
  EXPECT_EQ(errorOf("gemm sram=0"), "line 1 column 6: gemm has no \"sram=\"");
  EXPECT_EQ(errorOf("gemm fast"), "line 1 column 6: gemm has no \"fast\"");
  EXPECT_EQ(errorOf("gemm !"), "line 1 column 6: expected a word");
  EXPECT_EQ(errorOf("load foo"), "line 1 column 6: load has no \"foo\"");
  EXPECT_EQ(errorOf("load inp dram=0x100000000"),
            "line 1 column 15: load dram_base 4294967296 does not fit 32 bits");
  EXPECT_EQ(errorOf("load inp dram=99999999999999999999999"),
            "line 1 column 15: number 99999999999999999999999 is too large");
  EXPECT_EQ(errorOf("load inp sram=-1"), "line 1 column 15: load sram_base -1 does not fit 16 bits");
  EXPECT_EQ(errorOf("alu add imm=32768"), "line 1 column 13: alu imm 32768 does not fit 16 bits");
  EXPECT_EQ(errorOf("reduce sum taps=5"), "line 1 column 17: reduce taps 4 does not fit 2 bits");
  EXPECT_EQ(errorOf("uop dst=2048"), "line 1 column 9: uop dst 2048 does not fit 11 bits");
  EXPECT_EQ(errorOf("uop dst 3"), "line 1 column 9: expected '='");
  EXPECT_EQ(errorOf("uop foo=3"), "line 1 column 5: uop has no \"foo\"");
  EXPECT_EQ(errorOf(".word 0x12"), "line 1 column 7: expected 0x and 32 digits");
  EXPECT_EQ(errorOf(".uop 0x123456789"), "line 1 column 6: expected 0x and 8 digits");
  EXPECT_EQ(errorOf(".uop 0x12345678 x"), "line 1 column 17: text after the end of the line's value");
}

TEST(AssemblerTest, FieldsOfTheHigherLevelDoNotFitAtLevelVta) {
  MachineConfig machine = *loadMachine("pynq");
  machine.level = Level::Vta;
  machine.features = 0;
  EXPECT_EQ(assemble("load acc via_load", machine).error().message,
            "line 1 column 10: load via_load 1 does not fit 0 bits");
}
