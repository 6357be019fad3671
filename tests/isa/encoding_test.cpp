// The layout against VTA's published bit positions, and words to instructions and back on every machine.
#include "tessera/isa/encoding.h"

#include "seed.h"

#include <gtest/gtest.h>

#include <random>

using namespace tessera::isa;

namespace {

struct Span {
  const char *field;
  uint32_t msb, lsb;
};

void expectPositions(const Layout &layout, size_t kind, std::initializer_list<Span> spans) {
  auto fields = instructionTable()[kind].fields;
  for (const Span &span : spans) {
    bool found = false;
    for (size_t f = 0; f < fields.size(); ++f)
      if (std::string(fields[f].name) == span.field) {
        found = true;
        EXPECT_EQ(layout.position(kind, f).lsb, span.lsb) << span.field;
        EXPECT_EQ(layout.position(kind, f).lsb + layout.position(kind, f).width - 1, span.msb) << span.field;
      }
    EXPECT_TRUE(found) << span.field;
  }
}

MachineConfig vtaMachine() {
  MachineConfig machine = *loadMachine("pynq");
  machine.level = Level::Vta;
  machine.features = 0;
  return machine;
}

std::vector<MachineConfig> allMachines() {
  std::vector<MachineConfig> machines{vtaMachine()};
  for (const std::string &name : machineNames())
    machines.push_back(*loadMachine(name));
  return machines;
}

uint32_t codeOf(const Layout &layout, Word128 word) {
  Expected<Instruction> instruction = layout.decode(word);
  return instruction ? 0 : instruction.error().code;
}

uint32_t codeOf(const Layout &layout, const Instruction &instruction) {
  return codeOf(layout, layout.encode(instruction));
}

constexpr uint32_t kBadField = static_cast<uint32_t>(ErrorCode::BadField);
constexpr uint32_t kBadOpcode = static_cast<uint32_t>(ErrorCode::BadOpcode);
constexpr uint32_t kBadMemoryType = static_cast<uint32_t>(ErrorCode::BadMemoryType);

} // namespace

// Literal positions of the published default configuration (reference: the VTA base instruction set).
TEST(EncodingTest, PynqHasVtasBitPositions) {
  for (const MachineConfig &machine : {*loadMachine("pynq"), vtaMachine()}) {
    Layout layout(machine);
    for (size_t kind : {Load::kIndex, Store::kIndex})
      expectPositions(layout, kind,
                      {{"memory_type", 9, 7},
                       {"sram_base", 25, 10},
                       {"dram_base", 57, 26},
                       {"y_size", 79, 64},
                       {"x_size", 95, 80},
                       {"x_stride", 111, 96},
                       {"y_pad_0", 115, 112},
                       {"y_pad_1", 119, 116},
                       {"x_pad_0", 123, 120},
                       {"x_pad_1", 127, 124}});
    for (size_t kind : {Gemm::kIndex, Alu::kIndex})
      expectPositions(layout, kind,
                      {{"reset", 7, 7},
                       {"uop_bgn", 20, 8},
                       {"uop_end", 34, 21},
                       {"iter_out", 48, 35},
                       {"iter_in", 62, 49},
                       {"dst_factor_out", 74, 64},
                       {"dst_factor_in", 85, 75},
                       {"src_factor_out", 96, 86},
                       {"src_factor_in", 107, 97}});
    expectPositions(layout, Gemm::kIndex, {{"wgt_factor_out", 117, 108}, {"wgt_factor_in", 127, 118}});
    expectPositions(layout, Alu::kIndex,
                    {{"alu_opcode", 110, 108}, {"use_imm", 111, 111}, {"imm", 127, 112}});
    EXPECT_EQ(layout.encodeMicroOp({0x7ff, 0, 0}), 0x7ffu);
    EXPECT_EQ(layout.encodeMicroOp({0, 0x7ff, 0}), 0x7ffu << 11);
    EXPECT_EQ(layout.encodeMicroOp({0, 0, 0x3ff}), 0x3ffu << 22);
  }
}

