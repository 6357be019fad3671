// Cycles, and the processes that live in them.
//
// A process is a coroutine that stands for a piece of the core; it says until which cycle it waits, or for what. What happens goes on in the order of
// its cycles; processes of one cycle go on in the order in which they came to wait, so that a run is deterministic.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <vector>

namespace tessera::isa::timing {

/// Owns a coroutine, which begins at once and never returns a value. It refers to what surrounds it, so neither may move.
class Process {
public:
  struct promise_type {
    Process get_return_object() { return Process(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };

  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;
  ~Process() { handle_.destroy(); }

private:
  explicit Process(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

class Clock {
public:
  uint64_t now() const { return now_; }

  void wake(uint64_t cycle, std::coroutine_handle<> process) {
    wakes_.push_back({cycle > now_ ? cycle : now_, process});
  }

  /// The next process goes on; false: nobody waits for a cycle.
  bool step() {
    if (wakes_.empty())
      return false;
    size_t next = 0; // there are never more than a dozen
    for (size_t i = 1; i < wakes_.size(); ++i)
      if (wakes_[i].cycle < wakes_[next].cycle)
        next = i;
    const Wake wake = wakes_[next];
    wakes_.erase(wakes_.begin() + ptrdiff_t(next));
    now_ = wake.cycle;
    wake.process.resume();
    return true;
  }

  /// `co_await clock.until(cycle)`: goes on in that cycle, or at once where it has passed.
  auto until(uint64_t cycle) {
    struct Until {
      Clock &clock;
      uint64_t cycle;
      bool await_ready() const { return cycle <= clock.now_; }
      void await_suspend(std::coroutine_handle<> process) { clock.wake(cycle, process); }
      void await_resume() const {}
    };
    return Until{*this, cycle};
  }

private:
  struct Wake {
    uint64_t cycle;
    std::coroutine_handle<> process;
  };
  std::vector<Wake> wakes_;
  uint64_t now_ = 0;
};

/// What processes wait for: `while (!there) co_await condition.wait();`
class Condition {
public:
  explicit Condition(Clock &clock) : clock_(clock) {}

  /// Who waits goes on in this cycle.
  void notify() {
    for (const std::coroutine_handle<> process : waiting_)
      clock_.wake(clock_.now(), process);
    waiting_.clear();
  }

  auto wait() {
    struct Wait {
      Condition &condition;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> process) { condition.waiting_.push_back(process); }
      void await_resume() const {}
    };
    return Wait{*this};
  }

private:
  Clock &clock_;
  std::vector<std::coroutine_handle<>> waiting_;
};

} // namespace tessera::isa::timing
