#include "quantise/plan.h"

#include "quantise/layer.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;

namespace {

bool isAny(const NodeProto &node, std::initializer_list<const char *> ops) {
  return std::any_of(ops.begin(), ops.end(), [&](const char *op) { return isOp(node, op); });
}

/// Moves values, or picks some of them: what comes out needs no other scale than what went in.
bool movesValues(const Network &network, const NodeProto &node) {
  if (isOp(node, "Pad")) { // zero is always a step
    const std::string value = inputOf(node, 2);
    const auto filled = network.floats(value);
    return text(node, "mode", "constant") != "constant" || value.empty() ||
           (filled && filled->values.size() == 1 && filled->values[0] == 0);
  }
  if (isOp(node, "MaxPool") && node.output_size() > 1 && !node.output(1).empty())
    return false;
  return isAny(node, {"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Dropout",
                      "Slice", "MaxPool", "GlobalMaxPool", "Concat", "DepthToSpace", "SpaceToDepth"});
}

class Planner {
public:
  explicit Planner(const Network &network)
      : network_(network), nodes_(static_cast<size_t>(network.nodeCount())) {}

  Plan run() {
    for (int i = 0; i < network_.nodeCount(); ++i)
      plan(i).role = roleOf(i, plan(i).why);
    fuse();
    settlePassing();
    collect();
    return std::move(plan_);
  }

private:
  NodePlan &plan(int node) { return nodes_[static_cast<size_t>(node)]; }
  bool isReal(const std::string &name) const { return network_.reals.count(name) != 0; }
  bool isQuantised(int node) const {
    return node >= 0 && nodes_[static_cast<size_t>(node)].role != Role::Float;
  }

  Role roleOf(int index, std::string &why) const {
    const NodeProto &node = network_.node(index);
    if (node.output_size() == 0 || !isReal(node.output(0))) {
      why = "its result is not float32";
      return Role::Float;
    }
    if (isAny(node, {"Conv", "Gemm", "MatMul"})) {
      if (!isReal(inputOf(node, 0))) {
        why = "its input is a constant or not float32";
        return Role::Float;
      }
      return layerOf(network_, index, &why) ? Role::Layer : Role::Float;
    }
    if (isAny(node, {"Add", "Mul", "AveragePool", "GlobalAveragePool", "Relu", "Clip"})) {
      const int inputs = isAny(node, {"Add", "Mul"}) ? 2 : 1;
      for (int k = 0; k < inputs; ++k)
        if (!isReal(inputOf(node, k)) && !network_.floats(inputOf(node, k))) {
          why = "input " + std::to_string(k) + " is not float32";
          return Role::Float;
        }
      if (isOp(node, "Clip") && !boundsOf(network_, node)) {
        why = "its bounds are no constants";
        return Role::Float;
      }
      return Role::Arithmetic;
    }
    if (movesValues(network_, node)) {
      const int inputs = isOp(node, "Concat") ? node.input_size() : 1;
      for (int k = 0; k < inputs; ++k)
        if (!isReal(inputOf(node, k))) {
          why = "input " + std::to_string(k) + " is a constant or not float32";
          return Role::Float;
        }
      return Role::Passing;
    }
    why = isOp(node, "BatchNormalization") ? "it follows no layer that it could be folded into"
                                           : "no integer form of this operator";
    return Role::Float;
  }

  void fuse() {
    for (int i = 0; i < network_.nodeCount(); ++i) {
      const NodeProto &node = network_.node(i);
      const int user = plan(i).role == Role::Float ? -1 : network_.onlyUser(node.output(0));
      const bool canFuse = plan(i).role == Role::Layer || isOp(node, "Add");
      if (user >= 0 && canFuse && isAny(network_.node(user), {"Relu", "Clip"}) &&
          plan(user).role == Role::Arithmetic)
        plan(user).role = Role::Fused;
    }
  }

