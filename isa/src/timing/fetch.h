// Reads instructions ahead and hands each to the queue of its module: hw_rtl/src/tsr_fetch.sv.
#pragma once

#include "queues.h"
#include "read_channel.h"

namespace tessera::isa::timing {

class Fetch final : public Receiver {
public:
  using Queues = std::array<InstructionQueue *, kModuleCount>;
  Fetch(Clock &clock, const MachineConfig &machine, ReadChannel &channel, const Queues &queues);

  void add(Entry entry);
  void finish();
  /// It would ask for instructions that have not been added.
  bool hungry() const { return hungry_; }

  void receive(uint64_t beats) override;
  void received(uint64_t beats) override;

private:
  Process ask();
  Process handOut();

  Clock &clock_;
  const uint64_t beats_; // of an instruction
  ReadChannel &channel_;
  const Queues queues_;
  std::deque<Entry> program_;
  std::deque<uint64_t> arrivals_; // of the first instructions of `program_`
  bool finished_ = false, hungry_ = false;
  uint64_t asked_ = 0;       // of `program_`
  uint64_t outstanding_ = 0; // of them, not arrived
  Condition added_, changed_;
  Process asking_, handing_;
};

} // namespace tessera::isa::timing
