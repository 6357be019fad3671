#include "program.h"

#include "tessera/isa/apart.h"
#include "tessera/isa/timing.h"

#include <algorithm>
#include <cstring>

namespace tessera::simulator {

using isa::ErrorCode;

void fetchProgram(const isa::MachineConfig &machine, const isa::Layout &layout, std::span<const uint8_t> dram,
                  const LaunchRegisters &launch, Program &program) {
  const uint32_t address = launch.insnAddress, count = launch.insnCount;
  constexpr size_t kBytes = sizeof(isa::Word128);
  const uint64_t present = address >= dram.size() ? 0 : (dram.size() - address) / kBytes;
  const auto readable = static_cast<uint32_t>(std::min<uint64_t>(count, present));
  // At level vta the estimate depends on more than these bytes: on micro-ops.
  if (machine.level == isa::Level::Tessera && program.count == count && !program.bytes.empty() &&
      program.bytes.size() <= size_t{readable} * kBytes &&
      std::memcmp(program.bytes.data(), dram.data() + address, program.bytes.size()) == 0)
    return;

  program = Program{};
  program.count = count;
  isa::TimingModel timing(machine);
  isa::ApartFinder apart(machine, dram, launch.bases);
  uint32_t index = 0;
  bool finished = false;
  for (; index < readable && !finished && program.error == ErrorCode::None; ++index) {
    isa::Word128 word;
    std::memcpy(&word, dram.data() + address + size_t{index} * kBytes, kBytes);
    auto decoded = layout.decode(word);
    if (!decoded) {
      program.error = static_cast<ErrorCode>(decoded.error().code);
      program.errorIndex = index;
      break;
    }
    finished = std::holds_alternative<isa::Finish>(*decoded);
    timing.add(*decoded, apart.next(*decoded));
    program.modules.push_back(isa::moduleOf(*decoded));
    program.instructions.push_back(std::move(*decoded));
  }
  timing.finish();
  program.cycles = timing.cycles();
  program.marks = timing.marks();
  if (!finished && program.error == ErrorCode::None) {
    program.error = readable < count ? ErrorCode::DramFault : ErrorCode::NoFinish;
    program.errorIndex = readable < count ? readable : count;
    return; // depends on more than the bytes: is decoded anew each time
  }
  const size_t used = program.instructions.size() + (program.error == ErrorCode::None ? 0 : 1);
  program.bytes.assign(dram.data() + address, dram.data() + address + used * kBytes);
}

} // namespace tessera::simulator
