#include "noise_report.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace tessera::tools {

namespace {

std::string decibels(double value) {
  if (std::isinf(value))
    return "exact";
  char text[24];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string end(const std::string &text, size_t length) {
  return text.size() > length ? "..." + text.substr(text.size() - (length - 3)) : text;
}

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

} // namespace

void printNoise(const NoiseReport &noise) {
  const compiler::QuantiseReport &report = noise.report;
  std::printf("%s: %zu cases, range %s%s\n", noise.model.c_str(), report.cases, noise.range.c_str(),
              noise.options.powerOfTwo ? ", powers of two" : "");
  std::printf("%zu normalisations folded, %zu pairs of layers equalised, %zu activations absorbed, %zu "
              "layers' biases corrected\n\n",
              report.foldedNormalisations, report.equalisedPairs, report.absorbedActivations,
              report.correctedBiases);
  std::printf("%8s  %-18s %-32s %12s %5s %12s %12s\n", "SNR dB", "operation", "tensor", "scale", "zero",
              "low", "high");
  for (const compiler::LayerNoise &layer : report.layers)
    std::printf("%8s  %-18s %-32s %12.6g %5lld %12.6g %12.6g\n", decibels(layer.snrDb).c_str(),
                layer.op.c_str(), end(layer.tensor, 32).c_str(), layer.scale,
                static_cast<long long>(layer.zeroPoint), layer.low, layer.high);
  if (!report.floats.empty())
    std::printf("\nstay float:\n");
  for (const compiler::FloatNode &node : report.floats)
    std::printf("  %-18s %-32s %s\n", node.op.c_str(), end(node.node, 32).c_str(), node.why.c_str());
  for (const compiler::LayerNoise &output : report.outputs)
    std::printf("\noutput %s: %s dB\n", output.tensor.c_str(), decibels(output.snrDb).c_str());
}

std::string noiseJson(const NoiseReport &noise) {
  const compiler::QuantiseReport &report = noise.report;
  nlohmann::ordered_json document = {{"model", noise.model},
                                     {"cases", report.cases},
                                     {"range", noise.range},
                                     {"power_of_two", noise.options.powerOfTwo},
                                     {"folded_normalisations", report.foldedNormalisations},
                                     {"equalised_pairs", report.equalisedPairs},
                                     {"absorbed_activations", report.absorbedActivations},
                                     {"corrected_biases", report.correctedBiases},
                                     {"layers", nlohmann::ordered_json::array()},
                                     {"float_nodes", nlohmann::ordered_json::array()},
                                     {"outputs", nlohmann::ordered_json::array()}};
  for (const compiler::LayerNoise &layer : report.layers)
    document["layers"].push_back({{"tensor", layer.tensor},
                                  {"node", layer.node},
                                  {"op", layer.op},
                                  {"scale", layer.scale},
                                  {"zero_point", layer.zeroPoint},
                                  {"low", layer.low},
                                  {"high", layer.high},
                                  {"snr_db", number(layer.snrDb)}});
  for (const compiler::FloatNode &node : report.floats)
    document["float_nodes"].push_back({{"node", node.node}, {"op", node.op}, {"why", node.why}});
  for (const compiler::LayerNoise &output : report.outputs)
    document["outputs"].push_back({{"tensor", output.tensor}, {"snr_db", number(output.snrDb)}});
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace tessera::tools
