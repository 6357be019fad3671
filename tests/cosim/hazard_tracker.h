// Which programs have one outcome: an instruction may touch what another one touches only if tokens or the order of a module
// put the two one after the other.
//
// Vector clocks over five threads: the load module, compute's loader, the array, the vector unit, and the store module. A
// token carries the clock of the instruction that pushed it (and of those pushed before); the k-th pop takes the k-th token.
// Source: "Modules, queues and tokens" of docs/instruction-set.md.
#ifndef TESSERA_COSIM_HAZARD_TRACKER_H
#define TESSERA_COSIM_HAZARD_TRACKER_H

#include <array>
#include <deque>
#include <vector>

#include "access_set.h"
#include "tessera/isa/encoding.h"

namespace tessera::cosim {

enum class Module : uint8_t { Load, Compute, Store };
enum class Thread : uint8_t { Load, Loader, Array, Vector, Store, None };
inline constexpr size_t kThreads = 5;
enum class Channel : uint8_t { LoadToCompute, ComputeToLoad, ComputeToStore, StoreToCompute };
inline constexpr size_t kChannels = 4;

Module moduleOf(const isa::Instruction &instruction);
Thread threadOf(const isa::Instruction &instruction);
isa::Dependencies &dependenciesOf(isa::Instruction &instruction);
const isa::Dependencies &dependenciesOf(const isa::Instruction &instruction);
bool hasOverlap(const isa::Instruction &instruction);

class HazardTracker {
public:
  uint32_t tokens(Channel channel) const {
    return static_cast<uint32_t>(channels_[static_cast<size_t>(channel)].size());
  }
  /// The tokens that its flags pop are there.
  bool tokensPresent(const isa::Instruction &instruction) const;
  /// Appended now (tokensPresent holds), it would meet no unordered access.
  bool raceFree(const isa::Instruction &instruction, const AccessSet &accesses) const;
  void append(const isa::Instruction &instruction, AccessSet accesses);

private:
  using Clock = std::array<uint32_t, kThreads>; ///< events of each thread that are known to have ended
  struct Order {
    Clock begin; ///< known to have ended when it begins
    Clock units; ///< and those before it in its own unit
  };
  Order orderOf(const isa::Instruction &instruction) const;
  template <class Visit> static void forPops(const isa::Instruction &instruction, Visit visit);
  template <class Visit> static void forPushes(const isa::Instruction &instruction, Visit visit);

  std::array<std::vector<AccessSet>, kThreads> events_;
  std::array<Clock, 3> moduleBegin_{}; ///< of each module's last instruction
  std::array<Clock, 3> modulePush_{};  ///< of each module's last push
  std::array<std::deque<Clock>, kChannels> channels_;
};

} // namespace tessera::cosim

#endif
