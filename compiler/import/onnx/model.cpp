#include "import/onnx/model.h"

#include "import/onnx/call.h"
#include "import/onnx/wire_check.h"
#include "import/shape_text.h"

#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <climits>
#include <queue>
#include <set>
#include <unordered_map>

namespace tessera::compiler::onnx_import {

std::string printableName(const std::string &name) { return frontend::printable(name); }

std::string placeOf(const ::onnx::NodeProto &node, int index) {
  std::string name = node.name().empty() ? "" : " '" + printableName(node.name()) + "'";
  const std::string domain = node.domain().empty() ? "" : printableName(node.domain()) + ".";
  return "node " + std::to_string(index) + " (" + domain + printableName(node.op_type()) + name + "): ";
}

namespace {

/// Versions of the domains. A missing entry for the default domain means version 1, as the format's first edition says.
void readOpsets(Model &model) {
  for (const auto &entry : model.proto->opset_import()) {
    const std::string domain = entry.domain() == "ai.onnx" ? "" : entry.domain();
    model.opsets[domain] = std::max(model.opsets[domain], entry.version());
  }
  model.opsets.try_emplace("", 1);
  const int64_t version = model.opsets[""];
  if (version < 1 || version > kNewestOpset)
    fail("opset ", version, " is not supported, 1 to ", kNewestOpset, " are");
}

void readFunctions(Model &model) {
  for (const auto &function : model.proto->functions())
    model.functions.emplace(function.domain() + ":" + function.name(), &function);
}

/// Names that a node's subgraphs take from around it; nested deeper than the wire check lets through is not possible.
void capturedNames(const ::onnx::NodeProto &node, std::set<std::string> &names);

void capturedNames(const ::onnx::GraphProto &graph, std::set<std::string> &names) {
  std::set<std::string> own, inner;
  for (const auto &input : graph.input())
    own.insert(input.name());
  for (const auto &constant : graph.initializer())
    own.insert(constant.name());
  for (const auto &constant : graph.sparse_initializer())
    own.insert(constant.values().name());
  for (const auto &node : graph.node()) {
    for (const std::string &input : node.input())
      inner.insert(input);
    capturedNames(node, inner);
    own.insert(node.output().begin(), node.output().end());
  }
  for (const auto &output : graph.output())
    inner.insert(output.name());
  for (const std::string &name : inner)
    if (!name.empty() && !own.count(name))
      names.insert(name);
}

void capturedNames(const ::onnx::NodeProto &node, std::set<std::string> &names) {
  for (const auto &attribute : node.attribute()) {
    if (attribute.has_g())
      capturedNames(attribute.g(), names);
    for (const auto &graph : attribute.graphs())
      capturedNames(graph, names);
  }
}

/// What a node must come after.
std::vector<std::string> needsOf(const ::onnx::NodeProto &node) {
  std::set<std::string> names(node.input().begin(), node.input().end());
  capturedNames(node, names);
  names.erase("");
  return {names.begin(), names.end()};
}

} // namespace

Model readModel(std::span<const uint8_t> file, const std::string &folder) {
  if (file.size() > INT_MAX)
    fail("the file has ", file.size(), " bytes, at most ", INT_MAX, " are possible");
  checkWire(file);
  google::protobuf::LogSilencer silence; // what is wrong comes back as a result
  auto proto = std::make_shared<::onnx::ModelProto>();
  if (!proto->ParseFromArray(file.data(), static_cast<int>(file.size())))
    fail("damaged file: its ", file.size(), " bytes are no ONNX model");
  if (!proto->has_graph())
    fail("no ONNX model: there is no graph in its ", file.size(), " bytes");
  Model model;
  model.proto = std::move(proto);
  model.folder = folder;
  readOpsets(model);
  readFunctions(model);
  return model;
}

std::vector<int> orderOf(const ::onnx::GraphProto &graph,
                         const std::function<bool(const std::string &)> &outer) {
  std::unordered_map<std::string, int> producer; // -1: there from the start
  for (const auto &input : graph.input())
    producer.emplace(input.name(), -1);
  for (const auto &constant : graph.initializer())
    producer.emplace(constant.name(), -1);
  for (const auto &constant : graph.sparse_initializer())
    producer.emplace(constant.values().name(), -1);
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &output : graph.node(i).output())
      if (!output.empty() && !producer.emplace(output, i).second)
        fail(placeOf(graph.node(i), i), "'", printableName(output), "' is computed a second time");

  // Backwards from the outputs: which nodes are needed, and who waits for whom.
  const auto count = static_cast<size_t>(graph.node_size());
  std::vector<bool> isNeeded(count, false);
  std::vector<std::vector<int>> waiting(count);
  std::vector<int> missing(count, 0), stack;
  const auto need = [&](const std::string &name, int user) {
    const auto found = producer.find(name);
    if (found == producer.end()) {
      if (!outer(name))
        fail(user < 0 ? "output '" : placeOf(graph.node(user), user) + "input '", printableName(name),
             "' is neither an input, a constant nor the result of a node");
      return;
    }
    if (found->second < 0)
      return;
    if (user >= 0) {
      waiting[static_cast<size_t>(found->second)].push_back(user);
      ++missing[static_cast<size_t>(user)];
    }
    if (!isNeeded[static_cast<size_t>(found->second)]) {
      isNeeded[static_cast<size_t>(found->second)] = true;
      stack.push_back(found->second);
    }
  };
  for (const auto &output : graph.output())
    need(output.name(), -1);
  while (!stack.empty()) {
    const int node = stack.back();
    stack.pop_back();
    for (const std::string &name : needsOf(graph.node(node)))
      need(name, node);
  }

  // Forwards, the earliest node in the file first.
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  size_t needed = 0;
  for (size_t i = 0; i < count; ++i) {
    needed += isNeeded[i];
    if (isNeeded[i] && missing[i] == 0)
      ready.push(static_cast<int>(i));
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (int user : waiting[static_cast<size_t>(node)])
      if (--missing[static_cast<size_t>(user)] == 0)
        ready.push(user);
  }
  if (order.size() != needed)
    for (size_t i = 0; i < count; ++i)
      if (isNeeded[i] && missing[i] > 0)
        fail(placeOf(graph.node(static_cast<int>(i)), static_cast<int>(i)),
             "the graph has a cycle through this node");
  return order;
}

} // namespace tessera::compiler::onnx_import
