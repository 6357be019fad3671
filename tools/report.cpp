#include "report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tessera::tools {

namespace {

constexpr size_t kShownCases = 8;
constexpr size_t kShownValues = 16;

template <class T> T valueAt(const Array &array, size_t index) {
  T value;
  std::memcpy(&value, array.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

std::string valueText(const Array &array, size_t index) {
  if (array.type == "int8")
    return std::to_string(valueAt<int8_t>(array, index));
  if (array.type == "uint8" || array.type == "bool")
    return std::to_string(valueAt<uint8_t>(array, index));
  if (array.type == "int16")
    return std::to_string(valueAt<int16_t>(array, index));
  if (array.type == "int32")
    return std::to_string(valueAt<int32_t>(array, index));
  if (array.type == "int64")
    return std::to_string(valueAt<int64_t>(array, index));
  char text[32];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(valueAt<float>(array, index)));
  return text;
}

/// The place of the largest value of a case, where values are numbers of one byte.
std::string largest(const Array &array, size_t first, size_t count) {
  if (array.type != "int8" || count < 2)
    return "";
  size_t best = first;
  for (size_t i = first; i < first + count; ++i)
    if (valueAt<int8_t>(array, i) > valueAt<int8_t>(array, best))
      best = i;
  return "  largest at " + std::to_string(best - first);
}

nlohmann::ordered_json layerJson(const compiler::LayerReport &layer) {
  double perSecond = layer.wallSeconds > 0 ? static_cast<double>(layer.cycles) / layer.wallSeconds : 0;
  return {{"name", layer.name},
          {"op", layer.op},
          {"placement", layer.placement},
          {"reason", layer.reason},
          {"cycles", layer.cycles},
          {"macs", layer.macs},
          {"utilization", layer.utilization},
          {"simulated_cycles_per_second", perSecond},
          {"wall_seconds", layer.wallSeconds}};
}

} // namespace

std::string grouped(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t at = text.size(); at > 3; at -= 3)
    text.insert(at - 3, ",");
  return text;
}

void printOutputs(const std::vector<Array> &outputs, const std::vector<compiler::TensorInfo> &tensors,
                  size_t cases) {
  for (size_t i = 0; i < std::min(cases, kShownCases); ++i)
    for (size_t o = 0; o < outputs.size(); ++o) {
      size_t count = tensors[o].bytes / std::max(elementBytes(outputs[o].type), 1u), first = i * count;
      std::printf("case %zu %s %s:", i, tensors[o].name.c_str(),
                  describe(tensors[o].type, tensors[o].shape).c_str());
      for (size_t v = 0; v < std::min(count, kShownValues); ++v)
        std::printf(" %s", valueText(outputs[o], first + v).c_str());
      std::printf("%s%s\n", count > kShownValues ? " ..." : "", largest(outputs[o], first, count).c_str());
    }
  if (cases > kShownCases)
    std::printf("... %zu cases more\n", cases - kShownCases);
}

void printReport(const Run &run) {
  const compiler::RunReport &report = run.report;
  std::printf("\n%s on %s (%s%s%s)\n", run.session.modelName().c_str(),
              run.device == "cpu" ? "the host" : run.session.machine().name.c_str(), run.device.c_str(),
              run.memory.empty() ? "" : ", memory ", run.memory.c_str());
  std::printf("%-4s %-18s %-32s %12s %14s %6s\n", "runs", "operation", "layer", "cycles", "MACs", "util");
  for (const compiler::LayerReport &layer : report.layers) {
    std::string name =
        layer.name.size() > 32 ? "..." + layer.name.substr(layer.name.size() - 29) : layer.name;
    std::string utilization = "";
    if (layer.cycles && layer.macs) {
      char text[16];
      std::snprintf(text, sizeof text, "%.1f%%", 100 * layer.utilization);
      utilization = text;
    }
    std::printf("%-4s %-18s %-32s %12s %14s %6s\n", layer.placement.c_str(), layer.op.c_str(), name.c_str(),
                layer.cycles ? grouped(layer.cycles).c_str() : "",
                layer.macs ? grouped(layer.macs).c_str() : "", utilization.c_str());
  }
  if (report.cycles) {
    std::printf("total %s cycles, %s multiply-accumulates: %.1f %% of %u a cycle\n",
                grouped(report.cycles).c_str(), grouped(report.macs).c_str(), 100 * report.utilization,
                run.session.machine().macsPerCycle());
    std::printf("%s simulated cycles a second, ",
                grouped(static_cast<uint64_t>(report.simulatedCyclesPerSecond)).c_str());
  } else {
    std::printf("total %s multiply-accumulates, ", grouped(report.macs).c_str());
  }
  std::printf("%.3f ms a case%s\n", 1e3 * report.wallSeconds, run.cases > 1 ? " (the last)" : "");
}

std::string reportJson(const Run &run) {
  const compiler::RunReport &report = run.report;
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(run.session.machine().hash()));
  nlohmann::ordered_json document = {{"model", run.session.modelName()},
                                     {"device", run.device},
                                     {"machine", run.session.machine().name},
                                     {"config_hash", hash},
                                     {"memory", run.memory},
                                     {"cases", run.cases},
                                     {"cycles", report.cycles},
                                     {"macs", report.macs},
                                     {"utilization", report.utilization},
                                     {"simulated_cycles_per_second", report.simulatedCyclesPerSecond},
                                     {"wall_seconds", report.wallSeconds},
                                     {"instructions", report.instructions},
                                     {"micro_ops", report.microOps},
                                     {"layers", nlohmann::ordered_json::array()}};
  for (const compiler::LayerReport &layer : report.layers)
    document["layers"].push_back(layerJson(layer));
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace tessera::tools