// Whole words, put together by hand from the same page.
TEST(EncodingTest, PynqWordsByHand) {
  Layout layout(vtaMachine());
  Load load;
  load.dependencies = {true, false, true, false};
  load.memoryType = MemoryType::Inp;
  load.sramBase = 0x123;
  load.dramBase = 0xdeadbeef;
  load.ySize = 3, load.xSize = 5, load.xStride = 7, load.yPad0 = 1, load.yPad1 = 2, load.xPad0 = 3,
  load.xPad1 = 4;
  EXPECT_EQ(layout.encode(load), (Word128{0u | 8 | 32 | 2u << 7 | 0x123u << 10 | 0xdeadbeefull << 26,
                                          3 | 5u << 16 | 7ull << 32 | 0x4321ull << 48}));
  Gemm gemm;
  gemm.dependencies = {false, true, false, true};
  gemm.reset = 1;
  gemm.uopBgn = 0x155, gemm.uopEnd = 0x2000, gemm.iterOut = 0x3fff, gemm.iterIn = 14;
  gemm.dstFactorOut = 14, gemm.dstFactorIn = 1, gemm.srcFactorOut = 16, gemm.srcFactorIn = 2,
  gemm.wgtFactorOut = 5, gemm.wgtFactorIn = 6;
  EXPECT_EQ(layout.encode(gemm),
            (Word128{2u | 16 | 64 | 1u << 7 | 0x155u << 8 | 0x2000ull << 21 | 0x3fffull << 35 | 14ull << 49,
                     14 | 1u << 11 | 16ull << 22 | 2ull << 33 | 5ull << 44 | 6ull << 54}));
  Alu alu;
  alu.uopEnd = 1, alu.iterOut = 1, alu.iterIn = 1, alu.aluOpcode = AluOpcode::Shr, alu.useImm = 1,
  alu.imm = -8;
  EXPECT_EQ(layout.encode(alu),
            (Word128{4u | 1u << 21 | 1ull << 35 | 1ull << 49, 3ull << 44 | 1ull << 47 | 0xfff8ull << 48}));
  EXPECT_EQ(layout.encode(Finish{}), (Word128{3, 0}));
}

TEST(EncodingTest, RandomWordsRoundTripOnEveryMachine) {
  std::mt19937_64 random(tessera::test::seed());
  for (const MachineConfig &machine : allMachines()) {
    Layout layout(machine);
    for (int n = 0; n < 20000; ++n) {
      Expected<Instruction> first = layout.decodeFields({random(), random()});
      if (!first)
        continue;
      Word128 word = layout.encode(*first);
      Expected<Instruction> second = layout.decodeFields(word);
      ASSERT_TRUE(second);
      ASSERT_EQ(*first, *second) << machine.name << " case " << n;
      ASSERT_EQ(layout.encode(*second), word);
      ASSERT_TRUE(layout.checkValues(*first));
      auto uop = static_cast<uint32_t>(random());
      ASSERT_EQ(layout.decodeMicroOp(layout.encodeMicroOp(layout.decodeMicroOp(uop))),
                layout.decodeMicroOp(uop));
    }
  }
}

// Every single bit of every kind belongs to at most one field: setting it changes exactly that field.
TEST(EncodingTest, EveryBitBelongsToAtMostOneField) {
  for (const MachineConfig &machine : allMachines()) {
    Layout layout(machine);
    for (size_t kind = 0; kind < kInstructionKinds; ++kind) {
      int covered[128] = {};
      for (size_t f = 0; f < instructionTable()[kind].fields.size(); ++f)
        for (uint32_t b = 0; b < layout.position(kind, f).width; ++b)
          ++covered[layout.position(kind, f).lsb + b];
      for (int bit = 0; bit < 128; ++bit)
        EXPECT_LE(covered[bit], bit < 7 ? 0 : 1)
            << machine.name << " " << instructionTable()[kind].name << " bit " << bit;
    }
  }
}

