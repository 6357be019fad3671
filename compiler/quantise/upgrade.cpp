#include "quantise/read.h"

#include "import/onnx/model.h"

#include <algorithm>
#include <limits>

namespace tessera::compiler::quantise {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

namespace {

constexpr int64_t kOldest = 7, kTarget = 13;
constexpr int64_t kIrVersion = 7; // the one of opset 13

class Upgrade {
public:
  Upgrade(GraphProto &graph, int64_t version) : graph_(graph), version_(version) {
    for (const auto &constant : graph.initializer())
      names_.insert(constant.name());
    for (const auto &input : graph.input())
      names_.insert(input.name());
    for (const NodeProto &node : graph.node())
      names_.insert(node.output().begin(), node.output().end());
  }

  void run() {
    google::protobuf::RepeatedPtrField<NodeProto> old;
    old.Swap(graph_.mutable_node());
    for (int i = 0; i < old.size(); ++i) {
      NodeProto node = old.Get(i);
      const bool isOurs = node.domain().empty() || node.domain() == "ai.onnx";
      if (isOurs)
        rewrite(node, i);
      *graph_.add_node() = node;
    }
  }

private:
  void rewrite(NodeProto &node, int index) {
    const std::string op = node.op_type();
    if (op == "Squeeze" || op == "Unsqueeze" || op == "ReduceSum")
      listToInput(node, "axes", 1);
    else if (op == "Split")
      listToInput(node, "split", 1);
    else if (op == "Softmax" || op == "LogSoftmax" || op == "Hardmax")
      softmax(node);
    else if (op == "Clip" && version_ < 11)
      clip(node);
    else if (op == "Pad" && version_ < 11)
      pad(node);
    else if (op == "Slice" && version_ < 10)
      slice(node);
    else if (op == "TopK" && version_ < 10)
      listToInput(node, "k", 1);
    else if (op == "Dropout" && version_ < 12)
      drop(node, "ratio");
    else if (op == "BatchNormalization" && version_ < 9)
      normalisation(node, index);
    else if (op == "Upsample" || (op == "Resize" && version_ < 11))
      fail(onnx_import::placeOf(node, index), "its form of opset ", version_, " is not rewritten to opset ",
           kTarget);
    else if (op == "Scatter")
      node.set_op_type("ScatterElements");
  }

  std::string constant(const NodeProto &node, const std::string &what, const std::vector<int64_t> &values,
                       bool isScalar = false) {
    const std::string name = fresh(node, what);
    const auto count = static_cast<int64_t>(values.size());
    fillTensor(*graph_.add_initializer(), name,
               isScalar ? std::vector<int64_t>{} : std::vector<int64_t>{count}, values);
    return name;
  }

  std::string constant(const NodeProto &node, const std::string &what, float value) {
    const std::string name = fresh(node, what);
    fillTensor(*graph_.add_initializer(), name, {}, std::vector<float>{value});
    return name;
  }

  std::string fresh(const NodeProto &node, const std::string &what) {
    std::string name = node.output(0) + "." + what;
    while (!names_.insert(name).second)
      name += "_";
    return name;
  }

  static void drop(NodeProto &node, const std::string &name) {
    for (int i = node.attribute_size() - 1; i >= 0; --i)
      if (node.attribute(i).name() == name)
        node.mutable_attribute()->DeleteSubrange(i, 1);
  }

  void listToInput(NodeProto &node, const std::string &name, int at) {
    const AttributeProto *found = attribute(node, name);
    if (!found)
      return;
    std::vector<int64_t> values(found->ints().begin(), found->ints().end());
    if (found->ints_size() == 0 && found->type() == AttributeProto::INT)
      values = {found->i()};
    while (node.input_size() <= at)
      node.add_input("");
    node.set_input(at, constant(node, name, values));
    drop(node, name);
  }

  void clip(NodeProto &node) {
    const std::string input = inputOf(node, 0);
    const float low = real(node, "min", std::numeric_limits<float>::lowest());
    const float high = real(node, "max", std::numeric_limits<float>::max());
    drop(node, "min");
    drop(node, "max");
    node.clear_input();
    node.add_input(input);
    node.add_input(constant(node, "min", low));
    node.add_input(constant(node, "max", high));
  }

  void pad(NodeProto &node) {
    const float value = real(node, "value", 0);
    listToInput(node, "pads", 1);
    drop(node, "value");
    if (text(node, "mode", "constant") == "constant")
      node.add_input(constant(node, "value", value));
  }

  void slice(NodeProto &node) {
    listToInput(node, "starts", 1);
    listToInput(node, "ends", 2);
    listToInput(node, "axes", 3);
  }

  void normalisation(NodeProto &node, int index) {
    if (integer(node, "spatial", 1) != 1)
      fail(onnx_import::placeOf(node, index), "spatial ", integer(node, "spatial", 1),
           " has no form in opset ", kTarget);
    drop(node, "spatial");
  }

  static void setAxis(NodeProto &node, int64_t axis) {
    drop(node, "axis");
    AttributeProto *added = node.add_attribute();
    added->set_name("axis");
    added->set_type(AttributeProto::INT);
    added->set_i(axis);
  }

  /// Before opset 13 the tensor was seen as a matrix whose columns begin at the axis.
  void softmax(NodeProto &node) {
    const int64_t axis = integer(node, "axis", 1);
    setAxis(node, -1);
    if (axis == -1)
      return;
    const std::string input = inputOf(node, 0), output = node.output(0);
    const std::string shape = fresh(node, "shape"), flat = fresh(node, "flat"), result = fresh(node, "soft");
    NodeProto *shapeNode = graph_.add_node();
    shapeNode->set_op_type("Shape");
    shapeNode->add_input(input);
    shapeNode->add_output(shape);
    NodeProto *flatten = graph_.add_node();
    flatten->set_op_type("Flatten");
    flatten->add_input(input);
    flatten->add_output(flat);
    setAxis(*flatten, axis);
    NodeProto *matrix = graph_.add_node();
    *matrix = node;
    matrix->set_input(0, flat);
    matrix->set_output(0, result);
    node.Clear();
    node.set_op_type("Reshape");
    node.add_input(result);
    node.add_input(shape);
    node.add_output(output);
  }

  GraphProto &graph_;
  int64_t version_;
  std::set<std::string> names_;
};

} // namespace

void upgradeOpset(::onnx::ModelProto &model) {
  ::onnx::OperatorSetIdProto *set = nullptr;
  for (auto &entry : *model.mutable_opset_import())
    if (entry.domain().empty() || entry.domain() == "ai.onnx")
      set = &entry;
  const int64_t version = set ? set->version() : 1;
  if (version < kOldest)
    fail("opset ", version, " is too old for quantisation, ", kOldest, " is the oldest");
  model.set_ir_version(std::max(model.ir_version(), kIrVersion));
  if (version >= kTarget)
    return;
  Upgrade(*model.mutable_graph(), version).run();
  set->set_version(kTarget);
}

} // namespace tessera::compiler::quantise
