#include "generator.h"

#include "dram_map.h"
#include "program_builder.h"
#include "random_errors.h"
#include "random_instructions.h"

namespace tessera::cosim {

using isa::ErrorCode;
using isa::MemoryType;

namespace {

class SessionGenerator {
public:
  SessionGenerator(const isa::MachineConfig &machine, uint64_t seed, const GeneratorOptions &options)
      : machine_(machine), options_(options), random_(seed) {
    if (machine.level == isa::Level::Vta)
      options_.level = isa::Level::Vta;
    context_.uop.resize(machine.uopDepth);
  }

  void generate(GeneratedSession &result) {
    result.session.dramBytes = kDramBytes;
    result.session.dramSeed = random_.next();
    const uint32_t programs = random_.range(1, options_.mostPrograms);
    for (uint32_t n = 0; n < programs; ++n) {
      const bool fails = random_.chance(options_.errorPercent);
      const ErrorCode code = random_.chance(12) && fails ? unfinishedProgram(result) : program(result, fails);
      if (code == ErrorCode::None)
        continue;
      // What an error leaves in the scratchpads is not defined.
      if (random_.chance(50))
        return;
      reloadEverything(result);
    }
  }

private:
  ErrorCode program(GeneratedSession &result, bool fails) {
    ProgramBuilder builder(machine_, random_, context_);
    RandomInstructions instructions(builder, options_.level);
    instructions.prepareDram();
    prologue(builder, instructions);
    const uint32_t length =
        random_.range(1, random_.chance(10) ? options_.mostInstructions * 2 : options_.mostInstructions);
    body(builder, instructions, length);
    std::optional<PlantedError> planted, second;
    if (fails)
      for (int attempt = 0; attempt < 10 && !planted; ++attempt)
        planted = emitError(builder, instructions, options_.level);
    if (planted && planted->code != ErrorCode::Deadlock) {
      body(builder, instructions, random_.below(6));
      // A later one may fail first; the one with the lowest index counts.
      if (random_.chance(40))
        second = secondError(builder, instructions);
    }
    if (!planted) {
      if (random_.chance(75))
        epilogue(builder, instructions);
      if (random_.chance(60))
        builder.shuffle();
    }
    context_ = builder.context();
    ProgramCase made = builder.take(!planted || planted->code != ErrorCode::Deadlock);
    if (planted && planted->code == ErrorCode::Deadlock) { // FINISH gives no tokens here
      made.words.push_back(isa::Layout(machine_).encode(isa::Finish{}));
      ++made.registers.insnCount;
    }
    patch(made, planted);
    patch(made, second);
    result.session.programs.push_back(std::move(made));
    result.intended.push_back(planted ? planted->code : ErrorCode::None);
    return result.intended.back();
  }

  std::optional<PlantedError> secondError(ProgramBuilder &builder, RandomInstructions &instructions) {
    const size_t before = builder.size();
    std::optional<PlantedError> second = emitError(builder, instructions, options_.level);
    if (second && second->code == ErrorCode::Deadlock) {
      builder.removeFrom(before);
      second.reset();
    }
    return second;
  }

  static void patch(ProgramCase &program, const std::optional<PlantedError> &planted) {
    if (!planted)
      return;
    uint64_t &low = program.words[planted->index].lo;
    low = (low & ~planted->clear) | planted->set;
  }

  /// Ends without FINISH, or in a fetch outside the DRAM.
  ErrorCode unfinishedProgram(GeneratedSession &result) {
    ProgramBuilder builder(machine_, random_, context_);
    RandomInstructions instructions(builder, options_.level);
    instructions.prepareDram();
    prologue(builder, instructions);
    body(builder, instructions, random_.below(20));
    if (random_.chance(50))
      epilogue(builder, instructions);
    context_ = builder.context();
    ProgramCase made = builder.take(false);
    ErrorCode code = ErrorCode::NoFinish;
    if (random_.chance(50)) {
      code = ErrorCode::DramFault;
      made.registers.insnAddress = kDramBytes - static_cast<uint32_t>(made.words.size()) * 16;
      made.registers.insnAddress -= made.registers.insnAddress % std::max(machine_.busBytes(), 16u);
      made.registers.insnCount += random_.range(1, 60);
    } else if (random_.chance(10)) {
      made.words.clear();
      made.registers.insnCount = 0;
    }
    result.session.programs.push_back(std::move(made));
    result.intended.push_back(code);
    return code;
  }

