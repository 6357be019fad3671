#include "storer.h"

#include "transfers.h"

namespace tessera::isa::timing {

Storer::Storer(Clock &clock, const MachineConfig &machine, const MemoryTiming &memory,
               InstructionQueue &queue, TokenQueues &tokens)
    : clock_(clock), machine_(machine), memory_(memory), queue_(queue), tokens_(tokens), process_(store()) {}

Process Storer::store() {
  uint64_t begun = 0;
  for (;;) {
    while (queue_.entries.empty())
      co_await queue_.changed.wait();
    const Store store = std::get<Store>(queue_.entries.front().instruction);
    co_await clock_.until(std::max(queue_.entries.front().cycle + 1, begun) + planCycles(store));
    const TokenUse use = tokenUse(Module::Store, store.dependencies);
    if (pops(use, TokenQueue::ComputeToStore)) {
      Tokens &tokens = tokens_[TokenQueue::ComputeToStore];
      while (tokens.usable.empty())
        co_await tokens.given.wait();
      co_await clock_.until(tokens.usable.front());
      tokens.usable.pop_front();
    }
    co_await clock_.until(std::max(read_, asked_));
    begun = clock_.now();
    queue_.pop();
    ended_ = write(store);
    if (pushes(use, TokenQueue::StoreToCompute))
      tokens_[TokenQueue::StoreToCompute].give(ended_);
  }
}

// Of a store that begins now: when its last response comes.
uint64_t Storer::write(const Store &i) {
  constexpr size_t kOutstanding = 16; // bursts
  constexpr uint64_t kElementRoom = 8;
  const uint64_t begin = clock_.now();
  const uint64_t slices =
      std::max<uint64_t>(1, machine_.dramElementBytes(MemoryType::Out) / machine_.busBytes());
  const bool any = moves(machine_, MemoryType::Out, i.ySize, i.xSize);
  uint64_t ask = begin, end = std::max(begin + 2, ended_ + 1); // of one that moves nothing
  if (any)
    for (Bursts bursts(machine_, i); !bursts.empty();) {
      ask = std::max(ask + 1, responses_.size() < kOutstanding ? 0 : responses_.front() + 1);
      sent_ = std::max({ask + 2, sent_, begin + 3}) + bursts.next();
      end = sent_ + memory_.writeResponse;
      responses_.push_back(end);
      if (responses_.size() > kOutstanding)
        responses_.pop_front();
    }
  asked_ = ask;
  const uint64_t held = kElementRoom * slices;
  read_ = std::max(begin + (any ? uint64_t{i.xSize} * i.ySize : 0), sent_ > held ? sent_ - held : 0);
  return end;
}

} // namespace tessera::isa::timing
