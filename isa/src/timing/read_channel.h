// The read channel of the bus: hw_rtl/src/tsr_read_arbiter.sv and a memory that answers in order, a beat a cycle.
#pragma once

#include "clock.h"

#include "tessera/isa/timing.h"

#include <array>
#include <deque>

namespace tessera::isa::timing {

enum class Port : uint8_t { Fetch, Load, Compute };
inline constexpr size_t kPortCount = 3;

/// Who asks for data. Beats of a burst come in pieces of at most kPieceBeats: what the core does meanwhile is known so far ahead.
class Receiver {
public:
  explicit Receiver(Clock &clock) : drained(clock) {}
  virtual ~Receiver() = default;
  /// Whether so many beats have room.
  virtual bool hasRoom(uint64_t) const { return true; }
  /// A piece's first beat comes in this cycle.
  virtual void receive(uint64_t beats) = 0;
  /// Its last one has come.
  virtual void received(uint64_t beats) = 0;

  Condition drained; // there is more room
};

class ReadChannel {
public:
  static constexpr uint64_t kPieceBeats = 16;

  ReadChannel(Clock &clock, const MemoryTiming &memory);
  void connect(Port port, Receiver &receiver) { ports_[size_t(port)].receiver = &receiver; }

  /// `co_await channel.request(port, beats)`: goes on in the cycle in which the request is taken.
  auto request(Port port, uint64_t beats) {
    struct Request {
      ReadChannel &channel;
      Port port;
      uint64_t beats;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> process) { channel.ask(port, beats, process); }
      void await_resume() const {}
    };
    return Request{*this, port, beats};
  }

private:
  void ask(Port port, uint64_t beats, std::coroutine_handle<> process);
  Process arbitrate();
  Process answer();
  Receiver *withoutRoom(Receiver &next, uint64_t beats);

  struct Asking {
    Receiver *receiver = nullptr;
    uint64_t beats = 0; // 0: asks for nothing
    std::coroutine_handle<> process;
  };
  struct Burst {
    Port port;
    uint64_t beats, ready;
  };

  Clock &clock_;
  const MemoryTiming memory_;
  std::array<Asking, kPortCount> ports_;
  std::deque<Burst> bursts_;
  uint64_t owed_ = 0; // bursts asked for that have not come whole
  Condition asked_, taken_;
  Process arbiter_, memoryProcess_;
};

} // namespace tessera::isa::timing
