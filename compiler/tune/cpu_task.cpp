#include "tune/cpu_task.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler {

namespace {

constexpr size_t kLoops = 8;        // whose sizes are features
constexpr double kWorst = 3;        // times the least cost: what is worse is no choice
constexpr size_t kMostTiles = 4000; // the cheapest

} // namespace

CpuTask::CpuTask(std::string bytecode, CpuKernel::Nest nest, const cpu::CpuTarget &target)
    : bytecode_(std::move(bytecode)), nest_(std::move(nest)),
      lanes_(target.vectorBytes / std::max<int64_t>(nest_.nest.output.elementBytes, 1)) {
  std::vector<std::pair<double, cpu::Tile>> all;
  cpu::eachTile(nest_.nest, target, cpu::Orders::Both,
                [&](const cpu::Tile &tile, double cost) { all.emplace_back(cost, tile); });
  std::vector<size_t> ranks(all.size());
  for (size_t i = 0; i < ranks.size(); ++i)
    ranks[i] = i;
  std::sort(ranks.begin(), ranks.end(),
            [&](size_t a, size_t b) { return std::pair(all[a].first, a) < std::pair(all[b].first, b); });
  for (size_t rank : ranks) {
    const auto &[cost, tile] = all[rank];
    if (order_.size() >= kMostTiles || cost > kWorst * all[ranks[0]].first)
      break;
    if (tiles_.try_emplace(cpu::tileText(tile), Known{tile, cost}).second)
      order_.push_back(cpu::tileText(tile));
  }
  if (const auto usual = cpu::chooseTile(nest_.nest, target)) {
    usual_ = cpu::tileText(*usual);
    if (tiles_.try_emplace(usual_, Known{*usual, cpu::leastCost(nest_.nest, target)}).second)
      order_.insert(order_.begin(), usual_);
  }
}

std::optional<std::string> CpuTask::propose(const std::string &one, const std::string *,
                                            std::mt19937_64 &random) {
  const auto at = tiles_.find(one);
  if (at != tiles_.end() && random() % 2) { // another size of one loop
    cpu::Tile tile = at->second.tile;
    tile.otherOrder = tile.otherOrder != (random() % 4 == 0);
    const size_t loop = random() % std::max<size_t>(tile.sizes.size(), 1);
    const int64_t step = loop == tile.vector ? lanes_ : 1;
    const int64_t steps = 1 + int64_t(random() % 3);
    if (random() % 4) // or another order alone
      tile.sizes[loop] += random() % 2 ? step * steps : -step * steps;
    const std::string text = cpu::tileText(tile);
    if (tiles_.contains(text))
      return text;
  }
  const double u = double(random() >> 11) * 0x1p-53;
  return order_[std::min(order_.size() - 1, size_t(double(order_.size()) * u * u))];
}

std::optional<SearchTask::Description> CpuTask::describe(const std::string &choice) {
  const auto at = tiles_.find(choice);
  if (at == tiles_.end())
    return std::nullopt;
  const cpu::Tile &tile = at->second.tile;
  Description description;
  description.estimate = at->second.cost;
  Features &features = description.features;
  double sums = 1;
  for (size_t i = 0; i < kLoops; ++i) {
    const bool isThere = i < tile.sizes.size();
    const auto size = isThere ? double(i == tile.vector ? tile.sizes[i] / lanes_ : tile.sizes[i]) : 0;
    sums *= isThere ? size : 1;
    features.push_back(float(size));
    features.push_back(isThere ? float(std::log1p(double(std::max<int64_t>(nest_.nest.loops[i].extent, 0))))
                               : 0.0f);
    features.push_back(
        isThere && size > 0 ? float(nest_.nest.loops[i].extent % std::max<int64_t>(tile.sizes[i], 1)) : 0.0f);
  }
  features.push_back(float(tile.vector));
  features.push_back(float(sums));
  features.push_back(float(nest_.nest.output.strides[tile.vector]));
  features.push_back(float(std::log(at->second.cost)));
  features.push_back(nest_.key.starts_with("dots") ? 1.0f : 0.0f);
  features.push_back(tile.otherOrder ? 1.0f : 0.0f);
  return description;
}

} // namespace tessera::compiler
