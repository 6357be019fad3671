// A second interpreter, written from docs/instruction-set.md line by line: slow and obvious. It checks the fast functional
// model. The runnable module is drawn at random, so that a program that races shows by differing.
#ifndef TESSERA_TESTS_REFERENCE_INTERPRETER_H
#define TESSERA_TESTS_REFERENCE_INTERPRETER_H

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <vector>

#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"
#include "tessera/isa/numerics.h"
#include "tessera/simulator/functional_core.h"

namespace tessera::tests {

class ReferenceInterpreter {
public:
  /// Seed 0: no drawing, the lowest runnable index first.
  ReferenceInterpreter(const isa::MachineConfig &machine, uint64_t seed);

  /// Scratchpads persist from run to run.
  simulator::RunResult run(const simulator::LaunchRegisters &registers, std::span<uint8_t> dram);

private:
  struct Failure {
    isa::ErrorCode code;
  };
  using Element = std::vector<int32_t>; ///< values of an element in the order of its bytes in DRAM

  void load(const isa::Load &x);
  void store(const isa::Store &x);
  void gemm(const isa::Gemm &x);
  void alu(const isa::Alu &x);
  void reduce(const isa::Reduce &x);
  void vec(const isa::Vec &x);
  void execute(const isa::Instruction &x);

  Element &at(std::vector<Element> &memory, uint64_t index);
  void writeAcc(uint64_t index, const Element &value);
  void writeResult(isa::Destination destination, uint64_t d, uint32_t par, const Element &v);
  int32_t leave(int32_t v, uint32_t par, uint32_t o);
  uint8_t byteAt(uint64_t address);
  isa::MicroOp microOp(uint32_t index);

  isa::MachineConfig machine_;
  isa::Layout layout_;
  std::mt19937_64 random_;
  bool inOrder_;
  std::vector<Element> uop_, wgt_, inp_, acc_, out_, par_;
  simulator::LaunchRegisters registers_;
  std::span<uint8_t> dram_;
  isa::SetGeometry geometry_;
  isa::SetExit exit_;
  isa::SetLhs lhs_;
  isa::SetRhs rhs_;
  int32_t pad_ = 0;
};

} // namespace tessera::tests

#endif
