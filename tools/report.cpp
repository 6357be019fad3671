#include "report.h"

#include "estimate.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tessera::tools {

namespace {

constexpr size_t kShownCases = 8;
constexpr size_t kShownValues = 16;

std::string valueText(const Array &array, size_t index) {
  if (array.type == "int64" || array.type == "uint64") { // more digits than a double has
    uint64_t bits;
    std::memcpy(&bits, array.data.data() + index * sizeof bits, sizeof bits);
    return array.type == "uint64" ? std::to_string(bits) : std::to_string(static_cast<int64_t>(bits));
  }
  char text[32];
  const double value = numberAt(array, index);
  const bool isReal = array.type.starts_with("float");
  std::snprintf(text, sizeof text, isReal ? "%g" : "%.0f", value);
  return text;
}

/// The place of the largest value of a case, where values are numbers of one byte.
std::string largest(const Array &array, size_t count) {
  if (array.type != "int8" || count < 2)
    return "";
  return "  largest at " + std::to_string(largestOf(array, 0, count));
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

void printOutputs(const OutputCollector &outputs) {
  for (size_t i = 0; i < std::min(outputs.cases(), kShownCases); ++i)
    for (size_t o = 0; o < outputs.tensors().size(); ++o) {
      const compiler::TensorInfo &tensor = outputs.tensors()[o];
      const Array array{tensor.type, outputs.at(i, o).shape, outputs.at(i, o).data};
      const uint32_t bytes = elementBytes(array.type);
      const size_t count = bytes == 0 ? 0 : array.data.size() / bytes; // 0: of a type that has no text here
      std::printf("case %zu %s %s:", i, tensor.name.c_str(), describe(array.type, array.shape).c_str());
      for (size_t v = 0; v < std::min(count, kShownValues); ++v)
        std::printf(" %s", valueText(array, v).c_str());
      std::printf("%s%s\n", count > kShownValues ? " ..." : "", largest(array, count).c_str());
    }
  if (outputs.cases() > kShownCases)
    std::printf("... %zu cases more\n", outputs.cases() - kShownCases);
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
    std::printf("total %s cycles%s, %s multiply-accumulates: %.1f %% of %u a cycle\n",
                grouped(report.cycles).c_str(), estimatesCycles(run.device, run.memory) ? " by estimate" : "",
                grouped(report.macs).c_str(), 100 * report.utilization, run.session.machine().macsPerCycle());
    if (!estimatesCycles(run.device, run.memory))
      std::printf("%s simulated cycles a second, ",
                  grouped(static_cast<uint64_t>(report.simulatedCyclesPerSecond)).c_str());
  } else {
    std::printf("total %s multiply-accumulates, ", grouped(report.macs).c_str());
  }
  std::printf("%.3f ms a case%s\n", 1e3 * report.wallSeconds, run.cases > 1 ? " (mean of the last)" : "");
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
                                     {"cycles_estimated", estimatesCycles(run.device, run.memory)},
                                     {"macs", report.macs},
                                     {"utilization", report.utilization},
                                     {"simulated_cycles_per_second", report.simulatedCyclesPerSecond},
                                     {"wall_seconds", report.wallSeconds},
                                     {"instructions", report.instructions},
                                     {"micro_ops", report.microOps},
                                     {"borders",
                                      {{"converted_bytes", report.borders.converted},
                                       {"copied_bytes", report.borders.copied},
                                       {"shared_bytes", report.borders.shared}}},
                                     {"layers", nlohmann::ordered_json::array()}};
  for (const compiler::LayerReport &layer : report.layers)
    document["layers"].push_back(layerJson(layer));
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace tessera::tools
