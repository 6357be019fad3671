#include "tessera/compiler/tune.h"

#include "driver-of-passes/pipeline.h"
#include "tune/choices.h"
#include "tune/npu_measure.h"
#include "tune/npu_task.h"

#include "npu/core/choice.h"
#include "npu/core/region.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <list>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

class Tuner {
public:
  Tuner(const TuneOptions &options, const isa::MachineConfig &machine)
      : options_(options), machine_(machine), target_(machine),
        place_(npuPlace(machine, options.memory, options.device)) {}

  Expected<TuneReport> run(std::span<const uint8_t> model);

private:
  using Programs = std::vector<std::function<Expected<std::vector<npu::Command>>()>>;

  Expected<void> readNetwork(std::span<const uint8_t> model);
  void makeTasks();
  using Choices = std::map<std::string, std::string>; // by the task's key; none: the usual plans
  npu::Tuning tuningOf(const Choices &choices) const;
  /// Cycles of the whole network under them, measured, and by the timing model.
  Expected<uint64_t> whole(const Choices &choices);
  uint64_t estimate(const Choices &choices) const;
  Choices sifted(Choices choices, const Choices &before) const;
  Expected<void> keep(const Search &search);
  void tell(const Search &search) const;
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  const TuneOptions &options_;
  const isa::MachineConfig &machine_;
  const npu::Target target_;
  const TuningPlace place_;
  std::list<TunedRegion> regions_; // tasks keep references
  size_t constantBytes_ = 0, arenaBytes_ = 0;
  std::vector<std::unique_ptr<NpuTask>> tasks_; // of which no two are the same
  std::vector<size_t> counts_;
  std::unique_ptr<TuningLog> log_;
  std::unique_ptr<NpuMeasure> measure_;
  std::chrono::steady_clock::time_point begin_;
  TuneReport report_;
};

Expected<void> Tuner::readNetwork(std::span<const uint8_t> model) {
  CompileOptions options;
  options.machine = machine_;
  options.modelName = options_.modelName;
  options.modelFolder = options_.modelFolder;
  options.extents = options_.extents;
  npu::Tuning tuning;
  tuning.region = [&](std::span<const npu::Layer> layers, std::span<const npu::LayerPlan> usual) {
    if (!layers.empty())
      regions_.push_back({{layers.begin(), layers.end()}, {usual.begin(), usual.end()}});
  };
  auto compiled = compileWith(model, options, tuning);
  if (!compiled)
    return compiled.error();
  if (regions_.empty())
    return Error{"no layer of the network runs on machine " + machine_.name + ", there is nothing to tune"};
  if (const std::vector<uint8_t> *constants = compiled->image.find(isa::ProgramImage::kConstants))
    constantBytes_ = constants->size();
  const auto metadata = nlohmann::json::parse(compiled->image.text(isa::ProgramImage::kMetadata));
  arenaBytes_ = metadata.value("arena_bytes", size_t{0});
  return {};
}

void Tuner::makeTasks() {
  std::map<std::string, size_t> known;
  for (const TunedRegion &region : regions_)
    for (const npu::Task &task : npu::tasksOf(target_, region.layers, region.usual)) {
      auto [at, fresh] = known.try_emplace(task.key, counts_.size());
      if (fresh)
        counts_.push_back(0);
      ++counts_[at->second];
    }
  known.clear();
  for (const TunedRegion &region : regions_)
    for (const npu::Task &task : npu::tasksOf(target_, region.layers, region.usual))
      if (known.try_emplace(task.key, tasks_.size()).second)
        tasks_.push_back(std::make_unique<NpuTask>(target_, region, task, double(counts_[tasks_.size()])));
}

npu::Tuning Tuner::tuningOf(const Choices &choices) const {
  npu::Tuning tuning;
  tuning.choice = [&choices](const std::string &key) -> std::optional<std::string> {
    const auto at = choices.find(key);
    return at == choices.end() ? std::nullopt : std::optional(at->second);
  };
  return tuning;
}

Expected<uint64_t> Tuner::whole(const Choices &choices) {
  const npu::Tuning tuning = tuningOf(choices);
  Programs programs;
  for (const TunedRegion &region : regions_)
    programs.push_back([&] {
      return npu::scheduleRegion(target_, region.layers,
                                 npu::tunedPlans(target_, region.layers, region.usual, tuning));
    });
  auto values = measure_->cycles(programs);
  if (!values)
    return values.error();
  uint64_t cycles = 0;
  for (const std::optional<double> &value : *values) {
    if (!value)
      return Error{"the whole network could not be measured on device " + options_.device};
    cycles += uint64_t(*value);
  }
  if (cycles == 0)
    return Error{"device " + options_.device + " does not count cycles"};
  return cycles;
}

uint64_t Tuner::estimate(const Choices &choices) const {
  const npu::Tuning tuning = tuningOf(choices);
  uint64_t cycles = 0;
  for (const TunedRegion &region : regions_)
    cycles += npu::durationOfPlans(target_, region.layers,
                                   npu::tunedPlans(target_, region.layers, region.usual, tuning));
  return cycles;
}

