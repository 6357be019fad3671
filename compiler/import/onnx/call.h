/// One node as its operator's emitter sees it: inputs, attributes, subgraphs. And the table of operators.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_CALL_H
#define TESSERA_COMPILER_IMPORT_ONNX_CALL_H

#include "import/onnx/emitter.h"

#include <span>

namespace onnx {
class AttributeProto;
class GraphProto;
class NodeProto;
} // namespace onnx

namespace tessera::compiler::onnx_import {

class Value;
using Values = std::vector<Value>;

/// What a name of a graph stands for: a tensor, or a sequence whose length is known, or nothing (an optional without a value).
class Value {
public:
  Value() = default;
  Value(Tensor tensor) : tensor_(std::move(tensor)) {}
  static Value sequence(Values items, Type type) {
    Value value;
    value.items_ = std::make_shared<const Values>(std::move(items));
    value.type_ = type;
    return value;
  }
  static Value nothing() { return {}; }

  bool isTensor() const { return tensor_.isValid(); }
  bool isSequence() const { return items_ != nullptr; }
  const Tensor &tensor() const { return tensor_; }
  const Values &items() const { return *items_; }
  Type elementType() const { return isTensor() ? tensor_.type() : type_; }

private:
  Tensor tensor_;
  std::shared_ptr<const Values> items_;
  Type type_ = Type::Undefined; ///< of a sequence's items
};

class GraphEmitter;

class Call {
public:
  Call(Emitter &emitterOfModel, GraphEmitter &graph, const ::onnx::NodeProto &node, int64_t opsetOfDomain);

  Emitter &emitter;
  std::string op() const;
  int64_t opset() const { return opset_; }

  // ---- inputs and outputs ----
  size_t inputs() const;
  size_t outputs() const;
  bool has(size_t i) const;   ///< input i is given
  bool wants(size_t i) const; ///< output i has a name
  Tensor in(size_t i) const;  ///< ends the import where it is absent or no tensor
  Value value(size_t i) const;
  Tensors all() const; ///< every input, each a tensor
  /// Input i as constants; ends the import, saying `why` they must be known, where they are not.
  std::vector<int64_t> constants(size_t i, const char *why) const;
  /// The shape that the file gives for output i; -1 for extents that it leaves open.
  std::optional<std::vector<int64_t>> declared(size_t i) const;

  // ---- attributes ----
  bool hasAttribute(const char *name) const;
  int64_t integer(const char *name, int64_t fallback) const;
  double real(const char *name, double fallback) const;
  std::string text(const char *name, const std::string &fallback) const;
  std::vector<int64_t> integers(const char *name, std::vector<int64_t> fallback = {}) const;
  std::vector<double> reals(const char *name, std::vector<double> fallback = {}) const;
  std::vector<std::string> texts(const char *name) const;
  Tensor tensor(const char *name) const;
  /// Attribute `axis` (or `name`) as an axis of `rank` dimensions.
  int64_t axis(int64_t fallback, int64_t rank, const char *name = "axis") const;

  // ---- subgraphs ----
  size_t graphInputs(const char *name) const;
  size_t graphOutputs(const char *name) const;
  /// Emits the subgraph here, with these values for its inputs; it sees the names around the node.
  Values graph(const char *name, const Values &inputs) const;

private:
  const ::onnx::AttributeProto *find(const char *name, int kind) const;
  const ::onnx::GraphProto &subgraph(const char *name) const;

  GraphEmitter &graph_;
  const ::onnx::NodeProto &node_;
  int64_t opset_;
};

/// `axis` as one of `rank` dimensions, from the end where it is negative.
int64_t normalisedAxis(int64_t axis, int64_t rank);
/// Each normalised, none twice.
std::vector<int64_t> normalisedAxes(const std::vector<int64_t> &axes, int64_t rank);

/// An operator: from which to which version of its domain `emit` knows what it means.
struct OperatorEntry {
  const char *name;
  int since;
  int until;
  Values (*emit)(Call &call);
  const char *domain = "";
};

inline constexpr int kNewestOpset = 28;

/// The entry for an operator at a version; null where there is none.
const OperatorEntry *findOperator(std::string_view domain, std::string_view name, int64_t opset);
/// All entries.
std::vector<OperatorEntry> allOperators();

} // namespace tessera::compiler::onnx_import

#endif
