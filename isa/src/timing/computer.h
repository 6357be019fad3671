// Compute: begins instructions in order, gives them to the array, the vector unit and its own loader, and ends them in order. hw_rtl/src/tsr_dispatch.sv.
#pragma once

#include "queues.h"
#include "results.h"

#include <array>
#include <optional>

namespace tessera::isa::timing {

class Computer {
public:
  Computer(Clock &clock, const MachineConfig &machine, ResultRegister &results, InstructionQueue &queue,
           TokenQueues &tokens, InstructionQueue &loads);

  /// Its own loader's next load has ended.
  void loaded();
  uint64_t ended() const { return retired_; } // the last instruction
  const std::array<uint32_t, 256> &marks() const { return marks_; }

private:
  enum class Kind : uint8_t { None, Array, Vector, Load };
  // What an instruction asks of its unit.
  struct Work {
    Kind kind = Kind::None;
    bool overlap = false;
    uint64_t items = 0, latency = 0;
    double perCycle = 0; // results
    bool toInp = false;
    uint64_t pass = 0; // micro-ops of a GEMM's iteration, or 0: another instruction
  };
  struct Operand {
    int64_t zeroPoint = 0, shift = 0, multiplier = 0;
    bool operator==(const Operand &) const = default;
  };
  struct Operands {
    Operand lhs, rhs;
    bool single = false; // rounds once
    bool operator==(const Operands &) const = default;
  };
  struct Held { // begun and not retired
    Kind kind;
    bool chains;   // writes INP
    uint64_t ends; // of the vector unit and of loads: to come in ends_
    Dependencies flags;
    int mark; // -1: none
  };
  struct Issue { // begun, and the vector unit has not taken it
    uint64_t earliest, items, latency;
    bool toInp;
  };

  Process begin();
  Process runVector();
  Process retire();
  Work workOf(const Instruction &instruction) const;
  bool mayBegin(const Work &work) const;
  bool needsTables(const Instruction &instruction) const;
  void set(const Instruction &instruction);
  uint64_t startArray(const Work &work, const Instruction &instruction);
  uint64_t guard(bool apart) const;
  uint64_t running(Kind kind) const { return running_[size_t(kind)]; }
  void end(Kind kind, uint64_t cycle);

  Clock &clock_;
  const MachineConfig &machine_;
  ResultRegister &results_;
  InstructionQueue &queue_;
  TokenQueues &tokens_;
  InstructionQueue &loads_;

  std::deque<Held> held_;
  std::array<uint64_t, 4> running_{};        // held, by kind
  std::array<std::deque<uint64_t>, 4> ends_; // that have come and are not retired
  uint64_t arrayFree_ = 0, arrayEnds_ = 0;   // takes an instruction; its last one ends
  std::deque<uint64_t> arrayStarts_;         // of the last instructions
  std::deque<Issue> vectorWork_;
  uint64_t chains_ = 0; // instructions held that write INP
  uint64_t behind_ = 0; // held instructions that stand before the last one without overlap, of barrier_
  Kind barrier_ = Kind::None;
  uint64_t rangeKnown_ = 0;             // of the array's last instruction, where its destinations lie
  uint64_t retired_ = 0, markFree_ = 0; // the marks' register takes one in two cycles
  Operands operands_;                   // as SET leaves them
  std::optional<Operands> filled_;      // what the vector unit's tables hold
  std::array<uint32_t, 256> marks_{};
  Condition begun_, ended_, changed_;
  Process beginning_, vector_, retiring_;
};

} // namespace tessera::isa::timing
