#include "emit.h"

#include "kernel_use.h"
#include "status.h"
#include "transfers.h"

#include <type_traits>

namespace tessera::driver {

namespace {

template <class... Cases> struct Overloaded : Cases... {
  using Cases::operator()...;
};

class Emitter {
public:
  Emitter(const isa::MachineConfig &machine, std::span<const Nest> nests, std::span<const Command> commands)
      : machine_(machine), layout_(machine), nests_(nests), commands_(commands) {}

  isa::Expected<EmittedStream> emit() {
    if (auto lowered = lowerKernels(); !lowered)
      return lowered.error();
    plan_ = planUops(table_, uses_, machine_.uopDepth);
    for (command_ = 0; command_ < commands_.size(); ++command_)
      std::visit([this](const auto &command) { emitCommand(command); }, commands_[command_]);
    command_ = static_cast<uint32_t>(commands_.size());
    append(isa::Finish{});
    for (size_t i = 0; i < stream_.instructions.size(); ++i)
      if (auto fits = layout_.checkValues(stream_.instructions[i]); !fits)
        return commandError(stream_.commandOf[i], fits.error().message);
    stream_.uopWords = std::move(plan_.dram);
    stream_.kernels = table_.size();
    stream_.microOps = table_.microOps();
    return std::move(stream_);
  }

private:
  isa::Error commandError(uint32_t command, const std::string &message) const {
    const char *name = command < commands_.size() ? commandName(commands_[command]) : "finish";
    return {text("command %u (%s): %s", command, name, message.c_str())};
  }

  /// Makes the micro-ops of every kernel command.
  isa::Expected<void> lowerKernels() {
    for (uint32_t c = 0; c < commands_.size(); ++c) {
      const auto *command = std::get_if<KernelCommand>(&commands_[c]);
      if (!command)
        continue;
      isa::Expected<HardwareKernel> kernel =
          lowerKernel(nests_[command->kernel], kernelRules(machine_, *command));
      if (!kernel)
        return commandError(c, kernel.error().message);
      if (const std::string fault = checkIndices(machine_, *command, *kernel); !fault.empty())
        return commandError(c, fault);
      MicroOpWords words;
      words.reserve(kernel->microOps.size());
      const KernelRules rules = kernelRules(machine_, *command);
      for (isa::MicroOp u : kernel->microOps) {
        if (foldsBase(*command)) {
          u.dst += command->base[0];
          u.src += rules.used[1] ? command->base[1] : 0;
          u.wgt += rules.used[2] ? command->base[2] : 0;
        }
        words.push_back(layout_.encodeMicroOp(u));
      }
      uses_.push_back(table_.add(words));
      kernel->microOps.clear();
      lowered_.push_back(std::move(*kernel));
    }
    return {};
  }

  void append(isa::Instruction instruction) {
    stream_.instructions.push_back(std::move(instruction));
    stream_.commandOf.push_back(command_);
  }

  /// A command that became several instructions: waits with the first, gives with the last.
  template <class Instruction>
  void appendAll(std::vector<Instruction> all, const isa::Dependencies &dependencies) {
    for (size_t i = 0; i < all.size(); ++i) {
      const bool first = i == 0, last = i + 1 == all.size();
      all[i].dependencies = {first && dependencies.popPrev, first && dependencies.popNext,
                             last && dependencies.pushPrev, last && dependencies.pushNext};
      append(all[i]);
    }
  }

  void emitCommand(const LoadCommand &load) {
    const bool takesPadValue = load.memoryType == isa::MemoryType::Inp ||
                               (load.memoryType == isa::MemoryType::Acc8bit && load.viaLoad);
    if (load.padded() && takesPadValue && load.padValue != pad_.value) {
      pad_.value = load.padValue;
      append(pad_);
    }
    appendAll(splitLoad(load, machine_), load.dependencies);
  }

  void emitCommand(const StoreCommand &store) { appendAll(splitStore(store, machine_), store.dependencies); }

  void emitCommand(const SyncCommand &sync) {
    if (machine_.level == isa::Level::Vta) {
      mayOverlap_ = true;
      return append(isa::Gemm{.dependencies = sync.dependencies}); // empty loops: only its tokens
    }
    isa::SetExit same = exit_; // unlike a GEMM it holds up neither unit
    same.dependencies = sync.dependencies;
    append(same);
  }

  void emitCommand(const isa::SetExit &exit) { emitChanged(exit_, exit); }
  void emitCommand(const isa::SetLhs &lhs) { emitChanged(lhs_, lhs); }
  void emitCommand(const isa::SetRhs &rhs) { emitChanged(rhs_, rhs); }
  void emitCommand(const isa::SetMark &mark) { append(mark); }

  template <class Set> void emitChanged(Set &present, const Set &wanted) {
    if (present == wanted)
      return;
    present = wanted;
    append(wanted);
  }

