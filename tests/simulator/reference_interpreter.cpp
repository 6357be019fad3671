#include "reference_interpreter.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace tessera::tests {

using isa::ErrorCode;
using isa::MemoryType;

ReferenceInterpreter::ReferenceInterpreter(const isa::MachineConfig &m, uint64_t seed)
    : machine_(m), layout_(m), random_(seed), inOrder_(seed == 0), uop_(m.uopDepth, Element(1)),
      wgt_(m.wgtDepth, Element(m.blockOut * m.blockIn)), inp_(m.inpDepth, Element(m.batch * m.blockIn)),
      acc_(m.accDepth, Element(m.batch * m.blockOut)), out_(m.accDepth, Element(m.batch * m.blockOut)),
      par_(m.parDepth, Element(3 * m.blockOut)) {}

ReferenceInterpreter::Element &ReferenceInterpreter::at(std::vector<Element> &memory, uint64_t index) {
  if (index >= memory.size())
    throw Failure{ErrorCode::SramBounds};
  return memory[index];
}

uint8_t ReferenceInterpreter::byteAt(uint64_t address) {
  if (address >= dram_.size())
    throw Failure{ErrorCode::DramFault};
  return dram_[address];
}

isa::MicroOp ReferenceInterpreter::microOp(uint32_t index) {
  return layout_.decodeMicroOp(static_cast<uint32_t>(at(uop_, index)[0]));
}

void ReferenceInterpreter::writeAcc(uint64_t index, const Element &value) {
  at(acc_, index) = value;
  for (size_t i = 0; i < value.size(); ++i)
    at(out_, index)[i] = isa::lowByte(value[i]);
}

void ReferenceInterpreter::load(const isa::Load &x) {
  if (x.xSize == 0 || x.ySize == 0)
    return;
  std::vector<Element> *memory = nullptr;
  uint64_t base = 0;
  size_t width = 4; // bytes of one value
  switch (x.memoryType) {
  case MemoryType::Uop:
    memory = &uop_, base = registers_.bases.uop;
    break;
  case MemoryType::Wgt:
    memory = &wgt_, base = registers_.bases.wgt, width = 1;
    break;
  case MemoryType::Inp:
    memory = &inp_, base = registers_.bases.inp, width = 1;
    break;
  case MemoryType::Acc:
    memory = &acc_, base = registers_.bases.acc;
    break;
  case MemoryType::Acc8bit:
    memory = &acc_, base = registers_.bases.acc, width = 1;
    break;
  case MemoryType::Par:
    memory = &par_, base = registers_.bases.par;
    break;
  case MemoryType::Out:
    throw Failure{ErrorCode::BadMemoryType};
  }
  const uint64_t columns = uint64_t{x.xPad0} + x.xSize + x.xPad1,
                 rows = uint64_t{x.yPad0} + x.ySize + x.yPad1;
  if (x.sramBase + columns * rows > memory->size())
    throw Failure{ErrorCode::SramBounds};
  const bool padded = x.memoryType == MemoryType::Inp || (x.memoryType == MemoryType::Acc8bit && x.viaLoad);
  const size_t values = (*memory)[0].size();
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t column = 0; column < columns; ++column) {
      const bool inside =
          row >= x.yPad0 && row < x.yPad0 + x.ySize && column >= x.xPad0 && column < x.xPad0 + x.xSize;
      Element element(values, padded ? pad_ : 0);
      if (inside) {
        const uint64_t number = x.dramBase + (row - x.yPad0) * x.xStride + (column - x.xPad0);
        for (size_t i = 0; i < values; ++i) {
          const uint64_t address = base + (number * values + i) * width;
          uint32_t value = 0;
          for (size_t b = 0; b < width; ++b)
            value |= uint32_t{byteAt(address + b)} << (8 * b);
          element[i] = width == 1 ? static_cast<int8_t>(value) : static_cast<int32_t>(value);
        }
      }
      const uint64_t index = x.sramBase + row * columns + column;
      if (memory == &acc_)
        writeAcc(index, element);
      else
        (*memory)[index] = element;
    }
}

void ReferenceInterpreter::store(const isa::Store &x) {
  if (x.xSize == 0 || x.ySize == 0)
    return;
  if (x.sramBase + uint64_t{x.xSize} * x.ySize > out_.size())
    throw Failure{ErrorCode::SramBounds};
  const size_t values = out_[0].size();
  for (uint64_t y = 0; y < x.ySize; ++y)
    for (uint64_t n = 0; n < x.xSize; ++n)
      for (size_t i = 0; i < values; ++i) {
        const uint64_t address = registers_.bases.out + (x.dramBase + y * x.xStride + n) * values + i;
        byteAt(address);
        dram_[address] = static_cast<uint8_t>(out_[x.sramBase + y * x.xSize + n][i]);
      }
}

