#include "quantise/calibrate.h"

#include "quantise/layer.h"
#include "quantise/weights.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;

namespace {

/// A layer's twin has the same input and the error of the quantised weights in the weights' place, no bias.
struct Twin {
  int node;
  std::string result;
  std::vector<double> sums;
  double count = 0;
};

std::vector<Twin> addTwins(Network &copy, const Plan &plan, bool powerOfTwo) {
  std::vector<Twin> twins;
  const int count = copy.nodeCount();
  for (int i = 0; i < count; ++i) {
    const auto layer =
        plan.nodes[static_cast<size_t>(i)].role == Role::Layer ? layerOf(copy, i) : std::nullopt;
    if (!layer || !layer->canHaveBias)
      continue;
    Twin twin{i, copy.freshName(copy.node(i).output(0) + "_error"),
              std::vector<double>(static_cast<size_t>(layer->outputs), 0)};
    const std::string weights = copy.freshName(twin.result + "_weights");
    const Floats error = weightError(copy, *layer, quantiseWeights(copy, *layer, powerOfTwo));
    fillTensor(*copy.graph().add_initializer(), weights, error.shape, error.values);
    NodeProto node = copy.node(i);
    node.set_name(twin.result);
    node.set_input(kWeightsInput, weights);
    while (node.input_size() > kBiasInput)
      node.mutable_input()->RemoveLast();
    node.set_output(0, twin.result);
    *copy.graph().add_node() = node;
    twins.push_back(std::move(twin));
  }
  copy.reindex();
  return twins;
}

/// Sums of each channel: dimension 1 of a picture, the last of a matrix.
void addChannels(Twin &twin, const TensorData &result, bool isMatrix) {
  const std::span<const float> values = floatsOf(result);
  const size_t channels = twin.sums.size();
  size_t inner = 1;
  for (size_t d = isMatrix ? result.shape.size() : 2; d < result.shape.size(); ++d)
    inner *= result.shape[d];
  for (size_t i = 0; i < values.size(); ++i)
    twin.sums[i / inner % channels] += static_cast<double>(values[i]);
  twin.count += static_cast<double>(values.size() / channels);
}

void checkFinite(std::span<const float> values, const std::string &name, size_t index) {
  for (float value : values)
    if (!std::isfinite(value))
      fail("case ", index, ": tensor '", name, "' becomes ", std::isnan(value) ? "NaN" : "infinite",
           " in the float network");
}

} // namespace

Calibration calibrate(const Network &network, const Plan &plan, const Cases &cases,
                      const QuantiseOptions &options) {
  Network copy = network;
  std::vector<Twin> twins;
  if (options.correctBias)
    twins = addTwins(copy, plan, options.powerOfTwo);
  std::vector<std::string> names;
  for (const PlannedTensor &tensor : plan.tensors)
    names.push_back(tensor.name);
  for (const Twin &twin : twins)
    names.push_back(twin.result);
  Runner runner(copy.model(), names, "float network");

  std::vector<ActivationStatistics> groups(static_cast<size_t>(plan.groups),
                                           ActivationStatistics(options.range));
  std::vector<ActivationStatistics> tensors(plan.tensors.size(), ActivationStatistics(RangeRule::MinMax));
  const size_t passes = options.range == RangeRule::MinMax ? 1 : 2;
  for (size_t pass = 0; pass < passes; ++pass)
    for (size_t i = 0; i < cases.count(); ++i) {
      if (options.progress)
        options.progress("calibrating", pass * cases.count() + i, passes * cases.count());
      const std::vector<TensorData> values = runner.run(cases.at(i));
      for (size_t t = 0; t < plan.tensors.size(); ++t) {
        const PlannedTensor &tensor = plan.tensors[t];
        const std::span<const float> numbers = floatsOf(values[t]);
        ActivationStatistics &group = groups[static_cast<size_t>(tensor.group)];
        if (pass == 0) {
          checkFinite(numbers, tensor.name, i);
          tensors[t].addEnds(numbers);
          if (tensor.counts)
            group.addEnds(numbers);
        } else if (tensor.counts) {
          group.addSpread(numbers);
        }
      }
      for (size_t t = 0; t < twins.size() && pass == 0; ++t)
        addChannels(twins[t], values[plan.tensors.size() + t], !isOp(copy.node(twins[t].node), "Conv"));
    }

  Calibration result;
  for (const ActivationStatistics &group : groups)
    result.ranges.push_back(group.range(options.percentile));
  for (const ActivationStatistics &tensor : tensors)
    result.ends.push_back(tensor.ends());
  for (Twin &twin : twins) {
    for (double &sum : twin.sums)
      sum /= std::max(twin.count, 1.0);
    result.weightErrors[twin.node] = std::move(twin.sums);
  }
  return result;
}

size_t correctBiases(Network &network, const Calibration &calibration) {
  for (const auto &[node, errors] : calibration.weightErrors) {
    Layer layer = *layerOf(network, node);
    layer.bias.resize(errors.size(), 0);
    for (size_t c = 0; c < errors.size(); ++c)
      layer.bias[c] = static_cast<float>(static_cast<double>(layer.bias[c]) - errors[c]);
    writeLayer(network, layer);
  }
  return calibration.weightErrors.size();
}

} // namespace tessera::compiler::quantise
