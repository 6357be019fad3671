#include "hazard_tracker.h"

#include <algorithm>

namespace tessera::cosim {

using isa::MemoryType;

Module moduleOf(const isa::Instruction &instruction) {
  if (const auto *load = std::get_if<isa::Load>(&instruction))
    switch (load->memoryType) {
    case MemoryType::Inp:
    case MemoryType::Wgt:
    case MemoryType::Par:
      return Module::Load;
    default:
      return load->viaLoad ? Module::Load : Module::Compute;
    }
  if (std::holds_alternative<isa::SetPad>(instruction))
    return Module::Load;
  return std::holds_alternative<isa::Store>(instruction) ? Module::Store : Module::Compute;
}

Thread threadOf(const isa::Instruction &instruction) {
  switch (moduleOf(instruction)) {
  case Module::Load:
    return Thread::Load;
  case Module::Store:
    return Thread::Store;
  case Module::Compute:
    break;
  }
  if (std::holds_alternative<isa::Load>(instruction))
    return Thread::Loader;
  if (std::holds_alternative<isa::Gemm>(instruction) || std::holds_alternative<isa::Reduce>(instruction))
    return Thread::Array;
  if (std::holds_alternative<isa::Alu>(instruction) || std::holds_alternative<isa::Vec>(instruction))
    return Thread::Vector;
  return Thread::None;
}

const isa::Dependencies &dependenciesOf(const isa::Instruction &instruction) {
  return std::visit([](const auto &x) -> const isa::Dependencies & { return x.dependencies; }, instruction);
}
isa::Dependencies &dependenciesOf(isa::Instruction &instruction) {
  return std::visit([](auto &x) -> isa::Dependencies & { return x.dependencies; }, instruction);
}

bool hasOverlap(const isa::Instruction &instruction) {
  if (const auto *reduce = std::get_if<isa::Reduce>(&instruction))
    return reduce->overlap;
  if (const auto *vec = std::get_if<isa::Vec>(&instruction))
    return vec->overlap;
  return false;
}

template <class Visit> void HazardTracker::forPops(const isa::Instruction &instruction, Visit visit) {
  const isa::Dependencies &flags = dependenciesOf(instruction);
  switch (moduleOf(instruction)) {
  case Module::Load:
    if (flags.popNext)
      visit(Channel::ComputeToLoad);
    break;
  case Module::Compute:
    if (flags.popPrev)
      visit(Channel::LoadToCompute);
    if (flags.popNext)
      visit(Channel::StoreToCompute);
    break;
  case Module::Store:
    if (flags.popPrev)
      visit(Channel::ComputeToStore);
    break;
  }
}

template <class Visit> void HazardTracker::forPushes(const isa::Instruction &instruction, Visit visit) {
  const isa::Dependencies &flags = dependenciesOf(instruction);
  switch (moduleOf(instruction)) {
  case Module::Load:
    if (flags.pushNext)
      visit(Channel::LoadToCompute);
    break;
  case Module::Compute:
    if (flags.pushPrev)
      visit(Channel::ComputeToLoad);
    if (flags.pushNext)
      visit(Channel::ComputeToStore);
    break;
  case Module::Store:
    if (flags.pushPrev)
      visit(Channel::StoreToCompute);
    break;
  }
}

namespace {
template <class Clock> void join(Clock &into, const Clock &from) {
  for (size_t t = 0; t < kThreads; ++t)
    into[t] = std::max(into[t], from[t]);
}
bool isSet(const isa::Instruction &x) {
  return std::visit(
      [](const auto &i) {
        using Kind = std::decay_t<decltype(i)>;
        return std::is_same_v<Kind, isa::SetGeometry> || std::is_same_v<Kind, isa::SetExit> ||
               std::is_same_v<Kind, isa::SetLhs> || std::is_same_v<Kind, isa::SetRhs> ||
               std::is_same_v<Kind, isa::SetPad> || std::is_same_v<Kind, isa::SetMark>;
      },
      x);
}
} // namespace

bool HazardTracker::tokensPresent(const isa::Instruction &instruction) const {
  bool present = true;
  forPops(instruction, [&](Channel c) { present &= tokens(c) > 0; });
  return present;
}

HazardTracker::Order HazardTracker::orderOf(const isa::Instruction &instruction) const {
  const Module module = moduleOf(instruction);
  Order order{moduleBegin_[static_cast<size_t>(module)], {}};
  forPops(instruction, [&](Channel c) {
    if (tokens(c) > 0)
      join(order.begin, channels_[static_cast<size_t>(c)].front());
  });
  const auto ended = [&](Clock &clock, Thread t) {
    clock[static_cast<size_t>(t)] = static_cast<uint32_t>(events_[static_cast<size_t>(t)].size());
  };
  // Compute waits for what runs in its other units, but for SET, which never waits, and what asked to overlap.
  const Thread own = threadOf(instruction);
  if (module == Module::Compute && !isSet(instruction) && !hasOverlap(instruction))
    for (Thread t : {Thread::Loader, Thread::Array, Thread::Vector})
      if (t != own)
        ended(order.begin, t);
  order.units = order.begin;
  if (own != Thread::None)
    ended(order.units, own);
  return order;
}

bool HazardTracker::raceFree(const isa::Instruction &instruction, const AccessSet &accesses) const {
  const Order order = orderOf(instruction);
  for (size_t t = 0; t < kThreads; ++t)
    for (size_t n = order.units[t]; n < events_[t].size(); ++n)
      if (accesses.conflicts(events_[t][n]))
        return false;
  if (!std::holds_alternative<isa::Reduce>(instruction))
    return true;
  const PieceSet &inputs = accesses.reads[static_cast<size_t>(Space::Inp)];
  if (inputs.meets(accesses.writes[static_cast<size_t>(Space::Inp)]))
    return false;
  if (!hasOverlap(instruction))
    return true;
  // It reads INP before the results of the REDUCE in front of it have left the pipeline.
  for (Thread t : {Thread::Array, Thread::Vector})
    for (size_t n = order.begin[static_cast<size_t>(t)]; n < events_[static_cast<size_t>(t)].size(); ++n)
      if (inputs.meets(events_[static_cast<size_t>(t)][n].writes[static_cast<size_t>(Space::Inp)]))
        return false;
  return true;
}

void HazardTracker::append(const isa::Instruction &instruction, AccessSet accesses) {
  const Order order = orderOf(instruction);
  const auto module = static_cast<size_t>(moduleOf(instruction));
  forPops(instruction, [&](Channel c) {
    if (tokens(c) > 0)
      channels_[static_cast<size_t>(c)].pop_front();
  });
  moduleBegin_[module] = order.begin;
  Clock end = order.units;
  if (const Thread t = threadOf(instruction); t != Thread::None) {
    events_[static_cast<size_t>(t)].push_back(std::move(accesses));
    ++end[static_cast<size_t>(t)];
  }
  // load and store run one instruction after the other.
  if (module != static_cast<size_t>(Module::Compute))
    moduleBegin_[module] = end;
  forPushes(instruction, [&](Channel c) {
    join(modulePush_[module], end);
    channels_[static_cast<size_t>(c)].push_back(modulePush_[module]);
  });
}

} // namespace tessera::cosim
