// What the checker knows of UOP memory: the micro-ops, and the greatest indices over a range of them in time independent of
// most of its length.
#pragma once

#include "tessera/isa/encoding.h"

#include <vector>

namespace tessera::isa {

class MicroOpMemory {
public:
  MicroOpMemory(const MachineConfig &machine, std::span<const uint32_t> contents);

  /// Writes decoded words from element `first` on; the range is inside the memory.
  void write(uint32_t first, std::span<const uint32_t> words);
  void fill(uint32_t first, uint32_t count, uint32_t word);

  /// The greatest dst, src and wgt, each by itself, over [begin, end), which is not empty and inside the memory.
  struct Greatest {
    MicroOp microOp;
    bool known = true;           ///< false: some element was never written
    uint32_t unknownElement = 0; ///< the first of them
  };
  Greatest greatest(uint32_t begin, uint32_t end);

  const MicroOp &operator[](uint32_t element) const { return microOps_[element]; }

private:
  static constexpr uint32_t kBlock = 64;
  void join(Greatest &into, uint32_t element) const;

  Layout layout_;
  std::vector<MicroOp> microOps_;
  std::vector<uint8_t> known_;
  std::vector<Greatest> blocks_;
  std::vector<uint8_t> blockFresh_;
};

} // namespace tessera::isa
