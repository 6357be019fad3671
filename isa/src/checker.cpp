#include "tessera/isa/checker.h"

#include "check_memory.h"
#include "check_tokens.h"

namespace tessera::isa {
namespace {

Error atInstruction(Error error, size_t index) {
  error.message += " (instruction " + std::to_string(index) + ")";
  error.index = static_cast<uint32_t>(index);
  return error;
}

} // namespace

Expected<void> checkBases(const MachineConfig &machine, const BasePointers &bases) {
  for (MemoryType type :
       {MemoryType::Uop, MemoryType::Wgt, MemoryType::Inp, MemoryType::Acc, MemoryType::Out, MemoryType::Par})
    if (bases.of(type) % machine.busBytes() != 0)
      return Error{std::string("base pointer of ") + memoryName(type) + " " + std::to_string(bases.of(type)) +
                   " is not a multiple of the bus width of " + std::to_string(machine.busBytes()) + " bytes"};
  return {};
}

Expected<void> checkProgram(const MachineConfig &machine, std::span<const Word128> program,
                            const CheckContext &context) {
  if (Expected<void> bases = checkBases(machine, context.bases); !bases)
    return bases;
  Layout layout(machine);
  MemoryCheck memory(machine, context);
  std::vector<TokenStep> steps;
  steps.reserve(program.size());
  for (size_t i = 0; i < program.size(); ++i) {
    Expected<Instruction> instruction = layout.decode(program[i]);
    if (!instruction)
      return atInstruction(instruction.error(), i);
    if (std::holds_alternative<Finish>(*instruction) && i + 1 != program.size())
      return atInstruction(
          Error{"finish is not the last of " + std::to_string(program.size()) + " instructions",
                static_cast<uint32_t>(ErrorCode::NoFinish)},
          i);
    if (Expected<void> inside = memory.check(*instruction); !inside)
      return atInstruction(inside.error(), i);
    Module module = moduleOf(*instruction);
    steps.push_back({module, tokenUse(module, dependenciesOf(*instruction))});
  }
  if (program.empty() || (program.back().lo & 7) != static_cast<uint64_t>(Opcode::Finish))
    return Error{"program of " + std::to_string(program.size()) + " instructions does not end with finish",
                 static_cast<uint32_t>(ErrorCode::NoFinish), static_cast<uint32_t>(program.size())};
  return checkTokens(steps);
}

} // namespace tessera::isa
