#include "tessera/isa/timing.h"

#include "timing/computer.h"
#include "timing/fetch.h"
#include "timing/loader.h"
#include "timing/storer.h"

#include <algorithm>

namespace tessera::isa {

using namespace timing;

namespace {

// Between fetch and begin: the queue, and what has left it and waits for its turn.
constexpr size_t kQueueTransfers = kModuleQueue + 1, kQueueCompute = kModuleQueue + 2;
constexpr size_t kQueueOwnLoads = 2;

} // namespace

// Modules, and what joins them. Nothing here moves when the model is built: processes refer to their surroundings.
struct TimingModel::Core {
  Core(const MachineConfig &machine, const MemoryTiming &memory)
      : machine(machine), channel(clock, memory), tokens(clock), loads(clock, kQueueTransfers),
        computes(clock, kQueueCompute), stores(clock, kQueueTransfers), ownLoads(clock, kQueueOwnLoads),
        fetch(clock, this->machine, channel, {&loads, &computes, &stores}),
        load(clock, this->machine, channel, Port::Load, results, loads, &tokens[TokenQueue::ComputeToLoad],
             [this](const Instruction &instruction) {
               loaded = clock.now();
               if (pushes(tokenUse(Module::Load, dependenciesOf(instruction)), TokenQueue::LoadToCompute))
                 tokens[TokenQueue::LoadToCompute].give(loaded);
             }),
        compute(clock, this->machine, results, computes, tokens, ownLoads),
        ownLoad(clock, this->machine, channel, Port::Compute, results, ownLoads, nullptr,
                [this](const Instruction &) { compute.loaded(); }),
        store(clock, this->machine, memory, stores, tokens) {}

  const MachineConfig machine;
  Clock clock;
  ReadChannel channel;
  ResultRegister results;
  TokenQueues tokens;
  InstructionQueue loads, computes, stores, ownLoads;
  Fetch fetch;
  Loader load;
  Computer compute;
  Loader ownLoad;
  Storer store;
  uint64_t loaded = 0;
  bool stuck = false;
};

TimingModel::TimingModel(const MachineConfig &machine, const MemoryTiming &memory)
    : core_(std::make_unique<Core>(machine, memory)) {}

TimingModel::~TimingModel() = default;

// Modules go on as far as the instructions that are known let them; where they stand still although there are some, they always will.
void TimingModel::add(const Instruction &instruction, bool apart) {
  if (core_->stuck)
    return;
  core_->fetch.add({instruction, apart, 0});
  while (!core_->fetch.hungry() && !core_->stuck)
    core_->stuck = !core_->clock.step();
}

void TimingModel::finish() {
  core_->fetch.finish();
  while (core_->clock.step())
    ;
}

uint64_t TimingModel::cycles() const {
  return std::max({core_->loaded, core_->compute.ended(), core_->store.ended()});
}

const std::array<uint32_t, 256> &TimingModel::marks() const { return core_->compute.marks(); }

} // namespace tessera::isa
