// The order in which the launches of several runs, two of them under way at a time, come to the one device. It is fixed before anything runs, so that
// the device does the same each time, whatever the threads do.
#ifndef TESSERA_DRIVER_RUNTIME_TURNS_H
#define TESSERA_DRIVER_RUNTIME_TURNS_H

#include "status.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tessera::driver {

/// Runs 0, 1, ... of so many launches each. Run r begins when run r - 2 has ended; the launches of two neighbours alternate, so that host code between
/// the launches of one run has those of the other beside it.
class Turns {
public:
  Turns(uint64_t runs, uint32_t launches) : launches_(launches), done_(runs, 0) {}

  /// A number for each launch: they come to the device in order of these.
  static uint64_t slotOf(uint64_t run, uint32_t launch, uint32_t launches) {
    return run * launches + 2 * uint64_t{launch} + (launches % 2 == 0 ? run % 2 : 0);
  }

  /// Waits until the launch may run: TSR_STOPPED where another run has failed, TSR_TIMEOUT after `seconds`.
  Status take(uint64_t run, uint32_t launch, double seconds);
  /// The run's next launch has ended.
  void give(uint64_t run);
  /// No launch of the run comes any more. Where it failed no other launch begins.
  void end(uint64_t run, bool failed);
  bool isStopped() const;

private:
  bool isBehind(uint64_t other, uint64_t slot) const;

  uint32_t launches_;
  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::vector<uint32_t> done_; ///< launches of each run
  bool stopped_ = false;
};

} // namespace tessera::driver

#endif
