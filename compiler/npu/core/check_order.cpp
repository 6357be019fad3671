#include "flags.h"
#include "order.h"

#include <algorithm>
#include <array>
#include <deque>

namespace tessera::compiler::npu {
namespace {

constexpr int kModules = 3;

struct Token {
  int producer;
  std::array<int, kModules> known;
};

std::string name(const std::vector<Command> &commands, int index) {
  return describe(commands[size_t(index)]) + " (command " + std::to_string(index) + ")";
}

} // namespace

isa::Expected<void> checkOrder(const Target &target, const std::vector<Command> &commands) {
  // fifo[p][c]: tokens that module p gave and module c has not taken.
  std::deque<Token> fifo[kModules][kModules];
  std::array<std::array<int, kModules>, kModules> known;
  for (auto &row : known)
    row.fill(-1);
  std::vector<Accesses> accesses;
  std::vector<int> moduleOf;
  for (int index = 0; index < int(commands.size()); ++index) {
    const Command &command = commands[size_t(index)];
    int own = int(command.module());
    auto &mine = known[size_t(own)];
    for (auto [flag, other] : {std::pair{flags::kPopPrev, own - 1}, std::pair{flags::kPopNext, own + 1}}) {
      if (!(command.dependencies & flag) || other < 0 || other >= kModules)
        continue;
      // In program order every token is there before it is taken, else the modules could wait for each other.
      if (fifo[other][own].empty())
        return isa::Error{name(commands, index) + " waits for a token that no earlier command gives"};
      Token token = fifo[other][own].front();
      fifo[other][own].pop_front();
      for (size_t module = 0; module < kModules; ++module)
        mine[module] = std::max(mine[module], token.known[module]);
      mine[size_t(other)] = std::max(mine[size_t(other)], token.producer);
    }
    accesses.push_back(accessesOf(target, command));
    moduleOf.push_back(own);
    int oldest = index; // nothing up to here can be unordered
    for (int module = 0; module < kModules; ++module)
      if (module != own)
        oldest = std::min(oldest, mine[size_t(module)]);
    for (int earlier = index - 1; earlier >= 0; --earlier) {
      int other = moduleOf[size_t(earlier)];
      if (other != own && earlier > mine[size_t(other)] &&
          conflict(accesses[size_t(earlier)], accesses.back()))
        return isa::Error{name(commands, index) + " may run before " + name(commands, earlier) +
                          " has ended"};
      if (earlier <= oldest)
        break;
    }
    mine[size_t(own)] = index;
    for (auto [flag, other] : {std::pair{flags::kPushPrev, own - 1}, std::pair{flags::kPushNext, own + 1}})
      if ((command.dependencies & flag) && other >= 0 && other < kModules)
        fifo[own][other].push_back({index, mine});
  }
  for (int p = 0; p < kModules; ++p)
    for (int c = 0; c < kModules; ++c)
      if (!fifo[p][c].empty())
        return isa::Error{name(commands, fifo[p][c].front().producer) + " gives a token that nobody takes"};
  return {};
}

} // namespace tessera::compiler::npu
