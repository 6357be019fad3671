#include "convolution_program.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace tessera::bench {

using isa::MemoryType;

namespace {

constexpr uint32_t kInputAddress = 0, kOutputAddress = 0x40000, kWeightAddress = 0x80000,
                   kParAddress = 0xe0000, kUopAddress = 0xf0000, kProgramAddress = 0x100000,
                   kDramBytes = 0x140000;

class Program {
public:
  Program(const isa::MachineConfig &machine, std::vector<uint8_t> &dram) : layout_(machine), dram_(dram) {}

  void add(const isa::Instruction &instruction) { instructions_.push_back(instruction); }

  /// A kernel of micro-ops, loaded to UOP memory at 0.
  uint32_t kernel(const std::vector<isa::MicroOp> &ops) {
    for (const isa::MicroOp &op : ops) {
      const uint32_t word = layout_.encodeMicroOp(op);
      std::memcpy(dram_.data() + kUopAddress + uopCount_++ * 4, &word, 4);
    }
    transfer(MemoryType::Uop, 0, kUopAddress / 4 + uopCount_ - static_cast<uint32_t>(ops.size()), 1,
             static_cast<uint32_t>(ops.size()), 0, 0);
    return static_cast<uint32_t>(ops.size());
  }

  void transfer(MemoryType type, uint32_t sram, uint32_t element, uint32_t rows, uint32_t columns,
                uint32_t padBefore, uint32_t padAfter) {
    isa::Load x;
    x.memoryType = type;
    x.sramBase = sram;
    x.dramBase = element;
    x.ySize = rows;
    x.xSize = x.xStride = columns;
    x.yPad0 = x.xPad0 = padBefore;
    x.yPad1 = x.xPad1 = padAfter;
    add(x);
  }

  void store(uint32_t sram, uint32_t element, uint32_t count) {
    isa::Store x;
    x.memoryType = MemoryType::Out;
    x.sramBase = sram;
    x.dramBase = element;
    x.ySize = 1;
    x.xSize = x.xStride = count;
    x.dependencies.popPrev = true;
    x.dependencies.pushPrev = true;
    add(x);
  }

  uint32_t write() {
    add(isa::Finish{});
    for (size_t i = 0; i < instructions_.size(); ++i) {
      const isa::Word128 word = layout_.encode(instructions_[i]);
      std::memcpy(dram_.data() + kProgramAddress + i * 16, &word, 16);
    }
    return static_cast<uint32_t>(instructions_.size());
  }

private:
  isa::Layout layout_;
  std::vector<uint8_t> &dram_;
  std::vector<isa::Instruction> instructions_;
  uint32_t uopCount_ = 0;
};

/// Loads run in the load module without tokens here: the model runs the lowest index first, and nothing else reads them.
uint64_t addLayer(Program &program, const isa::MachineConfig &machine, const Convolution &c) {
  const uint32_t inBlocks = (c.inputs + machine.blockIn - 1) / machine.blockIn;
  const uint32_t outBlocks = (c.outputs + machine.blockOut - 1) / machine.blockOut;
  const uint32_t pad = c.kernel / 2, padded = c.size + 2 * pad, out = c.size / c.stride;
  for (uint32_t b = 0; b < inBlocks; ++b)
    program.transfer(MemoryType::Inp, b * padded * padded,
                     kInputAddress / machine.dramElementBytes(MemoryType::Inp) + b * c.size * c.size, c.size,
                     c.size, pad, pad);
  program.transfer(MemoryType::Par, 0, kParAddress / machine.dramElementBytes(MemoryType::Par), 1, outBlocks,
                   0, 0);
  std::vector<isa::MicroOp> ops;
  for (uint32_t b = 0; b < inBlocks; ++b)
    for (uint32_t y = 0; y < c.kernel; ++y)
      for (uint32_t x = 0; x < c.kernel; ++x)
        ops.push_back({0, b * padded * padded + y * padded + x, (b * c.kernel + y) * c.kernel + x});
  const uint32_t count = program.kernel(ops);
  isa::SetGeometry geometry;
  geometry.dstFactorOut = out;
  geometry.dstFactorIn = 1;
  geometry.srcFactorOut = padded * c.stride;
  geometry.srcFactorIn = c.stride;
  program.add(geometry);
  isa::SetExit exit;
  exit.mode = isa::ExitMode::Tflite;
  exit.zeroPoint = -3;
  exit.clampMin = -128;
  exit.clampMax = 127;
  program.add(exit);
  for (uint32_t o = 0; o < outBlocks; ++o) {
    program.transfer(MemoryType::Wgt, 0,
                     kWeightAddress / machine.dramElementBytes(MemoryType::Wgt) + o * count, 1, count, 0, 0);
    isa::Reduce reduce;
    reduce.uopEnd = count;
    reduce.iterOut = reduce.iterIn = out;
    reduce.init = isa::ReduceInit::Bias;
    reduce.par = o;
    reduce.dependencies.popNext = o > 0;
    reduce.dependencies.pushNext = true;
    program.add(reduce);
    program.store(0, kOutputAddress / machine.dramElementBytes(MemoryType::Out) + o * out * out, out * out);
  }
  isa::Gemm wait; // for the last store
  wait.dependencies.popNext = true;
  program.add(wait);
  return uint64_t{out} * out * outBlocks * count * machine.macsPerCycle();
}

} // namespace

Workload makeWorkload(const isa::MachineConfig &machine, const std::vector<Convolution> &layers) {
  Workload work;
  work.dram.resize(kDramBytes);
  std::mt19937 random(1);
  for (uint32_t i = 0; i < kParAddress; ++i)
    work.dram[i] = static_cast<uint8_t>(random());
  for (uint32_t e = 0; e < 8; ++e)
    for (uint32_t o = 0; o < machine.blockOut; ++o) {
      const uint32_t values[3] = {static_cast<uint32_t>(random() % 2000),
                                  static_cast<uint32_t>((1u << 30) + random() % (1u << 30)),
                                  static_cast<uint32_t>(-9)};
      for (uint32_t row = 0; row < 3; ++row)
        std::memcpy(work.dram.data() + kParAddress + ((e * 3 + row) * machine.blockOut + o) * 4, &values[row],
                    4);
    }
  Program program(machine, work.dram);
  for (const Convolution &layer : layers)
    work.macs += addLayer(program, machine, layer);
  work.registers.insnAddress = kProgramAddress;
  work.registers.insnCount = program.write();
  return work;
}

std::vector<Convolution> imageClassifier() {
  return {{32, 3, 16, 3, 1},  {32, 16, 16, 3, 1}, {32, 16, 16, 3, 1}, {32, 16, 32, 3, 2}, {16, 32, 32, 3, 1},
          {32, 16, 32, 1, 2}, {16, 32, 64, 3, 2}, {8, 64, 64, 3, 1},  {16, 32, 64, 1, 2}};
}

} // namespace tessera::bench
