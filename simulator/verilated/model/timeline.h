// When instructions of a launch begin and end: what timeline_o of the core says, cycle by cycle, up to a limit.
#ifndef TESSERA_SIMULATOR_TIMELINE_H
#define TESSERA_SIMULATOR_TIMELINE_H

#include <cstdint>
#include <vector>

namespace tessera::cycle {

struct Timeline {
  uint64_t limit = 0;           ///< events of a launch that are kept; 0: nothing is
  uint64_t dropped = 0;         ///< events of the last launch that were not
  std::vector<uint64_t> events; ///< of the last launch: cycle << 16 | timeline_o

  /// Each cycle of a model that is observed, after its edge. timeline_o tells of the cycle before.
  void see(bool isBusy, uint32_t now) {
    if (isBusy && !wasBusy_) {
      events.clear();
      dropped = 0;
      cycle_ = 0;
    } else {
      ++cycle_;
    }
    if (now && (isBusy || wasBusy_) && cycle_) {
      if (events.size() < limit)
        events.push_back((cycle_ - 1) << 16 | now);
      else
        ++dropped;
    }
    wasBusy_ = isBusy;
  }

private:
  uint64_t cycle_ = 0; ///< of the launch
  bool wasBusy_ = false;
};

} // namespace tessera::cycle

#endif
