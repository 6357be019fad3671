#include "quantise/read.h"

#include "import/onnx/model.h"

#include <algorithm>

namespace tessera::compiler::quantise {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

namespace {

void refuse(const NodeProto &node, int index) {
  const std::string &op = node.op_type();
  const bool isQuantised = op.find("QuantizeLinear") != std::string::npos || op.rfind("QLinear", 0) == 0 ||
                           op == "DequantizeLinear" ||
                           (op.size() > 7 && op.compare(op.size() - 7, 7, "Integer") == 0);
  if (isQuantised)
    fail(onnx_import::placeOf(node, index), "the network is quantised already");
  if (node.output_size() == 0)
    fail(onnx_import::placeOf(node, index), "it has no output");
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.has_g() || attribute.graphs_size() > 0)
      fail(onnx_import::placeOf(node, index), "networks with inner graphs are not quantised");
}

/// The value of a Constant node, where it is a tensor of numbers.
bool constantOf(const NodeProto &node, TensorProto &tensor) {
  if (!isOp(node, "Constant") || node.attribute_size() != 1)
    return false;
  const AttributeProto &value = node.attribute(0);
  if (value.name() == "value")
    tensor = value.t();
  else if (value.name() == "value_float")
    fillTensor(tensor, "", {}, std::vector<float>{value.f()});
  else if (value.name() == "value_int")
    fillTensor(tensor, "", {}, std::vector<int64_t>{value.i()});
  else if (value.name() == "value_floats")
    fillTensor(tensor, "", {value.floats_size()},
               std::vector<float>(value.floats().begin(), value.floats().end()));
  else if (value.name() == "value_ints")
    fillTensor(tensor, "", {value.ints_size()},
               std::vector<int64_t>(value.ints().begin(), value.ints().end()));
  else
    return false;
  tensor.set_name(node.output(0));
  return true;
}

} // namespace

Network readNetwork(std::span<const uint8_t> file) {
  const onnx_import::Model read = onnx_import::readModel(file, "");
  ::onnx::ModelProto model = *read.proto;
  GraphProto &graph = *model.mutable_graph();
  for (const TensorProto &constant : graph.initializer())
    if (constant.data_location() == TensorProto::EXTERNAL)
      fail("constant '", onnx_import::printableName(constant.name()),
           "' has its data in another file, only single files are quantised");
  for (int i = 0; i < graph.node_size(); ++i)
    refuse(graph.node(i), i);

  google::protobuf::RepeatedPtrField<NodeProto> nodes;
  for (int index : onnx_import::orderOf(read.proto->graph(), [](const std::string &) { return false; })) {
    TensorProto constant;
    if (constantOf(graph.node(index), constant))
      *graph.add_initializer() = constant;
    else
      *nodes.Add() = graph.node(index);
  }
  graph.mutable_node()->Swap(&nodes);

  // Constants that are inputs too could be replaced by a caller; nothing could be quantised then.
  std::set<std::string> constants;
  for (const TensorProto &constant : graph.initializer())
    constants.insert(constant.name());
  auto *inputs = graph.mutable_input();
  for (int i = inputs->size() - 1; i >= 0; --i)
    if (constants.count(inputs->Get(i).name()))
      inputs->DeleteSubrange(i, 1);
  graph.clear_value_info(); // some of it will not hold any more
  upgradeOpset(model);
  return Network(std::move(model));
}

} // namespace tessera::compiler::quantise
