// Stores: hw_rtl/src/tsr_store.sv. They have the write channel to themselves, so that all of a store is known when it begins.
#pragma once

#include "queues.h"

#include "tessera/isa/timing.h"

namespace tessera::isa::timing {

class Storer {
public:
  Storer(Clock &clock, const MachineConfig &machine, const MemoryTiming &memory, InstructionQueue &queue,
         TokenQueues &tokens);

  uint64_t ended() const { return ended_; } // the last store

private:
  Process store();
  uint64_t write(const Store &instruction);

  Clock &clock_;
  const MachineConfig &machine_;
  const MemoryTiming memory_;
  InstructionQueue &queue_;
  TokenQueues &tokens_;
  uint64_t read_ = 0, asked_ = 0, sent_ = 0, ended_ = 0;
  std::deque<uint64_t> responses_;
  Process process_;
};

} // namespace tessera::isa::timing
