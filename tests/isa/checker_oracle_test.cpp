// The checker against the functional model: on random programs near the bounds of every memory both name the same first fault,
// and what the checker lets through runs to its end.
#include "tessera/isa/checker.h"
#include "tessera/isa/fields.h"
#include "tessera/isa/modules.h"
#include "tessera/simulator/functional_core.h"

#include "seed.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace tessera::isa;
using tessera::simulator::FunctionalCore;
using tessera::simulator::LaunchRegisters;
using tessera::simulator::RunResult;

namespace {

constexpr uint32_t kDramBytes = 1 << 20, kProgramAddress = 0x80000, kUopAddress = 0xc0000;

class Oracle {
public:
  explicit Oracle(const MachineConfig &machine) : machine_(machine), core_(machine), dram_(kDramBytes) {}

  /// Puts 16 * depth bits of random micro-ops behind kUopAddress.
  void fillMicroOps(std::mt19937_64 &random) {
    Layout layout(machine_);
    for (uint32_t n = 0; n < machine_.uopDepth; ++n) {
      auto pick = [&](uint32_t depth) {
        return static_cast<uint32_t>(random() % 8 ? random() % 16 : random() % depth);
      };
      uint32_t word =
          layout.encodeMicroOp({pick(machine_.accDepth), pick(machine_.inpDepth), pick(machine_.wgtDepth)});
      std::memcpy(dram_.data() + kUopAddress + 4 * n, &word, 4);
    }
  }

  RunResult run(const std::vector<Word128> &program) {
    std::memcpy(dram_.data() + kProgramAddress, program.data(), 16 * program.size());
    core_.clearScratchpads();
    LaunchRegisters registers;
    registers.insnAddress = kProgramAddress;
    registers.insnCount = static_cast<uint32_t>(program.size());
    std::vector<uint8_t> copy = dram_; // programs may overwrite themselves
    return core_.run(registers, copy);
  }

  Expected<void> check(const std::vector<Word128> &program) const {
    std::vector<uint32_t> zeros(machine_.uopDepth);
    CheckContext context;
    context.dramBytes = kDramBytes;
    context.uopMemory = zeros;
    context.readWords = [&](uint64_t address, std::span<uint32_t> words) {
      if (address + 4 * words.size() > kDramBytes)
        return false;
      std::memcpy(words.data(), dram_.data() + address, 4 * words.size());
      return true;
    };
    return checkProgram(machine_, program, context);
  }

private:
  MachineConfig machine_;
  FunctionalCore core_;
  std::vector<uint8_t> dram_;
};

/// A random instruction whose indices come close to the depths, now and then beyond them.
Instruction nearBounds(const MachineConfig &machine, std::mt19937_64 &random) {
  auto below = [&](uint64_t limit) { return static_cast<int64_t>(random() % limit); };
  Instruction instruction = makeInstruction(static_cast<size_t>(below(kInstructionKinds)));
  const InstructionInfo &info = instructionTable()[instruction.index()];
  Layout layout(machine);
  for (size_t f = 0; f < info.fields.size(); ++f) {
    std::string name = info.fields[f].name;
    uint32_t width = layout.position(instruction.index(), f).width;
    int64_t value = below(uint64_t{1} << std::min(width, 62u));
    if (name == "uop_bgn")
      value = below(4);
    else if (name == "uop_end")
      value = random() % 50 ? below(8) : value;
    else if (name.starts_with("iter"))
      value = below(5);
    else if (name.find("factor") != std::string::npos)
      value = random() % 4 ? below(300) : below(700);
    else if (name == "y_size")
      value = below(12);
    else if (name == "x_size")
      value = random() % 20 ? below(200) : value;
    else if (name == "sram_base")
      value = random() % 8 ? below(300) : below(2200);
    else if (name == "x_stride")
      value = below(300);
    else if (name == "dram_base")
      value = random() % 4 ? below(200) : below(kDramBytes / 4);
    else if (info.fields[f].valueNames && random() % 16)
      value = below(info.fields[f].valueNameCount);
    else if (name == "shift")
      value = random() % 16 ? -below(32) : below(32);
    if (info.fields[f].isSigned && name != "shift")
      value -= int64_t{1} << (width - 1);
    setFieldValue(instruction, f, value);
  }
  if (auto *load = std::get_if<Load>(&instruction); load && load->memoryType == MemoryType::Uop)
    load->dramBase = kUopAddress / 4 + static_cast<uint32_t>(below(machine.uopDepth));
  return instruction;
}

} // namespace

