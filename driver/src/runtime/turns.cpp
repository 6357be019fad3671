// Several runs at once: the order of their launches, and the two threads that run them.
#include "turns.h"

#include "runtime.h"

#include <algorithm>
#include <thread>

namespace tessera::driver {

namespace {

/// What host code between two launches may take before the other run gives up.
constexpr double kHostSeconds = 600;

} // namespace

bool Turns::isBehind(uint64_t other, uint64_t slot) const {
  const uint32_t next = done_[other];
  return next == launches_ || slotOf(other, next, launches_) > slot;
}

Status Turns::take(uint64_t run, uint32_t launch, double seconds) {
  std::unique_lock lock(mutex_);
  const uint64_t slot = slotOf(run, launch, launches_);
  const auto mayGo = [&] {
    return stopped_ ||
           ((run == 0 || isBehind(run - 1, slot)) && (run + 1 == done_.size() || isBehind(run + 1, slot)));
  };
  // As in a device's wait, a year is as good as a thousand.
  if (!changed_.wait_for(lock, std::chrono::duration<double>(std::min(seconds, 3.0e7)), mayGo))
    return failure(TSR_TIMEOUT, "the other run did not come to its next launch within %g seconds", seconds);
  return stopped_ ? failure(TSR_STOPPED, "another run failed") : Status{};
}

void Turns::give(uint64_t run) {
  const std::lock_guard lock(mutex_);
  done_[run] = std::min(done_[run] + 1, launches_);
  changed_.notify_all();
}

void Turns::end(uint64_t run, bool failed) {
  const std::lock_guard lock(mutex_);
  done_[run] = launches_;
  stopped_ = stopped_ || failed;
  changed_.notify_all();
}

bool Turns::isStopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Status takeTurn(tsr_runtime &runtime) {
  if (!runtime.turns || runtime.hasTurn)
    return {};
  Status status = runtime.turns->take(runtime.run, runtime.launch, runtime.timeoutSeconds + kHostSeconds);
  runtime.hasTurn = status.ok();
  return status;
}

void giveTurn(tsr_runtime &runtime) {
  if (!runtime.hasTurn)
    return;
  runtime.hasTurn = false;
  ++runtime.launch;
  runtime.turns->give(runtime.run);
}

namespace {

tsr_status invokeAndKeep(tsr_runtime &runtime, const RunArrays &arrays, uint64_t run) {
  return guarded(runtime.message, [&] {
    const tsr_status status = invoke(runtime, arrays.inputs[run], arrays.outputs[run]);
    if (status == TSR_OK)
      keepRun(runtime);
    return status;
  });
}

/// What one thread does: every second run.
void runLane(tsr_runtime &runtime, Turns &turns, const RunArrays &arrays, uint64_t first,
             std::vector<Status> &ends) {
  runtime.turns = &turns;
  for (uint64_t run = first; run < arrays.count && !turns.isStopped(); run += 2) {
    runtime.run = run;
    runtime.launch = 0;
    const tsr_status status = invokeAndKeep(runtime, arrays, run);
    runtime.hasTurn = false;
    if (status != TSR_OK)
      ends[run] = {status, runtime.message};
    turns.end(run, status != TSR_OK);
  }
  runtime.turns = nullptr;
}

} // namespace

Status runAll(tsr_runtime &first, tsr_runtime *second, const RunArrays &arrays, uint64_t &failed) {
  failed = arrays.count;
  if (!second || arrays.count < 2 || first.segments.empty()) {
    for (uint64_t run = 0; run < arrays.count; ++run)
      if (const tsr_status status = invokeAndKeep(first, arrays, run); status != TSR_OK) {
        failed = run;
        return {status, first.message};
      }
    return {};
  }
  Turns turns(arrays.count, static_cast<uint32_t>(first.segments.size()));
  std::vector<Status> ends(arrays.count);
  const uint64_t mine = (arrays.count - 1) % 2; // the last run is the first runtime's, whose reports are read
  {
    const std::jthread other([&] { runLane(*second, turns, arrays, 1 - mine, ends); });
    runLane(first, turns, arrays, mine, ends);
  }
  for (uint64_t run = 0; run < arrays.count; ++run)
    if (!ends[run].ok() && ends[run].code != TSR_STOPPED) {
      failed = run;
      return ends[run];
    }
  return {};
}

} // namespace tessera::driver
