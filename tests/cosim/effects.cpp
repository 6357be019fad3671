#include "effects.h"

#include <algorithm>
#include <cstring>

namespace tessera::cosim {

using isa::ErrorCode;
using isa::MemoryType;

namespace {

Space spaceOf(MemoryType type) {
  switch (type) {
  case MemoryType::Uop:
    return Space::Uop;
  case MemoryType::Wgt:
    return Space::Wgt;
  case MemoryType::Inp:
    return Space::Inp;
  case MemoryType::Par:
    return Space::Par;
  case MemoryType::Out:
    return Space::Out;
  case MemoryType::Acc:
  case MemoryType::Acc8bit:
    return Space::Acc;
  }
  return Space::Acc;
}

class Walker {
public:
  Walker(const isa::MachineConfig &m, const simulator::LaunchRegisters &r, uint32_t dramBytes,
         const Context &c)
      : machine_(m), registers_(r), dramBytes_(dramBytes), context_(c) {}

  Effects effects;

  void operator()(const isa::Load &x) {
    if (x.xSize == 0 || x.ySize == 0)
      return;
    const uint64_t row = uint64_t{x.xPad0} + x.xSize + x.xPad1, rows = uint64_t{x.yPad0} + x.ySize + x.yPad1;
    effects.steps = row * rows;
    if (x.sramBase + row * rows > machine_.depth(x.memoryType))
      return fail(ErrorCode::SramBounds);
    const auto begin = x.sramBase, end = static_cast<uint32_t>(x.sramBase + row * rows);
    effects.accesses.writing(spaceOf(x.memoryType)).add(begin, end);
    if (spaceOf(x.memoryType) == Space::Acc)
      effects.accesses.writing(Space::Out).add(begin, end);
    dramRows(x, effects.accesses.reading(Space::Dram));
  }
  void operator()(const isa::Store &x) {
    if (x.xSize == 0 || x.ySize == 0)
      return;
    effects.steps = uint64_t{x.xSize} * x.ySize;
    if (x.sramBase + effects.steps > machine_.accDepth)
      return fail(ErrorCode::SramBounds);
    effects.accesses.reading(Space::Out).add(x.sramBase, static_cast<uint32_t>(x.sramBase + effects.steps));
    dramRows(x, effects.accesses.writing(Space::Dram));
  }
  void operator()(const isa::Gemm &x) {
    forSteps(x, [&](const isa::MicroOp &u, uint32_t i, uint32_t j) {
      accumulator(u.dst + i * x.dstFactorOut + j * x.dstFactorIn, !x.reset);
      if (x.reset)
        return;
      touch(Space::Inp, u.src + i * x.srcFactorOut + j * x.srcFactorIn, 1, machine_.inpDepth);
      touch(Space::Wgt, u.wgt + i * x.wgtFactorOut + j * x.wgtFactorIn, 1, machine_.wgtDepth);
    });
  }
  void operator()(const isa::Alu &x) {
    forSteps(x, [&](const isa::MicroOp &u, uint32_t i, uint32_t j) {
      touch(Space::Acc, u.src + i * x.srcFactorOut + j * x.srcFactorIn, 1, machine_.accDepth);
      accumulator(u.dst + i * x.dstFactorOut + j * x.dstFactorIn, !x.useImm);
    });
  }
  void operator()(const isa::Reduce &x) {
    const isa::SetGeometry &g = context_.geometry;
    const uint32_t perOut = machine_.inpPerOut();
    const bool matmul = x.op == isa::ReduceOp::Matmul;
    forSteps(x, [&](const isa::MicroOp &u, uint32_t i, uint32_t j) {
      const uint32_t d = u.dst + i * g.dstFactorOut + j * g.dstFactorIn + x.dstBase;
      if (x.init == isa::ReduceInit::Acc)
        touch(Space::Acc, d, 1, machine_.accDepth);
      result(x.destination, d);
      touch(Space::Inp, u.src + i * g.srcFactorOut + j * g.srcFactorIn + x.srcBase,
            matmul ? 1 : (x.taps + 1) * perOut, machine_.inpDepth);
      if (matmul || x.op == isa::ReduceOp::Depthwise)
        touch(Space::Wgt, u.wgt + i * g.wgtFactorOut + j * g.wgtFactorIn + x.wgtBase, 1, machine_.wgtDepth);
    });
    const bool exits = x.destination != isa::Destination::Acc && context_.exitMode != isa::ExitMode::None;
    if (effects.steps && (x.init == isa::ReduceInit::Bias || exits))
      touch(Space::Par, x.par, 1, machine_.parDepth);
  }
  void operator()(const isa::Vec &x) {
    const isa::SetGeometry &g = context_.geometry;
    forSteps(x, [&](const isa::MicroOp &u, uint32_t i, uint32_t j) {
      const uint32_t step = u.dst + i * g.dstFactorOut + j * g.dstFactorIn;
      touch(Space::Acc, step + x.lhsBase, 1, machine_.accDepth);
      if (x.op != isa::VecOp::Requantise)
        touch(Space::Acc, u.src + i * g.srcFactorOut + j * g.srcFactorIn + x.rhsBase, 1, machine_.accDepth);
      result(x.destination, step + x.dstBase);
    });
    if (effects.steps)
      touch(Space::Par, x.par, 1, machine_.parDepth);
  }
  template <class Other> void operator()(const Other &) {}

private:
  template <class Transfer> void dramRows(const Transfer &x, PieceSet &pieces) {
    const uint32_t bytes = machine_.dramElementBytes(x.memoryType);
    for (uint32_t y = 0; y < x.ySize; ++y) {
      const uint64_t begin =
          registers_.bases.of(x.memoryType) + (uint64_t{x.dramBase} + uint64_t{y} * x.xStride) * bytes;
      const uint64_t end = begin + uint64_t{x.xSize} * bytes;
      if (end > dramBytes_)
        return fail(ErrorCode::DramFault);
      pieces.add(static_cast<uint32_t>(begin), static_cast<uint32_t>(end));
    }
  }
  template <class Kernel, class Step> void forSteps(const Kernel &x, Step step) {
    if (x.iterOut == 0 || x.iterIn == 0 || x.uopBgn >= x.uopEnd)
      return;
    effects.steps = uint64_t{x.iterOut} * x.iterIn * (x.uopEnd - x.uopBgn);
    if (x.uopEnd > machine_.uopDepth)
      return fail(ErrorCode::SramBounds);
    effects.accesses.reading(Space::Uop).add(x.uopBgn, x.uopEnd);
    if (effects.steps > kMostSteps)
      return;
    for (uint32_t i = 0; i < x.iterOut; ++i)
      for (uint32_t j = 0; j < x.iterIn; ++j)
        for (uint32_t n = x.uopBgn; n < x.uopEnd; ++n)
          step(context_.uop[n], i, j);
  }
  void touch(Space space, uint32_t index, uint32_t count, uint32_t depth) {
    if (uint64_t{index} + count > depth)
      return fail(ErrorCode::SramBounds);
    effects.accesses.reading(space).add(index, index + count);
  }
  void accumulator(uint32_t d, bool reads) {
    if (d >= machine_.accDepth)
      return fail(ErrorCode::SramBounds);
    if (reads)
      effects.accesses.reading(Space::Acc).add(d, d + 1);
    effects.accesses.writing(Space::Acc).add(d, d + 1);
    effects.accesses.writing(Space::Out).add(d, d + 1);
  }
  void result(isa::Destination destination, uint32_t d) {
    if (destination == isa::Destination::Acc)
      return accumulator(d, false);
    if (destination == isa::Destination::Out) {
      if (d >= machine_.accDepth)
        return fail(ErrorCode::SramBounds);
      effects.accesses.writing(Space::Out).add(d, d + 1);
      return;
    }
    const uint32_t perOut = machine_.inpPerOut();
    if (uint64_t{d} * perOut + perOut > machine_.inpDepth)
      return fail(ErrorCode::SramBounds);
    effects.accesses.writing(Space::Inp).add(d * perOut, (d + 1) * perOut);
  }
  void fail(ErrorCode code) {
    if (effects.error == ErrorCode::None)
      effects.error = code;
  }

