#include "plan.h"

#include "chain.h"
#include "emit.h"
#include "interleave.h"
#include "refine.h"
#include "region.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

constexpr uint64_t kMostComparisons =
    1 << 22;                        // of pieces: what they need of one another is sought by comparing all
constexpr uint32_t kChainTries = 4; // cuts of a chain, the largest tiles first
constexpr uint64_t kLeastGain = 30; // one part in so many is worth looking for

Cost costOf(const Target &target, const Layer &layer, const Tiling &tiling) {
  return CostModel(target, layer)
      .of(tiling, footprintOf(target, layer, tiling), fitsHalves(target, layer, tiling));
}

uint64_t weightElements(const Target &target, const Layer &layer) {
  return uint64_t(weightElementsPerBlock(target, layer)) * target.channelBlocks(layer.output.channels);
}

// The elements that the second of two layers gets of a memory in which they need that many in all.
uint32_t secondShare(uint32_t depth, uint64_t first, uint64_t second) {
  if (first == 0 || second == 0)
    return first == 0 ? depth : 0;
  if (first + second <= depth / 2) // room for all of both, twice: what is left over is halved
    return uint32_t(second + (depth - first - second) / 2);
  constexpr uint32_t parts = 8;
  uint64_t part = std::clamp<uint64_t>(parts * second / (first + second), 1, parts - 1);
  return uint32_t(depth / parts * part);
}

// The commands of each as if it were alone.
std::array<std::vector<Command>, 2> emitPair(const Layer &first, const Layer &second, const PairPlan &pair,
                                             const std::array<Target, 2> &parts) {
  std::array<std::vector<Command>, 2> commands;
  for (int side : {0, 1}) {
    Contexts contexts(parts[size_t(side)]);
    emitLayer(parts[size_t(side)], side ? second : first, side ? pair.second.tiling : pair.first.tiling,
              contexts, commands[size_t(side)]);
  }
  return commands;
}

// Cycles of both interleaved: the busiest unit, or what the second has left to do when the first gives it what it needs.
uint64_t pairCycles(const Target &target, const Layer &first, const Layer &second, const PairPlan &pair,
                    const std::array<Target, 2> &parts) {
  Cost a = costOf(parts[0], first, pair.first.tiling), b = costOf(parts[1], second, pair.second.tiling);
  if (!a.overlapped || !b.overlapped)
    return UINT64_MAX;
  const std::array<std::vector<Command>, 2> commands = emitPair(first, second, pair, parts);
  auto piecesA = piecesOf(commands[0]), piecesB = piecesOf(commands[1]);
  if (piecesA.size() * piecesB.size() > kMostComparisons)
    return UINT64_MAX;
  std::vector<size_t> needed = piecesNeeded(target, piecesA, piecesB);
  Cost both = a;
  both += b;
  uint64_t cycles = both.busiest();
  for (size_t i = 0; i < piecesB.size(); ++i) {
    uint64_t before = std::min(needed[i] + kInterleaveLag, piecesA.size());
    cycles = std::max(cycles, a.busiest() * before / piecesA.size() +
                                  b.busiest() * (piecesB.size() - i) / piecesB.size());
  }
  return cycles + both.exposed;
}

} // namespace

std::array<Share, 2> sharesOf(const Target &target, const Layer &first, const Layer &second,
                              PairParts parts) {
  std::array<Share, 2> shares;
  auto split = [&](Share::Range Share::*range, MemoryType memory, uint32_t ofSecond) {
    uint32_t rest = target.depth(memory) - ofSecond;
    shares[0].*range = {0, rest};
    shares[1].*range = {rest, ofSecond};
  };
  split(&Share::inp, MemoryType::Inp, target.depth(MemoryType::Inp) / parts.of * parts.inp);
  split(&Share::acc, MemoryType::Acc, target.depth(MemoryType::Acc) / parts.of * parts.acc);
  split(&Share::wgt, MemoryType::Wgt,
        secondShare(target.depth(MemoryType::Wgt), weightElements(target, first),
                    weightElements(target, second)));
  // Twice, for the halves that take turns.
  auto parameters = [&](const Layer &layer) { return 2 * uint64_t(parameterElements(target, layer)); };
  split(&Share::par, MemoryType::Par,
        secondShare(target.depth(MemoryType::Par), parameters(first), parameters(second)));
  return shares;
}

bool feeds(const Layer &first, const Layer &second) {
  return second.inputPlace == first.outputPlace ||
         (second.kind == LayerKind::Add && second.rhsPlace == first.outputPlace);
}

bool canInterleave(const Target &target, const Layer &first, const Layer &second, const PairPlan &pair) {
  const std::array<Target, 2> parts{target.with(*pair.first.share), target.with(*pair.second.share)};
  const auto commands = emitPair(first, second, pair, parts);
  return piecesOf(commands[0]).size() * piecesOf(commands[1]).size() <= kMostComparisons;
}

