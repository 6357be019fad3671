#include "quantise/write.h"

#include "quantise/layer.h"
#include "quantise/weights.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;

namespace {

class Writer {
public:
  Writer(const Network &network, const Plan &plan, const std::vector<Scale> &scales, bool powerOfTwo)
      : source_(network), target_(network), plan_(plan), scales_(scales), powerOfTwo_(powerOfTwo) {}

  Written run() {
    google::protobuf::RepeatedPtrField<NodeProto> none;
    target_.graph().mutable_node()->Swap(&none);
    for (const PlannedTensor &tensor : plan_.tensors)
      written_.quantised[tensor.name] =
          isQuantisedOutput(tensor.name) ? tensor.name : target_.freshName(tensor.name + "_dequantized");
    for (const auto &input : source_.graph().input())
      if (const PlannedTensor *tensor = plan_.find(input.name()))
        quantise(*tensor, input.name());
    for (int i = 0; i < source_.nodeCount(); ++i)
      node(i);
    dropUnused();
    written_.model = target_.model();
    return std::move(written_);
  }

private:
  /// An output of the network that a quantised node computes: DequantizeLinear gives it. What a float node gives stays as it is.
  bool isQuantisedOutput(const std::string &name) const {
    const int producer = source_.producer(name);
    return source_.isOutput(name) && producer >= 0 &&
           plan_.nodes[static_cast<size_t>(producer)].role != Role::Float;
  }

  const Scale &scaleOfTensor(const std::string &name) const {
    return scales_[static_cast<size_t>(plan_.find(name)->group)];
  }

  NodeProto &add(const char *op, const std::vector<std::string> &inputs, const std::string &output) {
    NodeProto *node = target_.graph().add_node();
    node->set_op_type(op);
    node->set_name(output + "_" + op);
    for (const std::string &input : inputs)
      node->add_input(input);
    node->add_output(output);
    return *node;
  }

  template <class Number>
  std::string constant(const std::string &name, const std::vector<int64_t> &shape,
                       const std::vector<Number> &values) {
    const std::string fresh = target_.freshName(name);
    fillTensor(*target_.graph().add_initializer(), fresh, shape, values);
    return fresh;
  }

  /// Names of a group's scale and zero point.
  std::vector<std::string> parameters(const PlannedTensor &tensor) {
    auto &names = parameters_[tensor.group];
    if (names.empty()) {
      const Scale &scale = scales_[static_cast<size_t>(tensor.group)];
      names = {constant(tensor.name + "_scale", {}, std::vector<float>{scale.scale}),
               constant(tensor.name + "_zero_point", {},
                        std::vector<int8_t>{static_cast<int8_t>(scale.zeroPoint)})};
    }
    return names;
  }

  /// From the computed tensor `real` to bytes and back.
  void quantise(const PlannedTensor &tensor, const std::string &real) {
    const std::vector<std::string> names = parameters(tensor);
    const std::string bytes = target_.freshName(tensor.name + "_quantized");
    add("QuantizeLinear", {real, names[0], names[1]}, bytes);
    add("DequantizeLinear", {bytes, names[0], names[1]}, written_.quantised.at(tensor.name));
  }

  void setAxis(NodeProto &node, int64_t axis) {
    auto *attribute = node.add_attribute();
    attribute->set_name("axis");
    attribute->set_type(::onnx::AttributeProto::INT);
    attribute->set_i(axis);
  }

  void layer(int index, NodeProto &node) {
    const Layer layer = *layerOf(source_, index);
    const float inputScale = scaleOfTensor(source_.node(index).input(0)).scale;
    const QuantisedWeights weights = quantiseWeights(source_, layer, powerOfTwo_, inputScale);
    const bool isSingle = weights.scales.size() == 1;
    const std::vector<int64_t> one =
        isSingle ? std::vector<int64_t>{} : std::vector<int64_t>{static_cast<int64_t>(weights.scales.size())};
    const std::string name = source_.node(index).input(kWeightsInput);
    const std::string dequantised = target_.freshName(name + "_dequantized");
    NodeProto &dequantise =
        add("DequantizeLinear",
            {constant(name + "_quantized", layer.weights.shape, weights.values),
             constant(name + "_scale", one, weights.scales),
             constant(name + "_zero_point", one, std::vector<int8_t>(weights.scales.size(), 0))},
            dequantised);
    if (!isSingle)
      setAxis(dequantise, layer.outputAxis);
    node.set_input(kWeightsInput, dequantised);
    if (layer.bias.empty())
      return;
    std::vector<float> steps;
    for (float scale : weights.scales)
      steps.push_back(inputScale * scale);
    const std::string biasName = source_.node(index).input(kBiasInput);
    const std::string bias = target_.freshName(biasName + "_dequantized");
    NodeProto &dequantiseBias =
        add("DequantizeLinear",
            {constant(biasName + "_quantized", {layer.outputs},
                      quantiseBias(layer.bias, weights.scales, inputScale)),
             constant(biasName + "_scale", one, steps),
             constant(biasName + "_zero_point", one, std::vector<int32_t>(steps.size(), 0))},
            bias);
    if (!isSingle)
      setAxis(dequantiseBias, 0);
    node.set_input(kBiasInput, bias);
  }

