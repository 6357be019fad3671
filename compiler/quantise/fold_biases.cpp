#include "quantise/layer.h"
#include "quantise/prepare.h"

#include <algorithm>

namespace tessera::compiler::quantise {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;

void dropIdentities(Network &network) {
  for (int i = network.nodeCount() - 1; i >= 0; --i) {
    const NodeProto &node = network.node(i);
    if (!isOp(node, "Identity") && !isOp(node, "Dropout"))
      continue;
    const bool hasMask = node.output_size() > 1 && !node.output(1).empty() &&
                         (!network.uses(node.output(1)).empty() || network.isOutput(node.output(1)));
    if (hasMask || network.isOutput(node.output(0)) || !inputOf(node, 2).empty())
      continue;
    const std::string from = node.output(0), to = node.input(0);
    network.redirect(from, to);
    network.remove({i});
  }
}

namespace {

void setOne(NodeProto &node, const std::string &name) {
  for (AttributeProto &attribute : *node.mutable_attribute())
    if (attribute.name() == name)
      attribute.set_f(1);
}

void foldFactors(Network &network, int index) {
  const NodeProto &node = network.node(index);
  const float alpha = real(node, "alpha", 1), beta = real(node, "beta", 1);
  auto weights = network.floats(inputOf(node, kWeightsInput));
  auto bias = network.floats(inputOf(node, kBiasInput));
  const bool hasBias = !inputOf(node, kBiasInput).empty();
  if (!weights || (hasBias && !bias) || (alpha == 1 && beta == 1))
    return;
  for (float &w : weights->values)
    w *= alpha;
  network.setInput(index, kWeightsInput, *weights);
  if (bias) {
    for (float &b : bias->values)
      b *= beta;
    network.setInput(index, kBiasInput, *bias);
  }
  setOne(*network.graph().mutable_node(index), "alpha");
  setOne(*network.graph().mutable_node(index), "beta");
}

/// Constant [.., C, 1 ..] that adds one value to each channel of the layer's result of this rank; nothing for another.
std::optional<std::vector<float>> perChannel(const Floats &added, const Layer &layer, size_t rank) {
  const size_t axis = layer.channelAxis < 0 ? rank - 1 : 1;
  if (added.shape.size() > rank)
    return std::nullopt;
  for (size_t d = 0; d < added.shape.size(); ++d) {
    const size_t at = rank - added.shape.size() + d;
    if (added.shape[d] != 1 && (at != axis || added.shape[d] != layer.outputs))
      return std::nullopt;
  }
  std::vector<float> values(static_cast<size_t>(layer.outputs), added.values.empty() ? 0 : added.values[0]);
  if (static_cast<int64_t>(added.values.size()) == layer.outputs)
    values = added.values;
  return values;
}

/// True where the Add could be folded (and is to be taken out).
bool foldAdd(Network &network, int index) {
  const NodeProto add = network.node(index);
  const int side = network.isConstant(inputOf(add, 0)) ? 1 : 0;
  const auto added = network.floats(inputOf(add, 1 - side));
  const int before = network.producer(inputOf(add, side));
  const auto shape = network.reals.find(add.output(0));
  if (!added || before < 0 || shape == network.reals.end() || network.onlyUser(inputOf(add, side)) != index)
    return false;
  auto layer = layerOf(network, before);
  if (!layer || !layer->canHaveBias)
    return false;
  const auto values = perChannel(*added, *layer, shape->second.size());
  if (!values)
    return false;
  layer->bias.resize(static_cast<size_t>(layer->outputs), 0);
  for (size_t c = 0; c < values->size(); ++c)
    layer->bias[c] += (*values)[c];
  writeLayer(network, *layer);
  network.graph().mutable_node(before)->set_output(0, add.output(0));
  return true;
}

} // namespace

void foldBiases(Network &network) {
  for (int i = 0; i < network.nodeCount(); ++i) {
    const NodeProto &node = network.node(i);
    if (isOp(node, "Gemm"))
      foldFactors(network, i);
    const auto shape = network.reals.find(node.output_size() ? node.output(0) : "");
    if (isOp(node, "MatMul") && layerOf(network, i) && shape != network.reals.end() &&
        shape->second.size() == 2)
      network.graph().mutable_node(i)->set_op_type("Gemm");
  }
  for (int i = network.nodeCount() - 1; i >= 0; --i)
    if (isOp(network.node(i), "Add") && foldAdd(network, i))
      network.remove({i});
}

} // namespace tessera::compiler::quantise
