/// The search: which of the ways to do something is fastest, found with few measurements.
///
/// It knows nothing about accelerators or processors: a SearchTask gives choices as text, proposes others, and describes each by an estimate and
/// features; measuring is a function. A boosted model learns by how much measurements differ from the estimates. Each round takes the task with most to
/// gain, breeds proposals from its best choices over several generations, the model as judge, and measures the most promising ones and a few
/// at random. Smaller values are better. Deterministic for a seed, as long as time does not end it.
#ifndef TESSERA_COMPILER_TUNE_SEARCH_H
#define TESSERA_COMPILER_TUNE_SEARCH_H

#include "tune/boosted.h"

#include "tessera/compiler/tuning_log.h"
#include "tessera/isa/error.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

class SearchTask {
public:
  struct Description {
    double estimate = 1; ///< of the value, up to a factor; above 0
    Features features;   ///< as many for every choice of every task of a search
  };

  virtual ~SearchTask() = default;

  virtual const std::string &key() const = 0;
  virtual double weight() const { return 1; } ///< how often it occurs
  virtual double ideal() const { return 0; }  ///< no value can be below
  virtual std::string usual() const = 0;      ///< the choice that is taken without a search
  /// Another choice, near one or two that are known; nothing where it finds none.
  virtual std::optional<std::string> propose(const std::string &one, const std::string *other,
                                             std::mt19937_64 &random) = 0;
  /// Nothing for a choice that is not possible. Several threads may ask at once.
  virtual std::optional<Description> describe(const std::string &choice) = 0;
};

/// A value, in cycles or seconds, that can have been measured: what a log says may be anything. A task of so many cycles is never tuned.
inline constexpr double kMostPlausible = 1e10;
inline bool isPlausible(double value) { return value > 0 && value <= kMostPlausible; }

struct SearchJob {
  SearchTask *task = nullptr;
  std::string choice;
};

/// A value for each job, nothing where it could not be measured. Error: measuring is not possible at all.
using Measure = std::function<isa::Expected<std::vector<std::optional<double>>>(std::span<const SearchJob>)>;

struct SearchOptions {
  size_t trials = 640;
  size_t batch = 8;      ///< measured at once
  double epsilon = 0.15; ///< share of a batch that is drawn at random
  size_t threads = 1;    ///< that describe choices
  size_t pool = 72;      ///< choices that are described in a round
  size_t generations = 3;
  double worstEstimate = 1.5; ///< against the usual choice; what is worse is not measured
  uint64_t seed = 1;
  bool useModel = true;           ///< false: proposals are measured in the order of their estimates
  std::function<bool()> stop;     ///< asked between batches
  std::function<void()> progress; ///< called after each batch
};

struct TaskResult {
  std::optional<double> usual, best;
  std::string choice; ///< the best one
};

class Search {
public:
  /// Tasks must outlive it. The log is read for what was measured before, and written after every batch, one transaction a task; null: none.
  Search(std::vector<SearchTask *> tasks, const SearchOptions &options, Measure measure, TuningLog *log,
         TuningPlace place);
  ~Search();

  isa::Expected<void> run();

  const std::vector<TaskResult> &results() const { return results_; }
  size_t measured() const { return measured_; } ///< in this run, those that failed included
  size_t failed() const { return failed_; }
  size_t known() const { return known_; } ///< from the log

private:
  struct State;

  isa::Expected<void> recall();
  isa::Expected<void> measureAll(std::vector<SearchJob> jobs);
  isa::Expected<void> round(size_t task);
  isa::Expected<void> learn();
  isa::Expected<std::vector<double>> scores(State &state, std::span<const std::string> choices);
  std::vector<std::string> breed(State &state, const std::vector<std::string> &parents, size_t count);
  const SearchTask::Description *describe(State &state, const std::string &choice);
  void describeAll(State &state, std::span<const std::string> choices);
  void note(size_t task, const std::string &choice, std::optional<double> value);
  double hopeOf(size_t task) const;
  std::optional<size_t> mostToGain() const;
  bool mayGoOn() const;

  const SearchOptions options_;
  Measure measure_;
  TuningLog *log_;
  TuningPlace place_;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<TaskResult> results_;
  Boosted model_;
  std::mt19937_64 random_;
  size_t measured_ = 0, failed_ = 0, known_ = 0;
};

} // namespace tessera::compiler

#endif
