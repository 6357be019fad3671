#include "order.h"

#include <algorithm>
#include <array>

namespace tessera::compiler::npu {
namespace {

// A command with its place in time, by estimate: its module is free for the next one before others see what it did.
struct Timed {
  Command command;
  Accesses accesses;
  uint64_t start = 0;
};

uint64_t latencyOf(const Target &target, const Command &c) {
  bool moves = c.kind == Command::Kind::Load || c.kind == Command::Kind::Store;
  return moves ? target.transferLatencyCycles() : target.instructionCycles();
}

uint64_t costOf(const Target &target, const Command &c) {
  uint64_t cycles = target.instructionCycles();
  if (c.kind == Command::Kind::Load || c.kind == Command::Kind::Store)
    return cycles + target.transferCycles(c.memory, uint64_t(c.rows) * c.columns);
  if (c.kind == Command::Kind::Sync || c.kind == Command::Kind::Mark)
    return 0;
  uint64_t microOps = 1;
  for (const Kernel::Loop &loop : c.kernel.loops)
    microOps *= loop.extent;
  return cycles + microOps;
}

bool isLoad(const Command &c) { return c.kind == Command::Kind::Load; }
bool isConstantLoad(const Command &c) { return isLoad(c) && c.place.region == kConstants; }

class Prefetcher {
public:
  Prefetcher(const Target &target, const std::vector<Command> &commands) : target_(target) {
    for (const Command &command : commands) {
      if (isConstantLoad(command))
        constantLoads_.push_back(waiting_.size());
      waiting_.push_back({command, accessesOf(target, command)});
    }
    moved_.assign(waiting_.size(), false);
  }

  std::vector<Command> run() {
    for (size_t i = 0; i < waiting_.size(); ++i) {
      if (moved_[i])
        continue;
      if (isLoad(waiting_[i].command) && !isConstantLoad(waiting_[i].command))
        fillIdleTimeBefore(i);
      place(waiting_[i], done_.size(), readyAt(waiting_[i]));
    }
    std::vector<Command> out;
    for (Timed &timed : done_)
      out.push_back(std::move(timed.command));
    return out;
  }

private:
  uint64_t &clockOf(const Command &c) { return clock_[size_t(c.module())]; }

  // When everything that collides with it has ended. Between load and store compute passes the token on, in its order.
  uint64_t readyAt(const Timed &timed) {
    uint64_t ready = clockOf(timed.command);
    // An estimate: what ended long ago holds nobody up.
    const size_t count = ends_.size();
    for (size_t i = count > kHorizon ? count - kHorizon : 0; i < count; ++i)
      if (ends_[i] > ready && conflict(done_[i].accesses, timed.accesses)) {
        ready = ends_[i];
        if (isLoad(timed.command) && done_[i].command.kind == Command::Kind::Store)
          ready = std::max(ready, clock_[size_t(Module::Compute)]);
      }
    return ready;
  }

  void place(Timed timed, size_t position, uint64_t start) {
    timed.start = start;
    clockOf(timed.command) = start + costOf(target_, timed.command);
    const uint64_t end = clockOf(timed.command) + latencyOf(target_, timed.command);
    ends_.insert(ends_.begin() + std::ptrdiff_t(position), end);
    done_.insert(done_.begin() + std::ptrdiff_t(position), std::move(timed));
  }

  // Load `blocked` waits for computing or storing: later loads of constants that touch nothing in between go first.
  void fillIdleTimeBefore(size_t blocked) {
    const uint64_t until = readyAt(waiting_[blocked]);
    size_t refused = 0;
    auto load = std::ranges::upper_bound(constantLoads_, blocked);
    while (load != constantLoads_.end() && refused < kTries) {
      const size_t next = *load;
      const Timed &candidate = waiting_[next];
      uint64_t start = readyAt(candidate);
      if (start + costOf(target_, candidate.command) > until || collidesSince(blocked, next)) {
        ++refused;
        ++load;
        continue;
      }
      load = constantLoads_.erase(load);
      moved_[next] = true;
      place(candidate, positionFor(candidate, start), start);
    }
  }

  bool collidesSince(size_t first, size_t candidate) const {
    for (size_t between = first; between < candidate; ++between)
      if (!moved_[between] && conflict(waiting_[between].accesses, waiting_[candidate].accesses))
        return true;
    return false;
  }

  // Behind all loads and all that it collides with, and in front of the first compute that begins later: not earlier in the
  // stream than needed, for the module's queue is short.
  size_t positionFor(const Timed &load, uint64_t start) const {
    size_t position = done_.size();
    while (position > 0 && done_[position - 1].command.kind != Command::Kind::Load &&
           !conflict(done_[position - 1].accesses, load.accesses))
      --position;
    while (position < done_.size() &&
           (done_[position].command.module() != Module::Compute || done_[position].start < start))
      ++position;
    return position;
  }

  static constexpr size_t kHorizon = 1000; // commands
  static constexpr size_t kTries = 8;      // loads

  const Target &target_;
  std::vector<Timed> waiting_, done_;
  std::vector<uint64_t> ends_;        // of done_: they are looked through for each load
  std::vector<size_t> constantLoads_; // of those that wait and have not moved, in order
  std::vector<bool> moved_;
  std::array<uint64_t, 3> clock_{};
};

} // namespace

std::vector<Command> prefetchConstants(const Target &target, const std::vector<Command> &commands) {
  return Prefetcher(target, commands).run();
}

} // namespace tessera::compiler::npu