TEST(CheckerOracleTest, FirstFaultIsThatOfTheFunctionalModel) {
  std::mt19937_64 random(tessera::test::seed());
  size_t passed = 0, failed[16] = {};
  for (const std::string &name : machineNames()) {
    MachineConfig machine = *loadMachine(name);
    machine.parDepth = 32; // an index can be too large
    if (random() % 2)
      machine.features &= static_cast<uint32_t>(random());
    Layout layout(machine);
    Oracle oracle(machine);
    oracle.fillMicroOps(random);
    for (int n = 0; n < 1500; ++n) {
      std::vector<Word128> program;
      for (auto count = 1 + random() % 5; count > 0; --count) {
        Instruction instruction = nearBounds(machine, random);
        if (!std::holds_alternative<Finish>(instruction) || random() % 8 == 0)
          program.push_back(layout.encode(instruction));
      }
      program.push_back(layout.encode(Finish{}));
      Expected<void> verdict = oracle.check(program);
      if (!verdict && (verdict.error().code == static_cast<uint32_t>(ErrorCode::NoFinish) ||
                       verdict.error().message.find("writes itself") != std::string::npos))
        continue; // the core does not mind
      RunResult result = oracle.run(program);
      ASSERT_EQ(verdict ? 0 : verdict.error().code, static_cast<uint32_t>(result.code))
          << name << " program " << n << ": " << (verdict ? "passes" : verdict.error().message)
          << ", core stops at " << result.index;
      if (!verdict)
        ASSERT_EQ(verdict.error().index.value(), result.index) << name << " program " << n;
      passed += static_cast<bool>(verdict);
      ++failed[static_cast<size_t>(result.code)];
    }
  }
  // Every kind of fault was met often enough to mean something.
  EXPECT_GT(passed, 200u);
  for (ErrorCode code :
       {ErrorCode::BadMemoryType, ErrorCode::SramBounds, ErrorCode::DramFault, ErrorCode::BadField})
    EXPECT_GT(failed[static_cast<size_t>(code)], 20u) << static_cast<int>(code);
}

TEST(CheckerOracleTest, TokensThatPassRunAndDeadlocksStop) {
  std::mt19937_64 random(tessera::test::seed());
  MachineConfig machine = *loadMachine("tiny");
  Layout layout(machine);
  Oracle oracle(machine);
  size_t passed = 0, deadlocks = 0;
  for (int n = 0; n < 20000; ++n) {
    // Random flags balance seldom; so each program is made of whole exchanges, whose instructions are then shuffled a little.
    std::vector<Instruction> program;
    auto add = [&](Module module, Dependencies dependencies) {
      Instruction instruction =
          module == Module::Load    ? Instruction(Load{.dependencies = {}, .memoryType = MemoryType::Inp})
          : module == Module::Store ? Instruction(Store{.dependencies = {}, .memoryType = MemoryType::Out})
                                    : Instruction(Gemm{});
      setDependencies(instruction, dependencies);
      program.push_back(instruction);
    };
    for (auto pairs = 1 + random() % 4; pairs > 0; --pairs)
      switch (random() % 4) {
      case 0:
        add(Module::Load, {false, false, false, true}), add(Module::Compute, {true, false, false, false});
        break;
      case 1:
        add(Module::Compute, {false, false, true, false}), add(Module::Load, {false, true, false, false});
        break;
      case 2:
        add(Module::Compute, {false, false, false, true}), add(Module::Store, {true, false, false, false});
        break;
      default:
        add(Module::Store, {false, false, true, false}), add(Module::Compute, {false, true, false, false});
      }
    for (auto swaps = random() % 6; swaps > 0; --swaps)
      std::swap(program[random() % program.size()], program[random() % program.size()]);
    program.push_back(Finish{});
    std::vector<Word128> words;
    for (const Instruction &instruction : program)
      words.push_back(layout.encode(instruction));
    Expected<void> verdict = oracle.check(words);
    RunResult result = oracle.run(words);
    ASSERT_EQ(static_cast<bool>(verdict), result.code == ErrorCode::None)
        << "program " << n << ": " << (verdict ? "passes" : verdict.error().message);
    if (!verdict) {
      ASSERT_EQ(result.code, ErrorCode::Deadlock);
      ASSERT_EQ(verdict.error().index.value(), result.index) << verdict.error().message;
      ++deadlocks;
    }
    passed += static_cast<bool>(verdict);
  }
  EXPECT_GT(passed, 1000u);
  EXPECT_GT(deadlocks, 1000u);
}
