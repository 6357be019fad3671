// The Verilated core as a library: models are found, built and cached, runs are deterministic and limited, errors are said,
// waveforms appear, and a whole program gives the functional model's bytes.
#include "tessera/simulator/functional_core.h"
#include "tessera/simulator/verilated_core.h"

#include "tessera/isa/encoding.h"

#include "wave.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sstream>
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
    for (const std::string &memory :
         {std::string("bench"), std::string("ddr3"), "chaos,seed=" + std::to_string(seed)}) {
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
  for (const char *memory : {"bench", "bench,latency=16", "ddr3", "chaos,seed=5"}) {
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

TEST(VerilatedCoreRunTest, IdealMemoryIsBenchWithALatencyOfOne) {
  auto machine = *isa::loadMachine("tiny");
  Example example(machine, 3);
  std::vector<uint32_t> cycles;
  for (const char *memory :
       {"ideal", "bench,latency=1,response=1", "bench", "ideal,latency=40,response=10"}) {
    auto core = openCore("tiny", memory);
    ASSERT_TRUE(core);
    example.put(*core);
    cycles.push_back(launch(*core));
  }
  EXPECT_EQ(cycles[0], cycles[1]);
  EXPECT_EQ(cycles[2], cycles[3]);
  EXPECT_LT(cycles[0], cycles[2]);
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
       {"bnch", "bench,latency", "bench,latency=0", "ddr3,path=1", "bench,seed=3", "pins", "chaos,seed=x"}) {
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
  auto record = [&](const std::string &name, uint32_t first, uint32_t last) {
    auto on = core->wave(folder / name, first, last);
    EXPECT_TRUE(on) << on.error().message;
    EXPECT_EQ(launch(*core), cycles);
    EXPECT_TRUE(core->wave("", 0, 0));
    return readWave(folder / name, {"TOP/clk_i", "TOP/busy_o", "TOP/trace_begin_o", "TOP/trace_begin_index_o",
                                    "TOP/trace_oldest_o"});
  };

  // The whole launch: a clock that ticks every 10 ns, and every instruction begins once.
  const Wave all = record("all.fst", 0, example.count);
  ASSERT_TRUE(all.isComplete());
  EXPECT_EQ(all.secondsExponent, -9);
  EXPECT_LE((all.end - all.start) / 10, cycles);
  EXPECT_GT((all.end - all.start) / 10 + 100, cycles); // the first instruction is fetched before
  EXPECT_EQ(all.changes("TOP/clk_i").size(), (all.end - all.start) / 5 + 1);
  std::multiset<uint64_t> begun;
  for (uint64_t time = all.start; time <= all.end; time += 10)
    if (all.at("TOP/trace_begin_o", time))
      begun.insert(all.at("TOP/trace_begin_index_o", time));
  EXPECT_GE(begun.size(), example.count - 2u); // those that begin in one cycle show one index
  EXPECT_EQ(begun.count(3), 1u);

  // A window: from the begin of its first instruction until its last has ended.
  const Wave part = record("part.fst", 3, 4);
  ASSERT_TRUE(part.isComplete());
  EXPECT_EQ(part.at("TOP/trace_begin_o", part.start), 1u);
  EXPECT_EQ(part.at("TOP/trace_begin_index_o", part.start), 3u);
  EXPECT_LE(part.at("TOP/trace_oldest_o", part.end - 10), 4u);
  EXPECT_GT(part.at("TOP/trace_oldest_o", part.end), 4u);
  EXPECT_LT(part.end - part.start, all.end - all.start);

  // A window that no instruction comes to, and a file that cannot be.
  EXPECT_FALSE(record("none.fst", example.count, example.count).isComplete());
  EXPECT_EQ(std::filesystem::file_size(folder / "none.fst"), 0u);
  auto on = core->wave(folder / "nowhere/x.fst", 0, 1);
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().message,
            "cannot write " + (folder / "nowhere/x.fst").string() + ": No such file or directory");
  on = core->wave(folder, 0, 1);
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().message, "cannot write " + folder.string() + ": not a regular file");
}

TEST_F(VerilatedBuildTest, AModelForAnotherProcessorIsNotLoaded) {
  auto machine = *isa::loadMachine("tiny");
  machine.name = "moved";
  machine.inpDepth = 1024;
  auto core = openVerilatedCore(machine, {"bench", kDramBytes, false});
  ASSERT_TRUE(core) << core.error().message;
  std::filesystem::path library;
  for (const auto &entry : std::filesystem::directory_iterator(folder / "tessera"))
    if (entry.path().extension() == ".so")
      library = entry.path();
  std::stringstream bytes;
  bytes << std::ifstream(library, std::ios::binary).rdbuf();
  std::string changed = bytes.str();
  const std::string mark = "tessera cycle model for a processor with: ";
  const size_t at = changed.find(mark);
  ASSERT_NE(at, changed.npos);
  changed[at + mark.size()] = '#';  // the first feature's name is now one that no processor has
  std::filesystem::remove(library); // the loaded one keeps its inode
  std::ofstream(library, std::ios::binary) << changed;

  const std::string path = getenv("PATH");
  setenv("PATH", folder.c_str(), 1);
  auto moved = openVerilatedCore(machine, {"bench", kDramBytes, false});
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(moved);
  EXPECT_NE(
      moved.error().message.find(library.string() + " cannot be used here: it is for a processor with #"),
      std::string::npos)
      << moved.error().message;
  auto built = openVerilatedCore(machine, {"bench", kDramBytes, false});
  EXPECT_TRUE(built) << built.error().message;
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
