#include "tessera/compiler/tune.h"

#include "cpu/object_code.h"
#include "driver-of-passes/pipeline.h"
#include "host/metadata.h"
#include "tessera/compiler/session.h"
#include "tune/choices.h"
#include "tune/cpu_task.h"

#include <algorithm>
#include <chrono>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

constexpr int kRounds = 9;            // of a measurement
constexpr double kSecondsEach = 2e-3; // of a kernel in a round, at least one run
constexpr int kLastRounds = 31;       // before a choice is kept
constexpr double kLeastGain = 0.03;   // less is noise

uint64_t nanoseconds(double seconds) { return uint64_t(std::min(seconds, kMostPlausible) * 1e9); }

Expected<void> checkFixed(const Metadata &metadata) {
  for (const TensorInfo &input : metadata.inputs)
    for (size_t i = 0; i < input.symbols.size(); ++i)
      if (input.shape[i] == kDynamicExtent && input.symbols[i] != "?")
        return Error{"extent " + input.symbols[i] + " of " + input.name +
                     " is open, and tiles are tuned for fixed ones: --extent " + input.symbols[i] + "=N"};
  if (metadata.isDynamic)
    return Error{"shapes of the network are known only when it runs, and tiles are tuned for fixed ones"};
  return {};
}

class CpuTuner {
public:
  explicit CpuTuner(const TuneOptions &options) : options_(options), place_(cpuPlace("", "", "")) {}

  Expected<TuneReport> run(std::span<const uint8_t> model);

private:
  CompileOptions compileOptions() const {
    CompileOptions options;
    options.cpuOnly = true;
    options.modelName = options_.modelName;
    options.modelFolder = options_.modelFolder;
    options.extents = options_.extents;
    return options;
  }
  Expected<void> readNetwork(std::span<const uint8_t> model);
  Expected<std::vector<std::optional<double>>> measure(std::span<const SearchJob> jobs);
  Expected<void> keep(const Search &search, std::span<const uint8_t> model);
  using Choices = std::map<std::string, std::string>; // by the task's key; none: the usual tiles
  Expected<std::unique_ptr<Session>> sessionWith(std::span<const uint8_t> model, const Choices &choices);
  Expected<void> compareWhole(std::span<const uint8_t> model, const Choices &choices);
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  const TuneOptions &options_;
  const TuningPlace place_;
  std::vector<std::unique_ptr<CpuTask>> tasks_;
  std::map<const SearchTask *, std::unique_ptr<CpuKernel>> usual_;
  std::map<const SearchTask *, std::vector<uint8_t>> expected_; ///< the buffers after one run
  std::map<const SearchTask *, double> usualSeconds_;
  std::unique_ptr<TuningLog> log_;
  std::chrono::steady_clock::time_point begin_;
  TuneReport report_;
};

