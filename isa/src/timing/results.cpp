#include "results.h"

#include <algorithm>
#include <limits>

namespace tessera::isa::timing {

uint64_t ResultRegister::add(const Results &results) {
  constexpr size_t kInstructions = 16; // begun and not retired
  results_.push_back(results);
  if (results_.size() > kInstructions)
    results_.pop_front();
  return count_++;
}

void ResultRegister::extend(uint64_t number, double end) {
  if (count_ - number <= results_.size())
    results_[results_.size() - (count_ - number)].end = end;
}

double ResultRegister::through(double begin, double slots, Waiter waiter) const {
  const auto waitsFor = [&](const Results &results) {
    return waiter == Waiter::Vector ? results.ofArray : waiter == Waiter::AccLoad || results.toInp;
  };
  constexpr double kNever = std::numeric_limits<double>::infinity();
  double now = begin;
  while (slots > 0) {
    double taken = 0, change = kNever;
    for (const Results &results : results_) {
      if (results.end <= now || !waitsFor(results))
        continue;
      change = std::min(change, results.begin <= now ? results.end : results.begin);
      taken += results.begin <= now ? results.perCycle : 0;
    }
    const double speed = std::max(1 - taken, 0.0);
    if (change == kNever || (change - now) * speed >= slots)
      return now + slots / (speed > 0 ? speed : 1);
    slots -= (change - now) * speed;
    now = change;
  }
  return now;
}

} // namespace tessera::isa::timing
