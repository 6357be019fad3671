// What stands between the modules: queues of instructions, and tokens.
#pragma once

#include "clock.h"

#include "tessera/isa/encoding.h"
#include "tessera/isa/modules.h"

#include <array>
#include <deque>

namespace tessera::isa::timing {

struct Entry {
  Instruction instruction;
  bool apart = false; // an ALU that touches nothing which the GEMM before it writes
  uint64_t cycle = 0; // in which it came
};

/// Instructions that a module has been given and has not begun.
struct InstructionQueue {
  InstructionQueue(Clock &clock, size_t room) : room(room), changed(clock) {}

  bool full() const { return entries.size() >= room; }
  void push(Entry entry) {
    entries.push_back(std::move(entry));
    changed.notify();
  }
  void pop() {
    entries.pop_front();
    changed.notify();
  }

  const size_t room;
  std::deque<Entry> entries;
  Condition changed;
};

/// Tokens by the cycle in which each can be used.
struct Tokens {
  explicit Tokens(Clock &clock) : given(clock) {}

  void give(uint64_t ended) {
    constexpr uint64_t kToken = 2; // from the end of an instruction to the token's use
    usable.push_back(ended + kToken);
    given.notify();
  }

  std::deque<uint64_t> usable;
  Condition given;
};

struct TokenQueues {
  explicit TokenQueues(Clock &clock) : queues{Tokens(clock), Tokens(clock), Tokens(clock), Tokens(clock)} {}
  Tokens &operator[](TokenQueue queue) { return queues[size_t(queue)]; }

  std::array<Tokens, kTokenQueueCount> queues;
};

inline bool pops(TokenUse use, TokenQueue queue) { return use.pops >> unsigned(queue) & 1; }
inline bool pushes(TokenUse use, TokenQueue queue) { return use.pushes >> unsigned(queue) & 1; }

} // namespace tessera::isa::timing
