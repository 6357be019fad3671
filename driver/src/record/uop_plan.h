// Where kernels stand in UOP memory, and when they are loaded.
//
// The stream is cut into phases, in program order: all kernels of a phase fit the UOP memory together and are loaded at its start by
// one LOAD UOP. Where all kernels of the stream fit there is one phase, and nothing is loaded again. A kernel that is still in its
// place from the phase before is not loaded again; new ones take the space of those that the phase does not use.
#ifndef TESSERA_DRIVER_RECORD_UOP_PLAN_H
#define TESSERA_DRIVER_RECORD_UOP_PLAN_H

#include <cstdint>
#include <map>
#include <vector>

namespace tessera::driver {

/// Micro-ops as the core reads them.
using MicroOpWords = std::vector<uint32_t>;

/// The kernels of a stream, each content once.
class KernelTable {
public:
  /// Number of the kernel with this content.
  uint32_t add(const MicroOpWords &words);
  const MicroOpWords &operator[](uint32_t kernel) const { return *contents_[kernel]; }
  uint32_t size() const { return static_cast<uint32_t>(contents_.size()); }
  uint32_t microOps() const { return microOps_; }

private:
  std::map<MicroOpWords, uint32_t> numbers_;
  std::vector<const MicroOpWords *> contents_; // keys of numbers_, by number
  uint32_t microOps_ = 0;
};

/// One LOAD UOP: words [dramBegin, dramBegin + count) of UopPlan::dram to UOP elements from sramBase.
struct UopLoad {
  uint32_t dramBegin = 0, count = 0, sramBase = 0;
};

struct UopPlan {
  std::vector<uint32_t> dram;              ///< what the loads read
  std::vector<uint32_t> begin;             ///< first micro-op of each use
  std::vector<std::vector<UopLoad>> loads; ///< what stands before each use
  uint32_t loadCount = 0;
};

/// `uses`: the kernel of each instruction, in program order; each kernel fits `depth`.
UopPlan planUops(const KernelTable &kernels, const std::vector<uint32_t> &uses, uint32_t depth);

} // namespace tessera::driver

#endif
