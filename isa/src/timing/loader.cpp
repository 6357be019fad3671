#include "loader.h"

#include "transfers.h"

#include <optional>

namespace tessera::isa::timing {

namespace {

constexpr uint64_t kInflight = 64; // beats on their way above which no burst is asked for
constexpr size_t kJobs = 9;        // begun and not written: eight wait, one is written
constexpr uint64_t kArrive = 1;    // from the memory's beat to the writer
constexpr uint64_t kBeatQueue = 16;

} // namespace

Loader::Loader(Clock &clock, const MachineConfig &machine, ReadChannel &channel, Port port,
               ResultRegister &results, InstructionQueue &queue, Tokens *tokens, Ended end)
    : Receiver(clock), clock_(clock), machine_(machine), channel_(channel), port_(port), results_(results),
      queue_(queue), tokens_(tokens), end_(std::move(end)), begun_(clock), came_(clock), ended_(clock),
      walker_(walk()), writer_(write()) {
  channel.connect(port, *this);
}

Process Loader::walk() {
  uint64_t begun = 0;
  for (;;) {
    while (queue_.entries.empty())
      co_await queue_.changed.wait();
    const Load *load = std::get_if<Load>(&queue_.entries.front().instruction);
    const bool empty = !load || !moves(machine_, *load);
    co_await clock_.until(std::max(queue_.entries.front().cycle + 1, begun) + (load ? planCycles(*load) : 1));
    if (tokens_ && pops(tokenUse(Module::Load, dependenciesOf(queue_.entries.front().instruction)),
                        TokenQueue::ComputeToLoad)) {
      while (tokens_->usable.empty())
        co_await tokens_->given.wait();
      co_await clock_.until(tokens_->usable.front());
      tokens_->usable.pop_front();
    }
    while (jobs_.size() == kJobs)
      co_await ended_.wait();
    begun = clock_.now();
    jobs_.push_back({queue_.entries.front().instruction, begun, empty});
    begun_.notify();
    std::optional<Bursts> bursts;
    if (!empty)
      bursts.emplace(machine_, *load);
    queue_.pop();
    while (bursts && !bursts->empty()) {
      co_await clock_.until(clock_.now() + 1);
      while (inflight_ > kInflight)
        co_await came_.wait();
      const uint64_t beats = bursts->next();
      inflight_ += beats;
      co_await channel_.request(port_, beats);
    }
  }
}

uint64_t Loader::slots(const Load &load, uint64_t slots) {
  const MemoryType memory = load.memoryType;
  const bool inp = memory == MemoryType::Inp;
  const bool held = inp || memory == MemoryType::Acc || memory == MemoryType::Acc8bit; // waits for results
  written_ = std::max(written_, double(clock_.now()));
  written_ = held ? results_.through(written_, double(slots), inp ? Waiter::InpLoad : Waiter::AccLoad)
                  : written_ + double(slots);
  return uint64_t(written_ + 0.5);
}

Process Loader::write() {
  for (;;) {
    while (jobs_.empty())
      co_await begun_.wait();
    const Job &job = jobs_.front();
    co_await clock_.until(job.begun + 1);
    if (job.empty) {
      co_await clock_.until(clock_.now() + 1);
    } else {
      const Load &load = std::get<Load>(job.instruction);
      const uint64_t bus = machine_.busBytes(), element = machine_.dramElementBytes(load.memoryType);
      const bool microOps = load.memoryType == MemoryType::Uop;
      // Words take a cycle each.
      const uint64_t rowWords = microOps ? load.xSize : (element * load.xSize + bus - 1) / bus;
      const uint64_t width = uint64_t{load.xSize} + load.xPad0 + load.xPad1;
      const uint64_t sides = uint64_t{load.xPad0} + load.xPad1; // between two rows
      uint64_t words = rowWords * load.ySize, rowLeft = rowWords;
      // Of a beat that micro-ops do not fill, at the ends of a run, the rest is dropped: so the load ends with its beats.
      uint64_t beats = beatsOf(machine_, load);
      uint64_t pads =
          load.yPad0 * width + load.xPad0; // before the next word; written while data are on their way
      while (beats > 0 || pads > 0) {
        if (pads > 0) {
          const uint64_t some = std::min(pads, ReadChannel::kPieceBeats);
          pads -= some;
          co_await clock_.until(slots(load, some));
          continue;
        }
        while (pieces_.empty())
          co_await came_.wait();
        const Piece piece = pieces_.front();
        pieces_.pop_front();
        co_await clock_.until(piece.cycle + kArrive);
        queued_ -= piece.beats;
        drained.notify();
        const uint64_t some = words * piece.beats / beats;
        uint64_t between = 0;
        words -= some;
        beats -= piece.beats;
        uint64_t left = some;
        for (; left > rowLeft; left -= std::exchange(rowLeft, rowWords))
          between += sides;
        rowLeft -= left;
        if (rowLeft == 0) {
          rowLeft = rowWords;
          pads = sides;
        }
        if (beats == 0)
          pads = load.yPad1 * width + load.xPad1;
        co_await clock_.until(slots(load, some + between));
      }
    }
    end_(job.instruction);
    jobs_.pop_front();
    ended_.notify();
  }
}

bool Loader::hasRoom(uint64_t beats) const { return queued_ + beats <= kBeatQueue; }

void Loader::receive(uint64_t beats) {
  pieces_.push_back({clock_.now(), beats});
  queued_ += beats;
  came_.notify();
}

void Loader::received(uint64_t beats) {
  inflight_ -= beats;
  came_.notify();
}

} // namespace tessera::isa::timing
