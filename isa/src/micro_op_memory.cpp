#include "micro_op_memory.h"

#include <algorithm>

namespace tessera::isa {
namespace {

void joinMicroOps(MicroOp &into, const MicroOp &other) {
  into.dst = std::max(into.dst, other.dst);
  into.src = std::max(into.src, other.src);
  into.wgt = std::max(into.wgt, other.wgt);
}

} // namespace

MicroOpMemory::MicroOpMemory(const MachineConfig &machine, std::span<const uint32_t> contents)
    : layout_(machine), microOps_(machine.uopDepth), known_(machine.uopDepth),
      blocks_((machine.uopDepth + kBlock - 1) / kBlock), blockFresh_(blocks_.size()) {
  write(0, contents.first(std::min<size_t>(contents.size(), machine.uopDepth)));
}

void MicroOpMemory::write(uint32_t first, std::span<const uint32_t> words) {
  for (uint32_t i = 0; i < words.size(); ++i) {
    microOps_[first + i] = layout_.decodeMicroOp(words[i]);
    known_[first + i] = 1;
    blockFresh_[(first + i) / kBlock] = 0;
  }
}

void MicroOpMemory::fill(uint32_t first, uint32_t count, uint32_t word) {
  for (uint32_t i = 0; i < count; ++i)
    write(first + i, std::span(&word, 1));
}

void MicroOpMemory::join(Greatest &into, uint32_t element) const {
  joinMicroOps(into.microOp, microOps_[element]);
  if (!known_[element] && into.known) {
    into.known = false;
    into.unknownElement = element;
  }
}

MicroOpMemory::Greatest MicroOpMemory::greatest(uint32_t begin, uint32_t end) {
  Greatest result;
  for (uint32_t element = begin; element < end;) {
    if (element % kBlock != 0 || element + kBlock > end) {
      join(result, element++);
      continue;
    }
    Greatest &block = blocks_[element / kBlock];
    if (!blockFresh_[element / kBlock]) {
      block = {};
      for (uint32_t i = 0; i < kBlock; ++i)
        join(block, element + i);
      blockFresh_[element / kBlock] = 1;
    }
    joinMicroOps(result.microOp, block.microOp);
    if (!block.known && result.known) {
      result.known = false;
      result.unknownElement = block.unknownElement;
    }
    element += kBlock;
  }
  return result;
}

} // namespace tessera::isa