Expected<void> CpuTuner::readNetwork(std::span<const uint8_t> model) {
  std::vector<std::string> kernels;
  auto compiled = compileWith(model, compileOptions(), {}, {},
                              [&](const std::string &bytecode) { kernels.push_back(bytecode); });
  if (!compiled)
    return compiled.error();
  auto metadata = parseMetadata(compiled->image.text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return metadata.error();
  if (auto fixed = checkFixed(*metadata); !fixed)
    return fixed.error();
  auto target = cpu::describe({});
  if (!target)
    return target.error();
  std::map<std::string, CpuTask *> known;
  for (std::string &bytecode : kernels) {
    auto nest = CpuKernel::look(bytecode);
    if (!nest || !*nest)
      continue; // stays for LLVM's vectoriser
    if (const auto at = known.find((*nest)->key); at != known.end()) {
      at->second->occursAgain();
      continue;
    }
    auto task = std::make_unique<CpuTask>(std::move(bytecode), std::move(**nest), *target);
    if (task->tiles() < 2)
      continue;
    known[task->key()] = task.get();
    tasks_.push_back(std::move(task));
  }
  return tasks_.empty()
             ? Expected<void>(Error{"the network has no loop nest that is tiled, there is nothing to tune"})
             : Expected<void>();
}

// Each choice takes turns with the usual one, so that what else the machine does hits both.
Expected<std::vector<std::optional<double>>> CpuTuner::measure(std::span<const SearchJob> jobs) {
  std::vector<std::optional<double>> values(jobs.size());
  const Pinned pinned;
  for (size_t i = 0; i < jobs.size(); ++i) {
    auto *task = static_cast<CpuTask *>(jobs[i].task);
    auto &usual = usual_[task];
    if (!usual) {
      auto made = CpuKernel::make(task->bytecode(), task->usual());
      if (!made)
        continue;
      usual = std::move(*made);
      usual->run();
      expected_[task] = usual->bytes();
    }
    if (jobs[i].choice == task->usual()) {
      const int runs = std::clamp(int(kSecondsEach / std::max(usual->seconds(1), 1e-9)), 1, 1'000'000);
      std::vector<double> times;
      for (int round = 0; round < kRounds; ++round)
        times.push_back(usual->seconds(runs));
      std::sort(times.begin(), times.end());
      values[i] = usualSeconds_[task] = times[times.size() / 2];
      continue;
    }
    const auto usualSeconds = usualSeconds_.find(task);
    auto made = CpuKernel::make(task->bytecode(), jobs[i].choice);
    if (!made || usualSeconds == usualSeconds_.end())
      continue; // the usual one could not be measured
    (*made)->run();
    if ((*made)->bytes() != expected_[task])
      continue; // never: but a wrong result must not be fast
    values[i] = usualSeconds->second * timeAgainstFirst({usual.get(), made->get()}, kRounds, kSecondsEach)[1];
  }
  return values;
}

Expected<std::unique_ptr<Session>> CpuTuner::sessionWith(std::span<const uint8_t> model,
                                                         const Choices &choices) {
  cpu::TileChoices tiles;
  tiles.choice = [&](const std::string &key) -> std::optional<std::string> {
    const auto at = choices.find(key);
    return at == choices.end() ? std::nullopt : std::optional(at->second);
  };
  auto compiled = compileWith(model, compileOptions(), {}, tiles);
  if (!compiled)
    return compiled.error();
  auto image = compiled->image.serialize();
  if (!image)
    return image.error();
  SessionOptions options;
  options.device = "cpu";
  return Session::open(*image, options);
}

// One inference of the whole network without and with the choices, in turns.
Expected<void> CpuTuner::compareWhole(std::span<const uint8_t> model, const Choices &choices) {
  std::unique_ptr<Session> sessions[2];
  for (int tuned : {0, 1}) {
    auto session = sessionWith(model, tuned ? choices : Choices());
    if (!session)
      return session.error();
    sessions[tuned] = std::move(*session);
  }
  std::vector<std::vector<uint8_t>> inputs;
  for (const TensorInfo &input : sessions[0]->inputs())
    inputs.emplace_back(input.bytes, uint8_t{0});
  const std::vector<std::span<const uint8_t>> views(inputs.begin(), inputs.end());
  std::vector<double> times[2], ratios;
  const Pinned pinned;
  for (int round = 0; round <= kLastRounds; ++round)
    for (int tuned : {0, 1}) {
      const auto begin = std::chrono::steady_clock::now();
      auto outputs = sessions[tuned]->run(views);
      if (!outputs)
        return outputs.error();
      if (round > 0) // the first one is for the caches
        times[tuned].push_back(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
  for (size_t i = 0; i < times[0].size(); ++i)
    ratios.push_back(times[1][i] / times[0][i]);
  std::sort(ratios.begin(), ratios.end());
  std::sort(times[0].begin(), times[0].end());
  const double usual = times[0][times[0].size() / 2];
  report_.untuned = uint64_t(usual * 1e9);
  report_.tuned = uint64_t(usual * ratios[ratios.size() / 2] * 1e9);
  report_.kept = report_.tuned < report_.untuned;
  return {};
}

// Into the log only what the whole network was faster with. What it had before stays where nothing takes its place: other networks have the
// same nests.
Expected<void> CpuTuner::keep(const Search &search, std::span<const uint8_t> model) {
  std::map<std::string, TunedChoice> fresh;
  Choices all;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const TaskResult &result = search.results()[i];
    std::optional<TunedChoice> choice;
    double ratio = 1;
    if (result.usual && result.choice != tasks_[i]->usual()) {
      auto usual = CpuKernel::make(tasks_[i]->bytecode(), tasks_[i]->usual()),
           best = CpuKernel::make(tasks_[i]->bytecode(), result.choice);
      if (usual && best) {
        const Pinned pinned;
        ratio = timeAgainstFirst({usual->get(), best->get()}, kLastRounds, kSecondsEach)[1];
      }
    }
    if (ratio < 1 - kLeastGain)
      choice = TunedChoice{result.choice, *result.usual * ratio, *result.usual};
    auto before = log_->chosen(place_, tasks_[i]->key());
    if (!before)
      return before.error();
    if (*before)
      all[tasks_[i]->key()] = (*before)->choice;
    if (choice)
      fresh[tasks_[i]->key()] = *choice, all[tasks_[i]->key()] = choice->choice;
    const double untuned = result.usual.value_or(0);
    report_.tasks.push_back({tasks_[i]->key().substr(0, tasks_[i]->key().find(" in")), "", 1,
                             size_t(tasks_[i]->weight()), nanoseconds(untuned),
                             nanoseconds(untuned * (choice ? ratio : 1)), 0,
                             choice ? result.choice : tasks_[i]->usual()});
  }
  if (all.empty())
    return {};
  if (auto compared = compareWhole(model, all); !compared || !report_.kept)
    return compared;
  return log_->choose(place_, fresh);
}

Expected<TuneReport> CpuTuner::run(std::span<const uint8_t> model) {
  auto log = TuningLog::open(options_.log, TuningLog::Mode::Write);
  if (!log)
    return log.error();
  log_ = std::move(*log);
  if (auto read = readNetwork(model); !read)
    return read.error();
  begin_ = std::chrono::steady_clock::now();
  std::vector<SearchTask *> tasks;
  for (auto &task : tasks_) {
    tasks.push_back(task.get());
    auto known = log_->measurements(place_, task->key());
    if (!known)
      return known.error();
    for (const TuningMeasurement &measurement : *known)
      if (measurement.choice == task->usual() && measurement.value && isPlausible(*measurement.value))
        usualSeconds_[task.get()] = *measurement.value;
  }
  SearchOptions options;
  options.trials = options_.trials;
  options.epsilon = options_.epsilon;
  options.seed = options_.seed;
  options.worstEstimate = 3;
  options.stop = [&] { return seconds() > options_.timeLimitSeconds || (options_.stop && options_.stop()); };
  Search *running = nullptr;
  options.progress = [&] {
    TuneProgress progress{running->measured(), options_.trials, 0, 0, seconds()};
    for (size_t i = 0; i < tasks_.size(); ++i)
      if (const TaskResult &result = running->results()[i]; result.usual && result.best) {
        progress.untuned += tasks_[i]->weight() * *result.usual * 1e9;
        progress.best += tasks_[i]->weight() * *result.best * 1e9;
      }
    if (options_.progress)
      options_.progress(progress);
  };
  Search search(
      tasks, options, [&](std::span<const SearchJob> jobs) { return measure(jobs); }, log_.get(), place_);
  running = &search;
  if (auto done = search.run(); !done)
    return done.error();
  if (auto kept = keep(search, model); !kept)
    return kept.error();
  report_.machine = place_.machine;
  report_.measured = search.measured();
  report_.failed = search.failed();
  report_.known = search.known();
  report_.seconds = seconds();
  return std::move(report_);
}

} // namespace

Expected<TuneReport> tuneModelOnCpu(std::span<const uint8_t> model, const TuneOptions &options) {
  return CpuTuner(options).run(model);
}

} // namespace tessera::compiler
