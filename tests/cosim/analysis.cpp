#include "analysis.h"

#include <algorithm>

#include "dram_map.h"
#include "effects.h"
#include "hazard_tracker.h"

namespace tessera::cosim {

using isa::ErrorCode;

namespace {

/// Instructions that the core fetches.
std::vector<isa::Instruction> fetched(const isa::Layout &layout, const ProgramCase &program) {
  std::vector<isa::Instruction> instructions;
  for (const isa::Word128 &word : program.words) {
    const auto decoded = layout.decode(word);
    if (!decoded)
      break;
    instructions.push_back(*decoded);
    if (std::holds_alternative<isa::Finish>(*decoded))
      break;
  }
  return instructions;
}

bool writesReservedDram(const AccessSet &accesses) {
  const auto &pieces = accesses.writes[static_cast<size_t>(Space::Dram)].pieces();
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const auto &piece) { return piece.first < kStoreBegin || piece.second > kStoreEnd; });
}

bool programHasOneOutcome(const isa::MachineConfig &machine, const Session &session,
                          const ProgramCase &program, const Model::Outcome &outcome,
                          const std::vector<uint8_t> &dram, Context &context) {
  const isa::Layout layout(machine);
  std::vector<isa::Instruction> instructions = fetched(layout, program);
  // Before the error everything runs to its end; it is not said what later instructions do.
  if (outcome.code != ErrorCode::None && outcome.index < instructions.size())
    instructions.resize(outcome.index);
  context.geometry = {};
  context.exitMode = isa::ExitMode::None;
  HazardTracker tracker;
  std::vector<bool> done(instructions.size());
  for (size_t ended = 0; ended < instructions.size(); ++ended) {
    bool blocked[3] = {};
    size_t next = instructions.size();
    for (size_t i = 0; i < instructions.size() && next == instructions.size(); ++i) {
      bool &waits = blocked[static_cast<size_t>(moduleOf(instructions[i]))];
      if (done[i] || waits)
        continue;
      if (tracker.tokensPresent(instructions[i]))
        next = i;
      else
        waits = true;
    }
    if (next == instructions.size())
      return false;
    // Farther apart than queues are deep, the order of fetching decides.
    for (size_t i = 0; i + 16 < next; ++i)
      if (!done[i])
        return false;
    done[next] = true;
    Effects effects = effectsOf(machine, program.registers, session.dramBytes, context, instructions[next]);
    if (effects.error != ErrorCode::None || effects.steps > kMostSteps ||
        writesReservedDram(effects.accesses) || !tracker.raceFree(instructions[next], effects.accesses))
      return false;
    advance(machine, program.registers, dram, context, instructions[next]);
    tracker.append(instructions[next], std::move(effects.accesses));
  }
  return true;
}

} // namespace

bool hasOneOutcome(const isa::MachineConfig &machine, const Session &session,
                   const std::vector<Model::Outcome> &outcomes) {
  Context context;
  context.uop.resize(machine.uopDepth);
  std::vector<uint8_t> dram = initialDram(session);
  for (size_t n = 0; n < session.programs.size() && n < outcomes.size(); ++n) {
    if (n > 0 && outcomes[n - 1].code != ErrorCode::None)
      return false;
    applyWrites(session.programs[n], dram); // stores never reach the micro-ops
    if (!programHasOneOutcome(machine, session, session.programs[n], outcomes[n], dram, context))
      return false;
  }
  return true;
}

} // namespace tessera::cosim
