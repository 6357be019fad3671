#include "emit.h"

#include "computation.h"
#include "expand_vta.h"

#include <algorithm>

namespace tessera::compiler::npu {

uint32_t Contexts::takeFromRing(MemoryType memory, uint32_t elements) {
  uint32_t &end = ringEnd_[size_t(memory)];
  uint32_t base = end + elements <= target_.depth(memory) ? end : 0;
  end = base + elements;
  return base;
}

uint32_t Contexts::take(MemoryType memory, uint32_t elements) {
  if (memory == MemoryType::Wgt || memory == MemoryType::Par)
    return takeFromRing(memory, elements);
  bool &second = second_[size_t(memory)];
  if (elements > target_.context(memory)) {
    second = false;
    return 0;
  }
  uint32_t base = second ? target_.context(memory) : 0;
  second = !second;
  return base;
}

uint32_t mostAddElements(const Target &target) {
  uint32_t r = target.inputsPerOutput();
  if (!target.isVta()) // both operands and the sum share the index space of ACC and OUT
    return target.depth(MemoryType::Par) == 0
               ? 0
               : std::min(target.context(MemoryType::Acc) / 3, target.maxIterations());
  if (target.depth(MemoryType::Par) == 0 || target.depth(MemoryType::Wgt) < 2 * r)
    return 0;
  return std::min({target.context(MemoryType::Acc), target.context(MemoryType::Inp) / (2 * r),
                   target.maxTransferElements() / r, target.maxIterations()});
}

void emitAdd(const Target &target, const Layer &layer, Contexts &contexts, std::vector<Command> &commands) {
  uint32_t elements = target.channelBlocks(layer.output.channels) * layer.output.height * layer.output.width;
  // A few tiles at least, so that they overlap.
  uint32_t tile = std::min(mostAddElements(target), std::max<uint32_t>(1, (elements + 3) / 4));

  Command par;
  par.kind = Command::Kind::Load;
  par.memory = MemoryType::Par;
  par.place = layer.parameterPlace;
  par.columns = par.stride = 1;
  par.sramBase = contexts.take(MemoryType::Par, 1);
  commands.push_back(par);

  uint32_t bytes = target.elementBytes(MemoryType::Acc8bit);
  for (uint32_t first = 0; first < elements; first += tile) {
    uint32_t count = std::min(tile, elements - first);
    uint32_t base = contexts.take(MemoryType::Acc, 3 * tile);
    for (uint32_t side = 0; side < 2; ++side) {
      Command load;
      load.kind = Command::Kind::Load;
      load.memory = MemoryType::Acc8bit;
      load.place = side ? layer.rhsPlace : layer.inputPlace;
      load.place.offset += first * bytes;
      load.sramBase = base + side * tile;
      load.columns = load.stride = count;
      commands.push_back(load);
    }
    TensorMatch match = matchComputation(target, addComputation(target, count));
    Command add;
    add.kind = Command::Kind::Vec;
    add.op = match.instruction->code;
    add.kernel = match.kernel;
    add.dstBase = base + 2 * tile;
    add.srcBase = base;
    add.wgtBase = base + tile;
    add.par = par.sramBase;
    add.exit = layer.exit;
    add.lhs = layer.lhs;
    add.rhs = layer.rhs;
    commands.push_back(add);
    Command store;
    store.kind = Command::Kind::Store;
    store.memory = MemoryType::Out;
    store.place = layer.outputPlace;
    store.place.offset += first * bytes;
    store.sramBase = add.dstBase;
    store.columns = store.stride = count;
    commands.push_back(store);
  }
}

void emitLayer(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
               std::vector<Command> &commands) {
  size_t first = commands.size();
  if (layer.kind != LayerKind::Add)
    emitWindow(target, layer, tiling, contexts, commands);
  else if (target.isVta())
    emitSum(target, layer, contexts, commands);
  else
    emitAdd(target, layer, contexts, commands);
  if (target.isVta())
    expandForVta(target, first, commands);
}

} // namespace tessera::compiler::npu
