#include "quantise/layer.h"
#include "quantise/prepare.h"

#include <cmath>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;

namespace {

/// gamma (x - mean) / sqrt(variance + epsilon) + beta as x * factor + shift.
struct Affine {
  std::vector<double> factor, shift;
};

std::optional<Affine> affineOf(const Network &network, const NodeProto &node, int64_t channels) {
  const auto gamma = network.floats(inputOf(node, 1)), beta = network.floats(inputOf(node, 2)),
             mean = network.floats(inputOf(node, 3)), variance = network.floats(inputOf(node, 4));
  if (!gamma || !beta || !mean || !variance || integer(node, "training_mode", 0) != 0)
    return std::nullopt;
  for (const auto *values : {&gamma, &beta, &mean, &variance})
    if (static_cast<int64_t>((*values)->values.size()) != channels)
      return std::nullopt;
  const double epsilon = static_cast<double>(real(node, "epsilon", 1e-5f));
  Affine affine;
  for (size_t c = 0; c < gamma->values.size(); ++c) {
    const double factor =
        static_cast<double>(gamma->values[c]) / std::sqrt(static_cast<double>(variance->values[c]) + epsilon);
    if (!std::isfinite(factor))
      return std::nullopt;
    affine.factor.push_back(factor);
    affine.shift.push_back(static_cast<double>(beta->values[c]) -
                           static_cast<double>(mean->values[c]) * factor);
  }
  return affine;
}

bool fold(Network &network, int index) {
  const NodeProto node = network.node(index);
  const int before = network.producer(inputOf(node, 0));
  if (before < 0 || network.onlyUser(inputOf(node, 0)) != index)
    return false;
  auto layer = layerOf(network, before);
  if (!layer || !layer->canHaveBias)
    return false;
  const auto affine = affineOf(network, node, layer->outputs);
  if (!affine)
    return false;
  forEachWeight(network, *layer, [&](size_t at, int64_t, int64_t out) {
    float &weight = layer->weights.values[at];
    weight = static_cast<float>(static_cast<double>(weight) * affine->factor[static_cast<size_t>(out)]);
  });
  layer->bias.resize(static_cast<size_t>(layer->outputs), 0);
  for (size_t c = 0; c < layer->bias.size(); ++c)
    layer->bias[c] =
        static_cast<float>(static_cast<double>(layer->bias[c]) * affine->factor[c] + affine->shift[c]);
  writeLayer(network, *layer);
  network.graph().mutable_node(before)->set_output(0, node.output(0));
  return true;
}

} // namespace

size_t foldNormalisations(Network &network) {
  size_t count = 0;
  for (int i = 0; i < network.nodeCount(); ++i)
    if (isOp(network.node(i), "BatchNormalization") && fold(network, i)) {
      network.remove({i--});
      ++count;
    }
  return count;
}

} // namespace tessera::compiler::quantise
