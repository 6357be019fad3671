/// From nodes to a program: names, scopes, order; each node's operator is looked up and called.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_GRAPH_H
#define TESSERA_COMPILER_IMPORT_ONNX_GRAPH_H

#include "import/onnx/call.h"
#include "import/onnx/model.h"

#include <unordered_map>

namespace tessera::compiler::onnx_import {

/// The values of names; inner graphs see the outer ones, the bodies of functions do not.
struct Scope {
  const Scope *outer = nullptr;
  std::unordered_map<std::string, Value> values;

  const Value *find(const std::string &name) const;
};

/// What a function's body knows of its call.
struct FunctionFrame {
  const ::onnx::NodeProto *node = nullptr;         ///< the calling node: its attributes
  const ::onnx::FunctionProto *function = nullptr; ///< versions and default attributes
  const FunctionFrame *outer = nullptr;
};

/// A node of the main graph, for reports.
struct LayerRecord {
  int64_t index;
  std::string op, name;
  int64_t macs;
  std::string stays; ///< why it is no layer of integers; empty where nothing is to say
};

class GraphEmitter {
public:
  GraphEmitter(Emitter &emitter, const Model &model);

  /// Emits the main graph; `inputs` are the values of its inputs that are not constants, in order.
  Values run(const Values &inputs);
  /// Emits a graph inside the current node.
  Values subgraph(const ::onnx::GraphProto &graph, const Values &inputs);

  std::vector<LayerRecord> takeLayers() { return std::move(layers_); }
  const Model &model() const { return model_; }
  Emitter &emitter() { return emitter_; }
  const Scope &scope() const { return *scope_; }
  const FunctionFrame *frame() const { return frame_; }
  /// Shapes that the graph at hand declares, by name; -1 for open extents.
  std::optional<std::vector<int64_t>> declared(const std::string &name) const;

private:
  Values body(const ::onnx::GraphProto &graph, const Values &inputs, const Scope *outer);
  void node(const ::onnx::NodeProto &node, int index);
  void callOperator(const ::onnx::NodeProto &node);
  void callFunction(const ::onnx::NodeProto &node, const ::onnx::FunctionProto &function);
  int64_t versionOf(const std::string &domain) const;
  void setOutputs(const ::onnx::NodeProto &node, const Values &values);

  Emitter &emitter_;
  const Model &model_;
  Scope *scope_ = nullptr;
  const ::onnx::GraphProto *graph_ = nullptr;
  const FunctionFrame *frame_ = nullptr;
  std::vector<LayerRecord> layers_;
  std::string stays_; ///< of the current node
  int depth_ = 0;
  int64_t nodesLeft_;
};

} // namespace tessera::compiler::onnx_import

#endif