void ReferenceInterpreter::gemm(const isa::Gemm &x) {
  for (uint64_t i = 0; i < x.iterOut; ++i)
    for (uint64_t j = 0; j < x.iterIn; ++j)
      for (uint32_t n = x.uopBgn; n < x.uopEnd; ++n) {
        const isa::MicroOp u = microOp(n);
        const uint64_t d = u.dst + i * x.dstFactorOut + j * x.dstFactorIn;
        Element sum = at(acc_, d);
        if (x.reset) {
          sum.assign(sum.size(), 0);
        } else {
          const Element &input = at(inp_, u.src + i * x.srcFactorOut + j * x.srcFactorIn);
          const Element &weight = at(wgt_, u.wgt + i * x.wgtFactorOut + j * x.wgtFactorIn);
          for (uint32_t b = 0; b < machine_.batch; ++b)
            for (uint32_t o = 0; o < machine_.blockOut; ++o)
              for (uint32_t k = 0; k < machine_.blockIn; ++k) {
                int32_t &s = sum[b * machine_.blockOut + o];
                s = isa::wrapAdd(s, input[b * machine_.blockIn + k] * weight[o * machine_.blockIn + k]);
              }
        }
        writeAcc(d, sum);
      }
}

void ReferenceInterpreter::alu(const isa::Alu &x) {
  for (uint64_t i = 0; i < x.iterOut; ++i)
    for (uint64_t j = 0; j < x.iterIn; ++j)
      for (uint32_t n = x.uopBgn; n < x.uopEnd; ++n) {
        const isa::MicroOp u = microOp(n);
        const uint64_t d = u.dst + i * x.dstFactorOut + j * x.dstFactorIn;
        const Element source = at(acc_, u.src + i * x.srcFactorOut + j * x.srcFactorIn);
        Element result = at(acc_, d);
        for (size_t l = 0; l < result.size(); ++l)
          result[l] = x.useImm ? isa::aluOp(x.aluOpcode, source[l], x.imm)
                               : isa::aluOp(x.aluOpcode, result[l], source[l]);
        writeAcc(d, result);
      }
}

int32_t ReferenceInterpreter::leave(int32_t v, uint32_t par, uint32_t o) {
  const isa::ExitSettings settings{exit_.mode, exit_.zeroPoint, exit_.clampMin, exit_.clampMax};
  if (exit_.mode == isa::ExitMode::None)
    return isa::exitValue(v, 0, 0, 0, settings);
  const Element &p = at(par_, par);
  return isa::exitValue(v, static_cast<uint32_t>(p[machine_.blockOut + o]), p[2 * machine_.blockOut + o],
                        p[o], settings);
}

void ReferenceInterpreter::writeResult(isa::Destination destination, uint64_t d, uint32_t par,
                                       const Element &v) {
  const uint32_t blockIn = machine_.blockIn, blockOut = machine_.blockOut, perOut = machine_.inpPerOut();
  if (destination == isa::Destination::Acc)
    return writeAcc(d, v);
  if (destination == isa::Destination::Out) {
    Element &result = at(out_, d);
    for (uint32_t l = 0; l < v.size(); ++l)
      result[l] = leave(v[l], par, l % blockOut);
    return;
  }
  for (uint32_t h = 0; h < perOut; ++h) {
    Element &result = at(inp_, d * perOut + h);
    for (uint32_t b = 0; b < machine_.batch; ++b)
      for (uint32_t k = 0; k < blockIn; ++k)
        result[b * blockIn + k] = leave(v[b * blockOut + h * blockIn + k], par, h * blockIn + k);
  }
}

