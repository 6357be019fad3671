// What the NPU passes may ask of a machine. No pass knows a number: sizes, limits and rates all come from here.
//
// Contract: a Target is a value made from a validated isa::MachineConfig and never fails afterwards. Sizes are counted in
// elements of the memory unless the name says bytes or cycles.
#pragma once

#include "tessera/isa/machine.h"
#include "tessera/isa/timing.h"

#include <array>
#include <cstdint>

namespace tessera::compiler::npu {

using isa::MemoryType;

// Part of each scratchpad, in elements; OUT goes with ACC.
struct Share {
  struct Range {
    uint32_t base = 0, size = 0;
    bool operator==(const Range &) const = default;
  };
  Range inp, wgt, acc, par;
  bool operator==(const Share &) const = default;
};

class Target {
public:
  explicit Target(isa::MachineConfig machine) : machine_(std::move(machine)) {}

  // The machine as a layer sees it that has a share of the scratchpads: `depth` is that of the share, `base` where it begins.
  Target with(const Share &share) const;

  const isa::MachineConfig &machine() const { return machine_; }
  uint32_t batch() const { return machine_.batch; }
  uint32_t blockIn() const { return machine_.blockIn; }
  uint32_t blockOut() const { return machine_.blockOut; }
  uint32_t depthwiseTaps() const { return machine_.depthwiseTaps; }
  bool has(isa::Feature feature) const {
    return machine_.level == isa::Level::Tessera && machine_.has(feature);
  }

  // VTA's base instructions alone: GEMM and ALU take the place of REDUCE and VEC (expand_vta.h).
  bool isVta() const { return machine_.level == isa::Level::Vta; }

  // INP elements of a pixel of one channel block.
  uint32_t inputsPerOutput() const { return machine_.blockOut / machine_.blockIn; }

  // Elements of a scratchpad, and of one of the equal parts (contexts) that take turns, so that one is filled while another is read. At
  // level vta ACC is shared out: results in one context more, for they stay until they are stored, temporaries for one context's results,
  // and what stands in for PAR, one element of int32 biases a channel block.
  uint32_t depth(MemoryType memory) const;
  uint32_t base(MemoryType memory) const;
  uint32_t contexts(MemoryType memory) const { return isVta() && isResults(memory) ? 3 : 2; }
  uint32_t context(MemoryType memory) const { return depth(memory) / contexts(memory); }
  uint32_t temporaryBase() const { return depth(MemoryType::Acc); }
  uint32_t temporaries() const { return context(MemoryType::Acc); }
  uint32_t biasBase() const { return temporaryBase() + temporaries(); }

  // Channel blocks and reduction elements that hold `channels`.
  uint32_t channelBlocks(uint32_t channels) const { return (channels + blockOut() - 1) / blockOut(); }
  uint32_t inputElements(uint32_t channels) const { return (channels + blockIn() - 1) / blockIn(); }

  uint32_t elementBytes(MemoryType memory) const {
    return machine_.dramElementBytes(isVta() && memory == MemoryType::Par ? MemoryType::Acc : memory);
  }
  // Bytes of a blocked activation tensor in device DRAM.
  uint64_t activationBytes(uint32_t height, uint32_t width, uint32_t channels) const;
  // The blocked tensor begins with the dense array, byte for byte: one pixel, or pixels of just one block.
  bool isDense(uint32_t height, uint32_t width, uint32_t channels) const;
  // Regions are bound at multiples of this, so that every element type has whole addresses.
  uint32_t regionAlignment() const;

  // Estimates for choosing tiles; no result depends on them.
  uint64_t transferCycles(MemoryType memory, uint64_t elements) const;
  uint64_t transferLatencyCycles() const { return kDramLatencyCycles; }
  uint64_t instructionCycles() const { return kInstructionCycles; }
  uint32_t loadsAhead() const {
    return kLoadsAhead;
  } // that its instruction queue takes without holding up the others
  uint64_t partialSumCycles() const {
    return kPartialSumCycles;
  } // least for a result that goes on from a sum in ACC

  // Largest values that instruction fields hold.
  uint32_t maxTransferElements() const { return 0xffff; }
  uint32_t maxIterations() const { return (1u << 14) - 1; }
  uint32_t marks() const { return isVta() ? 0 : 256; }
  // Kernels, strides and paddings beyond this are nobody's network.
  uint32_t maxWindow() const { return 4096; }

private:
  static bool isResults(MemoryType memory) { return memory == MemoryType::Acc || memory == MemoryType::Out; }
  static constexpr uint64_t kDramLatencyCycles = 50;
  static constexpr uint64_t kInstructionCycles = 12;
  static constexpr uint64_t kPartialSumCycles = 12;
  static constexpr uint32_t kLoadsAhead = isa::kModuleQueue - 4; // room for the rest of a piece
  static constexpr uint32_t kBiasShare = 16; // one in so many ACC elements holds biases at level vta
  isa::MachineConfig machine_;
  Share share_; // bases alone; the sizes stand in machine_
};

} // namespace tessera::compiler::npu