  const isa::MachineConfig &machine_;
  const simulator::LaunchRegisters &registers_;
  uint32_t dramBytes_;
  const Context &context_;
};

void loadMicroOps(const isa::MachineConfig &machine, const simulator::LaunchRegisters &registers,
                  std::span<const uint8_t> dram, Context &context, const isa::Load &x) {
  if (x.xSize == 0 || x.ySize == 0)
    return;
  const isa::Layout layout(machine);
  uint32_t index = x.sramBase;
  const uint32_t row = x.xPad0 + x.xSize + x.xPad1;
  const auto put = [&](isa::MicroOp u) {
    if (index < context.uop.size())
      context.uop[index] = u;
    ++index;
  };
  for (uint32_t n = 0; n < x.yPad0 * row; ++n)
    put({});
  for (uint32_t y = 0; y < x.ySize; ++y) {
    for (uint32_t n = 0; n < x.xPad0; ++n)
      put({});
    for (uint32_t n = 0; n < x.xSize; ++n) {
      const uint64_t address = registers.bases.uop + (uint64_t{x.dramBase} + uint64_t{y} * x.xStride + n) * 4;
      uint32_t word = 0;
      if (address + 4 <= dram.size())
        std::memcpy(&word, dram.data() + address, 4);
      put(layout.decodeMicroOp(word));
    }
    for (uint32_t n = 0; n < x.xPad1; ++n)
      put({});
  }
  for (uint32_t n = 0; n < x.yPad1 * row; ++n)
    put({});
}

} // namespace

Effects effectsOf(const isa::MachineConfig &machine, const simulator::LaunchRegisters &registers,
                  uint32_t dramBytes, const Context &context, const isa::Instruction &instruction) {
  Walker walker(machine, registers, dramBytes, context);
  std::visit(walker, instruction);
  return std::move(walker.effects);
}

void advance(const isa::MachineConfig &machine, const simulator::LaunchRegisters &registers,
             std::span<const uint8_t> dram, Context &context, const isa::Instruction &instruction) {
  if (const auto *load = std::get_if<isa::Load>(&instruction)) {
    if (load->memoryType == MemoryType::Uop)
      loadMicroOps(machine, registers, dram, context, *load);
  } else if (const auto *geometry = std::get_if<isa::SetGeometry>(&instruction)) {
    context.geometry = *geometry;
  } else if (const auto *exit = std::get_if<isa::SetExit>(&instruction)) {
    context.exitMode = exit->mode;
  }
}

} // namespace tessera::cosim
