#include "region.h"

#include "chain.h"
#include "duration.h"
#include "emit.h"
#include "interleave.h"
#include "order.h"
#include "tiling.h"

#include <algorithm>
#include <numeric>

namespace tessera::compiler::npu {

std::vector<uint64_t> planArena(std::span<const TensorLife> tensors, uint64_t alignment,
                                uint64_t *arenaBytes) {
  auto align = [&](uint64_t v) { return (v + alignment - 1) / alignment * alignment; };
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tensors[a].bytes != tensors[b].bytes ? tensors[a].bytes > tensors[b].bytes : a < b;
  });
  std::vector<uint64_t> offsets(tensors.size(), 0);
  std::vector<size_t> placed;
  uint64_t size = 0;
  for (size_t t : order) {
    std::vector<std::pair<uint64_t, uint64_t>> busy;
    for (size_t p : placed)
      if (tensors[p].first <= tensors[t].last && tensors[t].first <= tensors[p].last)
        busy.push_back({offsets[p], offsets[p] + tensors[p].bytes});
    std::sort(busy.begin(), busy.end());
    uint64_t offset = 0;
    for (auto [begin, end] : busy) {
      if (offset + tensors[t].bytes <= begin)
        break;
      offset = std::max(offset, align(end));
    }
    offsets[t] = offset;
    placed.push_back(t);
    size = std::max(size, offset + tensors[t].bytes);
  }
  if (arenaBytes)
    *arenaBytes = align(size);
  return offsets;
}

std::vector<Command> emitRegion(const Target &target, std::span<const Layer> layers,
                                std::span<const LayerPlan> plans) {
  std::vector<Command> commands;
  Contexts contexts(target);
  uint32_t mark = 0;
  auto emit = [&](size_t index, const Target &part) {
    std::vector<Command> out;
    contexts = contexts.in(part);
    emitLayer(part, layers[index], plans[index].tiling, contexts, out);
    return out;
  };
  for (size_t index = 0; index < layers.size(); ++index) {
    std::vector<Command> more;
    if (plans[index].chained) {
      size_t end = index + 1;
      while (end < layers.size() && plans[end].chained && plans[end].joins)
        ++end;
      contexts = contexts.in(target);
      emitChain(target, layers.subspan(index, end - index), plans[end - 1].tiling.rows, contexts, more);
      index = end - 1;
    } else if (plans[index].share) {
      std::vector<Command> first = emit(index, target.with(*plans[index].share));
      ++index;
      more = interleave(target, first, emit(index, target.with(*plans[index].share)));
    } else {
      more = emit(index, target);
    }
    commands.insert(commands.end(), more.begin(), more.end());
    if (mark < target.marks()) {
      Command end;
      end.kind = Command::Kind::Mark;
      end.layer = mark++;
      commands.push_back(end);
    }
  }
  return commands;
}

static std::vector<Command> orderRegion(const Target &target, std::span<const Layer> layers,
                                        std::span<const LayerPlan> plans) {
  std::vector<Command> emitted = emitRegion(target, layers, plans);
  return placeTokens(target, prefetchConstants(target, hoistLoads(target, emitted)));
}

uint64_t durationOfPlans(const Target &target, std::span<const Layer> layers,
                         std::span<const LayerPlan> plans) {
  return durationOf(target, orderRegion(target, layers, plans));
}

isa::Expected<std::vector<Command>> scheduleRegion(const Target &target, std::span<const Layer> layers,
                                                   std::span<const LayerPlan> plans) {
  std::vector<Command> ordered = orderRegion(target, layers, plans);
  if (auto proof = checkOrder(target, ordered); !proof)
    return proof.error();
  return ordered;
}

isa::Expected<std::vector<Command>> scheduleRegion(const Target &target, std::span<const Layer> layers) {
  for (const Layer &layer : layers)
    if (std::string why = refusal(target, layer); !why.empty())
      return isa::Error{"layer " + layer.name + ": " + why};
  auto plans = planLayers(target, layers);
  return plans ? scheduleRegion(target, layers, *plans) : plans.error();
}

} // namespace tessera::compiler::npu
