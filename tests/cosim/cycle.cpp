#include "cycle.h"

#include <algorithm>

#include "tessera/simulator/verilated_core.h"

namespace tessera::cosim {

namespace {

/// More than any generated program takes on any memory model, and what a core may spend without progress.
constexpr uint64_t kMostCycles = 5'000'000;
constexpr uint32_t kWatchdogCycles = 50'000;

class Cycle : public Model {
public:
  explicit Cycle(std::unique_ptr<simulator::VerilatedCore> core) : core_(std::move(core)) {}

  Outcome run(const simulator::LaunchRegisters &registers, std::vector<uint8_t> &dram) override {
    std::copy(dram.begin(), dram.end(), core_->dram().begin());
    core_->writeRegister(isa::reg::kWatchdogLimit, kWatchdogCycles);
    core_->writeRegister(isa::reg::kInsnAddress, registers.insnAddress);
    core_->writeRegister(isa::reg::kInsnCount, registers.insnCount);
    core_->writeRegister(isa::reg::kUopBase, registers.bases.uop);
    core_->writeRegister(isa::reg::kInpBase, registers.bases.inp);
    core_->writeRegister(isa::reg::kWgtBase, registers.bases.wgt);
    core_->writeRegister(isa::reg::kAccBase, registers.bases.acc);
    core_->writeRegister(isa::reg::kOutBase, registers.bases.out);
    core_->writeRegister(isa::reg::kParBase, registers.bases.par);
    core_->writeRegister(isa::reg::kControl, 1);
    simulator::RunLimits limits;
    limits.maxCycles = kMostCycles;
    const uint64_t before = core_->cycles();
    const simulator::RunEnd end = core_->runUntilDone(limits);
    Outcome outcome;
    outcome.cycles = core_->cycles() - before;
    if (end == simulator::RunEnd::Assertion) {
      outcome.trouble = "assertion: " + core_->message();
    } else if (end != simulator::RunEnd::Done) {
      outcome.trouble = "still running after " + std::to_string(kMostCycles) + " cycles";
    } else {
      const uint32_t control = core_->readRegister(isa::reg::kControl);
      outcome.code = static_cast<isa::ErrorCode>(core_->readRegister(isa::reg::kErrorCode));
      if (outcome.code != isa::ErrorCode::None)
        outcome.index = core_->readRegister(isa::reg::kErrorIndex);
      const bool failed = outcome.code != isa::ErrorCode::None;
      if (control != (failed ? 6u : 2u))
        outcome.trouble = "control reads " + std::to_string(control) + " after error code " +
                          std::to_string(static_cast<uint32_t>(outcome.code));
      uint32_t sum = 0;
      for (uint32_t c = 0; c < isa::reg::kClassesCount; ++c)
        sum += core_->readRegister(isa::reg::kClasses + 4 * c);
      if (const uint32_t cycles = core_->readRegister(isa::reg::kCycleCount); sum != cycles)
        outcome.trouble =
            "the classes add up to " + std::to_string(sum) + " cycles of " + std::to_string(cycles);
    }
    std::copy_n(core_->dram().begin(), dram.size(), dram.begin());
    return outcome;
  }

  std::optional<uint32_t> mark(uint32_t index) override {
    return core_->readRegister(isa::reg::kMarks + 4 * index);
  }

  std::string classTrouble(uint32_t index) override {
    const uint32_t cycles = *mark(index);
    uint32_t sum = 0;
    for (uint32_t show = 1; show <= isa::reg::kClassesCount; ++show) {
      core_->writeRegister(isa::reg::kMarksShow, show);
      sum += *mark(index);
    }
    core_->writeRegister(isa::reg::kMarksShow, 0);
    if (sum == cycles)
      return {};
    return "the classes at mark " + std::to_string(index) + " add up to " + std::to_string(sum) +
           " cycles of " + std::to_string(cycles);
  }

private:
  std::unique_ptr<simulator::VerilatedCore> core_;
};

} // namespace

isa::Expected<std::unique_ptr<Model>> makeCycle(const isa::MachineConfig &machine, const Session &session) {
  simulator::VerilatedOptions options;
  options.memory = session.memory;
  options.dramBytes = session.dramBytes;
  auto core = simulator::openVerilatedCore(machine, options);
  if (!core)
    return core.error();
  return std::unique_ptr<Model>(std::make_unique<Cycle>(std::move(*core)));
}

} // namespace tessera::cosim