// Those of the choices that the whole network is faster with, by the timing model, than with what the log had before: what one saves its
// neighbour's may save too, or lose.
Tuner::Choices Tuner::sifted(Choices choices, const Choices &before) const {
  uint64_t least = estimate(choices);
  for (const auto &task : tasks_) {
    const auto at = choices.find(task->key());
    if (at == choices.end() || (options_.stop && options_.stop()))
      continue;
    Choices without = choices;
    if (const auto old = before.find(task->key()); old != before.end())
      without[task->key()] = old->second;
    else
      without.erase(task->key());
    if (const uint64_t cycles = estimate(without); cycles < least)
      least = cycles, choices = std::move(without);
  }
  return choices;
}

void Tuner::tell(const Search &search) const {
  if (!options_.progress)
    return;
  TuneProgress progress{search.measured(), options_.trials, double(report_.untuned), double(report_.untuned),
                        seconds()};
  for (size_t i = 0; i < tasks_.size(); ++i)
    if (const TaskResult &result = search.results()[i]; result.usual && result.best)
      progress.best -= tasks_[i]->weight() * (*result.usual - *result.best);
  options_.progress(progress);
}

// Into the log, for compilations, what the whole network is fastest with: all choices, those that are left after sifting, or none. What the
// log had before stays where nothing takes its place: other networks have the same tasks.
Expected<void> Tuner::keep(const Search &search) {
  Choices before;
  for (const auto &task : tasks_) {
    auto chosen = log_->chosen(place_, task->key());
    if (!chosen)
      return chosen.error();
    if (*chosen)
      before[task->key()] = (*chosen)->choice;
  }
  Choices all = before;
  for (size_t i = 0; i < tasks_.size(); ++i)
    if (const TaskResult &result = search.results()[i]; result.usual && *result.best < *result.usual)
      all[tasks_[i]->key()] = result.choice;
  std::vector<Choices> candidates{before, all, sifted(all, before)};
  report_.tuned = report_.untuned;
  const Choices *best = &candidates[0];
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i == 0 ? before.empty() : candidates[i] == candidates[i - 1] || candidates[i] == before)
      continue;
    auto cycles = whole(candidates[i]);
    if (!cycles)
      return cycles.error();
    if (i == 0 || *cycles < std::min(report_.tuned, report_.untuned))
      report_.tuned = *cycles, best = &candidates[i];
  }
  report_.kept = report_.tuned < report_.untuned;
  std::map<std::string, TunedChoice> fresh;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const auto at = best->find(tasks_[i]->key());
    if (at == best->end() || (before.contains(at->first) && before.at(at->first) == at->second))
      continue;
    const TaskResult &result = search.results()[i];
    fresh[at->first] = {at->second, *result.best, *result.usual};
  }
  return log_->choose(place_, fresh);
}

Expected<TuneReport> Tuner::run(std::span<const uint8_t> model) {
  auto log = TuningLog::open(options_.log, TuningLog::Mode::Write);
  if (!log)
    return log.error();
  log_ = std::move(*log);
  if (auto read = readNetwork(model); !read)
    return read.error();
  makeTasks();
  auto measure = NpuMeasure::open({options_.device, options_.machine, options_.memory, options_.dramBytes,
                                   options_.assertions, options_.devices},
                                  target_, constantBytes_, arenaBytes_);
  if (!measure)
    return measure.error();
  measure_ = std::move(*measure);
  begin_ = std::chrono::steady_clock::now(); // a model that is built at its first use does not count

  auto untuned = whole({});
  if (!untuned)
    return untuned.error();
  report_.untuned = *untuned;
  SearchOptions searchOptions;
  searchOptions.trials = options_.trials;
  searchOptions.epsilon = options_.epsilon;
  searchOptions.seed = options_.seed;
  searchOptions.threads = options_.devices;
  searchOptions.batch = 4 * std::max<size_t>(options_.devices, 1);
  searchOptions.stop = [&] {
    return seconds() > options_.timeLimitSeconds || (options_.stop && options_.stop());
  };
  const auto measureJobs = [&](std::span<const SearchJob> jobs) {
    Programs programs;
    for (const SearchJob &job : jobs)
      programs.push_back([&job] { return static_cast<NpuTask *>(job.task)->program(job.choice); });
    return measure_->cycles(programs);
  };
  std::vector<SearchTask *> tasks;
  for (auto &task : tasks_)
    tasks.push_back(task.get());
  Search *running = nullptr;
  searchOptions.progress = [&] { tell(*running); };
  Search search(tasks, searchOptions, measureJobs, log_.get(), place_);
  running = &search;
  if (auto done = search.run(); !done)
    return done.error();
  if (auto kept = keep(search); !kept)
    return kept.error();

  report_.machine = machine_.name;
  report_.memory = npuPlace(machine_, options_.memory).memory;
  report_.measured = search.measured();
  report_.failed = search.failed();
  report_.known = search.known();
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const npu::Task &task = tasks_[i]->task();
    const std::vector<npu::Layer> &layers = tasks_[i]->region().layers;
    const TaskResult &result = search.results()[i];
    report_.tasks.push_back({layers[task.begin].name, layers[task.end - 1].name, task.end - task.begin,
                             counts_[i], uint64_t(result.usual.value_or(0)),
                             uint64_t(result.best.value_or(0)), uint64_t(tasks_[i]->ideal()), result.choice});
  }
  report_.seconds = seconds();
  return std::move(report_);
}

} // namespace

Expected<TuneReport> tuneModel(std::span<const uint8_t> model, const TuneOptions &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  if (machine->level == isa::Level::Vta)
    return Error{"machine " + machine->name + " is of level vta, whose plans are not tuned"};
  return Tuner(options, *machine).run(model);
}

} // namespace tessera::compiler
