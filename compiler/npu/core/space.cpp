#include "space.h"

#include "chain.h"
#include "choice.h"
#include "cuts.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

constexpr size_t kMostTilings = 4096; // of a layer
constexpr int kTries = 8;             // for a step that leads to plans that can be run

uint32_t pick(std::mt19937_64 &random, size_t count) { return uint32_t(random() % count); }

// An index, the first ones more often than the last ones.
size_t pickEarly(std::mt19937_64 &random, size_t count) {
  const double u = double(random() >> 11) * 0x1p-53;
  return std::min(count - 1, size_t(double(count) * u * u * u));
}

void put(PlanSpace::Plans &plans, size_t begin, const PlanSpace::Plans &part) {
  std::copy(part.begin(), part.end(), plans.begin() + std::ptrdiff_t(begin));
}

// The size that comes before or behind in the list of sizes that tiles have.
uint32_t nextSize(uint32_t size, uint32_t whole, bool larger) {
  const std::vector<uint32_t> sizes = pieceSizes(whole); // largest first
  auto at = std::find_if(sizes.begin(), sizes.end(), [&](uint32_t s) { return s <= size; });
  if (at == sizes.end())
    return sizes.back();
  if (larger)
    return at == sizes.begin() ? *at : *(at - 1);
  return at + 1 == sizes.end() ? *at : *(at + 1);
}

} // namespace

std::vector<PlanSpace::Group> PlanSpace::groupsOf(const Plans &plans) {
  std::vector<Group> groups;
  for (size_t i = 0; i < plans.size(); ++i)
    if (plans[i].joins && !groups.empty())
      groups.back().end = i + 1;
    else
      groups.push_back({i, i + 1});
  return groups;
}

const std::vector<Tiling> &PlanSpace::tilings(size_t layer) const {
  auto [at, fresh] = tilings_.try_emplace(layer);
  if (fresh)
    at->second = tilingsOf(target_, layers_[layer], kMostTilings);
  return at->second;
}

// One side of the tile, or the order, changed by one.
Tiling PlanSpace::neighbour(const Target &target, const Layer &layer, Tiling t,
                            std::mt19937_64 &random) const {
  const uint32_t inputBlocks = target.channelBlocks(layer.input.channels);
  const bool larger = random() % 2;
  switch (random() % 5) {
  case 0:
    t.rows = nextSize(t.rows, layer.output.height, larger);
    break;
  case 1:
    t.columns = nextSize(t.columns, layer.output.width, larger);
    break;
  case 2:
    t.blocks = nextSize(t.blocks, target.channelBlocks(layer.output.channels), larger);
    break;
  case 3:
    if (layer.kind == LayerKind::Conv)
      t.kBlocks = nextSize(t.kBlocks, inputBlocks, larger);
    break;
  default:
    t.weightsOuter = !t.weightsOuter;
  }
  if (t.kBlocks != inputBlocks)
    t.weightsOuter = true;
  t.estimatedCycles = 0;
  return t;
}

bool PlanSpace::cutAnew(Plans &plans, size_t layer, std::mt19937_64 &random) const {
  LayerPlan &plan = plans[layer];
  if (!plan.share && random() % 2) {
    if (tilings(layer).empty())
      return false;
    plan.tiling = tilings(layer)[pickEarly(random, tilings(layer).size())];
    plan.tiling.estimatedCycles = 0;
    return true;
  }
  const Target part = plan.share ? target_.with(*plan.share) : target_;
  plan.tiling = neighbour(part, layers_[layer], plan.tiling, random);
  return true;
}

std::optional<PlanSpace::Plans> PlanSpace::pair(size_t first, std::mt19937_64 &random) const {
  const Layer &one = layers_[first], &two = layers_[first + 1];
  constexpr uint32_t of = 8;
  const uint32_t inp = two.kind == LayerKind::Add   ? 0
                       : one.kind == LayerKind::Add ? of
                                                    : 1 + pick(random, of - 1);
  const std::array<Share, 2> shares = sharesOf(target_, one, two, {inp, 1 + pick(random, of - 1), of});
  Plans plans(2);
  for (size_t i : {0u, 1u}) {
    const Target part = target_.with(shares[i]);
    auto tiling =
        chooseTiling(part, layers_[first + i], random() % 2 ? TileOrder::Any : TileOrder::RowsOuter);
    if (!tiling)
      return std::nullopt;
    tiling->estimatedCycles = 0;
    plans[i] = {random() % 2 ? *tiling : neighbour(part, layers_[first + i], *tiling, random), shares[i],
                i == 1, false};
  }
  return plans;
}

