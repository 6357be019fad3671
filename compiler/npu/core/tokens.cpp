#include "order.h"

#include "flags.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tessera::compiler::npu {
namespace {

constexpr int kModules = 3;
constexpr int kNone = -1;

// For each module, the last command known to have ended when a command begins.
using Known = std::array<int, kModules>;

class TokenPlacer {
public:
  explicit TokenPlacer(const Target &target) : target_(target) {
    for (auto &row : waited_)
      row.fill(kNone);
    known_.fill({kNone, kNone, kNone});
  }

  void add(const Command &command) {
    Accesses accesses = accessesOf(target_, command);
    int own = int(command.module());
    auto hazardWith = [&](int other) {
      return latestHazard(accesses, other, known_[size_t(own)][size_t(other)]);
    };
    int compute = int(Module::Compute);
    if (own == compute) {
      for (int other : {int(Module::Load), int(Module::Store)})
        if (int hazard = hazardWith(other); hazard != kNone)
          pendWait(own, other, hazard);
    } else {
      // A load and a store have no token between them: compute passes it on.
      int opposite = own == int(Module::Load) ? int(Module::Store) : int(Module::Load);
      int direct = hazardWith(compute), through = hazardWith(opposite);
      if (through != kNone)
        direct = computeThatKnows(own, opposite, through, direct);
      if (direct != kNone)
        pendWait(own, compute, direct);
    }
    append(command, std::move(accesses));
  }

  std::vector<Command> take() { return std::move(out_); }

private:
  int latestHazard(const Accesses &accesses, int module, int known) const {
    const std::vector<int> &members = members_[size_t(module)];
    for (auto it = members.rbegin(); it != members.rend() && *it > known; ++it)
      if (conflict(accesses_[size_t(*it)], accesses))
        return *it;
    return kNone;
  }

  // The next command of `own` waits for command `producer` of the neighbour `other`.
  void pendWait(int own, int other, int producer) {
    out_[size_t(producer)].dependencies |= other < own ? flags::kPushNext : flags::kPushPrev;
    pending_ |= other < own ? flags::kPopPrev : flags::kPopNext;
    waited_[size_t(own)][size_t(other)] = producer;
    learn(known_[size_t(own)], knownAt_[size_t(producer)]);
    known_[size_t(own)][size_t(other)] = std::max(known_[size_t(own)][size_t(other)], producer);
  }

  // A compute command, `direct` or later, that began after command `hazard` of module `opposite` had ended and that may still
  // give `own` a token; a new sync command if there is none.
  int computeThatKnows(int own, int opposite, int hazard, int direct) {
    int compute = int(Module::Compute);
    int after = std::max(direct - 1, waited_[size_t(own)][size_t(compute)]);
    for (int member : members_[size_t(compute)])
      if (member > after && knownAt_[size_t(member)][size_t(opposite)] >= hazard)
        return member;
    pendWait(compute, opposite, hazard);
    append(Command{}, {});
    return int(out_.size()) - 1;
  }

  void append(Command command, Accesses accesses) {
    int index = int(out_.size()), own = int(command.module());
    command.dependencies = std::exchange(pending_, 0);
    knownAt_.push_back(known_[size_t(own)]);
    if (!members_[size_t(own)].empty())
      knownAt_.back()[size_t(own)] = members_[size_t(own)].back();
    members_[size_t(own)].push_back(index);
    known_[size_t(own)][size_t(own)] = index;
    if (own == int(Module::Compute))
      setOverlap(command, accesses);
    accesses_.push_back(std::move(accesses));
    out_.push_back(std::move(command));
  }

  static void learn(Known &into, const Known &from) {
    for (size_t module = 0; module < kModules; ++module)
      into[module] = std::max(into[module], from[module]);
  }

  // A compute command may begin early if it has nothing to do with what the other unit may still be running, nor reads from INP
  // what its own unit may still be writing there.
  void setOverlap(Command &command, const Accesses &accesses) {
    bool reduce = command.kind == Command::Kind::Reduce;
    if (!reduce && command.kind != Command::Kind::Vec)
      return;
    auto touches = [&](const Accesses &earlier) { return conflict(earlier, accesses); };
    std::vector<Accesses> &others = running_[!reduce];
    command.overlap = std::none_of(others.begin(), others.end(), touches) &&
                      !(reduce && std::any_of(chained_.begin(), chained_.end(), touches));
    // Without overlap it waits for the other unit, not for its own.
    if (!command.overlap)
      others.clear();
    if (!command.overlap && reduce) // it waits for those too
      chained_.clear();
    running_[reduce].push_back(accesses);
    if (reduce && command.destination == isa::Destination::Inp)
      chained_.push_back(accesses);
  }

  const Target &target_;
  std::vector<Command> out_;
  std::vector<Accesses> accesses_;
  std::vector<Known> knownAt_;          // when the command began
  std::array<Known, kModules> known_{}; // when the next command of the module begins
  std::array<std::array<int, kModules>, kModules>
      waited_{}; // [waiter][producer]: last command waited for directly
  std::array<std::vector<int>, kModules> members_;
  std::array<std::vector<Accesses>, 2> running_; // by unit: vector unit, array
  std::vector<Accesses> chained_;                // of the array with destination INP
  uint32_t pending_ = 0;
};

} // namespace

std::vector<Command> placeTokens(const Target &target, const std::vector<Command> &commands) {
  TokenPlacer placer(target);
  for (const Command &command : commands)
    placer.add(command);
  return placer.take();
}

} // namespace tessera::compiler::npu
