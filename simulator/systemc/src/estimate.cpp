#include "estimate.h"

#include "tessera/isa/modules.h"

#include <algorithm>
#include <array>

namespace tessera::simulator {

namespace {

constexpr uint64_t kLatencyCycles = 40;    // of memory
constexpr uint64_t kInstructionCycles = 4; // to start an instruction

template <class Transfer> uint64_t beats(const isa::MachineConfig &machine, const Transfer &transfer) {
  const uint64_t bytes =
      uint64_t{transfer.ySize} * transfer.xSize * machine.dramElementBytes(transfer.memoryType);
  return (bytes + machine.busBytes() - 1) / machine.busBytes();
}

template <class Loops> uint64_t microOps(const Loops &loops) {
  return loops.uopEnd > loops.uopBgn ? uint64_t{loops.iterOut} * loops.iterIn * (loops.uopEnd - loops.uopBgn)
                                     : 0;
}

uint64_t work(const isa::MachineConfig &machine, const isa::Instruction &instruction) {
  return std::visit(
      [&](const auto &i) -> uint64_t {
        using Kind = std::decay_t<decltype(i)>;
        if constexpr (std::is_same_v<Kind, isa::Load> || std::is_same_v<Kind, isa::Store>)
          return beats(machine, i);
        else if constexpr (requires { i.uopBgn; })
          return microOps(i);
        else
          return 0;
      },
      instruction);
}

} // namespace

uint64_t estimateCycles(const isa::MachineConfig &machine, std::span<const isa::Word128> words) {
  const isa::Layout layout(machine);
  std::array<uint64_t, isa::kModuleCount> cycles{};
  for (const isa::Word128 &word : words) {
    const isa::Expected<isa::Instruction> instruction = layout.decode(word);
    if (!instruction)
      break;
    cycles[static_cast<size_t>(isa::moduleOf(*instruction))] +=
        kInstructionCycles + work(machine, *instruction);
    if (std::holds_alternative<isa::Finish>(*instruction))
      break;
  }
  return 2 * kLatencyCycles + *std::max_element(cycles.begin(), cycles.end());
}

} // namespace tessera::simulator
