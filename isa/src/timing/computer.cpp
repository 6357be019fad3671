#include "computer.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace tessera::isa::timing {

namespace {

constexpr size_t kHeld = 16;     // instructions begun and not retired
constexpr size_t kUnitQueue = 2; // that have begun and that their unit has not taken
constexpr uint64_t kIssue = 4;   // from the begin of an instruction to its first micro-op
constexpr uint64_t kToOut = 27, kToAcc = 13, kSimple = 8; // from the issue to the retirement
constexpr uint64_t kFillOperands = 260;

constexpr std::array kTokensIn{TokenQueue::LoadToCompute, TokenQueue::StoreToCompute};
constexpr std::array kTokensOut{TokenQueue::ComputeToLoad, TokenQueue::ComputeToStore};

uint64_t microOps(const auto &loops) {
  return loops.uopEnd > loops.uopBgn ? uint64_t{loops.iterOut} * loops.iterIn * (loops.uopEnd - loops.uopBgn)
                                     : 0;
}

} // namespace

Computer::Computer(Clock &clock, const MachineConfig &machine, ResultRegister &results,
                   InstructionQueue &queue, TokenQueues &tokens, InstructionQueue &loads)
    : clock_(clock), machine_(machine), results_(results), queue_(queue), tokens_(tokens), loads_(loads),
      begun_(clock), ended_(clock), changed_(clock), beginning_(begin()), vector_(runVector()),
      retiring_(retire()) {}

Computer::Work Computer::workOf(const Instruction &instruction) const {
  if (const auto *i = std::get_if<Reduce>(&instruction))
    return {Kind::Array,
            i->overlap != 0,
            microOps(*i),
            i->destination == Destination::Acc ? kToAcc : kToOut,
            1.0 / double(std::max(1u, i->uopEnd - i->uopBgn)),
            i->destination == Destination::Inp};
  if (const auto *i = std::get_if<Gemm>(&instruction)) {
    const uint32_t pass = i->uopEnd > i->uopBgn ? i->uopEnd - i->uopBgn : 1;
    return {Kind::Array, false, microOps(*i), kToAcc, 1.0 / pass, false, pass};
  }
  if (const auto *i = std::get_if<Alu>(&instruction))
    return {Kind::Vector, false, microOps(*i), i->aluOpcode == AluOpcode::Mul ? kToOut : kSimple, 1};
  if (const auto *i = std::get_if<Vec>(&instruction))
    return {Kind::Vector, i->overlap != 0, microOps(*i), kToOut, 1};
  if (std::holds_alternative<Load>(instruction))
    return {Kind::Load};
  return {};
}

// Whether what has begun lets it begin.
bool Computer::mayBegin(const Work &work) const {
  if (held_.size() == kHeld)
    return false;
  const uint64_t array = running(Kind::Array), vector = running(Kind::Vector), loads = running(Kind::Load);
  const bool overlaps = work.overlap && (behind_ == 0 || barrier_ == work.kind);
  switch (work.kind) {
  case Kind::None:
    return true;
  case Kind::Array:
    return overlaps || (vector == 0 && loads == 0 && chains_ == 0);
  case Kind::Vector:
    // At level vta beside the array's last instruction, whose destinations its micro-ops wait for.
    return vectorWork_.size() < kUnitQueue &&
           (overlaps || (array <= (machine_.level == Level::Vta ? 1 : 0) && loads == 0));
  case Kind::Load:
    return array == 0 && vector == 0 && !loads_.full();
  }
  return true;
}

// Whether the vector unit's tables must be filled for it.
bool Computer::needsTables(const Instruction &instruction) const {
  const auto *vec = std::get_if<Vec>(&instruction);
  return vec && vec->op != VecOp::Requantise && filled_ != operands_;
}

void Computer::set(const Instruction &instruction) {
  if (const auto *lhs = std::get_if<SetLhs>(&instruction))
    operands_.lhs = {lhs->zeroPoint, lhs->shift, lhs->multiplier};
  if (const auto *rhs = std::get_if<SetRhs>(&instruction))
    operands_.rhs = {rhs->zeroPoint, rhs->shift, rhs->multiplier};
  if (const auto *exit = std::get_if<SetExit>(&instruction))
    operands_.single = exit->mode == ExitMode::TfliteSingle;
}

