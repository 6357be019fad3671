#include "check_memory.h"

#include "element_set.h"

#include <algorithm>

namespace tessera::isa {
namespace {

Error bounds(std::string message) {
  return Error{std::move(message), static_cast<uint32_t>(ErrorCode::SramBounds)};
}

std::string numbers(const std::string &before, uint64_t value, const std::string &between, uint64_t limit) {
  return before + " " + std::to_string(value) + " " + between + " " + std::to_string(limit);
}

} // namespace

MemoryCheck::MemoryCheck(const MachineConfig &machine, const CheckContext &context)
    : machine_(machine), context_(context), microOps_(machine, context.uopMemory) {}

Expected<void> MemoryCheck::checkDram(const char *owner, MemoryType type, uint64_t base, uint32_t ySize,
                                      uint32_t xSize, uint32_t stride) const {
  uint64_t elements = base + uint64_t{ySize - 1} * stride + xSize;
  uint64_t end = context_.bases.of(type) + elements * machine_.dramElementBytes(type);
  uint64_t limit = std::min(context_.dramBytes, uint64_t{1} << 32);
  if (end <= limit)
    return {};
  return Error{
      numbers(std::string(owner) + " of " + memoryName(type) + " ends at DRAM byte", end, "of", limit),
      static_cast<uint32_t>(ErrorCode::DramFault)};
}

Expected<void> MemoryCheck::checkIndex(const char *owner, const char *role, MemoryType type,
                                       uint64_t index) const {
  if (index < machine_.depth(type))
    return {};
  return bounds(numbers(std::string(owner) + " " + role + " reaches " + memoryName(type) + " element", index,
                        "of a depth of", machine_.depth(type)));
}

Expected<void> MemoryCheck::operator()(const Load &x) {
  if (x.ySize == 0 || x.xSize == 0)
    return {};
  const std::string memory = memoryName(x.memoryType);
  uint64_t depth = machine_.depth(x.memoryType);
  uint64_t row = uint64_t{x.xPad0} + x.xSize + x.xPad1, rows = uint64_t{x.yPad0} + x.ySize + x.yPad1;
  if (x.xSize > depth)
    return bounds(numbers("load x_size", x.xSize, "exceeds " + memory + " depth", depth));
  if (x.sramBase + row * rows > depth)
    return bounds(numbers("load of " + std::to_string(rows) + " rows of " + std::to_string(row) +
                              " elements to " + memory + " element " + std::to_string(x.sramBase) +
                              " ends at",
                          x.sramBase + row * rows, "beyond depth", depth));
  if (Expected<void> dram = checkDram("load", x.memoryType, x.dramBase, x.ySize, x.xSize, x.xStride); !dram)
    return dram;
  return x.memoryType == MemoryType::Uop ? loadMicroOps(x) : Expected<void>();
}

Expected<void> MemoryCheck::loadMicroOps(const Load &x) {
  if (!context_.readWords)
    return Error{"load of micro-ops cannot be followed: the checker has no reader of DRAM"};
  uint32_t row = x.xPad0 + x.xSize + x.xPad1;
  uint32_t element = x.sramBase + x.yPad0 * row;
  microOps_.fill(x.sramBase, x.yPad0 * row, 0);
  words_.resize(x.xSize);
  for (uint32_t y = 0; y < x.ySize; ++y, element += row) {
    uint64_t address = context_.bases.uop + 4 * (uint64_t{x.dramBase} + uint64_t{y} * x.xStride);
    if (!context_.readWords(address, words_))
      return Error{numbers("load of micro-ops cannot read", x.xSize, "words at DRAM byte", address)};
    microOps_.fill(element, x.xPad0, 0);
    microOps_.write(element + x.xPad0, words_);
    microOps_.fill(element + x.xPad0 + x.xSize, x.xPad1, 0);
  }
  microOps_.fill(element, x.yPad1 * row, 0);
  return {};
}

Expected<void> MemoryCheck::operator()(const Store &x) {
  if (x.ySize == 0 || x.xSize == 0)
    return {};
  uint64_t end = x.sramBase + uint64_t{x.ySize} * x.xSize, depth = machine_.depth(x.memoryType);
  if (end > depth)
    return bounds(numbers("store of " + std::to_string(x.ySize) + " rows of " + std::to_string(x.xSize) +
                              " elements from out element " + std::to_string(x.sramBase) + " ends at",
                          end, "beyond depth", depth));
  return checkDram("store", x.memoryType, x.dramBase, x.ySize, x.xSize, x.xStride);
}

Expected<MicroOp> MemoryCheck::greatestOf(const char *owner, const Loop &loop) {
  if (loop.end > machine_.uopDepth)
    return bounds(numbers(std::string(owner) + " uop_end", loop.end, "exceeds uop depth", machine_.uopDepth));
  MicroOpMemory::Greatest greatest = microOps_.greatest(loop.begin, loop.end);
  if (!greatest.known)
    return bounds(std::string(owner) + " uses micro-op " + std::to_string(greatest.unknownElement) +
                  ", which nothing has loaded");
  return greatest.microOp;
}

Expected<void> MemoryCheck::operator()(const Gemm &x) {
  Loop loop{x.uopBgn, x.uopEnd, x.iterOut, x.iterIn};
  if (loop.empty())
    return {};
  Expected<MicroOp> top = greatestOf("gemm", loop);
  if (!top)
    return top.error();
  if (Expected<void> dst = checkIndex("gemm", "destination", MemoryType::Acc,
                                      last(loop, {x.dstFactorOut, x.dstFactorIn, 0}, top->dst));
      !dst || x.reset)
    return dst;
  if (Expected<void> src = checkIndex("gemm", "source", MemoryType::Inp,
                                      last(loop, {x.srcFactorOut, x.srcFactorIn, 0}, top->src));
      !src)
    return src;
  return checkIndex("gemm", "weight", MemoryType::Wgt,
                    last(loop, {x.wgtFactorOut, x.wgtFactorIn, 0}, top->wgt));
}

Expected<void> MemoryCheck::operator()(const Alu &x) {
  Loop loop{x.uopBgn, x.uopEnd, x.iterOut, x.iterIn};
  if (loop.empty())
    return {};
  Expected<MicroOp> top = greatestOf("alu", loop);
  if (!top)
    return top.error();
  if (Expected<void> dst = checkIndex("alu", "destination", MemoryType::Acc,
                                      last(loop, {x.dstFactorOut, x.dstFactorIn, 0}, top->dst));
      !dst)
    return dst;
  return checkIndex("alu", "source", MemoryType::Acc,
                    last(loop, {x.srcFactorOut, x.srcFactorIn, 0}, top->src));
}

Expected<void> MemoryCheck::checkPar(const char *owner, uint32_t par) const {
  return checkIndex(owner, "par", MemoryType::Par, par);
}

Expected<void> MemoryCheck::checkResult(const char *owner, Destination destination, uint64_t index) const {
  if (destination != Destination::Inp)
    return checkIndex(owner, "destination", MemoryType::Acc, index);
  return checkIndex(owner, "destination", MemoryType::Inp, (index + 1) * machine_.inpPerOut() - 1);
}

Expected<void> MemoryCheck::operator()(const Reduce &x) {
  Loop loop{x.uopBgn, x.uopEnd, x.iterOut, x.iterIn};
  if (loop.empty())
    return {};
  Expected<MicroOp> top = greatestOf("reduce", loop);
  if (!top)
    return top.error();
  const SetGeometry &g = geometry_;
  uint64_t dst = last(loop, {g.dstFactorOut, g.dstFactorIn, x.dstBase}, top->dst);
  if (Expected<void> result = checkResult("reduce", x.destination, dst); !result)
    return result;
  if (x.init == ReduceInit::Acc)
    if (Expected<void> init = checkIndex("reduce", "initial value", MemoryType::Acc, dst); !init)
      return init;
  uint64_t src = last(loop, {g.srcFactorOut, g.srcFactorIn, x.srcBase}, top->src);
  if (x.op != ReduceOp::Matmul)
    src += (uint64_t{x.taps} + 1) * machine_.inpPerOut() - 1;
  if (Expected<void> source = checkIndex("reduce", "source", MemoryType::Inp, src); !source)
    return source;
  if (x.op == ReduceOp::Matmul || x.op == ReduceOp::Depthwise)
    if (Expected<void> weight = checkIndex("reduce", "weight", MemoryType::Wgt,
                                           last(loop, {g.wgtFactorOut, g.wgtFactorIn, x.wgtBase}, top->wgt));
        !weight)
      return weight;
  if (x.init == ReduceInit::Bias || (x.destination != Destination::Acc && exitMode_ != ExitMode::None))
    if (Expected<void> par = checkPar("reduce", x.par); !par)
      return par;
  return x.destination == Destination::Inp ? checkChain(x, loop, *top) : Expected<void>();
}

Expected<void> MemoryCheck::operator()(const Vec &x) {
  Loop loop{x.uopBgn, x.uopEnd, x.iterOut, x.iterIn};
  if (loop.empty())
    return {};
  Expected<MicroOp> top = greatestOf("vec", loop);
  if (!top)
    return top.error();
  const SetGeometry &g = geometry_;
  if (Expected<void> result =
          checkResult("vec", x.destination, last(loop, {g.dstFactorOut, g.dstFactorIn, x.dstBase}, top->dst));
      !result)
    return result;
  if (Expected<void> lhs = checkIndex("vec", "first operand", MemoryType::Acc,
                                      last(loop, {g.dstFactorOut, g.dstFactorIn, x.lhsBase}, top->dst));
      !lhs)
    return lhs;
  if (x.op != VecOp::Requantise)
    if (Expected<void> rhs = checkIndex("vec", "second operand", MemoryType::Acc,
                                        last(loop, {g.srcFactorOut, g.srcFactorIn, x.rhsBase}, top->src));
        !rhs)
      return rhs;
  bool readsBias = x.op == VecOp::Requantise && exitMode_ != ExitMode::Average;
  if (readsBias || (x.destination != Destination::Acc && exitMode_ != ExitMode::None))
    return checkPar("vec", x.par);
  return {};
}

namespace {

/// Every i * out + j * in of a loop; all are known to be below depth.
ElementSet stepsOf(uint32_t iterOut, uint32_t iterIn, uint32_t out, uint32_t in, size_t depth) {
  ElementSet set(depth);
  for (uint32_t i = 0; i < (out ? iterOut : 1); ++i)
    for (uint32_t j = 0; j < (in ? iterIn : 1); ++j)
      set.add(size_t{i} * out + size_t{j} * in);
  return set;
}

} // namespace

// The bounding ranges decide nearly always; else the exact sets do. Every index is known to be inside.
Expected<void> MemoryCheck::checkChain(const Reduce &x, const Loop &loop, const MicroOp &top) const {
  const SetGeometry &g = geometry_;
  const uint32_t r = machine_.inpPerOut(), reach = x.op == ReduceOp::Matmul ? 1 : (x.taps + 1) * r;
  uint32_t dst = top.dst, src = top.src;
  for (uint32_t u = loop.begin; u < loop.end; ++u) {
    dst = std::min(dst, microOps_[u].dst);
    src = std::min(src, microOps_[u].src);
  }
  uint64_t firstWritten = uint64_t{dst + x.dstBase} * r, firstRead = src + x.srcBase;
  uint64_t endWritten = (last(loop, {g.dstFactorOut, g.dstFactorIn, x.dstBase}, top.dst) + 1) * r;
  uint64_t endRead = last(loop, {g.srcFactorOut, g.srcFactorIn, x.srcBase}, top.src) + reach;
  if (endWritten <= firstRead || endRead <= firstWritten)
    return {};

  const size_t depth = machine_.inpDepth;
  ElementSet dstSteps = stepsOf(loop.iterOut, loop.iterIn, g.dstFactorOut, g.dstFactorIn, depth);
  ElementSet srcSteps = stepsOf(loop.iterOut, loop.iterIn, g.srcFactorOut, g.srcFactorIn, depth);
  ElementSet written(depth), read(depth);
  for (uint32_t u = loop.begin; u < loop.end; ++u) {
    written.addShifted(dstSteps, microOps_[u].dst + x.dstBase);
    for (uint32_t t = 0; t < reach; ++t)
      read.addShifted(srcSteps, microOps_[u].src + x.srcBase + t);
  }
  for (size_t e = 0; e < depth; ++e)
    if (read.has(e) && written.has(e / r))
      return Error{"reduce reads inp element " + std::to_string(e) + ", which it writes itself",
                   static_cast<uint32_t>(ErrorCode::BadField)};
  return {};
}

Expected<void> MemoryCheck::operator()(const SetGeometry &x) {
  geometry_ = x;
  return {};
}

Expected<void> MemoryCheck::operator()(const SetExit &x) {
  exitMode_ = x.mode;
  return {};
}

} // namespace tessera::isa