// With 16,384 micro-ops GEMM's iter_in would take bits 51 to 64, so it starts the upper half.
TEST(EncodingTest, AFieldThatWouldStraddleTheHalvesStartsTheUpper) {
  MachineConfig machine = *loadMachine("pynq");
  machine.uopDepth = 16384;
  machine.inpDepth = machine.wgtDepth = machine.accDepth = 64;
  ASSERT_TRUE(Layout::checkFits(machine));
  Layout layout(machine);
  expectPositions(layout, Gemm::kIndex,
                  {{"iter_out", 50, 37}, {"iter_in", 77, 64}, {"dst_factor_out", 83, 78}});
  Gemm gemm;
  gemm.iterIn = 0x3fff;
  EXPECT_EQ(layout.encode(gemm), (Word128{2, 0x3fff}));
}

TEST(EncodingTest, TesseraOpcodesAreUnknownAtLevelVta) {
  Layout vta(vtaMachine()), tessera(*loadMachine("pynq"));
  for (uint64_t opcode : {5, 6, 7}) {
    EXPECT_EQ(codeOf(vta, Word128{opcode, 0}), kBadOpcode);
    EXPECT_EQ(codeOf(tessera, Word128{opcode, 0}), 0u);
  }
}

TEST(EncodingTest, ViaLoadIsIgnoredAtLevelVta) {
  Word128 word{uint64_t{3} << 7 | uint64_t{1} << 58, 0};
  EXPECT_EQ(std::get<Load>(*Layout(vtaMachine()).decode(word)).viaLoad, 0u);
  EXPECT_EQ(std::get<Load>(*Layout(*loadMachine("pynq")).decode(word)).viaLoad, 1u);
}

TEST(EncodingTest, MemoryTypes) {
  Layout tessera(*loadMachine("tiny")), vta(vtaMachine());
  for (uint64_t type = 0; type < 8; ++type) {
    bool loads = type != 4 && type != 7;
    EXPECT_EQ(codeOf(tessera, Word128{type << 7, 0}), loads ? 0 : kBadMemoryType) << type;
    EXPECT_EQ(codeOf(vta, Word128{type << 7, 0}), loads && type != 6 ? 0 : kBadMemoryType) << type;
    EXPECT_EQ(codeOf(tessera, Word128{1 | type << 7, 0}), type == 4 ? 0 : kBadMemoryType) << type;
  }
}

TEST(EncodingTest, ReservedValuesAreBadFields) {
  Layout layout(*loadMachine("pynq"));
  EXPECT_EQ(codeOf(layout, Alu{.dependencies = {}, .aluOpcode = static_cast<AluOpcode>(5)}), kBadField);
  EXPECT_EQ(codeOf(layout, Reduce{.dependencies = {}, .init = static_cast<ReduceInit>(3)}), kBadField);
  EXPECT_EQ(codeOf(layout, Reduce{.dependencies = {}, .destination = static_cast<Destination>(3)}),
            kBadField);
  EXPECT_EQ(codeOf(layout, Vec{.dependencies = {}, .op = static_cast<VecOp>(3)}), kBadField);
  EXPECT_EQ(codeOf(layout, Vec{.dependencies = {}, .destination = static_cast<Destination>(3)}), kBadField);
  for (uint32_t mode = 0; mode < 8; ++mode)
    EXPECT_EQ(codeOf(layout, SetExit{.dependencies = {}, .mode = static_cast<ExitMode>(mode)}),
              mode < 5 ? 0 : kBadField);
  for (int32_t shift = -32; shift < 32; ++shift) {
    bool legal = shift >= -31 && shift <= 0;
    EXPECT_EQ(codeOf(layout, SetLhs{.dependencies = {}, .shift = shift}), legal ? 0 : kBadField) << shift;
    EXPECT_EQ(codeOf(layout, SetRhs{.dependencies = {}, .shift = shift}), legal ? 0 : kBadField) << shift;
  }
  for (uint64_t selector = 0; selector < 8; ++selector)
    EXPECT_EQ(codeOf(layout, Word128{7 | selector << 7, 0}), selector < 6 ? 0 : kBadField) << selector;
}

