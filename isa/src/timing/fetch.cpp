#include "fetch.h"

#include <algorithm>

namespace tessera::isa::timing {

namespace {

constexpr uint64_t kFirst = 4;                                // cycles from the launch to the first request
constexpr uint64_t kRoom = 64, kBurst = 8, kOutstanding = 16; // instructions

} // namespace

Fetch::Fetch(Clock &clock, const MachineConfig &machine, ReadChannel &channel, const Queues &queues)
    : Receiver(clock), clock_(clock), beats_(std::max<uint64_t>(1, 16 / machine.busBytes())),
      channel_(channel), queues_(queues), added_(clock), changed_(clock), asking_(ask()),
      handing_(handOut()) {
  channel.connect(Port::Fetch, *this);
}

void Fetch::add(Entry entry) {
  program_.push_back(std::move(entry));
  if (hungry_ && program_.size() >= asked_ + kBurst) {
    hungry_ = false;
    added_.notify();
  }
}

void Fetch::finish() {
  finished_ = true;
  hungry_ = false;
  added_.notify();
}

Process Fetch::ask() {
  co_await clock_.until(kFirst);
  for (;;) {
    while (!finished_ && program_.size() < asked_ + kBurst) {
      hungry_ = true;
      co_await added_.wait();
    }
    const uint64_t count = std::min(kBurst, program_.size() - asked_);
    if (count == 0)
      co_return;
    // Asked for and not handed out are the first of the program.
    while (asked_ + count > kRoom || outstanding_ > kOutstanding)
      co_await changed_.wait();
    asked_ += count;
    outstanding_ += count;
    co_await channel_.request(Port::Fetch, count * beats_);
    co_await clock_.until(clock_.now() + 1);
  }
}

void Fetch::receive(uint64_t beats) {
  for (uint64_t beat = beats_; beat <= beats; beat += beats_)
    arrivals_.push_back(clock_.now() + beat);
  changed_.notify();
}

void Fetch::received(uint64_t beats) {
  outstanding_ -= beats / beats_;
  changed_.notify();
}

Process Fetch::handOut() {
  uint64_t before = 0;
  for (;;) {
    while (arrivals_.empty())
      co_await changed_.wait();
    co_await clock_.until(std::max(arrivals_.front() + 1, before + 1));
    InstructionQueue &queue = *queues_[size_t(moduleOf(program_.front().instruction))];
    while (queue.full())
      co_await queue.changed.wait();
    before = program_.front().cycle = clock_.now();
    queue.push(std::move(program_.front()));
    program_.pop_front();
    arrivals_.pop_front();
    --asked_;
    changed_.notify();
  }
}

} // namespace tessera::isa::timing
