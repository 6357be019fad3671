#include "random_instructions.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "dram_map.h"
#include "tessera/isa/numerics.h"

namespace tessera::cosim {

using isa::MemoryType;

namespace {
constexpr uint32_t kMicroOps = 160; ///< that the host writes for each program; no load reads others
}

RandomInstructions::RandomInstructions(ProgramBuilder &builder, isa::Level level)
    : builder_(builder), random_(builder.random()), machine_(builder.machine()), level_(level),
      window_(random_.pick({4u, 16u, 16u, 48u})), uopWindow_(random_.pick({8u, 24u, 64u})) {}

uint32_t RandomInstructions::index(uint32_t depth) {
  const uint32_t n = random_.below(100);
  if (n < 94)
    return random_.below(std::min(window_, depth));
  if (n < 97)
    return depth - 1 - random_.below(std::min(window_, depth));
  return random_.below(depth);
}

isa::MicroOp RandomInstructions::microOp(uint32_t dst) {
  return {dst, index(std::min(machine_.inpDepth, machine_.accDepth)), index(machine_.wgtDepth)};
}

void RandomInstructions::prepareDram() {
  const isa::Layout layout(machine_);
  // Runs of one destination, as kernels have them; sometimes the same one every time.
  std::vector<uint8_t> words(kMicroOps * 4);
  uint32_t dst = 0, left = 0;
  const uint32_t longestRun = random_.pick({1u, 3u, 6u, 40u});
  for (uint32_t n = 0; n < kMicroOps; ++n) {
    if (left == 0) {
      dst = index(machine_.accDepth);
      left = random_.range(1, longestRun);
    }
    --left;
    const uint32_t word = layout.encodeMicroOp(microOp(dst));
    std::memcpy(words.data() + n * 4, &word, 4);
  }
  builder_.hostWrite(kUopBegin, std::move(words));
  if (level_ == isa::Level::Vta)
    return;

  const uint32_t rows = 3 * machine_.blockOut, elements = random_.range(4, 16);
  std::vector<uint8_t> par(size_t{elements} * rows * 4);
  for (uint32_t e = 0; e < elements; ++e) {
    const uint32_t style = random_.below(5);
    for (uint32_t o = 0; o < machine_.blockOut; ++o) {
      uint32_t bias = static_cast<uint32_t>(random_.between(-20000, 20000)), multiplier = 0;
      int32_t shift = 0;
      switch (style) {
      case 0: // what a quantised convolution has
      case 1:
        multiplier = (1u << 30) + random_.below(1u << 30);
        shift = -random_.between(0, 14);
        break;
      case 2: // a float32 scale
        multiplier = std::bit_cast<uint32_t>(static_cast<float>(random_.range(1, 4000)) / 65536.0f);
        break;
      case 3: { // division by a count
        const isa::AverageRows rowsOf = isa::averageReciprocal(random_.range(1, 200));
        bias = static_cast<uint32_t>(rowsOf.bias);
        multiplier = rowsOf.multiplier;
        shift = rowsOf.shift;
        break;
      }
      default: // anything
        bias = random_.word();
        multiplier = random_.chance(50) ? random_.word()
                                        : random_.pick({0u, 0x80000000u, 0x7fffffffu, 0x7f800000u, 1u});
        shift = static_cast<int32_t>(random_.word());
        break;
      }
      const uint32_t values[3] = {bias, multiplier, static_cast<uint32_t>(shift)};
      for (uint32_t row = 0; row < 3; ++row)
        std::memcpy(par.data() + (size_t{e} * rows + row * machine_.blockOut + o) * 4, &values[row], 4);
    }
  }
  builder_.hostWrite(kParBegin, std::move(par));
}

void RandomInstructions::place(isa::Load &load, uint32_t begin, uint32_t end) {
  const uint32_t bytes = machine_.dramElementBytes(load.memoryType);
  const uint32_t base = builder_.registers().bases.of(load.memoryType);
  const uint32_t first = (begin - base + bytes - 1) / bytes, past = (end - base) / bytes;
  const uint32_t span = (load.ySize - 1) * load.xStride + load.xSize;
  load.dramBase = span >= past - first ? first : first + random_.below(past - first - span + 1);
}

isa::Load RandomInstructions::load(MemoryType type) {
  isa::Load x;
  x.memoryType = type;
  const uint32_t depth = machine_.depth(type), bytes = machine_.dramElementBytes(type);
  const uint32_t most = std::max(1u, std::min(random_.chance(4) ? 400u : 24u, 24576 / bytes));
  x.xSize = random_.range(1, std::min(most, random_.pick({1u, 3u, 9u, 24u, most})));
  x.ySize = random_.range(1, std::max(1u, std::min(random_.pick({1u, 1u, 3u, 6u}), most / x.xSize)));
  x.xStride = random_.chance(70) ? x.xSize + random_.below(4) : random_.below(x.xSize + 3);
  if (random_.chance(30)) {
    const auto pad = [&] {
      return random_.chance(50) ? 0 : random_.chance(90) ? random_.range(1, 3) : random_.range(4, 15);
    };
    x.yPad0 = pad();
    x.yPad1 = pad();
    x.xPad0 = pad();
    x.xPad1 = pad();
  }
  x.viaLoad = level_ == isa::Level::Tessera && random_.chance(25);
  if (type == MemoryType::Uop) {
    place(x, kUopBegin, kUopBegin + 4 * kMicroOps);
    if (random_.chance(90))
      x.yPad0 = x.yPad1 = x.xPad0 = x.xPad1 = 0;
  } else if (type == MemoryType::Par && random_.chance(90)) {
    place(x, kParBegin, kParBegin + 16 * bytes);
  } else {
    place(x, kDataBegin, kDataEnd);
  }
  const uint32_t total = (x.yPad0 + x.ySize + x.yPad1) * (x.xPad0 + x.xSize + x.xPad1);
  if (random_.chance(88))
    x.sramBase = random_.below(type == MemoryType::Uop ? uopWindow_ : window_);
  else
    x.sramBase = depth >= total ? (random_.chance(50) ? depth - total : random_.below(depth - total + 1)) : 0;
  if (random_.chance(3)) { // moves nothing, whatever else it says
    (random_.chance(50) ? x.xSize : x.ySize) = 0;
    x.sramBase = random_.below(65536);
    x.dramBase = random_.word();
    x.xPad0 = random_.below(16);
    x.yPad1 = random_.below(16);
  }
  return x;
}

MemoryType RandomInstructions::loadType() {
  const uint32_t n = random_.below(100);
  if (n < 20)
    return MemoryType::Uop;
  if (n < 38)
    return MemoryType::Wgt;
  if (n < 60)
    return MemoryType::Inp;
  if (n < 75)
    return MemoryType::Acc;
  if (n < 88 || level_ == isa::Level::Vta)
    return MemoryType::Acc8bit;
  return MemoryType::Par;
}

isa::Load RandomInstructions::load() { return load(loadType()); }

isa::Load RandomInstructions::plainLoad(MemoryType type, uint32_t sramBase, uint32_t elements) {
  isa::Load x;
  x.memoryType = type;
  x.sramBase = sramBase;
  x.xSize = std::min({elements, machine_.depth(type) - sramBase, 24576 / machine_.dramElementBytes(type)});
  x.ySize = 1;
  x.xStride = x.xSize;
  x.viaLoad = level_ == isa::Level::Tessera && random_.chance(20);
  if (type == MemoryType::Uop)
    place(x, kUopBegin, kUopBegin + 4 * kMicroOps);
  else if (type == MemoryType::Par)
    place(x, kParBegin, kParEnd);
  else
    place(x, kDataBegin, kDataEnd);
  return x;
}

isa::Store RandomInstructions::store() {
  isa::Store x;
  x.memoryType = MemoryType::Out;
  const uint32_t bytes = machine_.dramElementBytes(MemoryType::Out);
  const uint32_t most = random_.chance(5) ? 300 : 24;
  x.xSize = random_.range(1, random_.pick({1u, 3u, 9u, 24u, most}));
  x.ySize = random_.range(1, std::max(1u, std::min(random_.pick({1u, 1u, 3u, 6u}), most / x.xSize)));
  x.xStride = random_.chance(70) ? x.xSize + random_.below(4) : random_.below(x.xSize + 3);
  x.yPad0 = random_.chance(10) ? random_.below(16) : 0;
  x.xPad1 = random_.chance(10) ? random_.below(16) : 0;
  const uint32_t total = x.xSize * x.ySize, depth = machine_.accDepth;
  if (random_.chance(88))
    x.sramBase = random_.below(window_);
  else
    x.sramBase = random_.chance(50) ? depth - total : random_.below(depth - total + 1);
  const uint32_t base = builder_.registers().bases.out, span = (x.ySize - 1) * x.xStride + x.xSize;
  const uint32_t first = (kStoreBegin - base + bytes - 1) / bytes, past = (kStoreEnd - base) / bytes;
  x.dramBase = first + random_.below(past - first - span + 1);
  if (random_.chance(3)) {
    (random_.chance(50) ? x.xSize : x.ySize) = 0;
    x.sramBase = random_.below(65536);
    x.dramBase = random_.word();
  }
  return x;
}

isa::Store RandomInstructions::plainStore(uint32_t sramBase, uint32_t elements) {
  isa::Store x = store();
  x.sramBase = sramBase;
  x.xSize = std::min(elements, machine_.accDepth - sramBase);
  x.xStride = x.xSize;
  x.ySize = 1;
  const uint32_t bytes = machine_.dramElementBytes(MemoryType::Out), base = builder_.registers().bases.out;
  const uint32_t first = (kStoreBegin - base + bytes - 1) / bytes, past = (kStoreEnd - base) / bytes;
  x.dramBase = first + random_.below(past - first - x.xSize + 1);
  return x;
}

uint32_t RandomInstructions::factor() {
  return random_.chance(30) ? 0 : random_.chance(90) ? random_.range(1, 5) : random_.below(64);
}

template <class Kernel> void RandomInstructions::loops(Kernel &kernel) {
  kernel.uopBgn = random_.below(uopWindow_);
  kernel.uopEnd = kernel.uopBgn + random_.range(1, random_.pick({1u, 2u, 5u, 12u, 40u}));
  kernel.iterOut = random_.range(1, random_.pick({1u, 2u, 4u}));
  kernel.iterIn = random_.range(1, random_.pick({1u, 3u, 6u, 20u}));
  if (random_.chance(4)) { // nothing to do, whatever else it says
    switch (random_.below(3)) {
    case 0:
      kernel.iterOut = 0;
      if (random_.chance(50))
        kernel.uopEnd = random_.below(2 * machine_.uopDepth);
      break;
    case 1:
      kernel.iterIn = 0;
      if (random_.chance(50))
        kernel.uopEnd = random_.below(2 * machine_.uopDepth);
      break;
    default:
      kernel.uopBgn = random_.below(machine_.uopDepth);
      kernel.uopEnd = random_.below(kernel.uopBgn + 1);
      break;
    }
  }
}

isa::Gemm RandomInstructions::gemm() {
  isa::Gemm x;
  loops(x);
  x.reset = random_.chance(15);
  x.dstFactorOut = factor();
  x.dstFactorIn = factor();
  x.srcFactorOut = factor();
  x.srcFactorIn = factor();
  x.wgtFactorOut = factor();
  x.wgtFactorIn = factor();
  return x;
}

isa::Alu RandomInstructions::alu() {
  isa::Alu x;
  loops(x);
  x.reset = random_.chance(10);
  x.dstFactorOut = factor();
  x.dstFactorIn = factor();
  x.srcFactorOut = factor();
  x.srcFactorIn = factor();
  x.aluOpcode = static_cast<isa::AluOpcode>(random_.below(5));
  x.useImm = random_.below(2);
  x.imm = random_.chance(60) ? random_.between(-40, 40) : random_.between(-32768, 32767);
  return x;
}

isa::Reduce RandomInstructions::reduce() {
  isa::Reduce x;
  loops(x);
  x.overlap = random_.chance(60);
  x.dstBase = random_.chance(60) ? 0 : index(machine_.accDepth);
  x.srcBase = random_.chance(60) ? 0 : index(machine_.inpDepth);
  x.wgtBase = random_.chance(60) ? 0 : index(machine_.wgtDepth);
  x.par = random_.chance(85) ? random_.below(4) : random_.below(machine_.parDepth);
  x.op = static_cast<isa::ReduceOp>(random_.chance(40) ? 0 : random_.below(4));
  x.taps = random_.below(machine_.depthwiseTaps);
  x.init = static_cast<isa::ReduceInit>(random_.below(3));
  x.destination = static_cast<isa::Destination>(random_.below(3));
  return x;
}

isa::Vec RandomInstructions::vec() {
  isa::Vec x;
  loops(x);
  x.overlap = random_.chance(60);
  x.dstBase = random_.chance(50) ? 0 : index(machine_.accDepth);
  x.lhsBase = random_.chance(60) ? 0 : index(machine_.accDepth);
  x.rhsBase = random_.chance(60) ? 0 : index(machine_.accDepth);
  x.par = random_.chance(85) ? random_.below(4) : random_.below(machine_.parDepth);
  x.op = static_cast<isa::VecOp>(random_.below(3));
  x.destination = static_cast<isa::Destination>(random_.below(3));
  return x;
}

isa::Instruction RandomInstructions::set() {
  const auto operand = [&](auto x) {
    x.zeroPoint = random_.between(-128, 127);
    x.shift = random_.chance(80) ? -random_.between(0, 8) : -random_.between(0, 31);
    x.multiplier = random_.chance(80) ? (1u << 30) + random_.below(1u << 30) : random_.word();
    return isa::Instruction{x};
  };
  switch (random_.below(8)) {
  case 0:
  case 1: {
    isa::SetGeometry x;
    x.dstFactorOut = factor();
    x.dstFactorIn = factor();
    x.srcFactorOut = factor();
    x.srcFactorIn = factor();
    x.wgtFactorOut = factor();
    x.wgtFactorIn = factor();
    return x;
  }
  case 2:
  case 3: {
    isa::SetExit x;
    x.mode = static_cast<isa::ExitMode>(random_.below(5));
    x.zeroPoint = random_.between(-128, 127);
    x.clampMin = random_.chance(70) ? -128 : random_.between(-128, 127);
    x.clampMax = random_.chance(70) ? 127 : random_.between(-128, 127);
    return x;
  }
  case 4:
    return operand(isa::SetLhs{});
  case 5:
    return operand(isa::SetRhs{});
  case 6: {
    isa::SetPad x;
    x.value = random_.between(-128, 127);
    return x;
  }
  default: {
    isa::SetMark x;
    x.index = random_.below(256);
    return x;
  }
  }
}

isa::Instruction RandomInstructions::any() {
  const bool tessera = level_ == isa::Level::Tessera;
  const uint32_t n = random_.below(100);
  if (n < 26)
    return load();
  if (n < 42)
    return store();
  if (n < (tessera ? 50 : 74))
    return gemm();
  if (n < (tessera ? 60 : 100))
    return alu();
  if (n < 76)
    return reduce();
  if (n < 90)
    return vec();
  return set();
}

} // namespace tessera::cosim
