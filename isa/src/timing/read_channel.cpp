#include "read_channel.h"

#include <algorithm>

namespace tessera::isa::timing {

namespace {
constexpr uint64_t kRequest = 2; // from the request to the memory
}

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
    while (owed_ == memory_.outstandingReads || asking(last) == kPortCount)
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
      while (!receiver.hasRoom(piece)) // all ports wait for it
        co_await receiver.drained.wait();
      receiver.receive(piece);
      co_await clock_.until(clock_.now() + piece);
      receiver.received(piece);
    }
    --owed_;
    asked_.notify();
  }
}

} // namespace tessera::isa::timing