  void emitCommand(const KernelCommand &command) {
    for (const UopLoad &load : plan_.loads[use_]) {
      stream_.uopLoads.push_back(stream_.instructions.size());
      append(isa::Load{.dependencies = {},
                       .memoryType = isa::MemoryType::Uop,
                       .sramBase = load.sramBase,
                       .dramBase = load.dramBegin,
                       .ySize = 1,
                       .xSize = load.count,
                       .xStride = load.count});
      mayOverlap_ = false;
    }
    const HardwareKernel &kernel = lowered_[use_];
    const uint32_t begin = plan_.begin[use_], end = begin + static_cast<uint32_t>(table_[uses_[use_]].size());
    ++use_;
    std::visit(
        [&](auto instruction) {
          instruction.uopBgn = begin;
          instruction.uopEnd = end;
          instruction.iterOut = kernel.iterOut;
          instruction.iterIn = kernel.iterIn;
          finish(command, kernel, instruction);
        },
        command.instruction);
    mayOverlap_ = true;
  }

  void finish(const KernelCommand &, const HardwareKernel &kernel, isa::Gemm &gemm) {
    setFactors(kernel, gemm);
    gemm.wgtFactorOut = kernel.factorOut[2];
    gemm.wgtFactorIn = kernel.factorIn[2];
    append(gemm);
  }

  void finish(const KernelCommand &, const HardwareKernel &kernel, isa::Alu &alu) {
    setFactors(kernel, alu);
    append(alu);
  }

  void finish(const KernelCommand &command, const HardwareKernel &kernel, isa::Reduce &reduce) {
    const KernelRules rules = kernelRules(machine_, command);
    setGeometry(kernel, rules);
    reduce.dstBase = command.base[0];
    reduce.srcBase = command.base[1];
    reduce.wgtBase = rules.used[2] ? command.base[2] : 0;
    reduce.overlap = reduce.overlap && mayOverlap_;
    append(reduce);
  }

  void finish(const KernelCommand &command, const HardwareKernel &kernel, isa::Vec &vec) {
    const KernelRules rules = kernelRules(machine_, command);
    setGeometry(kernel, rules);
    vec.dstBase = command.base[0];
    vec.rhsBase = rules.used[1] ? command.base[1] : 0;
    vec.overlap = vec.overlap && mayOverlap_;
    append(vec);
  }

  template <class Instruction>
  static void setFactors(const HardwareKernel &kernel, Instruction &instruction) {
    instruction.dstFactorOut = kernel.factorOut[0];
    instruction.dstFactorIn = kernel.factorIn[0];
    instruction.srcFactorOut = kernel.factorOut[1];
    instruction.srcFactorIn = kernel.factorIn[1];
  }

  /// A step that is never taken, or of an index that is not used, stays what it is.
  void setGeometry(const HardwareKernel &kernel, const KernelRules &rules) {
    isa::SetGeometry wanted = geometry_;
    const auto choose = [&](uint32_t &step, uint32_t iterations, const Indices &factor, size_t k) {
      if (iterations > 1 && rules.used[k])
        step = factor[k];
    };
    choose(wanted.dstFactorOut, kernel.iterOut, kernel.factorOut, 0);
    choose(wanted.dstFactorIn, kernel.iterIn, kernel.factorIn, 0);
    choose(wanted.srcFactorOut, kernel.iterOut, kernel.factorOut, 1);
    choose(wanted.srcFactorIn, kernel.iterIn, kernel.factorIn, 1);
    choose(wanted.wgtFactorOut, kernel.iterOut, kernel.factorOut, 2);
    choose(wanted.wgtFactorIn, kernel.iterIn, kernel.factorIn, 2);
    emitChanged(geometry_, wanted);
  }

  const isa::MachineConfig &machine_;
  isa::Layout layout_;
  std::span<const Nest> nests_;
  std::span<const Command> commands_;

  KernelTable table_;
  std::vector<uint32_t> uses_;          // kernel of each kernel command
  std::vector<HardwareKernel> lowered_; // loops of each kernel command; its micro-ops are in table_
  UopPlan plan_;

  uint32_t command_ = 0;
  size_t use_ = 0;
  bool mayOverlap_ = true; // no LOAD UOP can still be running
  isa::SetGeometry geometry_{};
  isa::SetExit exit_{};
  isa::SetLhs lhs_{};
  isa::SetRhs rhs_{};
  isa::SetPad pad_{};
  EmittedStream stream_;
};

} // namespace

const char *commandName(const Command &command) {
  return std::visit(
      Overloaded{[](const LoadCommand &) { return "load"; }, [](const StoreCommand &) { return "store"; },
                 [](const KernelCommand &kernel) {
                   static constexpr const char *kNames[] = {"gemm", "alu", "reduce", "vec"};
                   return kNames[kernel.instruction.index()];
                 },
                 [](const isa::SetExit &) { return "exit"; }, [](const isa::SetLhs &) { return "operand"; },
                 [](const isa::SetRhs &) { return "operand"; }, [](const SyncCommand &) { return "sync"; },
                 [](const isa::SetMark &) { return "mark"; }},
      command);
}

isa::Expected<EmittedStream> emitStream(const isa::MachineConfig &machine, std::span<const Nest> nests,
                                        std::span<const Command> commands) {
  return Emitter(machine, nests, commands).emit();
}

} // namespace tessera::driver
