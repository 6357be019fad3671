#include "clock.h"

#include <algorithm>
#include <cstring>

namespace tessera::compiler {

namespace {

/// Gaps between what the runtime sees of the host that are long enough to be told.
constexpr double kGapSeconds = 1e-6;

/// One of the host's threads, as far as it has been placed.
struct Lane {
  std::vector<size_t> runs; ///< its own, in order
  size_t run = 0, slice = 0;
  double shift = 0;     ///< microseconds from the host's own time to the shared clock
  double before = 0;    ///< end of what has been told, in seconds of the host
  bool isInRun = false; ///< `run` has begun
};

class Clock {
public:
  Clock(std::span<const MeasuredRun> runs, const TellHost &tell) : runs_(runs), tell_(tell) {
    for (size_t run = 0; run < runs.size(); ++run) {
      begin_ = run == 0 ? runs[run].begin : std::min(begin_, runs[run].begin);
      if (lanes_.size() <= runs[run].lane)
        lanes_.resize(runs[run].lane + 1);
      lanes_[runs[run].lane].runs.push_back(run);
      launches_.emplace_back(runs[run].launches.size());
    }
    ends_.resize(runs.size());
  }

  std::vector<std::vector<Stretch>> place() {
    struct Next {
      uint64_t order;
      size_t run;
      uint32_t segment;
    };
    std::vector<Next> all;
    for (size_t run = 0; run < runs_.size(); ++run)
      for (uint32_t segment = 0; segment < runs_[run].launches.size(); ++segment)
        all.push_back({runs_[run].launches[segment].order, run, segment});
    std::sort(all.begin(), all.end(), [](const Next &a, const Next &b) { return a.order < b.order; });
    for (const Next &next : all)
      goOn(lanes_[runs_[next.run].lane], next.run, next.segment);
    for (Lane &lane : lanes_)
      goOn(lane, runs_.size(), 0);
    return std::move(launches_);
  }

private:
  static constexpr uint32_t kEnd = UINT32_MAX;

  /// What the lane does up to the start of this launch, to the end of this run (kEnd), or to its own end where there is none such.
  void goOn(Lane &lane, size_t run, uint32_t segment) {
    while (lane.run < lane.runs.size()) {
      const size_t now = lane.runs[lane.run];
      if (!lane.isInRun)
        begin(lane, now);
      while (lane.slice < runs_[now].host.size()) {
        const tsr_host_slice &slice = runs_[now].host[lane.slice++];
        did(lane, now, slice);
        if (now == run && slice.segment == segment && is(slice, "start"))
          return;
      }
      const double runEnd = runs_[now].begin - begin_ + runs_[now].seconds;
      gapUntil(lane, now, runEnd);
      ends_[now] = 1e6 * runEnd + lane.shift;
      ++lane.run;
      lane.isInRun = false;
      if (now == run && segment == kEnd)
        return;
    }
  }

  void begin(Lane &lane, size_t run) {
    const double runBegin = runs_[run].begin - begin_;
    if (const std::optional<size_t> after = runs_[run].after) {
      if (!hasEnded(*after))
        goOn(lanes_[runs_[*after].lane], *after, kEnd);
      lane.shift = ends_[*after] - 1e6 * runBegin;
      lane.before = runBegin;
    } else if (lane.run == 0) {
      lane.before = runBegin;
    }
    lane.slice = 0;
    lane.isInRun = true;
  }

  bool hasEnded(size_t run) const {
    const Lane &lane = lanes_[runs_[run].lane];
    return std::find(lane.runs.begin(), lane.runs.begin() + static_cast<std::ptrdiff_t>(lane.run), run) !=
           lane.runs.begin() + static_cast<std::ptrdiff_t>(lane.run);
  }

  static bool is(const tsr_host_slice &slice, const char *what) { return std::strcmp(slice.what, what) == 0; }

  void did(Lane &lane, size_t run, const tsr_host_slice &slice) {
    const double from = runs_[run].begin - begin_ + slice.begin, to = runs_[run].begin - begin_ + slice.end;
    Stretch when{1e6 * from + lane.shift, 1e6 * to + lane.shift};
    if (slice.isLayer) // of a CPU segment that is to come
      return tell_(run, &slice, when);
    gapUntil(lane, run, from);
    lane.before = std::max(lane.before, to);
    const bool isKnown = slice.segment < launches_[run].size();
    if (isKnown && is(slice, "start")) {
      Stretch &launch = launches_[run][slice.segment];
      launch.begin = std::max(when.begin, deviceFree_);
      deviceFree_ = launch.end = launch.begin + runs_[run].launches[slice.segment].microseconds;
    } else if (isKnown && is(slice, "wait")) {
      when.end = std::max(when.begin, launches_[run][slice.segment].end);
    } else if (isKnown && is(slice, "wait for turn")) { // which comes when the launch before has ended
      when.end = std::max(when.begin, deviceFree_);
    }
    tell_(run, &slice, when);
    lane.shift = when.end - 1e6 * to;
  }

  void gapUntil(Lane &lane, size_t run, double seconds) {
    if (seconds - lane.before >= kGapSeconds)
      tell_(run, nullptr, {1e6 * lane.before + lane.shift, 1e6 * seconds + lane.shift});
    lane.before = std::max(lane.before, seconds);
  }

  std::span<const MeasuredRun> runs_;
  const TellHost &tell_;
  std::vector<Lane> lanes_;
  std::vector<std::vector<Stretch>> launches_;
  std::vector<double> ends_; ///< of the runs, in microseconds
  double begin_ = 0;         ///< of the first run, in seconds of the host
  double deviceFree_ = 0;    ///< when the device has ended all launches so far
};

} // namespace

std::vector<std::vector<Stretch>> placeOnOneClock(std::span<const MeasuredRun> runs, const TellHost &tell) {
  return Clock(runs, tell).place();
}

} // namespace tessera::compiler
