/// An ONNX network in a form that can be changed: the file's own protobuf, with an index of names beside it.
#ifndef TESSERA_COMPILER_QUANTISE_NETWORK_H
#define TESSERA_COMPILER_QUANTISE_NETWORK_H

#include "import/onnx/error.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tessera::compiler::quantise {

using onnx_import::fail;

/// A float32 constant.
struct Floats {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// Where a tensor is used.
struct Use {
  int node;
  int input;
};

/// After nodes or names were changed through graph(), reindex() must be called; the other members do it themselves.
class Network {
public:
  explicit Network(::onnx::ModelProto model);

  const ::onnx::ModelProto &model() const { return model_; }
  ::onnx::ModelProto &model() { return model_; }
  const ::onnx::GraphProto &graph() const { return model_.graph(); }
  ::onnx::GraphProto &graph() { return *model_.mutable_graph(); }
  const ::onnx::NodeProto &node(int index) const { return model_.graph().node(index); }
  int nodeCount() const { return model_.graph().node_size(); }
  void reindex();

  /// The node that computes the tensor; -1 for inputs and constants.
  int producer(const std::string &name) const;
  const std::vector<Use> &uses(const std::string &name) const;
  bool isOutput(const std::string &name) const { return outputs_.count(name) != 0; }
  bool isConstant(const std::string &name) const { return constants_.count(name) != 0; }
  const ::onnx::TensorProto *constant(const std::string &name) const;
  /// The only node that uses the tensor, where nothing else sees it; else -1.
  int onlyUser(const std::string &name) const;

  /// A constant of float32; nothing where it is another type or no constant.
  std::optional<Floats> floats(const std::string &name) const;
  /// Makes the values input `input` of the node. A constant that others use too stays as it is for them.
  void setInput(int node, int input, const Floats &values);
  /// Takes nodes out.
  void remove(const std::set<int> &nodes);
  /// Whoever used `from` uses `to`. Not for outputs of the network.
  void redirect(const std::string &from, const std::string &to);
  /// A name that nothing has yet: base, or base with a number.
  std::string freshName(const std::string &base);

  /// Activations of float32, as a run has shown (calibrate.h).
  std::map<std::string, std::vector<uint64_t>> reals;

private:
  ::onnx::ModelProto model_;
  std::map<std::string, int> producers_;
  std::map<std::string, std::vector<Use>> uses_;
  std::map<std::string, int> constants_;
  std::set<std::string> outputs_, names_;
};

const ::onnx::AttributeProto *attribute(const ::onnx::NodeProto &node, const std::string &name);
int64_t integer(const ::onnx::NodeProto &node, const std::string &name, int64_t otherwise);
float real(const ::onnx::NodeProto &node, const std::string &name, float otherwise);
std::string text(const ::onnx::NodeProto &node, const std::string &name, const std::string &otherwise);

/// The input's name; empty where it is left out.
std::string inputOf(const ::onnx::NodeProto &node, int index);
/// Of the default domain and this type.
bool isOp(const ::onnx::NodeProto &node, const char *op);
/// The node's name, or that of its first output.
std::string labelOf(const ::onnx::NodeProto &node);

int64_t countOf(const std::vector<int64_t> &shape);
/// Makes the tensor a constant of float32, int32 or int8 with these values; an empty shape is a scalar.
void fillTensor(::onnx::TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<float> &values);
void fillTensor(::onnx::TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int32_t> &values);
void fillTensor(::onnx::TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int8_t> &values);
void fillTensor(::onnx::TensorProto &tensor, const std::string &name, const std::vector<int64_t> &shape,
                const std::vector<int64_t> &values);

} // namespace tessera::compiler::quantise

#endif
