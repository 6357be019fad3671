#include "target.h"

#include <numeric>

namespace tessera::compiler::npu {

uint32_t Target::depth(MemoryType memory) const {
  if (!isVta() || (memory != MemoryType::Acc && memory != MemoryType::Out && memory != MemoryType::Par))
    return machine_.depth(memory);
  uint32_t all = machine_.depth(MemoryType::Acc), biases = all / kBiasShare;
  return memory == MemoryType::Par ? biases : (all - biases) / 2;
}

uint64_t Target::activationBytes(uint32_t height, uint32_t width, uint32_t channels) const {
  return uint64_t(channelBlocks(channels)) * height * width * batch() * blockOut();
}

uint32_t Target::regionAlignment() const {
  uint32_t alignment = 64;
  for (MemoryType memory :
       {MemoryType::Wgt, MemoryType::Inp, MemoryType::Acc, MemoryType::Out, MemoryType::Par})
    alignment = std::lcm(alignment, elementBytes(memory));
  return alignment;
}

uint64_t Target::transferCycles(MemoryType memory, uint64_t elements) const {
  return (elements * elementBytes(memory) + machine_.busBytes() - 1) / machine_.busBytes();
}

} // namespace tessera::compiler::npu
