#include "estimate.h"

#include "tessera/isa/apart.h"
#include "tessera/isa/timing.h"

namespace tessera::simulator {

uint64_t estimateCycles(const isa::MachineConfig &machine, std::span<const isa::Word128> words,
                        std::span<const uint8_t> dram, const isa::BasePointers &bases) {
  const isa::Layout layout(machine);
  isa::TimingModel timing(machine);
  isa::ApartFinder apart(machine, dram, bases);
  for (const isa::Word128 &word : words) {
    const isa::Expected<isa::Instruction> instruction = layout.decode(word);
    if (!instruction)
      break;
    timing.add(*instruction, apart.next(*instruction));
    if (std::holds_alternative<isa::Finish>(*instruction))
      break;
  }
  timing.finish();
  return timing.cycles();
}

} // namespace tessera::simulator