TEST(EncodingTest, EachFeatureGatesItsInstructions) {
  MachineConfig machine = *loadMachine("pynq");
  const std::pair<Feature, Instruction> gated[] = {
      {Feature::Requantise, SetExit{.dependencies = {}, .mode = ExitMode::Tflite}},
      {Feature::Requantise, SetExit{.dependencies = {}, .mode = ExitMode::TfliteSingle}},
      {Feature::RequantiseOnnx, SetExit{.dependencies = {}, .mode = ExitMode::Onnx}},
      {Feature::Pool, SetExit{.dependencies = {}, .mode = ExitMode::Average}},
      {Feature::PadValue, SetPad{}},
      {Feature::Depthwise, Reduce{.dependencies = {}, .op = ReduceOp::Depthwise}},
      {Feature::Pool, Reduce{.dependencies = {}, .op = ReduceOp::Sum}},
      {Feature::Pool, Reduce{.dependencies = {}, .op = ReduceOp::Max}},
      {Feature::RescaledAdd, Vec{.dependencies = {}, .op = VecOp::Add}},
      {Feature::RescaledAdd, Vec{.dependencies = {}, .op = VecOp::Mul}},
      {Feature::RescaledAdd, SetLhs{}},
      {Feature::RescaledAdd, SetRhs{}},
      {Feature::Chain, Reduce{.dependencies = {}, .destination = Destination::Inp}},
      {Feature::Chain, Vec{.dependencies = {}, .destination = Destination::Inp}}};
  for (const auto &[feature, instruction] : gated) {
    uint32_t bit = 1u << static_cast<uint32_t>(feature);
    machine.features = bit;
    EXPECT_EQ(codeOf(Layout(machine), instruction), 0u) << featureName(feature);
    machine.features = ((1u << kFeatureCount) - 1) & ~bit;
    EXPECT_EQ(codeOf(Layout(machine), instruction), kBadField) << featureName(feature);
  }
}

TEST(EncodingTest, TapsBeyondTheMachineAreBad) {
  MachineConfig machine = *loadMachine("pynq");
  machine.depthwiseTaps = 3;
  for (uint32_t taps = 0; taps < 4; ++taps)
    EXPECT_EQ(codeOf(Layout(machine), Reduce{.dependencies = {}, .taps = taps}), taps < 3 ? 0 : kBadField)
        << taps;
}

TEST(EncodingTest, ValuesThatDoNotFitAreNamed) {
  Layout layout(*loadMachine("pynq"));
  EXPECT_EQ(layout.checkValues(Instruction(Gemm{.dependencies = {}, .iterIn = 20000})).error().message,
            "gemm iter_in 20000 does not fit 14 bits");
  EXPECT_EQ(layout.checkValues(Instruction(Alu{.dependencies = {}, .imm = 32768})).error().message,
            "alu imm 32768 does not fit 16 bits");
  EXPECT_EQ(layout.checkValues(Instruction(Alu{.dependencies = {}, .imm = -32769})).error().message,
            "alu imm -32769 does not fit 16 bits");
  EXPECT_TRUE(layout.checkValues(Instruction(Alu{.dependencies = {}, .imm = -32768})));
  EXPECT_EQ(layout.checkValues(MicroOp{2048, 0, 0}).error().message,
            "micro-op dst 2048 does not fit 11 bits");
}

TEST(EncodingTest, RegisterOffsetsOfVta) {
  EXPECT_EQ(reg::kControl, 0x00u);
  EXPECT_EQ(reg::kCycleCount, 0x04u);
  EXPECT_EQ(reg::kInsnCount, 0x08u);
  EXPECT_EQ(reg::kInsnAddress, 0x0cu);
  EXPECT_EQ(reg::kUopBase, 0x10u);
  EXPECT_EQ(reg::kInpBase, 0x14u);
  EXPECT_EQ(reg::kWgtBase, 0x18u);
  EXPECT_EQ(reg::kAccBase, 0x1cu);
  EXPECT_EQ(reg::kOutBase, 0x20u);
  EXPECT_EQ(reg::kUserCounter, 0x24u);
}
