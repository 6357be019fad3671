#include "import/onnx/graph.h"

#include "import/layers.h"
#include "import/onnx/emitter_impl.h"
#include "import/onnx/quantised/follow.h"

#include <onnx/onnx_pb.h>

namespace tessera::compiler::onnx_import {

namespace {

constexpr int kMaxDepth = 32;

int64_t nodesOf(const ::onnx::GraphProto &graph) {
  int64_t count = graph.node_size();
  for (const auto &node : graph.node())
    for (const auto &attribute : node.attribute())
      if (attribute.has_g())
        count += nodesOf(attribute.g());
  return count;
}

/// Restores a variable at the end of a block, on errors too.
template <class T> class Restore {
public:
  Restore(T &variable, T value) : variable_(variable), before_(std::move(variable)) {
    variable_ = std::move(value);
  }
  ~Restore() { variable_ = std::move(before_); }
  Restore(const Restore &) = delete;
  Restore &operator=(const Restore &) = delete;

private:
  T &variable_;
  T before_;
};

std::string domainOf(const ::onnx::NodeProto &node) {
  return node.domain() == "ai.onnx" ? "" : node.domain();
}

} // namespace

const Value *Scope::find(const std::string &name) const {
  for (const Scope *scope = this; scope; scope = scope->outer)
    if (const auto found = scope->values.find(name); found != scope->values.end())
      return &found->second;
  return nullptr;
}

// A body may be emitted more than once (loops whose shapes change, functions that are called often), but not without end.
GraphEmitter::GraphEmitter(Emitter &emitter, const Model &model)
    : emitter_(emitter), model_(model), nodesLeft_(20000 + 4 * nodesOf(model.proto->graph())) {}

Values GraphEmitter::run(const Values &inputs) { return body(model_.proto->graph(), inputs, nullptr); }

Values GraphEmitter::subgraph(const ::onnx::GraphProto &graph, const Values &inputs) {
  return body(graph, inputs, scope_);
}

Values GraphEmitter::body(const ::onnx::GraphProto &graph, const Values &inputs, const Scope *outer) {
  if (depth_ == kMaxDepth)
    fail("graphs are nested deeper than ", kMaxDepth);
  const Restore<int> deeper(depth_, depth_ + 1);
  Scope scope;
  scope.outer = outer;
  for (const auto &constant : graph.initializer())
    scope.values.insert_or_assign(constant.name(), Value(readTensor(emitter_, constant, model_)));
  if (graph.sparse_initializer_size() > 0)
    fail("sparse constants are not supported");
  size_t next = 0;
  for (const auto &input : graph.input()) {
    if (scope.values.count(input.name()))
      continue; // a constant with its declaration
    if (next == inputs.size())
      fail("the graph has more inputs than the ", inputs.size(), " that it gets");
    scope.values.emplace(input.name(), inputs[next++]);
  }
  if (next != inputs.size())
    fail("the graph takes ", next, " inputs and gets ", inputs.size());
  const std::vector<int> order =
      orderOf(graph, [&](const std::string &name) { return outer && outer->find(name); });
  const Restore<Scope *> inScope(scope_, &scope);
  const Restore<const ::onnx::GraphProto *> inGraph(graph_, &graph);
  for (int index : order)
    node(graph.node(index), index);
  Values results;
  for (const auto &output : graph.output())
    results.push_back(*scope.find(output.name()));
  return results;
}

void GraphEmitter::node(const ::onnx::NodeProto &node, int index) {
  const std::string place = placeOf(node, index);
  auto &impl = emitter_.impl();
  try {
    if (--nodesLeft_ < 0)
      fail("the network has too many nodes when its functions and loops are written out");
    if (depth_ > 1) {
      const Restore<std::string> here(impl.place, place);
      callOperator(node);
      return;
    }
    const std::string name = printableName(!node.name().empty() ? node.name()
                                           : node.output_size() ? node.output(0)
                                                                : "");
    impl.place = place;
    impl.macs = 0;
    stays_.clear();
    impl.location = layerLocation(impl.builder.getContext(), index, printableName(node.op_type()), name);
    callOperator(node);
    layers_.push_back({index, printableName(node.op_type()), name, impl.macs, stays_});
  } catch (ImportError &error) {
    if (!error.placed)
      error.message = place + error.message;
    error.placed = true;
    throw;
  }
}

int64_t GraphEmitter::versionOf(const std::string &domain) const {
  if (frame_)
    for (const auto &entry : frame_->function->opset_import())
      if ((entry.domain() == "ai.onnx" ? "" : entry.domain()) == domain)
        return entry.version();
  const auto found = model_.opsets.find(domain);
  return found == model_.opsets.end() ? 1 : found->second;
}

void GraphEmitter::callOperator(const ::onnx::NodeProto &node) {
  const std::string domain = domainOf(node);
  const auto function = model_.functions.find(node.domain() + ":" + node.op_type());
  if (function != model_.functions.end())
    return callFunction(node, *function->second);
  const int64_t version = versionOf(domain);
  const OperatorEntry *entry = findOperator(domain, node.op_type(), version);
  if (!entry)
    fail("is not supported at version ", version, " of ",
         domain.empty() ? "the default domain" : "domain " + printableName(domain));
  Call call(emitter_, *this, node, version);
  Values outputs = entry->emit(call);
  if (depth_ == 1)
    stays_ = followIntegers(call, outputs);
  setOutputs(node, outputs);
}

void GraphEmitter::setOutputs(const ::onnx::NodeProto &node, const Values &values) {
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty())
      continue;
    if (static_cast<size_t>(i) >= values.size())
      fail("output ", i, " is not supported");
    scope_->values.insert_or_assign(node.output(i), values[static_cast<size_t>(i)]);
  }
}

