#include "tessera/simulator/functional_core.h"

#include "core_state.h"
#include "program.h"

#include <algorithm>
#include <iterator>
#include <list>

namespace tessera::simulator {

using isa::ErrorCode;

namespace {

/// The four token counters, by the module that takes and the neighbour that gives.
struct Tokens {
  uint32_t loadToCompute = 0, computeToLoad = 0, computeToStore = 0, storeToCompute = 0;

  /// The counter that `module` pops from its previous or next neighbour; null where there is none.
  uint32_t *popped(Module module, bool previous) {
    switch (module) {
    case Module::Load:
      return previous ? nullptr : &computeToLoad;
    case Module::Compute:
      return previous ? &loadToCompute : &storeToCompute;
    case Module::Store:
      return previous ? &computeToStore : nullptr;
    }
    return nullptr;
  }
  uint32_t *pushed(Module module, bool previous) {
    switch (module) {
    case Module::Load:
      return previous ? nullptr : &loadToCompute;
    case Module::Compute:
      return previous ? &computeToLoad : &computeToStore;
    case Module::Store:
      return previous ? &storeToCompute : nullptr;
    }
    return nullptr;
  }
};

/// One launch: three queues in program order, and the tokens between them.
class Launch {
public:
  Launch(CoreState &state, const Program &program) : state_(state), program_(program) {
    for (uint32_t i = 0; i < program.modules.size(); ++i)
      queues_[static_cast<size_t>(program.modules[i])].push_back(i);
    if (program.error != ErrorCode::None)
      fail(program.error, program.errorIndex);
  }

  RunResult run() {
    while (!state_.stopping() && step()) {
    }
    // What waits for ever comes before a missing FINISH, which is reported only where all has ended.
    const bool otherwiseWell = result_.code == ErrorCode::None || result_.code == ErrorCode::NoFinish;
    if (otherwiseWell && result_.instructions < program_.instructions.size())
      fail(ErrorCode::Deadlock, lowestWaiting());
    result_.cycles = program_.cycles;
    result_.marks = program_.marks;
    return result_;
  }

private:
  /// Runs the runnable instruction with the lowest index; false if there is none.
  bool step() {
    size_t best = kModules;
    for (size_t m = 0; m < kModules; ++m)
      if (headIndex(m) < limit_ && (best == kModules || headIndex(m) < headIndex(best)) && runnable(m))
        best = m;
    if (best == kModules)
      return false;
    const uint32_t index = headIndex(best);
    const isa::Instruction &instruction = program_.instructions[index];
    const isa::Dependencies &flags = dependenciesOf(instruction);
    const auto module = static_cast<Module>(best);
    take(tokens_.popped(module, true), flags.popPrev);
    take(tokens_.popped(module, false), flags.popNext);
    ++heads_[best];
    const ErrorCode code = execute(instruction);
    if (code != ErrorCode::None) {
      fail(code, index);
      heads_[best] = queues_[best].size(); // the module stands; what is behind has a higher index
      return true;
    }
    give(tokens_.pushed(module, true), flags.pushPrev);
    give(tokens_.pushed(module, false), flags.pushNext);
    ++result_.instructions;
    return true;
  }

  ErrorCode execute(const isa::Instruction &instruction) {
    return std::visit(
        [&](const auto &i) {
          using Kind = std::decay_t<decltype(i)>;
          if constexpr (std::is_same_v<Kind, isa::Finish>) {
            return ErrorCode::None;
          } else if constexpr (std::is_same_v<Kind, isa::SetMark>) {
            return ErrorCode::None;
          } else {
            return simulator::execute(state_, i);
          }
        },
        instruction);
  }

  uint32_t headIndex(size_t m) const {
    return heads_[m] < queues_[m].size() ? queues_[m][heads_[m]] : UINT32_MAX;
  }

  bool runnable(size_t m) {
    const isa::Dependencies &flags = dependenciesOf(program_.instructions[headIndex(m)]);
    const auto module = static_cast<Module>(m);
    const auto available = [](const uint32_t *counter, bool wanted) {
      return !wanted || !counter || *counter > 0;
    };
    return available(tokens_.popped(module, true), flags.popPrev) &&
           available(tokens_.popped(module, false), flags.popNext);
  }

  static void take(uint32_t *counter, bool wanted) {
    if (wanted && counter)
      --*counter;
  }
  static void give(uint32_t *counter, bool wanted) {
    if (wanted && counter)
      ++*counter;
  }

  /// Instructions from `index` on begin no more; the lowest failure is the one reported.
  void fail(ErrorCode code, uint32_t index) {
    if (result_.code != ErrorCode::None && index >= result_.index)
      return;
    result_.code = code;
    result_.index = index;
    limit_ = index;
  }

  uint32_t lowestWaiting() const {
    uint32_t lowest = UINT32_MAX;
    for (size_t m = 0; m < kModules; ++m)
      lowest = std::min(lowest, headIndex(m));
    return lowest;
  }

  CoreState &state_;
  const Program &program_;
  std::array<std::vector<uint32_t>, kModules> queues_;
  std::array<size_t, kModules> heads_{};
  Tokens tokens_;
  uint32_t limit_ = UINT32_MAX;
  RunResult result_;
};

} // namespace

struct FunctionalCore::Impl {
  struct Kept {
    uint32_t address = 0;
    Program program;
  };
  static constexpr size_t kKept = 32;

  /// What was decoded at that address, or room for it: launches of several programs in turn decode none of them again.
  Program &programAt(uint32_t address) {
    auto found =
        std::find_if(kept.begin(), kept.end(), [&](const Kept &of) { return of.address == address; });
    if (found == kept.end() && kept.size() < kKept)
      found = kept.emplace(kept.begin());
    else if (found == kept.end())
      found = std::prev(kept.end());
    found->address = address;
    kept.splice(kept.begin(), kept, found);
    return found->program;
  }

  CoreState state;
  std::list<Kept> kept; ///< the latest first
};

FunctionalCore::FunctionalCore(const isa::MachineConfig &machine, KernelChoice kernels)
    : impl_(new Impl{CoreState(machine, kernels == KernelChoice::Best ? bestKernels() : portableKernels()),
                     {}}) {}
FunctionalCore::~FunctionalCore() = default;
FunctionalCore::FunctionalCore(FunctionalCore &&) noexcept = default;
FunctionalCore &FunctionalCore::operator=(FunctionalCore &&) noexcept = default;

const isa::MachineConfig &FunctionalCore::machine() const { return impl_->state.machine; }

RunResult FunctionalCore::run(const LaunchRegisters &registers, std::span<uint8_t> dram) {
  CoreState &state = impl_->state;
  state.set = SetRegisters{};
  state.registers = registers;
  state.dram = dram;
  Program &program = impl_->programAt(registers.insnAddress);
  fetchProgram(state.machine, state.layout, dram, registers, program);
  RunResult result = Launch(state, program).run();
  state.dram = {};
  return result;
}

std::vector<uint8_t> FunctionalCore::scratchpad(isa::MemoryType type) const {
  if (type == isa::MemoryType::Acc8bit)
    return {};
  const CoreState &state = impl_->state;
  const uint32_t bytes = state.machine.dramElementBytes(type);
  std::vector<uint8_t> contents(size_t{state.machine.depth(type)} * bytes);
  for (uint32_t i = 0; i < state.machine.depth(type); ++i)
    state.readElement(type, i, contents.data() + size_t{i} * bytes);
  return contents;
}

void FunctionalCore::stop() { impl_->state.stop->store(true); }

void FunctionalCore::clearScratchpads() { impl_->state.clearScratchpads(); }

} // namespace tessera::simulator
