// The Verilated core as a library: models are found, built and cached, runs are deterministic and limited, errors are said,
// waveforms appear, and a whole program gives the functional model's bytes.
#include "tessera/simulator/functional_core.h"
#include "tessera/simulator/verilated_core.h"

#include "tessera/isa/encoding.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <thread>
#include <vector>

using namespace tessera;
using namespace tessera::simulator;
using isa::MemoryType;
namespace reg = isa::reg;

namespace {

constexpr std::size_t kDramBytes = std::size_t{4} << 20;
constexpr uint32_t kProgram = 0x1000;

/// LOADs, a GEMM, ALU shift and clamp, STORE; random data.
struct Example {
  std::vector<uint8_t> dram = std::vector<uint8_t>(kDramBytes);
  uint32_t count = 0;

  explicit Example(const isa::MachineConfig &machine, uint32_t seed) {
    std::mt19937 random(seed);
    for (uint8_t &byte : dram)
      byte = static_cast<uint8_t>(random());
    isa::Layout layout(machine);
    std::vector<isa::Instruction> program;
    const uint32_t uops = 0x2000, inp = 0x10000, wgt = 0x40000, out = 0x200000;
    auto load = [&](MemoryType type, uint32_t address, uint32_t elements, isa::Dependencies dependencies) {
      isa::Load insn;
      insn.dependencies = dependencies;
      insn.memoryType = type;
      insn.dramBase = address / machine.dramElementBytes(type);
      insn.ySize = 1;
      insn.xSize = insn.xStride = elements;
      program.push_back(insn);
    };
    for (uint32_t k = 0; k < 8; ++k) {
      uint32_t word = layout.encodeMicroOp({k % 4, k, k % 5});
      std::memcpy(&dram[uops + 4 * k], &word, 4);
    }
    load(MemoryType::Uop, uops, 8, {});
    load(MemoryType::Inp, inp, 200, {});
    load(MemoryType::Wgt, wgt, 40, {false, false, false, true});
    isa::Gemm gemm;
    gemm.reset = 1;
    gemm.uopEnd = 8;
    gemm.iterOut = 4;
    gemm.iterIn = 5;
    gemm.dstFactorOut = 20;
    gemm.dstFactorIn = 4;
    program.push_back(gemm);
    gemm.reset = 0;
    gemm.srcFactorOut = 40;
    gemm.srcFactorIn = 8;
    gemm.wgtFactorIn = 5;
    gemm.dependencies = {true, false, false, false};
    program.push_back(gemm);
    isa::Alu alu;
    alu.uopEnd = 4;
    alu.iterOut = 4;
    alu.iterIn = 5;
    alu.dstFactorOut = alu.srcFactorOut = 20;
    alu.dstFactorIn = alu.srcFactorIn = 4;
    alu.useImm = 1;
    alu.aluOpcode = isa::AluOpcode::Shr;
    alu.imm = 7;
    // The micro-ops name src k for dst k % 4: the same element for the first four.
    program.push_back(alu);
    alu.aluOpcode = isa::AluOpcode::Max;
    alu.imm = -100;
    program.push_back(alu);
    alu.aluOpcode = isa::AluOpcode::Min;
    alu.imm = 100;
    alu.dependencies = {false, false, false, true};
    program.push_back(alu);
    isa::Store store;
    store.dependencies = {true, false, true, false};
    store.memoryType = MemoryType::Out;
    store.dramBase = out / machine.dramElementBytes(MemoryType::Out);
    store.ySize = 4;
    store.xSize = 20;
    store.xStride = 33;
    program.push_back(store);
    isa::Finish finish;
    finish.dependencies = {false, true, false, false};
    program.push_back(finish);
    count = static_cast<uint32_t>(program.size());
    for (uint32_t k = 0; k < count; ++k) {
      isa::Word128 word = layout.encode(program[k]);
      std::memcpy(&dram[kProgram + 16 * k], &word, 16);
    }
  }