std::optional<PlanSpace::Plans> PlanSpace::chain(Group group, std::mt19937_64 &random) const {
  const auto layers = layers_.subspan(group.begin, group.end - group.begin);
  if (layers.size() < 2 || layers.size() > kMostChained)
    return std::nullopt;
  for (size_t i = 1; i < layers.size(); ++i)
    if (!canChain(target_, layers[i - 1], layers[i]))
      return std::nullopt;
  const std::vector<uint32_t> rows = pieceSizes(layers.back().output.height);
  return chainPlans(layers, layers.size() == 2 ? rows[pick(random, rows.size())] : rows.front());
}

std::optional<PlanSpace::Plans> PlanSpace::group(Group group, std::mt19937_64 &random) const {
  if (group.end - group.begin > 1)
    return chain(group, random);
  if (tilings(group.begin).empty())
    return std::nullopt;
  LayerPlan plan;
  plan.tiling = tilings(group.begin)[pickEarly(random, tilings(group.begin).size())];
  plan.tiling.estimatedCycles = 0;
  return Plans{plan};
}

bool PlanSpace::stepOnce(Plans &plans, std::mt19937_64 &random) const {
  const std::vector<Group> groups = groupsOf(plans);
  const size_t at = pick(random, groups.size());
  const Group group = groups[at];
  const size_t count = group.end - group.begin;
  const bool isChain = plans[group.begin].chained;
  if (random() % 3 == 0 && at + 1 < groups.size()) { // join with the next one
    const Group both{group.begin, groups[at + 1].end};
    auto joined = both.end - both.begin == 2 && random() % 2 ? pair(both.begin, random) : chain(both, random);
    if (!joined)
      return false;
    put(plans, both.begin, *joined);
    return true;
  }
  if (count > 1 && random() % 3 == 0) { // split
    const size_t middle = group.begin + 1 + pick(random, count - 1);
    auto first = this->group({group.begin, middle}, random),
         second = this->group({middle, group.end}, random);
    if (!first || !second)
      return false;
    put(plans, group.begin, *first);
    put(plans, middle, *second);
    return true;
  }
  if (isChain) {
    auto other = chain(group, random);
    if (other)
      put(plans, group.begin, *other);
    return other.has_value();
  }
  if (count == 2 && random() % 2) {
    auto other = pair(group.begin, random);
    if (other)
      put(plans, group.begin, *other);
    return other.has_value();
  }
  return cutAnew(plans, group.begin + pick(random, count), random);
}

std::optional<PlanSpace::Plans> PlanSpace::step(const Plans &from, std::mt19937_64 &random) const {
  for (int i = 0; i < kTries; ++i) {
    Plans plans = from;
    bool moved = false;
    for (size_t steps = 1 + pickEarly(random, 4); steps > 0; --steps)
      moved = stepOnce(plans, random) || moved;
    if (moved && plans != from && illegal(target_, layers_, plans).empty())
      return plans;
  }
  return std::nullopt;
}

std::optional<PlanSpace::Plans> PlanSpace::cross(const Plans &first, const Plans &last,
                                                 std::mt19937_64 &random) const {
  std::vector<size_t> common;
  for (size_t i = 1; i < layers_.size(); ++i)
    if (!first[i].joins && !last[i].joins)
      common.push_back(i);
  if (common.empty())
    return std::nullopt;
  const size_t middle = common[pick(random, common.size())];
  Plans plans = first;
  std::copy(last.begin() + std::ptrdiff_t(middle), last.end(), plans.begin() + std::ptrdiff_t(middle));
  return plans;
}

} // namespace tessera::compiler::npu
