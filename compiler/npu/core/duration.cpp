#include "duration.h"

#include "flags.h"

#include "tessera/isa/timing.h"

namespace tessera::compiler::npu {
namespace {

isa::Dependencies dependenciesOf(const Command &c) {
  return {(c.dependencies & flags::kPopPrev) != 0, (c.dependencies & flags::kPopNext) != 0,
          (c.dependencies & flags::kPushPrev) != 0, (c.dependencies & flags::kPushNext) != 0};
}

// Commands to the instructions that record.h makes of them, as far as time goes: SET only where something changes.
class Instructions {
public:
  explicit Instructions(const Target &target) : target_(target), timing_(target.machine()) {}

  void add(const Command &c) {
    switch (c.kind) {
    case Command::Kind::Load:
      return addLoad(c);
    case Command::Kind::Store:
      return timing_.add(transferOf<isa::Store>(c));
    case Command::Kind::Reduce:
      change(c);
      return timing_.add(reduceOf(c));
    case Command::Kind::Vec:
      change(c);
      operands(c);
      return timing_.add(vecOf(c));
    case Command::Kind::Gemm:
      written_ = accessesOf(target_, c);
      return timing_.add(loopsOf<isa::Gemm>(c));
    case Command::Kind::Alu:
      return timing_.add(loopsOf<isa::Alu>(c), !conflict(written_, accessesOf(target_, c)));
    case Command::Kind::Sync: {
      isa::SetExit sync;
      sync.dependencies = dependenciesOf(c);
      return timing_.add(sync);
    }
    case Command::Kind::Mark:
      return timing_.add(isa::SetMark{});
    }
  }

  uint64_t cycles() {
    timing_.add(isa::Finish{});
    timing_.finish();
    return timing_.cycles();
  }

private:
  template <class Transfer> Transfer transferOf(const Command &c) const {
    Transfer i;
    i.dependencies = dependenciesOf(c);
    i.memoryType = c.memory;
    i.sramBase = c.sramBase;
    i.dramBase = c.place.offset / target_.elementBytes(c.memory);
    i.ySize = c.rows;
    i.xSize = c.columns;
    i.xStride = c.rows == 1 ? c.columns : c.stride;
    return i;
  }

  void addLoad(const Command &c) {
    isa::Load i = transferOf<isa::Load>(c);
    i.viaLoad = c.viaLoad();
    i.yPad0 = c.pads[0], i.yPad1 = c.pads[1], i.xPad0 = c.pads[2], i.xPad1 = c.pads[3];
    bool padded = i.yPad0 || i.yPad1 || i.xPad0 || i.xPad1;
    if (padded && c.padValue != padValue_) {
      padValue_ = c.padValue;
      timing_.add(isa::SetPad{});
    }
    timing_.add(i);
  }

  template <class Loops> Loops loopsOf(const Command &c) const {
    Loops i;
    i.dependencies = dependenciesOf(c);
    uint32_t microOps = 1, iterations = 1;
    const auto &loops = c.kernel.loops;
    for (size_t l = 0; l < loops.size(); ++l)
      (l + c.kernel.reduceLoops < loops.size() ? iterations : microOps) *= loops[l].extent;
    i.uopEnd = microOps;
    i.iterOut = 1;
    i.iterIn = iterations;
    return i;
  }

  isa::Reduce reduceOf(const Command &c) const {
    isa::Reduce i = loopsOf<isa::Reduce>(c);
    i.overlap = c.overlap;
    i.destination = c.destination;
    return i;
  }

  isa::Vec vecOf(const Command &c) const {
    isa::Vec i = loopsOf<isa::Vec>(c);
    i.overlap = c.overlap;
    i.op = isa::VecOp(c.op);
    i.destination = c.destination;
    return i;
  }

  void change(const Command &c) {
    if (c.kernel != kernel_)
      timing_.add(isa::SetGeometry{});
    if (c.exit != exit_)
      timing_.add(isa::SetExit{});
    kernel_ = c.kernel, exit_ = c.exit;
  }

  void operands(const Command &c) {
    if (c.lhs != lhs_)
      timing_.add(isa::SetLhs{{}, c.lhs.zeroPoint, c.lhs.shift, c.lhs.multiplier});
    if (c.rhs != rhs_)
      timing_.add(isa::SetRhs{{}, c.rhs.zeroPoint, c.rhs.shift, c.rhs.multiplier});
    lhs_ = c.lhs, rhs_ = c.rhs;
  }

  const Target &target_;
  isa::TimingModel timing_;
  Kernel kernel_;
  Exit exit_;
  Operand lhs_, rhs_;
  int32_t padValue_ = 0;
  Accesses written_; // of the last GEMM
};

} // namespace

uint64_t durationOf(const Target &target, std::span<const Command> commands) {
  Instructions instructions(target);
  for (const Command &command : commands)
    instructions.add(command);
  return instructions.cycles();
}

} // namespace tessera::compiler::npu
