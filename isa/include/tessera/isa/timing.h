// How many cycles a program takes on the core, by a model of its queues, tokens and pipelines; nothing is computed.
//
// Contract: instructions are given in program order, as the stream holds them. What the model knows: fetch-ahead and its share of the read
// channel, the depth of each module's queue, tokens, bursts and what may be outstanding, padding, the order in which compute begins and
// retires, the latencies of its pipelines. What it leaves out: hazards of the vector unit, and results that are late because of
// later instructions. Transfers that the core would refuse take no time. The constants are those of
// the modules in hw_rtl/src; tests hold the whole against the Verilated core.
// Errors: none. A program that would wait for ever gets a number without meaning.
#pragma once

#include "tessera/isa/encoding.h"
#include "tessera/isa/modules.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

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

  /// `apart`: an ALU that touches nothing which the GEMM before it writes (apart.h).
  void add(const Instruction &instruction, bool apart = false);
  /// After the last instruction.
  void finish();

  /// When all of the program has ended.
  uint64_t cycles() const { return last_; }
  /// The cycle counter as SET MARK writes it, by mark register; 0: not written.
  const std::array<uint32_t, 256> &marks() const { return marks_; }

private:
  // The read channel: bursts come back in the order in which they were asked for.
  class ReadChannel {
  public:
    explicit ReadChannel(const MemoryTiming &memory) : memory_(memory) {}
    // First beat of a burst asked for at `request`.
    uint64_t serve(uint64_t request, uint64_t beats);
    // The same for a reader of which no later request has been served yet: those are, after it. Adds to `delay` how much later.
    uint64_t serveBetween(uint64_t request, uint64_t cycles, uint64_t &delay);
    void fetched(uint64_t beats) { owed_ += beats; }
    void delay(uint64_t cycles) {
      free_ += cycles;
      owed_ -= std::min(owed_, cycles);
    }
    void holdUntil(uint64_t cycle) { free_ = std::max(free_, cycle); }

  private:
    MemoryTiming memory_;
    uint64_t free_ = 0, owed_ = 0; // beats that fetch has taken from the loads since
    struct Burst {
      uint64_t request, first, end;
    };
    std::deque<Burst> bursts_; // the last ones
  };

  // A loader's state: the load module, or compute's own.
  struct Loader {
    uint64_t begun = 0, written = 0, requested = 0;
    std::deque<uint64_t> ends;                          // of the jobs that the walker may hold
    std::deque<std::pair<uint64_t, uint64_t>> inflight; // first beat and beats of bursts
  };

  // Results on their way to the result register, which ACC's loads and the vector unit share with the array; those that go to INP hold up
  // its loads too, beat by beat.
  struct Results {
    uint64_t begin, end;
    double perCycle;
    bool toInp;
  };
  // When so many `slots` have found the register free from `begin` on; of INP's loads only results to INP count.
  uint64_t throughResults(uint64_t begin, uint64_t slots, bool inpLoad) const;

  // What the load module reads from `cycle` on comes later.
  void delayReads(uint64_t cycle, uint64_t delay);
  // Loads of ACC and INP that were thought to end before these results came: they, and what waits for them, end later.
  void delayLoads(const Results &results);

  void run(const Instruction &instruction, bool apart);
  void runOne();
  uint64_t handOut(Module module);
  void beginOf(Module module, uint64_t cycle);
  uint64_t popped(TokenQueue queue, uint64_t begin);
  void give(TokenQueue queue, uint64_t cycle) { tokens_[size_t(queue)].push_back(cycle); }

  uint64_t load(Loader &loader, const Load &instruction, uint64_t ready);
  void loadModule(const Instruction &instruction);
  void store(const Store &instruction);
  void compute(const Instruction &instruction, bool apart);
  uint64_t retire(uint64_t ended, const Dependencies &flags);

  const MachineConfig machine_;
  const MemoryTiming memory_;
  ReadChannel reads_;

  // fetch
  std::deque<std::pair<Instruction, bool>> ahead_; // asked for and not yet run, and whether it is apart
  size_t queued_ = 0;                              // so many of these fit the modules' queues
  std::array<size_t, kModuleCount> inQueue_{};
  uint64_t count_ = 0, handedOut_ = 0;
  std::deque<uint64_t> arrivals_; // of the bursts asked for
  std::deque<uint64_t> handOuts_; // of the last instructions, as many as fetch reads ahead
  std::array<std::deque<uint64_t>, kModuleCount> begins_; // of what each module's queue may hold
  std::array<std::deque<uint64_t>, kTokenQueueCount> tokens_;

  Loader loader_, computeLoader_;
  struct HeldLoad {
    bool inp;
    uint64_t begin, end;
    size_t tokensAfter; // tokens given to compute before it ended
  };
  std::deque<HeldLoad> heldLoads_;           // of the load module, the last ones
  size_t tokensTaken_ = 0, tokensGiven_ = 0; // from load to compute
  uint64_t firstWrite_ = 0;                  // of the last load

  // store
  uint64_t storeBegun_ = 0, storeRead_ = 0, storeAsked_ = 0, storeSent_ = 0;
  std::deque<uint64_t> responses_;

  // compute
  struct Unit {
    uint64_t free = 0, retired = 0; // takes an instruction; its last one has retired
    uint64_t retiredBefore = 0;     // the one before that has
    std::deque<uint64_t> starts;    // of the last instructions
  };
  Unit array_, vector_, job_;
  uint64_t rangeKnown_ = 0; // of the array's last instruction, where its destinations lie
  uint64_t computeBegun_ = 0, retired_ = 0, barrier_ = 0, chainRetired_ = 0;
  Unit *barrierUnit_ = nullptr;
  std::deque<uint64_t> retirements_;
  std::deque<Results> results_; // of the last instructions
  SetLhs lhs_{};
  SetRhs rhs_{};
  bool operandsHeld_ = false;

  uint64_t last_ = 0;
  std::array<uint32_t, 256> marks_{};
};

} // namespace tessera::isa
