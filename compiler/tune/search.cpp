#include "tune/search.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

namespace tessera::compiler {

using isa::Expected;

namespace {

constexpr size_t kParents = 12; // the best choices, from which others are bred
constexpr double kHope = 0.5;   // of what is above the ideal: what a task's first round is expected to gain
constexpr double kLeastHope = 1e-6; // of its value: a task of which less is expected is given up

} // namespace

struct Search::State {
  SearchTask *task = nullptr;
  size_t index = 0;
  std::map<std::string, std::optional<SearchTask::Description>> described;
  std::map<std::string, std::optional<double>> measured;
  std::vector<std::pair<double, std::string>> ranked; // what has a value, the best first
  std::optional<double> hope; // what the next round may gain; nothing before the first one
};

Search::Search(std::vector<SearchTask *> tasks, const SearchOptions &options, Measure measure, TuningLog *log,
               TuningPlace place)
    : options_(options), measure_(std::move(measure)), log_(log), place_(std::move(place)),
      results_(tasks.size()), random_(options.seed) {
  for (SearchTask *task : tasks) {
    states_.push_back(std::make_unique<State>());
    states_.back()->task = task;
    states_.back()->index = states_.size() - 1;
  }
}

Search::~Search() = default;

bool Search::mayGoOn() const { return measured_ < options_.trials && !(options_.stop && options_.stop()); }

void Search::note(size_t index, const std::string &choice, std::optional<double> value) {
  State &state = *states_[index];
  state.measured[choice] = value;
  if (!value)
    return;
  state.ranked.insert(std::upper_bound(state.ranked.begin(), state.ranked.end(), std::pair(*value, choice)),
                      {*value, choice});
  TaskResult &result = results_[index];
  result.best = state.ranked.front().first;
  result.choice = state.ranked.front().second;
  if (choice == state.task->usual())
    result.usual = value;
}

Expected<void> Search::recall() {
  if (!log_)
    return {};
  for (auto &state : states_) {
    auto found = log_->measurements(place_, state->task->key());
    if (!found)
      return found.error();
    std::vector<std::string> choices;
    for (const TuningMeasurement &measurement : *found)
      choices.push_back(measurement.choice);
    describeAll(*state, choices);
    for (const TuningMeasurement &measurement : *found)
      if ((!measurement.value || isPlausible(*measurement.value)) &&
          describe(*state, measurement.choice)) { // it may no longer be possible
        note(state->index, measurement.choice, measurement.value);
        ++known_;
      }
  }
  return {};
}

Expected<void> Search::measureAll(std::vector<SearchJob> jobs) {
  jobs.resize(std::min(jobs.size(), options_.trials - std::min(measured_, options_.trials)));
  if (jobs.empty())
    return {};
  auto values = measure_(jobs);
  if (!values)
    return values.error();
  std::vector<TuningMeasurement> fresh; // of one task
  for (size_t i = 0; i < jobs.size(); ++i) {
    ++measured_;
    failed_ += !(*values)[i];
    for (auto &state : states_)
      if (state->task == jobs[i].task)
        note(state->index, jobs[i].choice, (*values)[i]);
    fresh.push_back({jobs[i].choice, (*values)[i]});
    if (i + 1 < jobs.size() && jobs[i + 1].task == jobs[i].task)
      continue;
    if (log_)
      if (auto added = log_->add(place_, jobs[i].task->key(), fresh); !added)
        return added;
    fresh.clear();
  }
  if (options_.progress)
    options_.progress();
  return {};
}

const SearchTask::Description *Search::describe(State &state, const std::string &choice) {
  auto [at, fresh] = state.described.try_emplace(choice);
  if (fresh)
    at->second = state.task->describe(choice);
  return at->second ? &*at->second : nullptr;
}

void Search::describeAll(State &state, std::span<const std::string> choices) {
  std::vector<std::pair<const std::string *, std::optional<SearchTask::Description>>> fresh;
  for (const std::string &choice : choices)
    if (!state.described.contains(choice))
      fresh.emplace_back(&choice, std::nullopt);
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < fresh.size();)
      fresh[i].second = state.task->describe(*fresh[i].first);
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(options_.threads, fresh.size()); ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  for (auto &[choice, description] : fresh)
    state.described[*choice] = std::move(description);
}

Expected<void> Search::learn() {
  std::vector<Features> rows;
  std::vector<float> values;
  for (auto &state : states_)
    for (const auto &[choice, value] : state->measured)
      if (value && *value > 0)
        if (const auto *description = describe(*state, choice)) {
          rows.push_back(description->features);
          values.push_back(float(std::log(*value / description->estimate)));
        }
  // What all have in common says nothing about which is better.
  const float mean =
      values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0f) / float(values.size());
  for (float &value : values)
    value -= mean;
  return model_.train(rows, values);
}

