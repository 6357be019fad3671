#include "read_channel.h"

#include <algorithm>

namespace tessera::isa::timing {

namespace {
constexpr uint64_t kRequest = 2;      // from the request to the memory
constexpr uint64_t kOutstanding = 16; // bursts that the arbiter lets out
} // namespace

ReadChannel::ReadChannel(Clock &clock, const MemoryTiming &memory)
    : clock_(clock), memory_(memory), asked_(clock), taken_(clock), arbiter_(arbitrate()),
      memoryProcess_(answer()) {}

void ReadChannel::ask(Port port, uint64_t beats, std::coroutine_handle<> process) {
  ports_[size_t(port)].beats = beats;
  ports_[size_t(port)].process = process;
  asked_.notify();
}

Process ReadChannel::arbitrate() {
  size_t last = 0;
  uint64_t free = 0;
  const auto asking = [&](size_t after) {
    for (size_t k = 1; k <= kPortCount; ++k)
      if (ports_[(after + k) % kPortCount].beats)
        return (after + k) % kPortCount;
    return kPortCount;
  };
  for (;;) {
    while (owed_ == std::min(memory_.outstandingReads, kOutstanding) || asking(last) == kPortCount)
      co_await asked_.wait();
    co_await clock_.until(free);
    last = asking(last);
    Asking &port = ports_[last];
    bursts_.push_back({Port(last), port.beats, clock_.now() + kRequest + memory_.readLatency});
    ++owed_;
    taken_.notify();
    free = clock_.now() + 1;
    port.beats = 0;
    clock_.wake(clock_.now(), port.process);
  }
}

// Who holds up the channel: a port that is full holds up the others' data too.
Receiver *ReadChannel::withoutRoom(Receiver &next, uint64_t beats) {
  for (const Asking &port : ports_)
    if (!port.receiver->hasRoom(port.receiver == &next ? beats : 1))
      return port.receiver;
  return nullptr;
}

Process ReadChannel::answer() {
  for (;;) {
    while (bursts_.empty())
      co_await taken_.wait();
    const Burst burst = bursts_.front();
    bursts_.pop_front();
    co_await clock_.until(burst.ready);
    Receiver &receiver = *ports_[size_t(burst.port)].receiver;
    for (uint64_t left = burst.beats; left > 0;) {
      const uint64_t piece = std::min(left, kPieceBeats);
      left -= piece;
      while (Receiver *full = withoutRoom(receiver, piece))
        co_await full->drained.wait();
      receiver.receive(piece);
      co_await clock_.until(clock_.now() + piece);
      receiver.received(piece);
    }
    --owed_;
    asked_.notify();
  }
}

} // namespace tessera::isa::timing
