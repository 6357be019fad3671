#include "tessera/isa/apart.h"

#include <algorithm>
#include <cstring>

namespace tessera::isa {

ApartFinder::ApartFinder(const MachineConfig &machine, std::span<const uint8_t> dram,
                         const BasePointers &bases)
    : machine_(machine), layout_(machine), dram_(dram), bases_(bases),
      microOps_(machine.level == Level::Vta ? machine.uopDepth : 0) {}

template <class Loops> ApartFinder::Range ApartFinder::reach(const Loops &loops, bool sources) const {
  if (loops.uopBgn >= loops.uopEnd || loops.iterOut == 0 || loops.iterIn == 0)
    return {};
  if (loops.uopEnd > microOps_.size())
    return {0, UINT64_MAX};
  const uint64_t extent =
      sources
          ? uint64_t{loops.iterOut - 1} * loops.srcFactorOut + uint64_t{loops.iterIn - 1} * loops.srcFactorIn
          : uint64_t{loops.iterOut - 1} * loops.dstFactorOut + uint64_t{loops.iterIn - 1} * loops.dstFactorIn;
  Range range;
  for (uint32_t u = loops.uopBgn; u < loops.uopEnd; ++u) {
    const uint64_t index = sources ? microOps_[u].src : microOps_[u].dst;
    range.low = std::min(range.low, index);
    range.high = std::max(range.high, index + extent);
  }
  return range;
}

void ApartFinder::load(const Load &load) {
  if (load.memoryType != MemoryType::Uop)
    return;
  const uint64_t width = uint64_t{load.xPad0} + load.xSize + load.xPad1;
  for (uint64_t y = 0; y < load.ySize; ++y)
    for (uint64_t x = 0; x < load.xSize; ++x) {
      const uint64_t element = load.sramBase + (load.yPad0 + y) * width + load.xPad0 + x;
      const uint64_t address =
          bases_.uop + (load.dramBase + y * load.xStride + x) * machine_.dramElementBytes(MemoryType::Uop);
      uint32_t word = 0;
      if (element >= microOps_.size() || address + sizeof word > dram_.size())
        return;
      std::memcpy(&word, dram_.data() + address, sizeof word);
      microOps_[element] = layout_.decodeMicroOp(word);
    }
}

bool ApartFinder::next(const Instruction &instruction) {
  if (microOps_.empty())
    return false;
  if (const auto *transfer = std::get_if<Load>(&instruction))
    load(*transfer);
  else if (const auto *gemm = std::get_if<Gemm>(&instruction))
    written_ = reach(*gemm, false);
  else if (const auto *alu = std::get_if<Alu>(&instruction))
    return !reach(*alu, false).meets(written_) && !reach(*alu, true).meets(written_);
  return false;
}

} // namespace tessera::isa
