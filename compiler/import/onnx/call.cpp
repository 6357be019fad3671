#include "import/onnx/call.h"

#include "import/onnx/graph.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

namespace tessera::compiler::onnx_import {

using ::onnx::AttributeProto;

Call::Call(Emitter &emitterOfModel, GraphEmitter &graph, const ::onnx::NodeProto &node, int64_t opsetOfDomain)
    : emitter(emitterOfModel), graph_(graph), node_(node), opset_(opsetOfDomain) {}

std::string Call::op() const { return node_.op_type(); }
size_t Call::inputs() const { return static_cast<size_t>(node_.input_size()); }
size_t Call::outputs() const { return static_cast<size_t>(node_.output_size()); }

bool Call::has(size_t i) const {
  if (i >= inputs() || node_.input(static_cast<int>(i)).empty())
    return false;
  // A function's optional argument that its caller left out has a name and no value.
  const Value *value = graph_.scope().find(node_.input(static_cast<int>(i)));
  return value && (value->isTensor() || value->isSequence());
}

bool Call::wants(size_t i) const { return i < outputs() && !node_.output(static_cast<int>(i)).empty(); }

Value Call::value(size_t i) const {
  if (i >= inputs() || node_.input(static_cast<int>(i)).empty())
    return Value::nothing();
  const Value *found = graph_.scope().find(node_.input(static_cast<int>(i)));
  if (!found)
    fail("input ", i, " is not known");
  return *found;
}

Tensor Call::in(size_t i) const {
  const Value found = value(i);
  if (!found.isTensor())
    fail("input ", i, found.isSequence() ? " is a sequence, a tensor is expected" : " is absent");
  return found.tensor();
}

Tensors Call::all() const {
  Tensors result;
  for (size_t i = 0; i < inputs(); ++i)
    result.push_back(in(i));
  return result;
}

std::vector<int64_t> Call::constants(size_t i, const char *why) const {
  const auto known = in(i).integers();
  if (!known)
    fail("input ", i, " must be a constant: ", why);
  return *known;
}

std::optional<std::vector<int64_t>> Call::declared(size_t i) const {
  return wants(i) ? graph_.declared(node_.output(static_cast<int>(i))) : std::nullopt;
}

const AttributeProto *Call::find(const char *name, int kind) const {
  const auto in = [&](const auto &list, const std::string &wanted) -> const AttributeProto * {
    for (const AttributeProto &attribute : list)
      if (attribute.name() == wanted)
        return &attribute;
    return nullptr;
  };
  const AttributeProto *found = in(node_.attribute(), name);
  // In a function's body an attribute may stand for one of the call's.
  for (const FunctionFrame *frame = graph_.frame(); found && !found->ref_attr_name().empty();
       frame = frame->outer) {
    if (!frame)
      fail("attribute ", name, " refers to an attribute of no function");
    found = in(frame->node->attribute(), found->ref_attr_name());
  }
  if (!found)
    return nullptr;
  if (kind != 0 && found->type() != kind)
    fail("attribute ", name, " has type ", static_cast<int>(found->type()), ", expected ", kind);
  return found;
}

bool Call::hasAttribute(const char *name) const { return find(name, 0) != nullptr; }

int64_t Call::integer(const char *name, int64_t fallback) const {
  const AttributeProto *found = find(name, AttributeProto::INT);
  return found ? found->i() : fallback;
}
double Call::real(const char *name, double fallback) const {
  const AttributeProto *found = find(name, AttributeProto::FLOAT);
  return found ? static_cast<double>(found->f()) : fallback;
}
std::string Call::text(const char *name, const std::string &fallback) const {
  const AttributeProto *found = find(name, AttributeProto::STRING);
  return found ? found->s() : fallback;
}
std::vector<int64_t> Call::integers(const char *name, std::vector<int64_t> fallback) const {
  const AttributeProto *found = find(name, AttributeProto::INTS);
  return found ? std::vector<int64_t>(found->ints().begin(), found->ints().end()) : std::move(fallback);
}
std::vector<double> Call::reals(const char *name, std::vector<double> fallback) const {
  const AttributeProto *found = find(name, AttributeProto::FLOATS);
  return found ? std::vector<double>(found->floats().begin(), found->floats().end()) : std::move(fallback);
}
std::vector<std::string> Call::texts(const char *name) const {
  const AttributeProto *found = find(name, AttributeProto::STRINGS);
  return found ? std::vector<std::string>(found->strings().begin(), found->strings().end())
               : std::vector<std::string>();
}

Tensor Call::tensor(const char *name) const {
  const AttributeProto *found = find(name, AttributeProto::TENSOR);
  if (!found)
    fail("attribute ", name, " is missing");
  return readTensor(graph_.emitter(), found->t(), graph_.model());
}

int64_t Call::axis(int64_t fallback, int64_t rank, const char *name) const {
  return normalisedAxis(integer(name, fallback), rank);
}

const ::onnx::GraphProto &Call::subgraph(const char *name) const {
  const AttributeProto *found = find(name, AttributeProto::GRAPH);
  if (!found)
    fail("attribute ", name, " is missing");
  return found->g();
}

size_t Call::graphInputs(const char *name) const { return static_cast<size_t>(subgraph(name).input_size()); }
size_t Call::graphOutputs(const char *name) const {
  return static_cast<size_t>(subgraph(name).output_size());
}
Values Call::graph(const char *name, const Values &inputs) const {
  return graph_.subgraph(subgraph(name), inputs);
}

int64_t normalisedAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    fail("axis ", axis, " is outside rank ", rank);
  return axis < 0 ? axis + rank : axis;
}

std::vector<int64_t> normalisedAxes(const std::vector<int64_t> &axes, int64_t rank) {
  std::vector<int64_t> result;
  for (int64_t axis : axes) {
    result.push_back(normalisedAxis(axis, rank));
    if (std::count(result.begin(), result.end(), result.back()) > 1)
      fail("axis ", axis, " is named twice");
  }
  return result;
}

} // namespace tessera::compiler::onnx_import
