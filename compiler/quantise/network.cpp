#include "quantise/network.h"

#include <cstring>

namespace tessera::compiler::quantise {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

Network::Network(::onnx::ModelProto model) : model_(std::move(model)) { reindex(); }

void Network::reindex() {
  producers_.clear();
  uses_.clear();
  constants_.clear();
  outputs_.clear();
  names_.clear();
  const auto &graph = model_.graph();
  for (int i = 0; i < graph.initializer_size(); ++i)
    constants_.emplace(graph.initializer(i).name(), i);
  for (const auto &constant : graph.initializer())
    names_.insert(constant.name());
  for (const auto &input : graph.input())
    names_.insert(input.name());
  for (const auto &output : graph.output())
    outputs_.insert(output.name());
  for (int i = 0; i < graph.node_size(); ++i) {
    for (int k = 0; k < graph.node(i).input_size(); ++k)
      if (!graph.node(i).input(k).empty())
        uses_[graph.node(i).input(k)].push_back({i, k});
    for (const std::string &output : graph.node(i).output())
      if (!output.empty())
        producers_.emplace(output, i);
    names_.insert(graph.node(i).output().begin(), graph.node(i).output().end());
  }
}

int Network::producer(const std::string &name) const {
  const auto found = producers_.find(name);
  return found == producers_.end() ? -1 : found->second;
}

const std::vector<Use> &Network::uses(const std::string &name) const {
  static const std::vector<Use> none;
  const auto found = uses_.find(name);
  return found == uses_.end() ? none : found->second;
}

int Network::onlyUser(const std::string &name) const {
  const std::vector<Use> &all = uses(name);
  return all.size() == 1 && !isOutput(name) ? all[0].node : -1;
}

const TensorProto *Network::constant(const std::string &name) const {
  const auto found = constants_.find(name);
  return found == constants_.end() ? nullptr : &model_.graph().initializer(found->second);
}

std::optional<Floats> Network::floats(const std::string &name) const {
  const TensorProto *tensor = constant(name);
  if (!tensor || tensor->data_type() != TensorProto::FLOAT)
    return std::nullopt;
  Floats result;
  result.shape.assign(tensor->dims().begin(), tensor->dims().end());
  if (tensor->has_raw_data()) {
    result.values.resize(tensor->raw_data().size() / sizeof(float));
    std::memcpy(result.values.data(), tensor->raw_data().data(), result.values.size() * sizeof(float));
  } else {
    result.values.assign(tensor->float_data().begin(), tensor->float_data().end());
  }
  // The import has checked it when the network ran.
  if (static_cast<int64_t>(result.values.size()) != countOf(result.shape))
    fail("constant '", name, "' has ", result.values.size(), " values, its shape needs ",
         countOf(result.shape));
  return result;
}

void Network::setInput(int node, int input, const Floats &values) {
  NodeProto &changed = *graph().mutable_node(node);
  while (changed.input_size() <= input)
    changed.add_input("");
  const std::string old = changed.input(input);
  const auto found = constants_.find(old);
  if (found != constants_.end() && onlyUser(old) >= 0) {
    fillTensor(*graph().mutable_initializer(found->second), old, values.shape, values.values);
    return;
  }
  const std::string name = freshName(old.empty() ? changed.output(0) + "_bias" : old);
  fillTensor(*graph().add_initializer(), name, values.shape, values.values);
  changed.set_input(input, name);
  reindex();
}

void Network::remove(const std::set<int> &nodes) {
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    graph().mutable_node()->DeleteSubrange(*node, 1);
  reindex();
}

void Network::redirect(const std::string &from, const std::string &to) {
  for (const Use &use : uses(from))
    graph().mutable_node(use.node)->set_input(use.input, to);
  reindex();
}

std::string Network::freshName(const std::string &base) {
  std::string name = base;
  for (int i = 1; !names_.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

const AttributeProto *attribute(const NodeProto &node, const std::string &name) {
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

int64_t integer(const NodeProto &node, const std::string &name, int64_t otherwise) {
  const AttributeProto *found = attribute(node, name);
  return found ? found->i() : otherwise;
}

float real(const NodeProto &node, const std::string &name, float otherwise) {
  const AttributeProto *found = attribute(node, name);
  return found ? found->f() : otherwise;
}

std::string text(const NodeProto &node, const std::string &name, const std::string &otherwise) {
  const AttributeProto *found = attribute(node, name);
  return found ? found->s() : otherwise;
}

std::string inputOf(const NodeProto &node, int index) {
  return index < node.input_size() ? node.input(index) : std::string();
}

bool isOp(const NodeProto &node, const char *op) {
  return node.op_type() == op && (node.domain().empty() || node.domain() == "ai.onnx");
}

std::string labelOf(const NodeProto &node) {
  return !node.name().empty() || node.output_size() == 0 ? node.name() : node.output(0);
}

int64_t countOf(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

namespace {

template <class Number>
void fill(TensorProto &tensor, TensorProto::DataType type, const std::string &name,
          const std::vector<int64_t> &shape, const std::vector<Number> &values) {
  tensor.Clear();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t extent : shape)
    tensor.add_dims(extent);
  tensor.set_raw_data(values.data(), values.size() * sizeof(Number));
}

} // namespace

void fillTensor(TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<float> &values) {
  fill(tensor, TensorProto::FLOAT, name, shape, values);
}
void fillTensor(TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int32_t> &values) {
  fill(tensor, TensorProto::INT32, name, shape, values);
}
void fillTensor(TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int8_t> &values) {
  fill(tensor, TensorProto::INT8, name, shape, values);
}
void fillTensor(TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int64_t> &values) {
  fill(tensor, TensorProto::INT64, name, shape, values);
}

} // namespace tessera::compiler::quantise
