#include "refine.h"

#include "cuts.h"
#include "region.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

constexpr size_t kCuts = 6;               // of a layer, the cheapest by estimate
constexpr size_t kMostCommands = 400'000; // scheduled in all trials

class Refiner {
public:
  Refiner(const Target &target, std::span<const Layer> layers, std::span<const LayerPlan> alone,
          std::vector<LayerPlan> plans)
      : target_(target), layers_(layers), alone_(alone), plans_(std::move(plans)) {}

  std::vector<LayerPlan> run() {
    cycles_ = durationOfPlans(target_, layers_, plans_);
    Plans apart(alone_.begin(), alone_.end());
    if (const uint64_t cycles = durationOfPlans(target_, layers_, apart); cycles < cycles_)
      cycles_ = cycles, plans_ = std::move(apart);
    const size_t commands = emitRegion(target_, layers_, plans_).size();
    trials_ = kMostCommands / std::max<size_t>(commands, 1);
    while (trials_ > 0 && pass()) {
    }
    while (trials_ > 0 && cutAnew()) {
    }
    return std::move(plans_);
  }

private:
  using Plans = std::vector<LayerPlan>;

  size_t endOf(size_t begin) const {
    size_t end = begin + 1;
    while (end < plans_.size() && plans_[end].joins)
      ++end;
    return end;
  }

  // All changes once, from the first group to the last; whether one helped.
  bool pass() {
    const uint64_t before = cycles_;
    for (size_t begin = 0; begin < plans_.size() && trials_ > 0; begin = endOf(begin)) {
      for (size_t middle = begin + 1; middle < endOf(begin) && trials_ > 0; ++middle)
        split(begin, middle, endOf(begin));
      while (endOf(begin) < plans_.size() && trials_ > 0 && join(begin, endOf(begin), endOf(endOf(begin)))) {
      }
    }
    return cycles_ < before;
  }

  // Other cuts of the layers that are by themselves; whether one helped.
  bool cutAnew() {
    const uint64_t before = cycles_;
    for (size_t begin = 0; begin < plans_.size() && trials_ > 0; begin = endOf(begin))
      if (endOf(begin) == begin + 1)
        for (const Tiling &tiling : tilingsOf(target_, layers_[begin], kCuts))
          if (tiling != plans_[begin].tiling)
            tryPlans(begin, {{tiling, {}, false}});
    return cycles_ < before;
  }

  // Layers by themselves, as a chain, or nothing.
  std::optional<Plans> group(size_t begin, size_t end) const {
    if (end - begin == 1)
      return Plans{alone_[begin]};
    return planChain(target_, layers_.subspan(begin, end - begin));
  }

  bool split(size_t begin, size_t middle, size_t end) {
    auto first = group(begin, middle), second = group(middle, end);
    if (!first || !second)
      return false;
    first->insert(first->end(), second->begin(), second->end());
    return tryPlans(begin, *first);
  }

  bool join(size_t begin, size_t middle, size_t end) {
    if (auto chain = planChain(target_, layers_.subspan(begin, end - begin));
        chain && tryPlans(begin, *chain))
      return true;
    if (end - begin != 2 || middle - begin != 1 || !feeds(layers_[begin], layers_[middle]))
      return false;
    auto pair = planPair(target_, layers_[begin], layers_[middle]);
    return pair && tryPlans(begin, {pair->first, pair->second});
  }

  bool tryPlans(size_t begin, const Plans &group) {
    if (trials_ == 0)
      return false;
    --trials_;
    Plans changed = plans_;
    std::copy(group.begin(), group.end(), changed.begin() + std::ptrdiff_t(begin));
    const uint64_t cycles = durationOfPlans(target_, layers_, changed);
    if (cycles >= cycles_)
      return false;
    cycles_ = cycles;
    plans_ = std::move(changed);
    return true;
  }

  const Target &target_;
  std::span<const Layer> layers_;
  std::span<const LayerPlan> alone_;
  Plans plans_;
  uint64_t cycles_ = 0;
  size_t trials_ = 0;
};

} // namespace

std::vector<LayerPlan> refinePlans(const Target &target, std::span<const Layer> layers,
                                   std::span<const LayerPlan> alone, std::vector<LayerPlan> plans) {
  return Refiner(target, layers, alone, std::move(plans)).run();
}

} // namespace tessera::compiler::npu