  /// A constant operand of Add or Mul: bytes of one scale.
  void operand(NodeProto &node, int input) {
    const std::string name = node.input(input);
    const Floats values = *source_.floats(name);
    Range range;
    for (float value : values.values)
      range = {std::min(range.low, static_cast<double>(value)),
               std::max(range.high, static_cast<double>(value))};
    const Scale scale = scaleOf(range, powerOfTwo_);
    std::vector<int8_t> bytes;
    for (float value : values.values)
      bytes.push_back(static_cast<int8_t>(quantisedValue(static_cast<double>(value), scale)));
    const std::string dequantised = target_.freshName(name + "_dequantized");
    add("DequantizeLinear",
        {constant(name + "_quantized", values.shape, bytes),
         constant(name + "_scale", {}, std::vector<float>{scale.scale}),
         constant(name + "_zero_point", {}, std::vector<int8_t>{static_cast<int8_t>(scale.zeroPoint)})},
        dequantised);
    node.set_input(input, dequantised);
  }

  /// True where QuantizeLinear's saturation does what the Relu or Clip does: its bounds are at or beyond the ends of int8.
  bool isAbsorbed(const NodeProto &activation) const {
    const Bounds bounds = *boundsOf(source_, activation);
    const Scale &scale = scaleOfTensor(activation.output(0));
    return quantisedValue(bounds.low, scale) == -128 && quantisedValue(bounds.high, scale) == 127;
  }

  void node(int index) {
    const Role role = plan_.nodes[static_cast<size_t>(index)].role;
    NodeProto node = source_.node(index);
    // Constants first: their nodes stand before this one.
    if (role == Role::Layer)
      layer(index, node);
    if (role == Role::Arithmetic && (isOp(node, "Add") || isOp(node, "Mul")))
      for (int k : {0, 1})
        if (source_.isConstant(node.input(k)))
          operand(node, k);
    const bool isAbsorbedHere = role == Role::Fused && isAbsorbed(node);
    for (std::string &input : *node.mutable_input())
      if (written_.quantised.count(input))
        input = written_.quantised.at(input);
    for (std::string &output : *node.mutable_output()) {
      const PlannedTensor *tensor = role == Role::Float ? nullptr : plan_.find(output);
      if (!tensor)
        continue;
      results_.push_back({tensor, source_.isOutput(output) ? target_.freshName(output + "_real") : output});
      output = results_.back().real;
    }
    if (isAbsorbedHere) {
      // The node before gives the result itself.
      results_.back().real = node.input(0);
      ++written_.absorbed;
    } else {
      *target_.graph().add_node() = node;
    }
    for (const Result &result : results_)
      quantise(*result.tensor, result.real);
    results_.clear();
    // A float node's result that quantised ones use.
    if (role == Role::Float)
      for (const std::string &output : source_.node(index).output())
        if (const PlannedTensor *tensor = plan_.find(output))
          quantise(*tensor, output);
  }

  void dropUnused() {
    target_.reindex();
    auto *constants = target_.graph().mutable_initializer();
    for (int i = constants->size() - 1; i >= 0; --i)
      if (target_.uses(constants->Get(i).name()).empty() && !target_.isOutput(constants->Get(i).name()))
        constants->DeleteSubrange(i, 1);
    target_.reindex();
  }

  struct Result {
    const PlannedTensor *tensor;
    std::string real;
  };

  const Network &source_;
  Network target_;
  const Plan &plan_;
  const std::vector<Scale> &scales_;
  bool powerOfTwo_;
  Written written_;
  std::map<int, std::vector<std::string>> parameters_;
  std::vector<Result> results_;
};

} // namespace

Written writeQuantised(const Network &network, const Plan &plan, const std::vector<Scale> &scales,
                       bool powerOfTwo) {
  return Writer(network, plan, scales, powerOfTwo).run();
}

} // namespace tessera::compiler::quantise
