#include "task.h"

#include "choice.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

using std::to_string;

// A task ends where one tensor goes on if it has so many layers, and anyway if it has so many or is so long.
constexpr size_t kTaskLayers = 3, kMostTaskLayers = 6;
constexpr uint64_t kLongCycles = 100'000;

std::string shapeText(const Shape &s) {
  return to_string(s.height) + "x" + to_string(s.width) + "x" + to_string(s.channels);
}

// Where an operand comes from: the layer that writes it, or from outside of the region; then the first layer that reads it.
struct Source {
  size_t layer;
  bool outside;
};
struct Sources {
  Source input, rhs; // the same where there is one
};

std::vector<Sources> sourcesOf(std::span<const Layer> layers) {
  std::vector<Sources> sources;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto sourceOf = [&](const Place &place) -> Source {
      for (size_t k = i; k-- > 0;)
        if (layers[k].outputPlace == place)
          return {k, false};
      for (size_t k = 0; k < i; ++k)
        if (layers[k].inputPlace == place ||
            (layers[k].kind == LayerKind::Add && layers[k].rhsPlace == place))
          return {k, true};
      return {i, true};
    };
    const Source input = sourceOf(layers[i].inputPlace);
    sources.push_back({input, layers[i].kind == LayerKind::Add ? sourceOf(layers[i].rhsPlace) : input});
  }
  return sources;
}

// What a layer is, without where its operands come from.
std::string layerText(const Layer &l) {
  const Window &w = l.window;
  std::string text =
      std::string(layerKindName(l.kind)) + " " + shapeText(l.input) + ">" + shapeText(l.output);
  auto list = [&](const char *name, std::initializer_list<uint32_t> numbers) {
    text += std::string(" ") + name;
    for (uint32_t number : numbers)
      text += (text.back() == *name ? "" : ",") + to_string(number);
  };
  if (l.kind != LayerKind::Add) {
    list("k", {w.kernelHeight, w.kernelWidth});
    list("s", {w.strideHeight, w.strideWidth});
    list("d", {w.dilationHeight, w.dilationWidth});
    list("p", {w.padTop, w.padBottom, w.padLeft, w.padRight});
  }
  list("e", {uint32_t(l.exit.mode)});
  if (l.weightParts > 1) {
    list("w", {l.weightParts});
    for (uint32_t parts : l.blockParts)
      text += "," + to_string(parts);
  }
  return text + (l.handsOn ? " h" : "");
}

std::string operandText(const Layer &layer, const Sources &from, size_t index) { // so many layers back
  auto text = [&](const Source &source) {
    return (source.outside ? " x" : " f") + to_string(index - source.layer);
  };
  return text(from.input) + (layer.kind == LayerKind::Add ? text(from.rhs) : "");
}

std::string keyOf(std::span<const Layer> layers, const std::vector<Sources> &sources, const Task &task) {
  std::string key = task.begin > 0 ? layerText(layers[task.begin - 1]) : "begin";
  for (size_t i = task.begin; i < task.end; ++i)
    key += (i == task.begin ? " | " : "; ") + layerText(layers[i]) + operandText(layers[i], sources[i], i);
  return key + " | " + (task.end < layers.size() ? layerText(layers[task.end]) : "end");
}

} // namespace

uint64_t idealCycles(const Target &target, std::span<const Layer> layers) {
  uint64_t macs = 0;
  for (const Layer &layer : layers)
    macs += layer.macs();
  return macs / target.machine().macsPerCycle();
}

std::vector<Task> tasksOf(const Target &target, std::span<const Layer> layers,
                          std::span<const LayerPlan> usual) {
  const std::vector<Sources> sources = sourcesOf(layers);
  // Whether nothing but the result of the layer before is read from layer `end` on.
  auto isWaist = [&](size_t end) {
    for (size_t i = end; i < layers.size(); ++i)
      for (const Source &source : {sources[i].input, sources[i].rhs})
        if (source.layer + !source.outside < end)
          return false;
    return true;
  };
  std::vector<Task> tasks;
  size_t begin = 0;
  for (size_t end = 1; end <= layers.size(); ++end) {
    if (end < layers.size() && usual[end].joins)
      continue;
    const size_t count = end - begin;
    const bool isLong =
        count >= kMostTaskLayers || idealCycles(target, layers.subspan(begin, count)) >= kLongCycles;
    if (end < layers.size() && !isLong && (count < kTaskLayers || !isWaist(end)))
      continue;
    tasks.push_back({begin, end, ""});
    tasks.back().key = keyOf(layers, sources, tasks.back());
    begin = end;
  }
  return tasks;
}

std::vector<LayerPlan> tunedPlans(const Target &target, std::span<const Layer> layers,
                                  std::vector<LayerPlan> usual, const Tuning &tuning) {
  if (tuning.region)
    tuning.region(layers, usual);
  if (!tuning.choice)
    return usual;
  std::vector<LayerPlan> plans = usual;
  for (const Task &task : tasksOf(target, layers, usual)) {
    const std::optional<std::string> text = tuning.choice(task.key);
    if (!text)
      continue;
    auto chosen = readChoice(target, layers.subspan(task.begin, task.end - task.begin), *text);
    if (chosen)
      std::copy(chosen->begin(), chosen->end(), plans.begin() + std::ptrdiff_t(task.begin));
    else if (tuning.warn)
      tuning.warn("tuned plan of layer " + layers[task.begin].name + " and " +
                  to_string(task.end - task.begin - 1) +
                  " more refused, the usual one is taken: " + chosen.error().message);
  }
  return plans;
}

} // namespace tessera::compiler::npu
