// What a core remembers: scratchpads, and the registers that SET loads.
#ifndef TESSERA_FUNCTIONAL_CORE_STATE_H
#define TESSERA_FUNCTIONAL_CORE_STATE_H

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "aligned_buffer.h"
#include "kernels.h"
#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"
#include "tessera/isa/numerics.h"
#include "tessera/simulator/functional_core.h"

namespace tessera::simulator {

/// Registers that a launch clears.
struct SetRegisters {
  isa::SetGeometry geometry{};
  isa::ExitSettings exit{};
  isa::OperandSettings lhs{}, rhs{};
  int8_t pad = 0;
};

struct CoreState {
  CoreState(const isa::MachineConfig &machine, const Kernels &kernels);

  isa::MachineConfig machine;
  isa::Layout layout;
  const Kernels *kernels;
  KernelShape shape;
  uint32_t inpPerOut; ///< R

  std::vector<uint32_t> uopWords;
  std::vector<isa::MicroOp> uop; ///< decoded uopWords
  AlignedBuffer<uint8_t> inp;
  AlignedBuffer<int8_t> wgt;
  AlignedBuffer<int32_t> wgtSum128;
  AlignedBuffer<int32_t> acc;
  AlignedBuffer<int8_t> out;
  AlignedBuffer<int32_t> par; ///< [element][bias, multiplier, shift][blockOut]

  SetRegisters set;

  /// Set from another thread to end what runs soon, whatever it has done.
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  bool stopping() const { return stop->load(std::memory_order_relaxed); }

  // Of the present launch.
  LaunchRegisters registers;
  std::span<uint8_t> dram;

  void clearScratchpads();

  /// Elements [index, index + count) of a scratchpad from their bytes in DRAM (ACC_8BIT: one int8 a lane).
  void writeElements(isa::MemoryType type, uint32_t index, const uint8_t *bytes, uint32_t count);
  /// Padding: all values of the element are `value`.
  void fillElement(isa::MemoryType type, uint32_t index, int8_t value);
  /// Its bytes as they stand in DRAM.
  void readElement(isa::MemoryType type, uint32_t index, uint8_t *bytes) const;

  void packWeights(uint32_t index, const uint8_t *bytes);

  int32_t *accElement(uint32_t index) { return acc.data() + size_t{index} * shape.lanes; }
  int8_t *outElement(uint32_t index) { return out.data() + size_t{index} * shape.lanes; }
  const int32_t *parRow(uint32_t index, uint32_t row) const {
    return par.data() + (size_t{index} * 3 + row) * shape.blockOut;
  }
  ExitRows exitRows(uint32_t index) const { return {parRow(index, 0), parRow(index, 1), parRow(index, 2)}; }

  /// A result of REDUCE or VEC to its destination.
  void writeResult(isa::Destination destination, uint32_t index, uint32_t parIndex, const int32_t *v);
  /// True if a result at `highest` stays inside its memory.
  bool resultFits(isa::Destination destination, uint64_t highest) const;
};

// One function an instruction family: runs the instruction to its end, or says what is wrong with it.
isa::ErrorCode execute(CoreState &, const isa::Load &);
isa::ErrorCode execute(CoreState &, const isa::Store &);
isa::ErrorCode execute(CoreState &, const isa::Gemm &);
isa::ErrorCode execute(CoreState &, const isa::Alu &);
isa::ErrorCode execute(CoreState &, const isa::Reduce &);
isa::ErrorCode execute(CoreState &, const isa::Vec &);
isa::ErrorCode execute(CoreState &, const isa::SetGeometry &);
isa::ErrorCode execute(CoreState &, const isa::SetExit &);
isa::ErrorCode execute(CoreState &, const isa::SetLhs &);
isa::ErrorCode execute(CoreState &, const isa::SetRhs &);
isa::ErrorCode execute(CoreState &, const isa::SetPad &);

} // namespace tessera::simulator

#endif
