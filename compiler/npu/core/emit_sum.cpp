// Additions at level vta: both operands go through the array, each times its step, into the same accumulators.
#include "computation.h"
#include "emit.h"

#include <algorithm>

namespace tessera::compiler::npu {

void emitSum(const Target &target, const Layer &layer, Contexts &contexts, std::vector<Command> &commands) {
  uint32_t r = target.inputsPerOutput();
  uint32_t elements = target.channelBlocks(layer.output.channels) * layer.output.height * layer.output.width;
  uint32_t tile = std::min(mostAddElements(target), std::max<uint32_t>(1, (elements + 3) / 4));

  auto load = [&](MemoryType memory, Place place, uint32_t sramBase, uint32_t count) {
    Command c;
    c.kind = Command::Kind::Load;
    c.memory = memory;
    c.place = place;
    c.sramBase = sramBase;
    c.columns = c.stride = count;
    commands.push_back(c);
  };
  uint32_t bias = contexts.take(MemoryType::Par, 1), steps = contexts.take(MemoryType::Wgt, 2 * r);
  load(MemoryType::Par, layer.parameterPlace, bias, 1);
  load(MemoryType::Wgt, layer.weightPlace, steps, 2 * r);

  uint32_t bytes = target.elementBytes(MemoryType::Out);
  for (uint32_t first = 0; first < elements; first += tile) {
    uint32_t count = std::min(tile, elements - first);
    uint32_t base = contexts.take(MemoryType::Acc, tile),
             input = contexts.take(MemoryType::Inp, 2 * r * tile);
    TensorMatch match = matchComputation(target, addComputation(target, count));
    for (uint32_t side = 0; side < 2; ++side) {
      Place place = side ? layer.rhsPlace : layer.inputPlace;
      place.offset += first * bytes;
      load(MemoryType::Inp, place, input + side * r * tile, count * r);
    }
    for (uint32_t side = 0; side < 2; ++side) {
      Command c;
      c.kind = Command::Kind::Reduce;
      c.kernel = match.kernel;
      c.op = match.instruction->code;
      c.init = side ? isa::ReduceInit::Acc : isa::ReduceInit::Bias;
      c.destination = side ? isa::Destination::Out : isa::Destination::Acc;
      c.dstBase = base;
      c.srcBase = input + side * r * tile;
      c.wgtBase = steps + side * r;
      c.par = bias;
      c.exit = *layer.shiftExit;
      commands.push_back(c);
    }
    Command store;
    store.kind = Command::Kind::Store;
    store.memory = MemoryType::Out;
    store.place = layer.outputPlace;
    store.place.offset += first * bytes;
    store.sramBase = base;
    store.columns = store.stride = count;
    commands.push_back(store);
  }
}

} // namespace tessera::compiler::npu
