#include "emit.h"

#include "computation.h"
#include "expand_vta.h"

#include <algorithm>

namespace tessera::compiler::npu {

Contexts Contexts::in(const Target &part) const {
  Contexts other(part);
  other.last_ = last_;
  return other;
}

uint32_t Contexts::next(MemoryType memory, uint32_t elements) const {
  uint32_t begin = target_.base(memory), end = begin + target_.depth(memory);
  const Range &last = last_[size_t(memory)];
  if (memory == MemoryType::Wgt || memory == MemoryType::Par)
    return last.end >= begin && last.end + elements <= end ? last.end : begin;
  uint32_t part = target_.context(memory);
  bool inUse = last.begin < end && last.end > begin;
  if (elements > part || !inUse)
    return begin;
  uint32_t turn = (last.end - begin + part - 1) / part; // behind the last
  return turn < target_.contexts(memory) ? begin + turn * part : begin;
}

uint32_t Contexts::take(MemoryType memory, uint32_t elements) {
  uint32_t base = next(memory, elements);
  last_[size_t(memory)] = {base, base + elements};
  return base;
}

uint32_t mostAddElements(const Target &target) {
  uint32_t r = target.inputsPerOutput();
  if (!target.isVta()) // both operands; the sum takes the place of one
    return target.depth(MemoryType::Par) == 0
               ? 0
               : std::min(target.context(MemoryType::Acc) / 2, target.maxIterations());
  if (target.depth(MemoryType::Par) == 0 || target.depth(MemoryType::Wgt) < 2 * r)
    return 0;
  return std::min({target.context(MemoryType::Acc), target.context(MemoryType::Inp) / (2 * r),
                   target.maxTransferElements() / r, target.maxIterations()});
}

void emitLayer(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
               std::vector<Command> &commands) {
  size_t first = commands.size();
  if (layer.kind != LayerKind::Add)
    emitWindow(target, layer, tiling, contexts, commands);
  else if (target.isVta())
    emitSum(target, layer, contexts, commands);
  else
    emitAdd(target, layer, tiling, contexts, commands);
  if (target.isVta())
    expandForVta(target, first, commands);
}

} // namespace tessera::compiler::npu