void ReferenceInterpreter::reduce(const isa::Reduce &x) {
  const isa::SetGeometry &g = geometry_;
  const uint32_t perOut = machine_.inpPerOut(), blockIn = machine_.blockIn, blockOut = machine_.blockOut;
  const auto input = [&](uint64_t s, uint32_t t, uint32_t b, uint32_t o) {
    return at(inp_, s + t * perOut + o / blockIn)[b * blockIn + o % blockIn];
  };
  for (uint64_t i = 0; i < x.iterOut; ++i)
    for (uint64_t j = 0; j < x.iterIn; ++j)
      for (uint32_t first = x.uopBgn; first < x.uopEnd;) {
        uint32_t last = first + 1;
        while (last < x.uopEnd && microOp(last).dst == microOp(first).dst)
          ++last;
        const uint64_t d = microOp(first).dst + i * g.dstFactorOut + j * g.dstFactorIn + x.dstBase;
        Element sum(machine_.batch * blockOut);
        for (uint32_t b = 0; b < machine_.batch; ++b)
          for (uint32_t o = 0; o < blockOut; ++o) {
            int32_t &s = sum[b * blockOut + o];
            if (x.init == isa::ReduceInit::Zero)
              s = x.op == isa::ReduceOp::Max ? std::numeric_limits<int32_t>::min() : 0;
            if (x.init == isa::ReduceInit::Bias)
              s = at(par_, x.par)[o];
            if (x.init == isa::ReduceInit::Acc)
              s = at(acc_, d)[b * blockOut + o];
            for (uint32_t n = first; n < last; ++n) {
              const isa::MicroOp u = microOp(n);
              const uint64_t source = u.src + i * g.srcFactorOut + j * g.srcFactorIn + x.srcBase;
              const uint64_t w = u.wgt + i * g.wgtFactorOut + j * g.wgtFactorIn + x.wgtBase;
              if (x.op == isa::ReduceOp::Matmul)
                for (uint32_t k = 0; k < blockIn; ++k)
                  s = isa::wrapAdd(s, at(inp_, source)[b * blockIn + k] * at(wgt_, w)[o * blockIn + k]);
              else
                for (uint32_t t = 0; t <= x.taps; ++t) {
                  const int32_t value = input(source, t, b, o);
                  if (x.op == isa::ReduceOp::Depthwise)
                    s = isa::wrapAdd(s, value * at(wgt_, w)[o * blockIn + t]);
                  if (x.op == isa::ReduceOp::Sum)
                    s = isa::wrapAdd(s, value);
                  if (x.op == isa::ReduceOp::Max)
                    s = std::max(s, value);
                }
            }
          }
        writeResult(x.destination, d, x.par, sum);
        first = last;
      }
}

void ReferenceInterpreter::vec(const isa::Vec &x) {
  const isa::SetGeometry &g = geometry_;
  const isa::OperandSettings lhs{lhs_.zeroPoint, lhs_.multiplier, lhs_.shift};
  const isa::OperandSettings rhs{rhs_.zeroPoint, rhs_.multiplier, rhs_.shift};
  for (uint64_t i = 0; i < x.iterOut; ++i)
    for (uint64_t j = 0; j < x.iterIn; ++j)
      for (uint32_t n = x.uopBgn; n < x.uopEnd; ++n) {
        const isa::MicroOp u = microOp(n);
        const uint64_t step = u.dst + i * g.dstFactorOut + j * g.dstFactorIn;
        const Element a = at(acc_, step + x.lhsBase);
        Element v(a.size());
        if (x.op == isa::VecOp::Requantise) {
          for (size_t l = 0; l < a.size(); ++l)
            v[l] = exit_.mode == isa::ExitMode::Average
                       ? a[l]
                       : isa::wrapAdd(a[l], at(par_, x.par)[l % machine_.blockOut]);
        } else {
          const Element c = at(acc_, u.src + i * g.srcFactorOut + j * g.srcFactorIn + x.rhsBase);
          for (size_t l = 0; l < a.size(); ++l)
            v[l] = x.op == isa::VecOp::Add
                       ? isa::wrapAdd(isa::scaleOperand(a[l], lhs, exit_.mode),
                                      isa::scaleOperand(c[l], rhs, exit_.mode))
                       : (isa::lowByte(a[l]) - lhs.zeroPoint) * (isa::lowByte(c[l]) - rhs.zeroPoint);
        }
        writeResult(x.destination, step + x.dstBase, x.par, v);
      }
}

void ReferenceInterpreter::execute(const isa::Instruction &instruction) {
  if (const auto *x = std::get_if<isa::Load>(&instruction))
    load(*x);
  if (const auto *x = std::get_if<isa::Store>(&instruction))
    store(*x);
  if (const auto *x = std::get_if<isa::Gemm>(&instruction))
    gemm(*x);
  if (const auto *x = std::get_if<isa::Alu>(&instruction))
    alu(*x);
  if (const auto *x = std::get_if<isa::Reduce>(&instruction))
    reduce(*x);
  if (const auto *x = std::get_if<isa::Vec>(&instruction))
    vec(*x);
  if (const auto *x = std::get_if<isa::SetGeometry>(&instruction))
    geometry_ = *x;
  if (const auto *x = std::get_if<isa::SetExit>(&instruction))
    exit_ = *x;
  if (const auto *x = std::get_if<isa::SetLhs>(&instruction))
    lhs_ = *x;
  if (const auto *x = std::get_if<isa::SetRhs>(&instruction))
    rhs_ = *x;
  if (const auto *x = std::get_if<isa::SetPad>(&instruction))
    pad_ = x->value;
}