Process Computer::begin() {
  uint64_t begun = 0;
  for (;;) {
    while (queue_.entries.empty())
      co_await queue_.changed.wait();
    co_await clock_.until(std::max(queue_.entries.front().cycle + 2, begun + 1));
    const Instruction &instruction = queue_.entries.front().instruction;
    uint64_t filled = 0;
    if (needsTables(instruction)) {
      while (running(Kind::Vector))
        co_await changed_.wait();
      filled = clock_.now() + kFillOperands;
      filled_ = operands_;
    }
    const Dependencies flags = dependenciesOf(instruction);
    const TokenUse use = tokenUse(Module::Compute, flags);
    for (const TokenQueue queue : kTokensIn)
      if (pops(use, queue)) {
        Tokens &tokens = tokens_[queue];
        while (tokens.usable.empty())
          co_await tokens.given.wait();
        co_await clock_.until(tokens.usable.front());
        tokens.usable.pop_front();
      }
    const Work work = workOf(instruction);
    if (work.kind == Kind::Array && arrayStarts_.size() == kUnitQueue)
      co_await clock_.until(arrayStarts_.front());
    co_await clock_.until(filled);
    while (!mayBegin(work))
      co_await changed_.wait();

    begun = clock_.now();
    Held held{work.kind, work.toInp, begun + 1, flags, -1};
    if (work.kind == Kind::Array)
      held.ends = startArray(work, instruction);
    if (work.kind == Kind::Vector)
      vectorWork_.push_back(
          {std::max(begun, guard(queue_.entries.front().apart)), work.items, work.latency, work.toInp});
    if (work.kind == Kind::Load)
      loads_.push({instruction, false, begun});
    if (const auto *mark = std::get_if<SetMark>(&instruction))
      held.mark = int(mark->index % marks_.size());
    set(instruction);
    if (work.kind != Kind::None && !work.overlap) {
      barrier_ = work.kind;
      behind_ = std::accumulate(running_.begin(), running_.end(), uint64_t{0});
    }
    ++running_[size_t(work.kind)];
    chains_ += work.toInp;
    held_.push_back(held);
    begun_.notify();
    queue_.pop();
  }
}

// The array takes the instruction, now or after those before it: when it ends.
uint64_t Computer::startArray(const Work &work, const Instruction &instruction) {
  const uint64_t start = std::max(clock_.now(), arrayFree_);
  if (const auto *gemm = std::get_if<Gemm>(&instruction)) {
    const uint64_t bits = uint64_t(std::bit_width(std::max(gemm->iterOut, gemm->iterIn)));
    rangeKnown_ = start + kIssue + std::max(work.pass, bits) + 2;
  }
  arrayStarts_.push_back(start);
  if (arrayStarts_.size() > kUnitQueue)
    arrayStarts_.pop_front();
  arrayFree_ = start + std::max<uint64_t>(work.items, 1);
  const uint64_t toResult = kIssue + work.latency;
  results_.add({double(start + toResult), double(arrayFree_ + toResult), work.perCycle, work.toInp, true});
  arrayEnds_ = arrayFree_ - 1 + toResult;
  return arrayEnds_;
}

// At level vta an ALU waits for the array's last instruction, or until it is known to touch none of its destinations.
uint64_t Computer::guard(bool apart) const {
  if (machine_.level != Level::Vta)
    return 0;
  const uint64_t free = apart ? std::min(rangeKnown_, arrayEnds_ + 1) : arrayEnds_ + 1;
  return free - std::min(free, kIssue);
}

// The array's results go first, so the vector unit is followed a few micro-ops at a time; instructions of any length in a bounded number of steps.
Process Computer::runVector() {
  constexpr double kStep = 8, kMostSteps = 4096;
  for (;;) {
    while (vectorWork_.empty())
      co_await begun_.wait();
    co_await clock_.until(vectorWork_.front().earliest);
    const Issue work = vectorWork_.front();
    vectorWork_.pop_front();
    changed_.notify();
    const uint64_t toResult = kIssue + work.latency;
    double result = double(clock_.now() + toResult);
    const uint64_t results = results_.add({result, result, 1, work.toInp, false});
    double left = double(work.items);
    const double step = std::max(kStep, left / kMostSteps);
    if (left == 0)
      ++result;
    while (left > 0) {
      const double some = std::min(left, step);
      results_.extend(results, results_.through(result, left, Waiter::Vector));
      result = results_.through(result, some, Waiter::Vector);
      left -= some;
      co_await clock_.until(uint64_t(result) - toResult);
    }
    co_await clock_.until(uint64_t(result + 0.5) - toResult);
    end(Kind::Vector, uint64_t(result + 0.5) - 1);
  }
}

void Computer::end(Kind kind, uint64_t cycle) {
  ends_[size_t(kind)].push_back(cycle);
  ended_.notify();
}

void Computer::loaded() { end(Kind::Load, clock_.now() + 2); }

Process Computer::retire() {
  for (;;) {
    while (held_.empty())
      co_await begun_.wait();
    const Held held = held_.front();
    uint64_t ends = held.ends;
    if (held.kind == Kind::Vector || held.kind == Kind::Load) {
      std::deque<uint64_t> &come = ends_[size_t(held.kind)];
      while (come.empty())
        co_await ended_.wait();
      ends = come.front();
      come.pop_front();
    }
    co_await clock_.until(std::max({ends, retired_ + 1, held.mark >= 0 ? markFree_ : 0}));
    held_.pop_front();
    retired_ = clock_.now();
    if (held.mark >= 0) {
      marks_[size_t(held.mark)] = uint32_t(retired_ + 1);
      markFree_ = retired_ + 2;
    }
    const TokenUse use = tokenUse(Module::Compute, held.flags);
    for (const TokenQueue queue : kTokensOut)
      if (pushes(use, queue))
        tokens_[queue].give(retired_);
    // What waits for it begins a cycle later.
    co_await clock_.until(retired_ + 1);
    --running_[size_t(held.kind)];
    chains_ -= held.chains;
    behind_ -= behind_ > 0;
    changed_.notify();
  }
}

} // namespace tessera::isa::timing
