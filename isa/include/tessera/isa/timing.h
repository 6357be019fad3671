// How many cycles a program takes on the core, by a model of its queues, tokens and pipelines; nothing is computed.
//
// Contract: instructions are given in program order, as the stream holds them. What the model knows: fetch-ahead and its share of the read
// channel, the depth of each module's queue, tokens, bursts and what may be outstanding, padding, results that hold up loads and the vector
// unit, the order in which compute begins and retires, the latencies of its pipelines. What it leaves out: hazards of the vector unit, and
// where in its memory a transfer lies. Transfers of more than their memory holds, which the core refuses, move nothing. The constants are
// those of the modules in hw_rtl/src; tests hold the whole against the Verilated core.
// Errors: none. A program that would wait for ever gets a number without meaning.
#pragma once

#include "tessera/isa/encoding.h"
#include "tessera/isa/modules.h"

#include <array>
#include <memory>

namespace tessera::isa {

/// Instructions that wait in front of each module (hw_rtl/src/tsr_fetch.sv).
inline constexpr uint32_t kModuleQueue = 32;

/// Memory as `bench` has it, in cycles and bursts.
struct MemoryTiming {
  uint64_t readLatency = 40, outstandingReads = 16, writeResponse = 10;
};

class TimingModel {
public:
  explicit TimingModel(const MachineConfig &machine, const MemoryTiming &memory = {});
  ~TimingModel();

  /// `apart`: an ALU that touches nothing which the GEMM before it writes (apart.h).
  void add(const Instruction &instruction, bool apart = false);
  /// After the last instruction.
  void finish();

  /// When all of the program has ended.
  uint64_t cycles() const;
  /// The cycle counter as SET MARK writes it, by mark register; 0: not written.
  const std::array<uint32_t, 256> &marks() const;

private:
  struct Core;
  std::unique_ptr<Core> core_;
};

} // namespace tessera::isa
