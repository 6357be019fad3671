#include "compare.h"

#include <map>

#include "../simulator/reference_interpreter.h"
#include "effects.h"

namespace tessera::cosim {

using isa::ErrorCode;

namespace {

class Functional : public Model {
public:
  Functional(const isa::MachineConfig &machine, simulator::KernelChoice kernels) : core_(machine, kernels) {}
  Outcome run(const simulator::LaunchRegisters &registers, std::vector<uint8_t> &dram) override {
    const simulator::RunResult result = core_.run(registers, dram);
    return {result.code, result.index, {}, 0};
  }

private:
  simulator::FunctionalCore core_;
};

class Reference : public Model {
public:
  Reference(const isa::MachineConfig &machine, uint64_t seed) : core_(machine, seed) {}
  Outcome run(const simulator::LaunchRegisters &registers, std::vector<uint8_t> &dram) override {
    const simulator::RunResult result = core_.run(registers, dram);
    return {result.code, result.index, {}, 0};
  }

private:
  tests::ReferenceInterpreter core_;
};

/// Bytes that stores from instruction `from` on may write.
std::vector<bool> undefinedBytes(const isa::MachineConfig &machine, const ProgramCase &program, uint32_t from,
                                 size_t dramBytes) {
  std::vector<bool> mask(dramBytes);
  const isa::Layout layout(machine);
  for (size_t n = from; n < program.words.size(); ++n) {
    const auto decoded = layout.decode(program.words[n]);
    const auto *store = decoded ? std::get_if<isa::Store>(&*decoded) : nullptr;
    if (!store)
      continue;
    const uint64_t bytes = machine.dramElementBytes(isa::MemoryType::Out);
    for (uint64_t y = 0; y < store->ySize; ++y) {
      const uint64_t begin = program.registers.bases.out + (store->dramBase + y * store->xStride) * bytes;
      for (uint64_t a = begin; a < begin + store->xSize * bytes && a < dramBytes; ++a)
        mask[a] = true;
    }
  }
  return mask;
}

std::string nameOf(const Model::Outcome &outcome) {
  if (outcome.code == ErrorCode::None)
    return "no error";
  return "error " + std::to_string(static_cast<uint32_t>(outcome.code)) + " at instruction " +
         std::to_string(outcome.index);
}

std::string difference(const isa::MachineConfig &machine, const ProgramCase &program, const Model::Outcome &a,
                       const Model::Outcome &b, const std::vector<uint8_t> &dramA,
                       const std::vector<uint8_t> &dramB) {
  if (!a.trouble.empty())
    return "first model: " + a.trouble;
  if (!b.trouble.empty())
    return b.trouble + " (expected " + nameOf(a) + ")";
  if (a.code != b.code || a.index != b.index)
    return nameOf(a) + " on the first model, " + nameOf(b) + " on the second";
  if (dramA == dramB)
    return {};
  std::vector<bool> mask;
  if (a.code != ErrorCode::None)
    mask = undefinedBytes(machine, program, a.index, dramA.size());
  size_t count = 0, first = 0;
  for (size_t i = 0; i < dramA.size(); ++i)
    if (dramA[i] != dramB[i] && (mask.empty() || !mask[i]) && count++ == 0)
      first = i;
  if (count == 0)
    return {};
  return std::to_string(count) + " bytes of DRAM differ, first at " + std::to_string(first) + ": " +
         std::to_string(dramA[first]) + " on the first model, " + std::to_string(dramB[first]) +
         " on the second";
}

/// Marks of a program that ran to its end: those that it sets are set, in the order of the program, and another one is not.
std::string markTrouble(const isa::MachineConfig &machine, const ProgramCase &program, Model &model) {
  if (!model.mark(0))
    return {};
  const isa::Layout layout(machine);
  std::map<uint32_t, size_t> last; // index of the mark to where it is set last
  for (size_t n = 0; n < program.words.size(); ++n) {
    const auto decoded = layout.decode(program.words[n]);
    if (!decoded || std::holds_alternative<isa::Finish>(*decoded))
      break;
    if (const auto *mark = std::get_if<isa::SetMark>(&*decoded))
      last[mark->index] = n;
  }
  std::map<size_t, uint32_t> inOrder;
  for (const auto &[index, place] : last)
    inOrder[place] = index;
  uint32_t before = 0;
  for (const auto &[place, index] : inOrder) {
    const uint32_t cycle = *model.mark(index);
    if (cycle == 0)
      return "mark " + std::to_string(index) + " is not set";
    if (cycle < before)
      return "mark " + std::to_string(index) + " is at cycle " + std::to_string(cycle) +
             ", an earlier one at " + std::to_string(before);
    before = cycle;
    if (std::string trouble = model.classTrouble(index); !trouble.empty())
      return trouble;
  }
  for (uint32_t index = 0; index < isa::reg::kMarksCount; index += 37)
    if (!last.contains(index) && *model.mark(index) != 0)
      return "mark " + std::to_string(index) + " is set by nobody";
  return {};
}

} // namespace

isa::Expected<std::unique_ptr<Model>> makeFunctional(const isa::MachineConfig &machine, const Session &) {
  return std::unique_ptr<Model>(std::make_unique<Functional>(machine, simulator::KernelChoice::Best));
}

isa::Expected<std::unique_ptr<Model>> makePortable(const isa::MachineConfig &machine, const Session &) {
  return std::unique_ptr<Model>(std::make_unique<Functional>(machine, simulator::KernelChoice::Portable));
}

isa::Expected<std::unique_ptr<Model>> makeReference(const isa::MachineConfig &machine,
                                                    const Session &session) {
  return std::unique_ptr<Model>(std::make_unique<Reference>(machine, session.seed));
}

isa::Expected<Comparison> compare(const isa::MachineConfig &machine, const Session &session,
                                  const ModelMaker &first, const ModelMaker &second) {
  auto a = first(machine, session);
  if (!a)
    return a.error();
  auto b = second(machine, session);
  if (!b)
    return b.error();
  Comparison result;
  std::vector<uint8_t> dramA = initialDram(session), dramB;
  for (size_t n = 0; n < session.programs.size(); ++n) {
    const ProgramCase &program = session.programs[n];
    applyWrites(program, dramA);
    dramB = dramA;
    const Model::Outcome outcomeA = (*a)->run(program.registers, dramA);
    const Model::Outcome outcomeB = (*b)->run(program.registers, dramB);
    result.outcomes.push_back(outcomeA);
    result.cycles += outcomeB.cycles;
    std::string text = difference(machine, program, outcomeA, outcomeB, dramA, dramB);
    if (text.empty() && outcomeA.code == ErrorCode::None)
      text = markTrouble(machine, program, **b);
    if (!text.empty()) {
      result.difference = Difference{n, std::move(text)};
      break;
    }
  }
  return result;
}

} // namespace tessera::cosim