void GraphEmitter::callFunction(const ::onnx::NodeProto &node, const ::onnx::FunctionProto &function) {
  if (depth_ >= kMaxDepth)
    fail("functions are nested deeper than ", kMaxDepth);
  Scope scope; // sees nothing of its caller but the arguments
  for (int i = 0; i < function.input_size(); ++i) {
    const bool isGiven = i < node.input_size() && !node.input(i).empty();
    if (!isGiven) {
      scope.values.insert_or_assign(function.input(i), Value::nothing());
      continue;
    }
    const Value *value = scope_->find(node.input(i));
    if (!value)
      fail("input ", i, " is not known");
    scope.values.insert_or_assign(function.input(i), *value);
  }
  FunctionFrame frame{&node, &function, frame_};
  Values results;
  {
    const Restore<int> deeper(depth_, depth_ + 1);
    const Restore<Scope *> inScope(scope_, &scope);
    const Restore<const ::onnx::GraphProto *> inGraph(graph_, nullptr);
    const Restore<const FunctionFrame *> inFrame(frame_, &frame);
    for (int i = 0; i < function.node_size(); ++i) {
      for (const std::string &input : function.node(i).input())
        if (!input.empty() && !scope.find(input))
          fail("the function's node ", i, " uses '", printableName(input), "', which nothing computed");
      this->node(function.node(i), i);
    }
    for (const std::string &output : function.output()) {
      const Value *value = scope.find(output);
      if (!value)
        fail("the function does not compute its output '", printableName(output), "'");
      results.push_back(*value);
    }
  }
  setOutputs(node, results);
}

std::optional<std::vector<int64_t>> GraphEmitter::declared(const std::string &name) const {
  if (!graph_)
    return std::nullopt;
  const auto shapeIn = [&](const auto &list) -> std::optional<std::vector<int64_t>> {
    for (const auto &info : list) {
      if (info.name() != name || !info.type().has_tensor_type() || !info.type().tensor_type().has_shape())
        continue;
      std::vector<int64_t> shape;
      for (const auto &dimension : info.type().tensor_type().shape().dim())
        shape.push_back(dimension.has_dim_value() && dimension.dim_value() >= 0 ? dimension.dim_value() : -1);
      return shape;
    }
    return std::nullopt;
  };
  if (auto shape = shapeIn(graph_->output()))
    return shape;
  return shapeIn(graph_->value_info());
}

} // namespace tessera::compiler::onnx_import
