/// An ONNX file, read and checked: what can be said about it before any operator is looked at.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_MODEL_H
#define TESSERA_COMPILER_IMPORT_ONNX_MODEL_H

#include "import/onnx/emitter.h"

#include <map>
#include <span>

namespace onnx {
class FunctionProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
} // namespace onnx

namespace tessera::compiler::onnx_import {

inline constexpr int64_t kMaxRank = 16;

struct Model {
  std::shared_ptr<const ::onnx::ModelProto> proto;
  std::map<std::string, int64_t> opsets;                          ///< version by domain; "ai.onnx" is ""
  std::map<std::string, const ::onnx::FunctionProto *> functions; ///< by "domain:name"
  std::string folder; ///< where external data may lie; empty: nowhere
};

/// Parses the file. Ends the import on damaged or hostile bytes, and on versions that are not known.
Model readModel(std::span<const uint8_t> file, const std::string &folder);

/// Nodes in an order in which each comes after what it needs, without those that no output needs. Ends the import on a
/// cycle and on a name that nothing computes. `outer` says which names are known around the graph.
std::vector<int> orderOf(const ::onnx::GraphProto &graph,
                         const std::function<bool(const std::string &)> &outer);

/// "node 3 (Conv 'conv1'): ".
std::string placeOf(const ::onnx::NodeProto &node, int index);

/// A constant tensor of the file (or of a file beside it).
Tensor readTensor(Emitter &emitter, const ::onnx::TensorProto &proto, const Model &model);

/// A name from a file, safe to print.
std::string printableName(const std::string &name);

} // namespace tessera::compiler::onnx_import

#endif