  /// Fills the low part of every scratchpad, so that what follows has something to work on.
  void prologue(ProgramBuilder &builder, RandomInstructions &instructions) {
    const auto some = [&](uint32_t most) { return random_.range(1, most); };
    if (options_.level == isa::Level::Tessera)
      for (uint32_t n = random_.below(5); n > 0; --n)
        builder.emit(instructions.set(), 1);
    builder.emit(instructions.plainLoad(MemoryType::Uop, 0, some(100)), 200);
    if (random_.chance(70))
      builder.emit(instructions.plainLoad(MemoryType::Inp, 0, some(64)), 200);
    if (random_.chance(70))
      builder.emit(instructions.plainLoad(MemoryType::Wgt, 0, some(16)), 200);
    if (random_.chance(50))
      builder.emit(instructions.plainLoad(MemoryType::Acc, 0, some(48)), 200);
    if (random_.chance(30))
      builder.emit(instructions.plainLoad(MemoryType::Acc8bit, 0, some(48)), 200);
    if (options_.level == isa::Level::Tessera && random_.chance(70))
      builder.emit(instructions.plainLoad(MemoryType::Par, 0, some(8)), 200);
  }

  void body(ProgramBuilder &builder, RandomInstructions &instructions, uint32_t length) {
    for (uint32_t n = 0; n < length; ++n) {
      const uint64_t most = random_.chance(3) ? 2500 : random_.chance(20) ? 400 : 80;
      for (int attempt = 0; attempt < 6 && !builder.emit(instructions.any(), most); ++attempt) {
      }
    }
  }

  /// Stores what OUT holds, and now and then every byte of ACC.
  void epilogue(ProgramBuilder &builder, RandomInstructions &instructions) {
    const uint32_t count = random_.range(8, 64);
    builder.barrier();
    builder.emit(instructions.plainStore(0, count), 1000);
    if (!random_.chance(30))
      return;
    for (int byte = 1; byte < 4; ++byte) {
      isa::Alu shift;
      shift.uopEnd = 1;
      shift.iterOut = 1;
      shift.iterIn = count;
      shift.dstFactorIn = shift.srcFactorIn = 1;
      shift.aluOpcode = isa::AluOpcode::Shr;
      shift.useImm = 1;
      shift.imm = 8;
      const isa::MicroOp &first = builder.context().uop[0];
      builder.barrier();
      if (!builder.emit(shift, 100))
        return;
      builder.barrier();
      builder.emit(instructions.plainStore(first.dst, count), 1000);
    }
  }

  /// Every element of every scratchpad, mostly by padding.
  void reloadEverything(GeneratedSession &result) {
    ProgramBuilder builder(machine_, random_, context_);
    RandomInstructions instructions(builder, options_.level);
    instructions.prepareDram();
    for (MemoryType type :
         {MemoryType::Uop, MemoryType::Inp, MemoryType::Wgt, MemoryType::Acc, MemoryType::Par}) {
      if (type == MemoryType::Par && options_.level == isa::Level::Vta)
        continue;
      constexpr uint32_t kPerLoad = 31 * 31;
      const uint32_t depth = machine_.depth(type);
      for (uint32_t next = 0; next < depth;) {
        isa::Load x = instructions.plainLoad(type, next, 1);
        if (depth - next >= kPerLoad) {
          x.yPad0 = x.yPad1 = x.xPad0 = x.xPad1 = 15;
          next += kPerLoad;
        } else if (depth - next >= 31) {
          x.xPad0 = x.xPad1 = 15;
          next += 31;
        } else {
          ++next;
        }
        builder.emit(x, kPerLoad);
      }
    }
    context_ = builder.context();
    result.session.programs.push_back(builder.take(true));
    result.intended.push_back(ErrorCode::None);
  }

  const isa::MachineConfig &machine_;
  GeneratorOptions options_;
  Random random_;
  Context context_;
};

} // namespace

GeneratedSession generateSession(const isa::MachineConfig &machine, const std::string &machineName,
                                 const std::string &memory, uint64_t seed, const GeneratorOptions &options) {
  GeneratedSession result;
  result.session.machine = machineName;
  result.session.memory = memory;
  result.session.seed = seed;
  SessionGenerator(machine, seed, options).generate(result);
  return result;
}

} // namespace tessera::cosim