simulator::RunResult ReferenceInterpreter::run(const simulator::LaunchRegisters &registers,
                                               std::span<uint8_t> dram) {
  registers_ = registers;
  dram_ = dram;
  geometry_ = {};
  exit_ = {};
  lhs_ = {};
  rhs_ = {};
  pad_ = 0;

  simulator::RunResult result;
  const auto fail = [&](ErrorCode code, uint32_t index) {
    if (result.code == ErrorCode::None || index < result.index)
      result.code = code, result.index = index;
  };
  // Fetch: every instruction up to FINISH to the queue of its module.
  enum { kLoad, kCompute, kStore };
  std::map<uint32_t, isa::Instruction> queues[3];
  bool finished = false;
  for (uint32_t n = 0; n < registers.insnCount && !finished; ++n) {
    const uint64_t address = uint64_t{registers.insnAddress} + uint64_t{n} * 16;
    if (address + 16 > dram.size()) {
      fail(ErrorCode::DramFault, n);
      break;
    }
    isa::Word128 word;
    std::memcpy(&word, dram.data() + address, 16);
    const auto decoded = layout_.decode(word);
    if (!decoded) {
      fail(static_cast<ErrorCode>(decoded.error().code), n);
      break;
    }
    int module = kCompute;
    if (const auto *x = std::get_if<isa::Load>(&*decoded))
      if (x->memoryType == MemoryType::Inp || x->memoryType == MemoryType::Wgt ||
          x->memoryType == MemoryType::Par || x->viaLoad)
        module = kLoad;
    if (std::holds_alternative<isa::SetPad>(*decoded))
      module = kLoad;
    if (std::holds_alternative<isa::Store>(*decoded))
      module = kStore;
    finished = std::holds_alternative<isa::Finish>(*decoded);
    queues[module].emplace(n, *decoded);
  }
  if (!finished && result.code == ErrorCode::None)
    fail(ErrorCode::NoFinish, registers.insnCount);

  int tokens[3][3] = {}; // [from][to]
  for (;;) {
    std::vector<int> runnable;
    for (int m = 0; m < 3; ++m) {
      if (queues[m].empty())
        continue;
      const auto &[index, instruction] = *queues[m].begin();
      const isa::Dependencies &flags =
          std::visit([](const auto &x) -> const isa::Dependencies & { return x.dependencies; }, instruction);
      const bool waits = (flags.popPrev && m > kLoad && tokens[m - 1][m] == 0) ||
                         (flags.popNext && m < kStore && tokens[m + 1][m] == 0);
      if (!waits && (result.code == ErrorCode::None || index < result.index))
        runnable.push_back(m);
    }
    if (runnable.empty())
      break;
    const auto lower = [&](int a, int b) { return queues[a].begin()->first < queues[b].begin()->first; };
    const int m = inOrder_ ? *std::min_element(runnable.begin(), runnable.end(), lower)
                           : runnable[random_() % runnable.size()];
    const auto [index, instruction] = *queues[m].begin();
    queues[m].erase(queues[m].begin());
    const isa::Dependencies flags = std::visit([](const auto &x) { return x.dependencies; }, instruction);
    if (flags.popPrev && m > kLoad)
      --tokens[m - 1][m];
    if (flags.popNext && m < kStore)
      --tokens[m + 1][m];
    try {
      execute(instruction);
    } catch (const Failure &failure) {
      fail(failure.code, index);
      continue;
    }
    if (flags.pushPrev && m > kLoad)
      ++tokens[m][m - 1];
    if (flags.pushNext && m < kStore)
      ++tokens[m][m + 1];
    ++result.instructions;
  }
  uint32_t waiting = std::numeric_limits<uint32_t>::max();
  for (const auto &queue : queues)
    if (!queue.empty())
      waiting = std::min(waiting, queue.begin()->first);
  if (result.code == ErrorCode::None && waiting != std::numeric_limits<uint32_t>::max())
    fail(ErrorCode::Deadlock, waiting);
  return result;
}

} // namespace tessera::tests
