#include "tune/npu_task.h"

#include "npu/core/choice.h"
#include "npu/core/duration.h"
#include "npu/core/region.h"

#include <cmath>

namespace tessera::compiler {

using isa::Expected;

namespace {

constexpr uint64_t kMostNeighbourCycles =
    50'000; // what neighbours hide of a long task is little, and their time is measured too

} // namespace

NpuTask::NpuTask(const npu::Target &target, const TunedRegion &region, npu::Task task, double weight)
    : target_(target), region_(region), task_(std::move(task)), weight_(weight), begin_(task_.begin),
      end_(task_.end), space_(target, layers()) {
  size_t begin = begin_, end = end_;
  if (begin > 0)
    while (region_.usual[--begin].joins) {
    }
  if (end < region_.layers.size())
    while (++end < region_.layers.size() && region_.usual[end].joins) {
    }
  const std::span<const npu::Layer> all(region_.layers);
  if (npu::idealCycles(target, all.subspan(begin, begin_ - begin)) <= kMostNeighbourCycles)
    begin_ = begin;
  if (npu::idealCycles(target, all.subspan(end_, end - end_)) <= kMostNeighbourCycles)
    end_ = end;
  ideal_ = double(npu::idealCycles(target, window()));
  usual_ = npu::choiceText(std::span(region_.usual).subspan(task_.begin, task_.end - task_.begin));
}

std::optional<std::string> NpuTask::propose(const std::string &one, const std::string *other,
                                            std::mt19937_64 &random) {
  auto first = npu::readChoice(target_, layers(), one);
  if (!first)
    return std::nullopt;
  if (other)
    if (auto second = npu::readChoice(target_, layers(), *other))
      if (auto both = space_.cross(*first, *second, random))
        return npu::choiceText(*both);
  auto next = space_.step(*first, random);
  return next ? std::optional(npu::choiceText(*next)) : std::nullopt;
}

std::vector<npu::LayerPlan> NpuTask::inWindow(const std::vector<npu::LayerPlan> &plans) const {
  std::vector<npu::LayerPlan> all(region_.usual.begin() + std::ptrdiff_t(begin_),
                                  region_.usual.begin() + std::ptrdiff_t(end_));
  std::copy(plans.begin(), plans.end(), all.begin() + std::ptrdiff_t(task_.begin - begin_));
  return all;
}

Expected<std::vector<npu::Command>> NpuTask::program(const std::string &choice) const {
  auto plans = npu::readChoice(target_, layers(), choice);
  return plans ? npu::scheduleRegion(target_, window(), inWindow(*plans)) : plans.error();
}

std::optional<SearchTask::Description> NpuTask::describe(const std::string &choice) {
  auto commands = program(choice);
  if (!commands)
    return std::nullopt;
  Description description;
  description.estimate = double(std::max<uint64_t>(npu::durationOf(target_, *commands), 1));
  // What there is to do, as logarithms: instructions by kind, and bytes each way.
  constexpr size_t kKinds = size_t(npu::Command::Kind::Mark) + 1;
  std::array<double, kKinds> counts{};
  double read = 0, written = 0, shortReads = 0, padded = 0, chained = 0, iterations = 0;
  for (const npu::Command &c : *commands) {
    ++counts[size_t(c.kind)];
    const double bytes = double(c.rows) * c.columns * target_.elementBytes(c.memory);
    if (c.kind == npu::Command::Kind::Load) {
      read += bytes;
      shortReads += c.rows > 1 ? c.rows : 0;
      padded += c.pads != decltype(c.pads){};
    } else if (c.kind == npu::Command::Kind::Store) {
      written += bytes;
    } else if (c.kind == npu::Command::Kind::Reduce) {
      chained += c.destination != npu::Command{}.destination;
      double all = 1;
      for (const auto &loop : c.kernel.loops)
        all *= loop.extent;
      iterations += all;
    }
  }
  Features &features = description.features;
  for (double number : {description.estimate, read, written, shortReads, padded, chained, iterations})
    features.push_back(float(std::log1p(number)));
  for (double count : counts)
    features.push_back(float(std::log1p(count)));
  features.push_back(float(description.estimate / std::max(ideal_, 1.0)));
  features.push_back(float(layers().size()));
  return description;
}

} // namespace tessera::compiler
