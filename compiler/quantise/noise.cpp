#include "quantise/noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace tessera::compiler::quantise {

void NoiseSums::add(std::span<const float> exact, std::span<const float> other) {
  for (size_t i = 0; i < exact.size() && i < other.size(); ++i) {
    const auto value = static_cast<double>(exact[i]);
    const double difference = value - static_cast<double>(other[i]);
    signal += value * value;
    noise += difference * difference;
  }
}

double NoiseSums::decibels() const {
  if (!(noise > 0))
    return std::numeric_limits<double>::infinity();
  return signal > 0 ? 10 * std::log10(signal / noise) : 0;
}

void measureNoise(const Network &network, const Plan &plan, const Calibration &calibration,
                  const std::vector<Scale> &scales, const Written &written, const Cases &cases,
                  const QuantiseOptions &options, QuantiseReport &report) {
  std::vector<std::string> exactNames, otherNames;
  std::vector<LayerNoise> found;
  for (size_t t = 0; t < plan.tensors.size(); ++t) {
    const PlannedTensor &tensor = plan.tensors[t];
    const int node = network.producer(tensor.name);
    if (!tensor.counts)
      continue;
    const Scale &scale = scales[static_cast<size_t>(tensor.group)];
    LayerNoise noise{tensor.name,
                     node < 0 ? "" : labelOf(network.node(node)),
                     node < 0 ? "input" : network.node(node).op_type(),
                     static_cast<double>(scale.scale),
                     scale.zeroPoint,
                     calibration.ends[t].low,
                     calibration.ends[t].high,
                     0};
    exactNames.push_back(tensor.name);
    otherNames.push_back(written.quantised.at(tensor.name));
    found.push_back(noise);
  }
  const size_t layers = found.size();
  for (const auto &output : network.graph().output())
    if (network.reals.count(output.name())) {
      LayerNoise noise;
      noise.tensor = output.name();
      exactNames.push_back(output.name());
      otherNames.push_back(output.name());
      found.push_back(noise);
    }
  Runner exact(network.model(), exactNames, "float network");
  Runner other(written.model, otherNames, "quantised network");
  std::vector<NoiseSums> sums(found.size());
  for (size_t i = 0; i < cases.count(); ++i) {
    if (options.progress)
      options.progress("comparing", i, cases.count());
    const std::vector<TensorData> inputs = cases.at(i);
    const std::vector<TensorData> wanted = exact.run(inputs), got = other.run(inputs);
    for (size_t t = 0; t < sums.size(); ++t)
      sums[t].add(floatsOf(wanted[t]), floatsOf(got[t]));
  }
  for (size_t t = 0; t < found.size(); ++t)
    found[t].snrDb = sums[t].decibels();
  report.outputs.assign(found.begin() + static_cast<std::ptrdiff_t>(layers), found.end());
  found.resize(layers);
  std::sort(found.begin(), found.end(), [](const LayerNoise &a, const LayerNoise &b) {
    return std::tie(a.snrDb, a.tensor) < std::tie(b.snrDb, b.tensor);
  });
  report.layers = std::move(found);
}

} // namespace tessera::compiler::quantise
