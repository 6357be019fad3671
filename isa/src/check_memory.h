// Every index and address of an instruction lies in its memory.
#pragma once

#include "micro_op_memory.h"
#include "tessera/isa/checker.h"

namespace tessera::isa {

/// Takes the instructions in program order: it carries the registers of SET and the contents of UOP memory. Messages name
/// the place but not yet the instruction.
class MemoryCheck {
public:
  MemoryCheck(const MachineConfig &machine, const CheckContext &context);

  Expected<void> check(const Instruction &instruction) { return std::visit(*this, instruction); }

  Expected<void> operator()(const Load &x);
  Expected<void> operator()(const Store &x);
  Expected<void> operator()(const Gemm &x);
  Expected<void> operator()(const Alu &x);
  Expected<void> operator()(const Reduce &x);
  Expected<void> operator()(const Vec &x);
  Expected<void> operator()(const SetGeometry &x);
  Expected<void> operator()(const SetExit &x);
  Expected<void> operator()(const Finish &) { return {}; }
  Expected<void> operator()(const SetLhs &) { return {}; }
  Expected<void> operator()(const SetRhs &) { return {}; }
  Expected<void> operator()(const SetPad &) { return {}; }
  Expected<void> operator()(const SetMark &) { return {}; }

private:
  struct Loop {
    uint32_t begin, end, iterOut, iterIn; ///< micro-ops [begin, end), iterations
    bool empty() const { return begin >= end || iterOut == 0 || iterIn == 0; }
  };
  struct Steps {
    uint32_t out, in, base;
  };

  Expected<void> checkDram(const char *owner, MemoryType type, uint64_t base, uint32_t ySize, uint32_t xSize,
                           uint32_t stride) const;
  Expected<void> checkIndex(const char *owner, const char *role, MemoryType type, uint64_t index) const;
  Expected<MicroOp> greatestOf(const char *owner, const Loop &loop);
  Expected<void> checkPar(const char *owner, uint32_t par) const;
  Expected<void> checkResult(const char *owner, Destination destination, uint64_t index) const;
  Expected<void> loadMicroOps(const Load &x);
  Expected<void> checkChain(const Reduce &x, const Loop &loop, const MicroOp &top) const;

  static uint64_t last(const Loop &loop, const Steps &steps, uint32_t microOp) {
    return uint64_t{microOp} + uint64_t{loop.iterOut - 1} * steps.out + uint64_t{loop.iterIn - 1} * steps.in +
           steps.base;
  }

  const MachineConfig &machine_;
  const CheckContext &context_;
  MicroOpMemory microOps_;
  std::vector<uint32_t> words_; ///< scratch of loadMicroOps
  SetGeometry geometry_;
  ExitMode exitMode_ = ExitMode::None;
};

} // namespace tessera::isa
