#include "target.h"

#include <numeric>

namespace tessera::compiler::npu {

uint32_t Target::depth(MemoryType memory) const {
  if (!isVta() || (!isResults(memory) && memory != MemoryType::Par))
    return machine_.depth(memory);
  const uint32_t all = machine_.depth(MemoryType::Acc), biases = all / kBiasShare, parts = contexts(memory);
  return memory == MemoryType::Par ? biases : (all - biases) / (parts + 1) * parts;
}

Target Target::with(const Share &share) const {
  Target part = *this;
  part.share_ = share;
  part.machine_.inpDepth = share.inp.size;
  part.machine_.wgtDepth = share.wgt.size;
  part.machine_.accDepth = share.acc.size;
  part.machine_.parDepth = share.par.size;
  return part;
}

uint32_t Target::base(MemoryType memory) const {
  switch (memory) {
  case MemoryType::Inp:
    return share_.inp.base;
  case MemoryType::Wgt:
    return share_.wgt.base;
  case MemoryType::Par:
    return share_.par.base;
  case MemoryType::Acc:
  case MemoryType::Acc8bit:
  case MemoryType::Out:
    return share_.acc.base;
  case MemoryType::Uop:
    break;
  }
  return 0;
}

uint64_t Target::activationBytes(uint32_t height, uint32_t width, uint32_t channels) const {
  return uint64_t(channelBlocks(channels)) * height * width * batch() * blockOut();
}

bool Target::isDense(uint32_t height, uint32_t width, uint32_t channels) const {
  if (uint64_t(height) * width == 1)
    return batch() == 1 || channels <= blockOut();
  return batch() == 1 && channels == blockOut();
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
