#include "quantise/layer.h"

#include <algorithm>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;

namespace {

/// A bias of one value an output; nothing where it has another shape.
bool readBias(const Network &network, const NodeProto &node, Layer &layer, std::string &why) {
  const std::string name = inputOf(node, kBiasInput);
  if (name.empty())
    return true;
  const auto values = network.floats(name);
  if (!values) {
    why = "its bias is no float32 constant";
    return false;
  }
  const auto count = static_cast<int64_t>(values->values.size());
  const bool isRow = values->shape.empty() || values->shape.back() == count;
  if ((count != layer.outputs && count != 1) || !isRow) {
    why =
        "its bias has " + std::to_string(count) + " values for " + std::to_string(layer.outputs) + " outputs";
    return false;
  }
  layer.bias.assign(static_cast<size_t>(layer.outputs), values->values[0]);
  if (count == layer.outputs)
    layer.bias = values->values;
  return true;
}

bool readConv(const NodeProto &node, Layer &layer, std::string &why) {
  const std::vector<int64_t> &shape = layer.weights.shape;
  const int64_t groups = integer(node, "group", 1);
  if (shape.size() < 3 || groups < 1 || shape[0] % groups != 0) {
    why = "its weights do not fit its groups";
    return false;
  }
  layer.outputs = shape[0];
  layer.inputs = shape[1] * groups;
  return true;
}

bool readMatrix(const NodeProto &node, Layer &layer, std::string &why) {
  const bool isGemm = isOp(node, "Gemm");
  if (layer.weights.shape.size() != 2) {
    why = "its weights have rank " + std::to_string(layer.weights.shape.size());
    return false;
  }
  if (isGemm && (integer(node, "transA", 0) != 0 || real(node, "alpha", 1) != 1 ||
                 (!inputOf(node, kBiasInput).empty() && real(node, "beta", 1) != 1))) {
    why = "it has a transposed input, alpha or beta";
    return false;
  }
  layer.outputAxis = isGemm && integer(node, "transB", 0) != 0 ? 0 : 1;
  layer.outputs = layer.weights.shape[static_cast<size_t>(layer.outputAxis)];
  layer.inputs = layer.weights.shape[static_cast<size_t>(1 - layer.outputAxis)];
  layer.canHaveBias = isGemm;
  layer.channelAxis = -1;
  return true;
}

} // namespace

std::optional<Layer> layerOf(const Network &network, int index, std::string *why) {
  std::string reason;
  std::string &text = why ? *why : reason;
  const NodeProto &node = network.node(index);
  const bool isConv = isOp(node, "Conv");
  if (!isConv && !isOp(node, "Gemm") && !isOp(node, "MatMul")) {
    text = "it is no Conv, Gemm or MatMul";
    return std::nullopt;
  }
  Layer layer;
  layer.node = index;
  auto weights = network.floats(inputOf(node, kWeightsInput));
  if (!weights || weights->values.empty()) {
    text = "its weights are no float32 constant";
    return std::nullopt;
  }
  layer.weights = std::move(*weights);
  if (isConv ? !readConv(node, layer, text) : !readMatrix(node, layer, text))
    return std::nullopt;
  if (layer.canHaveBias && !readBias(network, node, layer, text))
    return std::nullopt;
  return layer;
}

void forEachWeight(const Network &network, const Layer &layer,
                   const std::function<void(size_t at, int64_t in, int64_t out)> &each) {
  const std::vector<int64_t> &shape = layer.weights.shape;
  if (layer.channelAxis == -1) {
    for (int64_t row = 0; row < shape[0]; ++row)
      for (int64_t column = 0; column < shape[1]; ++column)
        each(static_cast<size_t>(row * shape[1] + column), layer.outputAxis == 0 ? column : row,
             layer.outputAxis == 0 ? row : column);
    return;
  }
  const int64_t groups = integer(network.node(layer.node), "group", 1);
  int64_t taps = 1;
  for (size_t d = 2; d < shape.size(); ++d)
    taps *= shape[d];
  size_t at = 0;
  for (int64_t out = 0; out < shape[0]; ++out)
    for (int64_t in = 0; in < shape[1]; ++in)
      for (int64_t tap = 0; tap < taps; ++tap)
        each(at++, out / (shape[0] / groups) * shape[1] + in, out);
}

void writeLayer(Network &network, const Layer &layer) {
  network.setInput(layer.node, kWeightsInput, layer.weights);
  const bool isThere = !inputOf(network.node(layer.node), kBiasInput).empty();
  const bool isZero = std::all_of(layer.bias.begin(), layer.bias.end(), [](float b) { return b == 0; });
  if (isThere || !isZero)
    network.setInput(layer.node, kBiasInput, {{layer.outputs}, layer.bias});
}

std::string scalingResult(const Network &network, int node) {
  const std::string result = network.node(node).output(0);
  const int user = network.onlyUser(result);
  return user >= 0 && isOp(network.node(user), "Relu") ? network.node(user).output(0) : result;
}

} // namespace tessera::compiler::quantise
