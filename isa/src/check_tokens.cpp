#include "check_tokens.h"

#include "tessera/isa/checker.h"

#include <algorithm>

namespace tessera::isa {
namespace {

constexpr auto kDeadlock = static_cast<uint32_t>(ErrorCode::Deadlock);

Error at(uint32_t index, const std::string &message) {
  return Error{message + " (instruction " + std::to_string(index) + ")", kDeadlock, index};
}

std::string tokenText(size_t queue) {
  return std::string("token from ") + tokenQueueName(static_cast<TokenQueue>(queue));
}

/// Instructions that push to and pop from each queue, in program order. A module works in order, so the n-th pop takes the
/// token of the n-th push.
struct Traffic {
  std::vector<uint32_t> pushes, pops;
};

Expected<void> checkBalance(const Traffic (&traffic)[kTokenQueueCount]) {
  for (size_t q = 0; q < kTokenQueueCount; ++q) {
    const auto &[pushes, pops] = traffic[q];
    if (pops.size() > pushes.size())
      return at(pops[pushes.size()], tokenText(q) + " is popped " + std::to_string(pops.size()) +
                                         " times but pushed " + std::to_string(pushes.size()) + " times");
    if (pushes.size() > pops.size())
      return at(pushes[pops.size()], tokenText(q) + " is pushed " + std::to_string(pushes.size()) +
                                         " times but popped " + std::to_string(pops.size()) + " times");
  }
  return {};
}

/// Runs the three modules on counters alone. Taking a token never disables another module, so one order decides for all.
Expected<void> checkProgress(const std::vector<TokenStep> &steps) {
  std::vector<uint32_t> queue[kModuleCount];
  for (uint32_t i = 0; i < steps.size(); ++i)
    queue[static_cast<size_t>(steps[i].module)].push_back(i);
  size_t next[kModuleCount] = {};
  uint32_t tokens[kTokenQueueCount] = {};
  auto canPop = [&](uint8_t pops) {
    for (size_t q = 0; q < kTokenQueueCount; ++q)
      if (pops >> q & 1 && tokens[q] == 0)
        return false;
    return true;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t m = 0; m < kModuleCount; ++m)
      for (; next[m] < queue[m].size() && canPop(steps[queue[m][next[m]]].use.pops); ++next[m], moved = true)
        for (size_t q = 0; q < kTokenQueueCount; ++q) {
          const TokenUse &use = steps[queue[m][next[m]]].use;
          tokens[q] += (use.pushes >> q & 1) - (use.pops >> q & 1);
        }
  }
  uint32_t stuck = UINT32_MAX;
  for (size_t m = 0; m < kModuleCount; ++m)
    if (next[m] < queue[m].size())
      stuck = std::min(stuck, queue[m][next[m]]);
  if (stuck == UINT32_MAX)
    return {};
  size_t q = 0;
  while (!(steps[stuck].use.pops >> q & 1) || tokens[q] != 0)
    ++q;
  return at(stuck, std::string("deadlock: ") + moduleName(steps[stuck].module) + " waits for ever for a " +
                       tokenText(q));
}

Expected<void> checkDistance(const Traffic (&traffic)[kTokenQueueCount]) {
  for (size_t q = 0; q < kTokenQueueCount; ++q)
    for (size_t n = 0; n < traffic[q].pops.size(); ++n) {
      uint32_t pop = traffic[q].pops[n], push = traffic[q].pushes[n];
      if (push > pop && push - pop > kMaxTokenDistance)
        return at(pop, tokenText(q) + " is pushed " + std::to_string(push - pop) +
                           " instructions after its pop, more than the core's queues promise, " +
                           std::to_string(kMaxTokenDistance));
    }
  return {};
}

} // namespace

Expected<void> checkTokens(const std::vector<TokenStep> &steps) {
  Traffic traffic[kTokenQueueCount];
  for (uint32_t i = 0; i < steps.size(); ++i)
    for (size_t q = 0; q < kTokenQueueCount; ++q) {
      if (steps[i].use.pops >> q & 1)
        traffic[q].pops.push_back(i);
      if (steps[i].use.pushes >> q & 1)
        traffic[q].pushes.push_back(i);
    }
  if (Expected<void> balance = checkBalance(traffic); !balance)
    return balance;
  if (Expected<void> progress = checkProgress(steps); !progress)
    return progress;
  return checkDistance(traffic);
}

} // namespace tessera::isa