std::optional<PairPlan> planPair(const Target &target, const Layer &first, const Layer &second) {
  bool add = second.kind == LayerKind::Add, addFirst = first.kind == LayerKind::Add;
  std::optional<PairPlan> best;
  for (TileOrder order : {TileOrder::Any, TileOrder::RowsOuter})
    for (uint32_t inp : add ? std::vector{0u} : addFirst ? std::vector{4u} : std::vector{1u, 2u})
      for (uint32_t acc : {1u, 2u}) {
        auto shares = sharesOf(target, first, second, {inp, acc, 4});
        std::array<Target, 2> parts{target.with(shares[0]), target.with(shares[1])};
        auto one = chooseTiling(parts[0], first, order), two = chooseTiling(parts[1], second, order);
        if (!one || !two)
          continue;
        PairPlan pair{{*one, shares[0], false}, {*two, shares[1], true}};
        pair.cycles = pairCycles(target, first, second, pair, parts);
        if (pair.cycles != UINT64_MAX && (!best || pair.cycles < best->cycles))
          best = pair;
      }
  return best;
}

bool fitTogether(const Target &target, const Share &first, const std::optional<Share> &second) {
  if (!second)
    return false;
  auto apart = [&](Share::Range Share::*range, MemoryType memory) {
    const Share::Range &a = first.*range, &b = (*second).*range;
    uint64_t endA = uint64_t(a.base) + a.size, endB = uint64_t(b.base) + b.size, depth = target.depth(memory);
    return endA <= depth && endB <= depth && (endA <= b.base || endB <= a.base);
  };
  return apart(&Share::inp, MemoryType::Inp) && apart(&Share::wgt, MemoryType::Wgt) &&
         apart(&Share::acc, MemoryType::Acc) && apart(&Share::par, MemoryType::Par);
}

std::vector<LayerPlan> chainPlans(std::span<const Layer> layers, uint32_t rows) {
  std::vector<LayerPlan> plans(layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    const Shape &output = layers[i].output;
    plans[i] = {{output.height, output.width, 1, 1, false, 0}, {}, i > 0, true};
  }
  plans.back().tiling.rows = rows;
  return plans;
}

std::optional<std::vector<LayerPlan>> planChain(const Target &target, std::span<const Layer> layers) {
  if (layers.size() > kMostChained)
    return std::nullopt;
  for (size_t i = 1; i < layers.size(); ++i)
    if (!canChain(target, layers[i - 1], layers[i]))
      return std::nullopt;
  std::vector<LayerPlan> best = chainPlans(layers, layers.back().output.height);
  const uint32_t height = layers.back().output.height;
  uint64_t least = UINT64_MAX;
  uint32_t tried = 0, bestRows = 0;
  // Bands of a longer chain would compute too many rows twice.
  for (uint32_t tiles = 1; tiles <= (layers.size() == 2 ? height : 1) && tried < kChainTries; ++tiles) {
    uint32_t rows = (height + tiles - 1) / tiles;
    if (rows == bestRows || !chainLayout(target, layers, rows))
      continue;
    ++tried;
    best.back().tiling.rows = rows;
    uint64_t cycles = durationOfPlans(target, layers, best);
    if (cycles < least)
      least = cycles, bestRows = rows;
  }
  if (tried == 0)
    return std::nullopt;
  best.back().tiling.rows = bestRows;
  return best;
}

isa::Expected<std::vector<LayerPlan>> planLayers(const Target &target, std::span<const Layer> layers) {
  std::vector<LayerPlan> plans;
  std::vector<Cost> costs;
  for (const Layer &layer : layers) {
    if (layer.kind == LayerKind::Add && target.isVta()) { // it cuts itself
      plans.push_back({});
      continue;
    }
    auto tiling = chooseTiling(target, layer);
    if (!tiling)
      return tiling.error();
    plans.push_back({*tiling, {}, false});
    costs.push_back(costOf(target, layer, *tiling));
  }
  if (target.isVta())
    return plans;

  // The cheapest way to cover layers 0 to i with single layers, pairs and chains.
  struct Cover {
    uint64_t cycles = UINT64_MAX;
    std::vector<LayerPlan> plans; // of the last of them
  };
  std::vector<Cover> best(layers.size() + 1);
  best[0].cycles = 0;
  auto consider = [&](size_t begin, size_t end, std::vector<LayerPlan> group) {
    uint64_t cycles = best[begin].cycles + durationOfPlans(target, layers.subspan(begin, end - begin), group);
    if (cycles < best[end].cycles)
      best[end] = {cycles, std::move(group)};
  };
  for (size_t end = 1; end <= layers.size(); ++end) {
    consider(end - 1, end, {plans[end - 1]});
    if (end == 1)
      continue;
    if (feeds(layers[end - 2], layers[end - 1])) {
      Cost both = costs[end - 2];
      both += costs[end - 1];
      uint64_t apart = costs[end - 2].cycles() + costs[end - 1].cycles();
      if (both.busiest() + apart / kLeastGain <= apart)
        if (auto pair = planPair(target, layers[end - 2], layers[end - 1]))
          consider(end - 2, end, {pair->first, pair->second});
    }
    for (size_t begin = end - 1; begin-- > 0;) {
      auto chain = planChain(target, layers.subspan(begin, end - begin));
      if (!chain)
        break;
      consider(begin, end, *chain);
    }
  }
  const std::vector<LayerPlan> alone = plans;
  for (size_t end = layers.size(); end > 0;) {
    std::vector<LayerPlan> &group = best[end].plans;
    end -= group.size();
    std::copy(group.begin(), group.end(), plans.begin() + std::ptrdiff_t(end));
  }
  return refinePlans(target, layers, alone, std::move(plans));
}

} // namespace tessera::compiler::npu
