// Puts a program together instruction by instruction, each race-free after those before it.
#ifndef TESSERA_COSIM_PROGRAM_BUILDER_H
#define TESSERA_COSIM_PROGRAM_BUILDER_H

#include <vector>

#include "effects.h"
#include "hazard_tracker.h"
#include "random.h"
#include "session.h"

namespace tessera::cosim {

class ProgramBuilder {
public:
  /// `context` is what the core holds before the program; set registers are zero at launch whatever it says.
  ProgramBuilder(const isa::MachineConfig &machine, Random &random, Context context);

  const isa::MachineConfig &machine() const { return machine_; }
  Random &random() { return random_; }
  const Context &context() const { return context_; }
  const simulator::LaunchRegisters &registers() const { return registers_; }
  size_t size() const { return instructions_.size(); }

  /// Bytes that the host writes before the launch; micro-op loads see them.
  void hostWrite(uint32_t address, std::vector<uint8_t> bytes);

  /// Appends the instruction with random legal token flags; adds synchronisation, or clears overlap, where it would race.
  /// False, and nothing appended but synchronisation, if it fails, is too long, or stays unordered.
  bool emit(isa::Instruction instruction, uint64_t mostSteps);

  /// Appends as it is, flags and all, without effect on what follows: for instructions that fail.
  void emitFailing(isa::Instruction instruction) { instructions_.push_back(std::move(instruction)); }

  /// Takes back what was appended behind `count`; only before take().
  void removeFrom(size_t count) { instructions_.resize(count); }

  /// Everything so far has ended before anything that follows begins.
  void barrier();

  /// Takes every token out of a channel.
  void drain(Channel channel);

  /// Exchanges neighbours of different modules, so that instructions stand before those that push their tokens.
  void shuffle();

  /// The program with FINISH unless `finish` is false, at its place in DRAM.
  ProgramCase take(bool finish);

private:
  void order(const isa::Instruction &instruction, const AccessSet &accesses);
  void sync(Module module, bool popPrev, bool popNext, bool pushPrev, bool pushNext);
  void pass(Channel channel);
  void randomFlags(isa::Instruction &instruction);
  void append(isa::Instruction instruction, AccessSet accesses);

  isa::MachineConfig machine_;
  Random &random_;
  Context context_;
  simulator::LaunchRegisters registers_;
  HazardTracker tracker_;
  std::vector<isa::Instruction> instructions_;
  std::vector<HostWrite> writes_;
  std::vector<uint8_t> dram_; ///< what the host wrote
};

} // namespace tessera::cosim

#endif
