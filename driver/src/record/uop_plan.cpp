#include "uop_plan.h"

#include <algorithm>

namespace tessera::driver {

uint32_t KernelTable::add(const MicroOpWords &words) {
  const auto [entry, isNew] = numbers_.emplace(words, size());
  if (isNew) {
    contents_.push_back(&entry->first);
    microOps_ += static_cast<uint32_t>(words.size());
  }
  return entry->second;
}

namespace {

/// The uses of one phase: [first, last), and their kernels in the order of first use.
struct Phase {
  size_t first = 0, last = 0;
  std::vector<uint32_t> kernels;
};

Phase nextPhase(const KernelTable &table, const std::vector<uint32_t> &uses, size_t first, uint32_t depth) {
  Phase phase{first, first, {}};
  std::vector<bool> inPhase(table.size(), false);
  uint64_t total = 0;
  for (; phase.last < uses.size(); ++phase.last) {
    const uint32_t kernel = uses[phase.last];
    if (inPhase[kernel])
      continue;
    if (total + table[kernel].size() > depth)
      break;
    total += table[kernel].size();
    inPhase[kernel] = true;
    phase.kernels.push_back(kernel);
  }
  return phase;
}

constexpr uint32_t kAbsent = UINT32_MAX;

/// Gives the new kernels of a phase their places, densely from 0 where the old ones leave no single gap that holds them all.
std::vector<uint32_t> place(const KernelTable &table, const Phase &phase, std::vector<uint32_t> &places,
                            uint32_t depth) {
  std::vector<std::pair<uint32_t, uint32_t>> kept; // begin, end
  uint32_t needed = 0;
  for (uint32_t kernel : phase.kernels) {
    const auto size = static_cast<uint32_t>(table[kernel].size());
    if (places[kernel] == kAbsent)
      needed += size;
    else
      kept.emplace_back(places[kernel], places[kernel] + size);
  }
  std::sort(kept.begin(), kept.end());
  kept.emplace_back(depth, depth);
  uint32_t gap = 0;
  bool found = false;
  for (const auto &[begin, end] : kept) {
    if (begin >= gap && begin - gap >= needed) {
      found = true;
      break;
    }
    gap = std::max(gap, end);
  }
  std::vector<uint32_t> loaded;
  for (uint32_t kernel : phase.kernels)
    if (!found || places[kernel] == kAbsent)
      loaded.push_back(kernel);
  std::vector<bool> inPhase(table.size(), false);
  for (uint32_t kernel : phase.kernels)
    inPhase[kernel] = true;
  for (uint32_t kernel = 0; kernel < table.size(); ++kernel)
    if (!found || !inPhase[kernel])
      places[kernel] = kAbsent; // may be written over
  uint32_t at = found ? gap : 0;
  for (uint32_t kernel : loaded) {
    places[kernel] = at;
    at += static_cast<uint32_t>(table[kernel].size());
  }
  return loaded;
}

} // namespace

UopPlan planUops(const KernelTable &table, const std::vector<uint32_t> &uses, uint32_t depth) {
  UopPlan plan;
  plan.begin.resize(uses.size());
  plan.loads.resize(uses.size());
  std::vector<uint32_t> places(table.size(), kAbsent);
  for (size_t first = 0; first < uses.size();) {
    const Phase phase = nextPhase(table, uses, first, depth);
    const std::vector<uint32_t> loaded = place(table, phase, places, depth);
    if (!loaded.empty()) {
      UopLoad load{static_cast<uint32_t>(plan.dram.size()), 0, places[loaded.front()]};
      for (uint32_t kernel : loaded)
        plan.dram.insert(plan.dram.end(), table[kernel].begin(), table[kernel].end());
      load.count = static_cast<uint32_t>(plan.dram.size()) - load.dramBegin;
      plan.loads[first].push_back(load);
      ++plan.loadCount;
    }
    for (size_t use = phase.first; use < phase.last; ++use)
      plan.begin[use] = places[uses[use]];
    first = phase.last;
  }
  return plan;
}

} // namespace tessera::driver