  /// Moves between float nodes alone stay float.
  void settlePassing() {
    std::vector<bool> isWanted(nodes_.size(), false);
    const auto settle = [&](int i) {
      if (plan(i).role != Role::Passing || isWanted[static_cast<size_t>(i)])
        return;
      const NodeProto &node = network_.node(i);
      const auto counts = [&](int other) {
        return isQuantised(other) &&
               (plan(other).role != Role::Passing || isWanted[static_cast<size_t>(other)]);
      };
      bool wanted = false;
      for (int k = 0; k < (isOp(node, "Concat") ? node.input_size() : 1); ++k)
        wanted = wanted || counts(network_.producer(inputOf(node, k)));
      for (const Use &use : network_.uses(node.output(0)))
        wanted = wanted || counts(use.node);
      isWanted[static_cast<size_t>(i)] = wanted;
    };
    for (int i = 0; i < network_.nodeCount(); ++i)
      settle(i);
    for (int i = network_.nodeCount() - 1; i >= 0; --i)
      settle(i);
    for (int i = 0; i < network_.nodeCount(); ++i)
      if (plan(i).role == Role::Passing && !isWanted[static_cast<size_t>(i)])
        plan(i) = {Role::Float, "it moves values between nodes that stay float"};
  }

  int add(const std::string &name, bool counts) {
    const auto [found, isNew] = index_.try_emplace(name, static_cast<int>(plan_.tensors.size()));
    if (isNew) {
      plan_.tensors.push_back({name, 0, counts});
      parents_.push_back(found->second);
    }
    return found->second;
  }
  int root(int tensor) {
    while (parents_[static_cast<size_t>(tensor)] != tensor)
      tensor = parents_[static_cast<size_t>(tensor)];
    return tensor;
  }
  void join(int a, int b) {
    const int x = root(a), y = root(b);
    parents_[static_cast<size_t>(std::max(x, y))] = std::min(x, y);
  }

  /// True where a Relu or Clip stands behind the node and takes its result before it is quantised.
  bool isBeforeFused(int node) {
    const int user = network_.onlyUser(network_.node(node).output(0));
    return user >= 0 && plan(user).role == Role::Fused;
  }

  void collect() {
    bool hasLayers = false;
    for (int i = 0; i < network_.nodeCount(); ++i)
      hasLayers = hasLayers || plan(i).role == Role::Layer;
    if (!hasLayers)
      fail("nothing to quantise: no Conv, Gemm or MatMul has constant float32 weights");
    for (int i = 0; i < network_.nodeCount(); ++i) {
      const NodeProto &node = network_.node(i);
      const Role role = plan(i).role;
      if (role == Role::Float)
        continue;
      const int inputs = role == Role::Layer || role == Role::Fused ? 1
                         : isOp(node, "Concat")                     ? node.input_size()
                         : isAny(node, {"Add", "Mul"})              ? 2
                                                                    : 1;
      if (role != Role::Fused)
        for (int k = 0; k < inputs; ++k)
          if (isReal(inputOf(node, k)))
            add(inputOf(node, k), true);
      if (isBeforeFused(i))
        continue;
      const int result = add(node.output(0), role != Role::Passing);
      if (role == Role::Passing)
        for (int k = 0; k < inputs; ++k)
          join(add(inputOf(node, k), true), result);
    }
    std::map<int, int> numbers;
    for (size_t t = 0; t < plan_.tensors.size(); ++t)
      plan_.tensors[t].group =
          numbers.try_emplace(root(static_cast<int>(t)), static_cast<int>(numbers.size())).first->second;
    plan_.groups = static_cast<int>(numbers.size());
    plan_.nodes = std::move(nodes_);
  }

  const Network &network_;
  std::vector<NodePlan> nodes_;
  Plan plan_;
  std::map<std::string, int> index_;
  std::vector<int> parents_;
};

} // namespace

const PlannedTensor *Plan::find(const std::string &name) const {
  for (const PlannedTensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

Plan planOf(const Network &network) { return Planner(network).run(); }

std::optional<Bounds> boundsOf(const Network &network, const NodeProto &node) {
  Bounds bounds{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  if (isOp(node, "Relu"))
    return Bounds{0, bounds.high};
  if (!isOp(node, "Clip"))
    return std::nullopt;
  for (int k : {1, 2}) {
    if (inputOf(node, k).empty())
      continue;
    const auto value = network.floats(inputOf(node, k));
    if (!value || value->values.size() != 1)
      return std::nullopt;
    (k == 1 ? bounds.low : bounds.high) = static_cast<double>(value->values[0]);
  }
  return bounds;
}

} // namespace tessera::compiler::quantise