  void put(VerilatedCore &core) const {
    std::memcpy(core.dram().data(), dram.data(), dram.size());
    core.writeRegister(reg::kInsnAddress, kProgram);
    core.writeRegister(reg::kInsnCount, count);
  }
};

std::unique_ptr<VerilatedCore> openCore(const std::string &machine, const std::string &memory) {
  auto core = openVerilatedCore(machine, memory, kDramBytes);
  EXPECT_TRUE(core) << core.error().message;
  return core ? std::move(*core) : nullptr;
}

uint32_t launch(VerilatedCore &core) {
  core.writeRegister(reg::kControl, 1);
  EXPECT_EQ(core.runUntilDone({10'000'000, 60}), RunEnd::Done) << core.message();
  EXPECT_EQ(core.readRegister(reg::kControl), 2u)
      << core.readRegister(reg::kErrorCode) << " at " << core.readRegister(reg::kErrorIndex);
  return core.readRegister(reg::kCycleCount);
}

class VerilatedCoreTest : public testing::TestWithParam<const char *> {};

TEST_P(VerilatedCoreTest, GivesTheFunctionalModelsBytesUnderEveryMemory) {
  auto machine = *isa::loadMachine(GetParam());
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    Example example(machine, seed);
    std::vector<uint8_t> expected = example.dram;
    FunctionalCore functional(machine);
    LaunchRegisters registers;
    registers.insnAddress = kProgram;
    registers.insnCount = example.count;
    ASSERT_EQ(functional.run(registers, expected).code, isa::ErrorCode::None);
    for (const std::string &memory : {std::string("bench"), "chaos,seed=" + std::to_string(seed)}) {
      auto core = openCore(GetParam(), memory);
      ASSERT_TRUE(core);
      example.put(*core);
      launch(*core);
      ASSERT_TRUE(std::memcmp(core->dram().data(), expected.data(), expected.size()) == 0) << memory;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Machines, VerilatedCoreTest, testing::Values("tiny", "pynq"));

TEST(VerilatedCoreRunTest, TakesTheSameCyclesAgain) {
  auto machine = *isa::loadMachine("tiny");
  Example example(machine, 3);
  for (const char *memory : {"bench", "bench,latency=16", "chaos,seed=5"}) {
    auto first = openCore("tiny", memory), second = openCore("tiny", memory);
    ASSERT_TRUE(first && second);
    example.put(*first);
    example.put(*second);
    uint32_t cycles = launch(*first);
    EXPECT_EQ(launch(*second), cycles) << memory;
    EXPECT_EQ(first->cycles(), second->cycles());
    EXPECT_GT(cycles, 100u);
  }
}

TEST(VerilatedCoreRunTest, EndsAtItsLimits) {
  auto core = openCore("tiny", "mute");
  ASSERT_TRUE(core);
  core->writeRegister(reg::kInsnCount, 4);
  core->writeRegister(reg::kControl, 1);
  EXPECT_EQ(core->runUntilDone({5000, 0}), RunEnd::CycleLimit);
  EXPECT_TRUE(core->busy());
  core->writeRegister(reg::kWatchdogLimit, 0);
  EXPECT_EQ(core->runUntilDone({~uint64_t{0}, 0.2}), RunEnd::TimeLimit);
  EXPECT_GT(core->secondsInModel(), 0.1);
}

TEST(VerilatedCoreRunTest, ErrorsAreSaid) {
  for (const char *memory :
       {"bnch", "bench,latency", "bench,latency=0", "bench,seed=3", "pins", "chaos,seed=x"}) {
    auto core = openVerilatedCore("tiny", memory, kDramBytes);
    ASSERT_FALSE(core) << memory;
    EXPECT_NE(core.error().message.find("memory model"), std::string::npos) << core.error().message;
  }
  EXPECT_FALSE(openVerilatedCore("no_such_machine", "bench"));
}

TEST(VerilatedCoreRunTest, PinsAreThoseAfterReset) {
  auto pins = openVerilatedPins(*isa::loadMachine("tiny"));
  ASSERT_TRUE(pins) << pins.error().message;
  EXPECT_FALSE((*pins)->outputs().arValid || (*pins)->outputs().awValid || (*pins)->outputs().busy);
  EXPECT_TRUE((*pins)->outputs().sArReady);
  CorePinsIn in;
  in.sArValid = in.sRReady = true;
  in.sArAddr = reg::kIdentity;
  (*pins)->clock(in);
  in.sArValid = false;
  for (int k = 0; k < 10 && !(*pins)->outputs().sRValid; ++k)
    (*pins)->clock(in);
  EXPECT_EQ((*pins)->outputs().sRData, isa::kIdentity);
  EXPECT_EQ((*pins)->message(), "");
}

/// A cache folder of its own.
class VerilatedBuildTest : public testing::Test {
protected:
  VerilatedBuildTest() {
    folder = std::filesystem::temp_directory_path() /
             ("tessera-model-test-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  }
  ~VerilatedBuildTest() override {
    std::filesystem::remove_all(folder);
    unsetenv("XDG_CACHE_HOME");
  }
  std::filesystem::path folder;
};

TEST_F(VerilatedBuildTest, WavesAreWrittenAndCostNoCycles) {
  auto machine = *isa::loadMachine("tiny");
  Example example(machine, 3);
  auto plain = openCore("tiny", "bench"), core = openCore("tiny", "bench");
  ASSERT_TRUE(plain && core);
  example.put(*plain);
  const uint32_t cycles = launch(*plain);
  example.put(*core);
  core->writeRegister(reg::kInsnCount, example.count);
  auto on = core->wave(folder / "all.fst", 0, example.count);
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(launch(*core), cycles);
  on = core->wave(folder / "part.fst", 3, 3);
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(launch(*core), cycles);
  const auto all = std::filesystem::file_size(folder / "all.fst"),
             part = std::filesystem::file_size(folder / "part.fst");
  EXPECT_GT(part, 1000u);
  EXPECT_GT(all, part);
}

TEST_F(VerilatedBuildTest, AMachineOfOnesOwnIsBuiltOnceAndAMissingToolIsNamed) {
  auto machine = *isa::loadMachine("tiny");
  machine.name = "own";
  machine.inpDepth = 1024;
  const std::string path = getenv("PATH");
  setenv("PATH", folder.c_str(), 1);
  auto core = openVerilatedCore(machine, {"bench", kDramBytes, false});
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(core);
  EXPECT_NE(core.error().message.find("python3"), std::string::npos) << core.error().message;

  // A cache folder that cannot be: its path leads through a file.
  {
    std::ofstream(folder / "file") << "no folder";
  }
  setenv("XDG_CACHE_HOME", (folder / "file").c_str(), 1);
  core = openVerilatedCore(machine, {"bench", kDramBytes, false});
  setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  ASSERT_FALSE(core);
  EXPECT_NE(core.error().message.find("cache folder"), std::string::npos) << core.error().message;

  // Two builders at once: both get the model.
  bool other = false;
  std::thread second([&] { other = bool(openVerilatedCore(machine, {"bench", kDramBytes, false})); });
  core = openVerilatedCore(machine, {"bench", kDramBytes, false});
  second.join();
  EXPECT_TRUE(other);
  ASSERT_TRUE(core) << core.error().message;
  EXPECT_EQ((*core)->readRegister(reg::kConfigHashLow), static_cast<uint32_t>(machine.hash()));
  setenv("PATH", folder.c_str(), 1);
  auto again = openVerilatedCore(machine, {"bench", kDramBytes, false}); // from the cache: no tool is needed
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(again);
}

} // namespace