Expected<std::vector<double>> Search::scores(State &state, std::span<const std::string> choices) {
  std::vector<Features> rows;
  for (const std::string &choice : choices)
    rows.push_back(describe(state, choice)->features);
  std::vector<float> residuals(choices.size(), 0);
  if (options_.useModel) {
    auto predicted = model_.predict(rows);
    if (!predicted)
      return predicted.error();
    residuals = std::move(*predicted);
  }
  std::vector<double> scores;
  for (size_t i = 0; i < choices.size(); ++i)
    scores.push_back(std::log(describe(state, choices[i])->estimate) + double(residuals[i]));
  return scores;
}

// Choices that are new, possible, and not hopeless.
std::vector<std::string> Search::breed(State &state, const std::vector<std::string> &parents, size_t count) {
  std::vector<std::string> children;
  std::set<std::string> seen;
  for (size_t tries = 0; tries < 3 * count && children.size() < count; ++tries) {
    const std::string &one = parents[random_() % parents.size()];
    const std::string *other = random_() % 4 == 0 ? &parents[random_() % parents.size()] : nullptr;
    auto child = state.task->propose(one, other, random_);
    if (child && !state.measured.contains(*child) && seen.insert(*child).second)
      children.push_back(std::move(*child));
  }
  describeAll(state, children);
  const auto *usual = describe(state, state.task->usual());
  std::erase_if(children, [&](const std::string &child) {
    const auto *description = describe(state, child);
    return !description || (usual && description->estimate > options_.worstEstimate * usual->estimate);
  });
  return children;
}

Expected<void> Search::round(size_t index) {
  State &state = *states_[index];
  std::vector<std::string> best, pool;
  for (size_t i = 0; i < std::min(state.ranked.size(), kParents); ++i)
    best.push_back(state.ranked[i].second);
  if (best.empty())
    best.push_back(state.task->usual());
  // Each generation is bred from the most promising ones so far.
  std::vector<std::string> parents = best;
  for (size_t generation = 0; generation < options_.generations; ++generation) {
    for (std::string &child : breed(state, parents, options_.pool / options_.generations))
      if (std::find(pool.begin(), pool.end(), child) == pool.end())
        pool.push_back(std::move(child));
    auto judged = scores(state, pool);
    if (!judged)
      return judged.error();
    std::vector<std::pair<double, size_t>> order;
    for (size_t i = 0; i < pool.size(); ++i)
      order.emplace_back((*judged)[i], i);
    std::sort(order.begin(), order.end());
    std::vector<std::string> sorted;
    for (const auto &[score, i] : order)
      sorted.push_back(std::move(pool[i]));
    pool = std::move(sorted);
    parents.assign(pool.begin(), pool.begin() + std::ptrdiff_t(std::min(pool.size(), kParents)));
    parents.insert(parents.end(), best.begin(),
                   best.begin() + std::ptrdiff_t(std::min(best.size(), kParents / 2)));
  }
  if (pool.empty()) {
    state.hope = 0;
    return {};
  }
  std::vector<SearchJob> jobs;
  for (size_t i = 0; i < options_.batch && !pool.empty(); ++i) {
    const bool atRandom = double(random_() >> 11) * 0x1p-53 < options_.epsilon;
    const size_t at = atRandom ? size_t(random_() % pool.size()) : 0;
    jobs.push_back({state.task, pool[at]});
    pool.erase(pool.begin() + std::ptrdiff_t(at));
  }
  const std::optional<double> before = results_[index].best;
  if (auto done = measureAll(std::move(jobs)); !done)
    return done;
  // Half of what was hoped for, half of what came.
  const double gain = before && results_[index].best ? *before - *results_[index].best : 0;
  state.hope = (hopeOf(index) + gain) / 2;
  return {};
}

double Search::hopeOf(size_t index) const {
  const State &state = *states_[index];
  const TaskResult &result = results_[index];
  if (!result.best)
    return 0;
  return state.hope.value_or(kHope * std::max(*result.best - state.task->ideal(), 0.0));
}

std::optional<size_t> Search::mostToGain() const {
  std::optional<size_t> best;
  double most = 0;
  for (const auto &state : states_) {
    const double hope = hopeOf(state->index);
    if (hope > kLeastHope * results_[state->index].best.value_or(0) && state->task->weight() * hope > most)
      most = state->task->weight() * hope, best = state->index;
  }
  return best;
}

Expected<void> Search::run() {
  if (auto recalled = recall(); !recalled)
    return recalled;
  std::vector<SearchJob> first;
  for (auto &state : states_)
    if (!state->measured.contains(state->task->usual()))
      first.push_back({state->task, state->task->usual()});
  for (size_t begin = 0; begin < first.size() && mayGoOn(); begin += options_.batch) {
    const auto from = first.begin() + std::ptrdiff_t(begin);
    if (auto done = measureAll({from, from + std::ptrdiff_t(std::min(options_.batch, first.size() - begin))});
        !done)
      return done;
  }
  while (mayGoOn()) {
    const auto next = mostToGain();
    if (!next)
      break;
    if (auto learnt = options_.useModel ? learn() : Expected<void>(); !learnt)
      return learnt;
    if (auto done = round(*next); !done)
      return done;
  }
  return {};
}

} // namespace tessera::compiler
