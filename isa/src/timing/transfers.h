// What LOAD and STORE move: whether anything, and in which bursts. hw_rtl/src/tsr_dma_plan.sv, tsr_dma_bursts.sv.
#pragma once

#include "tessera/isa/encoding.h"

#include <algorithm>

namespace tessera::isa::timing {

inline constexpr uint64_t kBurstBeats = 64;

/// A transfer of more than its memory holds is refused by the core; where in the memory it would begin is not looked at here.
inline bool moves(const MachineConfig &machine, MemoryType memory, uint64_t rows, uint64_t columns) {
  return rows * columns != 0 && rows * columns <= machine.depth(memory);
}

inline bool moves(const MachineConfig &machine, const Load &i) {
  return i.xSize != 0 && i.ySize != 0 &&
         moves(machine, i.memoryType, uint64_t{i.ySize} + i.yPad0 + i.yPad1,
               uint64_t{i.xSize} + i.xPad0 + i.xPad1);
}

/// Cycles to plan a transfer.
template <class Transfer> uint64_t planCycles(const Transfer &i) {
  return i.xSize == 0 || i.ySize == 0 ? 1 : 4;
}

/// The bursts of a transfer, one after another: runs of bytes, cut at 64 beats and at 4 KiB.
class Bursts {
public:
  template <class Transfer>
  Bursts(const MachineConfig &machine, const Transfer &i) : bus_(machine.busBytes()) {
    const uint64_t element = machine.dramElementBytes(i.memoryType);
    const bool joined = i.xStride == i.xSize;
    bytes_ = element * i.xSize * (joined ? i.ySize : 1);
    runs_ = joined ? 1 : i.ySize;
    stride_ = element * i.xStride;
    run_ = element * i.dramBase;
    begin();
  }

  bool empty() const { return runs_ == 0; }
  /// Beats of the next burst, which is taken.
  uint64_t next() {
    const uint64_t page = kPageBytes - at_ % kPageBytes;
    const uint64_t size = std::min({end_ - at_, page, kBurstBeats * bus_});
    at_ += size;
    if (at_ == end_) {
      --runs_;
      run_ += stride_;
      begin();
    }
    return size / bus_;
  }

private:
  static constexpr uint64_t kPageBytes = 4096;
  void begin() {
    at_ = run_ / bus_ * bus_;
    end_ = (run_ + bytes_ + bus_ - 1) / bus_ * bus_;
  }

  uint64_t bus_, bytes_, runs_, stride_, run_, at_, end_;
};

template <class Transfer> uint64_t beatsOf(const MachineConfig &machine, const Transfer &i) {
  uint64_t beats = 0;
  for (Bursts bursts(machine, i); !bursts.empty();)
    beats += bursts.next();
  return beats;
}

} // namespace tessera::isa::timing
