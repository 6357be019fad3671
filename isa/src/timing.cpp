#include "tessera/isa/timing.h"

#include <algorithm>
#include <bit>

namespace tessera::isa {

namespace {

constexpr uint64_t kFirstFetch = 4;  // cycles from the launch to the first request
constexpr uint64_t kFetchAhead = 64; // instructions
constexpr uint64_t kFetchBurst = 8;  // instructions
constexpr uint64_t kFetchShare = 2;  // of busy loads' beats on the read channel, one in so many is fetch's
constexpr uint64_t kFetchOutstanding = 3; // bursts of instructions
constexpr uint64_t kRequest = 2;          // from the request to the memory
constexpr uint64_t kArrive = 1;           // from the memory's beat to the writer
constexpr uint64_t kPlan = 4;             // cycles to plan a transfer
constexpr uint64_t kToken = 2;            // from the end of an instruction to the token's use
constexpr uint64_t kBurstBeats = 64;
constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kInflight = 64;  // beats on their way above which no burst is asked for
constexpr size_t kLoadJobs = 9;     // begun and not written
constexpr size_t kStoreBursts = 16; // outstanding
constexpr size_t kRetirement = 16;  // instructions begun and not retired
// Between fetch and begin: the queue, and what has left it and waits for its turn.
constexpr size_t kQueueTransfers = kModuleQueue + 1, kQueueCompute = kModuleQueue + 2;
constexpr size_t kUnitQueue = 2; // instructions that have begun and that their unit has not taken
constexpr uint64_t kIssue = 4;   // from the begin of an instruction to its first micro-op
constexpr uint64_t kToOut = 27, kToAcc = 13, kSimple = 8; // from the issue to the retirement
constexpr uint64_t kFillOperands = 260;

size_t queueRoom(Module module) { return module == Module::Compute ? kQueueCompute : kQueueTransfers; }

// Of one instruction on the read channel; on a bus wider than that a beat brings several, which counts as one each.
uint64_t fetchBeats(const MachineConfig &machine) { return std::max<uint64_t>(1, 16 / machine.busBytes()); }

// A transfer past the end of its memory is refused by the core, whatever it asks for.
bool moves(const MachineConfig &machine, MemoryType memory, uint64_t rows, uint64_t columns) {
  return rows * columns != 0 && rows * columns <= machine.depth(memory);
}

template <class T> void keep(std::deque<T> &ring, T value, size_t most) {
  ring.push_back(value);
  if (ring.size() > most)
    ring.pop_front();
}

// The value `most` entries ago, or 0: who wants an entry waits for it.
uint64_t oldest(const std::deque<uint64_t> &ring, size_t most) {
  return ring.size() < most ? 0 : ring.front();
}

// Memories whose loads wait for results.
bool isHeld(MemoryType memory) {
  return memory == MemoryType::Acc || memory == MemoryType::Acc8bit || memory == MemoryType::Inp;
}

uint64_t microOps(const auto &loops) {
  return loops.uopEnd > loops.uopBgn ? uint64_t{loops.iterOut} * loops.iterIn * (loops.uopEnd - loops.uopBgn)
                                     : 0;
}

// Calls burst(beats) for each burst of a transfer: runs of bytes, cut at 64 beats and at 4 KiB.
template <class Burst>
void forBursts(uint64_t address, uint64_t bytes, uint64_t runs, uint64_t stride, uint64_t busBytes,
               Burst &&burst) {
  for (uint64_t run = 0; run < runs; ++run, address += stride) {
    uint64_t at = address / busBytes * busBytes;
    const uint64_t end = (address + bytes + busBytes - 1) / busBytes * busBytes;
    while (at < end) {
      const uint64_t page = kPageBytes - at % kPageBytes;
      const uint64_t size = std::min({end - at, page, kBurstBeats * busBytes});
      burst(size / busBytes);
      at += size;
    }
  }
}

template <class Transfer, class Burst>
void forBursts(const MachineConfig &machine, const Transfer &transfer, Burst &&burst) {
  const uint64_t element = machine.dramElementBytes(transfer.memoryType);
  const bool joined = transfer.xStride == transfer.xSize;
  const uint64_t run = element * transfer.xSize * (joined ? transfer.ySize : 1);
  forBursts(element * transfer.dramBase, run, joined ? 1 : transfer.ySize, element * transfer.xStride,
            machine.busBytes(), burst);
}

} // namespace

TimingModel::TimingModel(const MachineConfig &machine, const MemoryTiming &memory)
    : machine_(machine), memory_(memory), reads_(memory) {}

uint64_t TimingModel::ReadChannel::serve(uint64_t request, uint64_t beats) {
  const bool full = bursts_.size() >= memory_.outstandingReads;
  const uint64_t asked = std::max(request, full ? bursts_.front().end : 0);
  uint64_t first = asked + kRequest + memory_.readLatency;
  if (first <= free_) { // the channel is busy, and fetch takes its part
    const uint64_t turn = std::min(owed_, std::max<uint64_t>(1, beats / kFetchShare));
    first = free_ + turn;
    owed_ -= turn;
  } else {
    owed_ -= std::min(owed_, first - free_);
  }
  free_ = first + beats;
  keep(bursts_, {asked, first, free_}, memory_.outstandingReads);
  return first;
}

uint64_t TimingModel::ReadChannel::serveBetween(uint64_t request, uint64_t cycles, uint64_t &delay) {
  auto next =
      std::find_if(bursts_.begin(), bursts_.end(), [&](const Burst &b) { return b.request > request; });
  uint64_t first = request + kRequest + memory_.readLatency;
  if (next != bursts_.begin())
    first = std::max(first, std::prev(next)->end);
  if (next == bursts_.end()) {
    free_ = std::max(free_, first + cycles);
    return first;
  }
  const uint64_t more = first + cycles > next->first ? first + cycles - next->first : 0;
  for (auto burst = next; burst != bursts_.end(); ++burst)
    burst->first += more, burst->end += more;
  bursts_.insert(next, {request, first, first + cycles});
  if (bursts_.size() > memory_.outstandingReads)
    bursts_.pop_front();
  free_ += more;
  delay += more;
  return first;
}

uint64_t TimingModel::throughResults(uint64_t begin, uint64_t slots, bool inpLoad) const {
  double left = double(slots);
  uint64_t now = begin;
  while (left > 0) {
    double taken = 0;
    uint64_t change = UINT64_MAX;
    for (const Results &results : results_) {
      if (results.end <= now || (inpLoad && !results.toInp))
        continue;
      change = std::min(change, results.begin <= now ? results.end : results.begin);
      taken += results.begin <= now ? results.perCycle : 0;
    }
    const double speed = std::max(1 - taken, 0.0);
    if (change == UINT64_MAX || double(change - now) * speed >= left)
      return now + uint64_t(left / (speed > 0 ? speed : 1) + 0.5);
    left -= double(change - now) * speed;
    now = change;
  }
  return now;
}

void TimingModel::delayLoads(const Results &results) {
  uint64_t delay = 0;
  size_t first = 0;
  for (HeldLoad &load : heldLoads_) {
    load.begin += delay, load.end += delay;
    if (load.inp && !results.toInp)
      continue;
    const uint64_t begin = std::max(load.begin, results.begin), end = std::min(load.end, results.end);
    if (begin >= end)
      continue;
    if (delay == 0)
      first = load.tokensAfter;
    const uint64_t more = uint64_t(double(end - begin) * results.perCycle);
    load.end += more;
    delay += more;
  }
  if (delay == 0)
    return;
  loader_.written += delay;
  reads_.delay(delay);
  std::deque<uint64_t> &tokens = tokens_[size_t(TokenQueue::LoadToCompute)];
  for (size_t token = std::max(first, tokensTaken_); token < tokensGiven_; ++token)
    tokens[token - tokensTaken_] += delay;
}

void TimingModel::delayReads(uint64_t cycle, uint64_t delay) {
  for (uint64_t &token : tokens_[size_t(TokenQueue::LoadToCompute)])
    token += token > cycle ? delay : 0;
  loader_.written += loader_.written > cycle ? delay : 0;
}

uint64_t TimingModel::handOut(Module module) {
  const uint64_t beats = fetchBeats(machine_);
  const uint64_t within = count_ % kFetchBurst;
  if (within == 0) {
    uint64_t request = count_ == 0 ? kFirstFetch : 0;
    request = std::max(request, oldest(handOuts_, kFetchAhead - kFetchBurst));
    request = std::max(request, oldest(arrivals_, kFetchOutstanding));
    const uint64_t before = arrivals_.empty() ? 0 : arrivals_.back();
    keep(arrivals_, std::max(request + kRequest + memory_.readLatency, before) + kFetchBurst * beats,
         size_t(kFetchOutstanding));
  }
  ++count_;
  const uint64_t arrival = arrivals_.back() - (kFetchBurst - 1 - within) * beats;
  const size_t room = queueRoom(module);
  handedOut_ = std::max({handedOut_ + 1, arrival + 1, oldest(begins_[size_t(module)], room) + 1});
  keep(handOuts_, handedOut_, size_t(kFetchAhead - kFetchBurst));
  return handedOut_;
}

void TimingModel::beginOf(Module module, uint64_t cycle) {
  const size_t room = queueRoom(module);
  keep(begins_[size_t(module)], cycle, room);
}

uint64_t TimingModel::popped(TokenQueue queue, uint64_t begin) {
  std::deque<uint64_t> &tokens = tokens_[size_t(queue)];
  if (tokens.empty())
    return begin;
  tokensTaken_ += queue == TokenQueue::LoadToCompute;
  begin = std::max(begin, tokens.front());
  tokens.pop_front();
  return begin;
}

// Of a LOAD that may begin at `ready`: when its last element is written.
uint64_t TimingModel::load(Loader &loader, const Load &i, uint64_t ready) {
  const bool empty = i.xSize == 0 || i.ySize == 0 ||
                     !moves(machine_, i.memoryType, uint64_t{i.ySize} + i.yPad0 + i.yPad1,
                            uint64_t{i.xSize} + i.xPad0 + i.xPad1);
  uint64_t begin = std::max(ready, oldest(loader.ends, kLoadJobs));
  if (empty) {
    loader.begun = begin;
    loader.written = std::max(loader.written + 1, begin + 2);
    keep(loader.ends, loader.written, kLoadJobs);
    return loader.written;
  }
  begin = std::max(begin, loader.requested);
  loader.begun = begin;
  uint64_t request = begin, arrived = 0, first = 0;
  forBursts(machine_, i, [&](uint64_t beats) {
    ++request;
    // Beats of bursts asked for, less those that have come.
    uint64_t onTheWay = 0;
    for (const auto &[start, count] : loader.inflight)
      onTheWay += count;
    while (!loader.inflight.empty()) {
      const auto &[start, count] = loader.inflight.front();
      if (onTheWay <= kInflight)
        break;
      const uint64_t needed = onTheWay - kInflight; // beats that must come first
      if (needed < count) {
        request = std::max(request, start + needed);
        break;
      }
      request = std::max(request, start + count);
      onTheWay -= count;
      loader.inflight.pop_front();
    }
    while (!loader.inflight.empty() &&
           loader.inflight.front().first + loader.inflight.front().second <= request)
      loader.inflight.pop_front();
    const bool between = &loader == &computeLoader_;
    const uint64_t lanes = i.memoryType == MemoryType::Uop ? machine_.busBytes() / 4 : 1;
    uint64_t start = 0;
    if (between) {
      uint64_t delay = 0;
      start = reads_.serveBetween(request, beats * lanes, delay);
      delayReads(start, delay);
    } else {
      start = reads_.serve(request, beats);
    }
    loader.inflight.push_back({start, beats});
    if (first == 0)
      first = start;
    arrived = start + beats;
  });
  loader.requested = request;

  const uint64_t element = machine_.dramElementBytes(i.memoryType);
  const uint64_t beats = (element * i.xSize * i.ySize + machine_.busBytes() - 1) / machine_.busBytes();
  const uint64_t width = uint64_t{i.xSize} + i.xPad0 + i.xPad1;
  const uint64_t above = i.yPad0 * width + i.xPad0, below = i.yPad1 * width + i.xPad1;
  const uint64_t sides = (i.ySize - 1) * (uint64_t{i.xPad0} + i.xPad1);
  const uint64_t words = i.memoryType == MemoryType::Uop ? uint64_t{i.xSize} * i.ySize : beats;
  const uint64_t free = std::max(loader.written, begin + 1); // for the writer
  const uint64_t data = first + kArrive;
  firstWrite_ = std::max(free, data > above ? data - above
                                            : 0); // padding in front comes while the data are on their way
  const uint64_t slots = above + words + sides + below;
  uint64_t written = isHeld(i.memoryType)
                         ? throughResults(firstWrite_, slots, i.memoryType == MemoryType::Inp)
                         : firstWrite_ + slots;
  written = std::max(written, arrived + kArrive + below);
  constexpr uint64_t kBeatQueue = 16;
  reads_.holdUntil(written > below + kBeatQueue ? written - below - kBeatQueue : 0);
  loader.written = written;
  keep(loader.ends, written, kLoadJobs);
  return written;
}

void TimingModel::loadModule(const Instruction &instruction) {
  const uint64_t taken = std::max(handOut(Module::Load) + 1, loader_.begun);
  const Dependencies &flags = dependenciesOf(instruction);
  const TokenUse use = tokenUse(Module::Load, flags);
  const Load *load = std::get_if<Load>(&instruction);
  uint64_t ready = taken + (load ? kPlan : 1);
  if (use.pops & 1u << unsigned(TokenQueue::ComputeToLoad))
    ready = popped(TokenQueue::ComputeToLoad, ready);
  const uint64_t end = this->load(loader_, load ? *load : Load{}, ready);
  beginOf(Module::Load, loader_.begun);
  if (load && isHeld(load->memoryType))
    keep(heldLoads_, {load->memoryType == MemoryType::Inp, firstWrite_, end, tokensGiven_}, kLoadJobs);
  if (use.pushes & 1u << unsigned(TokenQueue::LoadToCompute)) {
    give(TokenQueue::LoadToCompute, end + kToken);
    ++tokensGiven_;
  }
  last_ = std::max(last_, end);
}

void TimingModel::store(const Store &i) {
  const TokenUse use = tokenUse(Module::Store, i.dependencies);
  uint64_t begin = std::max(handOut(Module::Store) + 1, storeBegun_) + kPlan;
  if (use.pops & 1u << unsigned(TokenQueue::ComputeToStore))
    begin = popped(TokenQueue::ComputeToStore, begin);
  begin = std::max({begin, storeRead_, storeAsked_});
  storeBegun_ = begin;
  beginOf(Module::Store, begin);
  uint64_t ask = begin, end = begin + 2;
  const uint64_t slices =
      std::max<uint64_t>(1, machine_.dramElementBytes(MemoryType::Out) / machine_.busBytes());
  const bool any = moves(machine_, MemoryType::Out, i.ySize, i.xSize);
  if (any)
    forBursts(machine_, i, [&](uint64_t beats) {
      ask = std::max(ask + 1, oldest(responses_, kStoreBursts) + 1);
      const uint64_t first = std::max({ask + 2, storeSent_, begin + 3});
      storeSent_ = first + beats;
      end = storeSent_ + memory_.writeResponse;
      keep(responses_, end, kStoreBursts);
    });
  storeAsked_ = ask;
  constexpr uint64_t kElementRoom = 8;
  const uint64_t held = kElementRoom * slices;
  storeRead_ =
      std::max(begin + (any ? uint64_t{i.xSize} * i.ySize : 0), storeSent_ > held ? storeSent_ - held : 0);
  if (use.pushes & 1u << unsigned(TokenQueue::StoreToCompute))
    give(TokenQueue::StoreToCompute, end + kToken);
  last_ = std::max(last_, end);
}

// Instructions end in order; what retires gives its tokens.
uint64_t TimingModel::retire(uint64_t ended, const Dependencies &flags) {
  retired_ = std::max(ended, retired_ + 1);
  keep(retirements_, retired_, kRetirement);
  const TokenUse use = tokenUse(Module::Compute, flags);
  if (use.pushes & 1u << unsigned(TokenQueue::ComputeToLoad))
    give(TokenQueue::ComputeToLoad, retired_ + kToken);
  if (use.pushes & 1u << unsigned(TokenQueue::ComputeToStore))
    give(TokenQueue::ComputeToStore, retired_ + kToken);
  last_ = std::max(last_, retired_);
  return retired_;
}

void TimingModel::compute(const Instruction &instruction, bool apart) {
  const Dependencies &flags = dependenciesOf(instruction);
  const TokenUse use = tokenUse(Module::Compute, flags);
  const uint64_t head = std::max(handOut(Module::Compute) + 2, computeBegun_ + 1);
  uint64_t begin = head;
  if (use.pops & 1u << unsigned(TokenQueue::LoadToCompute))
    begin = popped(TokenQueue::LoadToCompute, begin);
  if (use.pops & 1u << unsigned(TokenQueue::StoreToCompute))
    begin = popped(TokenQueue::StoreToCompute, begin);
  begin = std::max(begin, oldest(retirements_, kRetirement) + 1);

  const auto unit = [&](Unit &unit, bool overlap, uint64_t items, uint64_t latency, double perCycle,
                        bool toInp = false) {
    begin = std::max(begin, oldest(unit.starts, kUnitQueue));
    const bool guarded = machine_.level == Level::Vta && &unit == &vector_;
    if (guarded) { // beside the array's last instruction, whose destinations its micro-ops wait for
      begin = std::max({begin, array_.retiredBefore + 1, job_.retired + 1});
    } else if (!overlap) {
      for (const Unit *other : {&array_, &vector_, &job_})
        if (other != &unit)
          begin = std::max(begin, other->retired + 1);
      if (&unit == &array_)
        begin = std::max(begin, chainRetired_ + 1);
      barrier_ = retired_;
      barrierUnit_ = &unit;
    } else if (barrierUnit_ != &unit) {
      begin = std::max(begin, barrier_ + 1);
    }
    uint64_t start = std::max(begin, unit.free); // the unit takes it
    if (guarded) {
      const uint64_t free = apart ? std::min(rangeKnown_, array_.retired + 1) : array_.retired + 1;
      start = std::max(start, free - std::min(free, kIssue));
    }
    keep(unit.starts, start, kUnitQueue);
    unit.free = start + std::max<uint64_t>(items, 1);
    if (&unit == &vector_)
      unit.free = throughResults(start + kIssue + latency, items, false) - kIssue - latency;
    const Results results{start + kIssue + latency, unit.free + kIssue + latency, perCycle, toInp};
    delayLoads(results);
    keep(results_, results, kRetirement);
    unit.retiredBefore = unit.retired;
    unit.retired = retire(unit.free - 1 + kIssue + latency, flags);
    return start;
  };

  std::visit(
      [&](const auto &i) {
        using Kind = std::decay_t<decltype(i)>;
        if constexpr (std::is_same_v<Kind, Reduce>) {
          unit(array_, i.overlap != 0, microOps(i), i.destination == Destination::Acc ? kToAcc : kToOut,
               1.0 / double(std::max(1u, i.uopEnd - i.uopBgn)), i.destination == Destination::Inp);
          if (i.destination == Destination::Inp)
            chainRetired_ = array_.retired;
        } else if constexpr (std::is_same_v<Kind, Gemm>) {
          const uint32_t pass = i.uopEnd > i.uopBgn ? i.uopEnd - i.uopBgn : 1;
          const uint64_t start = unit(array_, false, microOps(i), kToAcc, 1.0 / pass);
          const int bits = std::bit_width(std::max(i.iterOut, i.iterIn));
          rangeKnown_ = start + kIssue + std::max<uint64_t>(pass, uint64_t(bits)) + 2;
        } else if constexpr (std::is_same_v<Kind, Alu>) {
          unit(vector_, false, microOps(i), i.aluOpcode == AluOpcode::Mul ? kToOut : kSimple, 1);
        } else if constexpr (std::is_same_v<Kind, Vec>) {
          if (i.op != VecOp::Requantise && !operandsHeld_) {
            begin = std::max(begin, std::max(head, vector_.retired + 1) + kFillOperands);
            operandsHeld_ = true;
          }
          unit(vector_, i.overlap != 0, microOps(i), kToOut + 12, 1);
        } else if constexpr (std::is_same_v<Kind, Load>) {
          begin = std::max({begin, array_.retired + 1, vector_.retired + 1, job_.free});
          const uint64_t taken = std::max(begin + 1, computeLoader_.begun);
          const uint64_t end = load(computeLoader_, i, taken + kPlan);
          job_.free = taken + 1;
          barrier_ = retired_;
          barrierUnit_ = &job_;
          job_.retired = retire(end + 2, flags);
        } else {
          if constexpr (std::is_same_v<Kind, SetLhs>)
            operandsHeld_ = operandsHeld_ && lhs_.zeroPoint == i.zeroPoint && lhs_.shift == i.shift &&
                            lhs_.multiplier == i.multiplier,
            lhs_ = i;
          if constexpr (std::is_same_v<Kind, SetRhs>)
            operandsHeld_ = operandsHeld_ && rhs_.zeroPoint == i.zeroPoint && rhs_.shift == i.shift &&
                            rhs_.multiplier == i.multiplier,
            rhs_ = i;
          const uint64_t retired = retire(begin + 1, flags);
          if constexpr (std::is_same_v<Kind, SetMark>)
            marks_[i.index % marks_.size()] = uint32_t(retired + 1);
        }
      },
      instruction);
  computeBegun_ = begin;
  beginOf(Module::Compute, begin);
}

void TimingModel::add(const Instruction &instruction, bool apart) {
  ahead_.push_back({instruction, apart});
  reads_.fetched(fetchBeats(machine_));
  while (queued_ < ahead_.size()) {
    const Module module = moduleOf(ahead_[queued_].first);
    if (inQueue_[size_t(module)] == queueRoom(module))
      break;
    ++inQueue_[size_t(module)];
    ++queued_;
  }
  if (ahead_.size() >= queued_ + kFetchAhead)
    runOne();
}

void TimingModel::finish() {
  while (!ahead_.empty())
    runOne();
}

void TimingModel::runOne() {
  if (queued_ > 0) {
    --queued_;
    --inQueue_[size_t(moduleOf(ahead_.front().first))];
  }
  run(ahead_.front().first, ahead_.front().second);
  ahead_.pop_front();
}

void TimingModel::run(const Instruction &instruction, bool apart) {
  switch (moduleOf(instruction)) {
  case Module::Load:
    return loadModule(instruction);
  case Module::Store:
    return store(std::get<Store>(instruction));
  case Module::Compute:
    return compute(instruction, apart);
  }
}

} // namespace tessera::isa
