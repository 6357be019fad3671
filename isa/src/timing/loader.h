// Loads: the load module, and compute's own loader. hw_rtl/src/tsr_load.sv.
//
// A walker plans, begins and asks for data; a writer lays what comes into the memory, padding and data in order, an element of padding, a beat or a
// micro-op a cycle.
#pragma once

#include "queues.h"
#include "read_channel.h"
#include "results.h"

#include <functional>

namespace tessera::isa::timing {

class Loader final : public Receiver {
public:
  /// A load's last element has been written in this cycle.
  using Ended = std::function<void(const Instruction &)>;

  Loader(Clock &clock, const MachineConfig &machine, ReadChannel &channel, Port port, ResultRegister &results,
         InstructionQueue &queue, Tokens *tokens, Ended end);

  bool hasRoom(uint64_t beats) const override;
  void receive(uint64_t beats) override;
  void received(uint64_t beats) override;

private:
  // A load that has begun and is not written.
  struct Job {
    Instruction instruction;
    uint64_t begun;
    bool empty;
  };
  struct Piece {
    uint64_t cycle, beats; // first beat
  };

  Process walk();
  Process write();
  // When `slots` have been written that the writer begins now.
  uint64_t slots(const Load &load, uint64_t slots);

  Clock &clock_;
  const MachineConfig &machine_;
  ReadChannel &channel_;
  const Port port_;
  const ResultRegister &results_;
  InstructionQueue &queue_;
  Tokens *const tokens_; // that a load may wait for; null: none
  const Ended end_;

  std::deque<Job> jobs_;
  std::deque<Piece> pieces_; // that have come and that the writer has not begun
  uint64_t queued_ = 0;      // their beats
  double written_ = 0;       // by the writer, with the fraction of a cycle
  uint64_t inflight_ = 0;    // beats asked for that have not come
  Condition begun_, came_, ended_;
  Process walker_, writer_;
};

} // namespace tessera::isa::timing
