/// Which nodes are quantised, which tensors get a scale, and which share one.
#ifndef TESSERA_COMPILER_QUANTISE_PLAN_H
#define TESSERA_COMPILER_QUANTISE_PLAN_H

#include "quantise/network.h"

namespace tessera::compiler::quantise {

enum class Role : uint8_t {
  Layer,      ///< Conv, Gemm, MatMul with constant weights
  Arithmetic, ///< computes new values from quantised ones
  Passing,    ///< moves values: its result has its input's quantisation
  Fused,      ///< Relu or Clip directly behind a layer or an addition: no quantisation between them
  Float,
};

struct NodePlan {
  Role role = Role::Float;
  std::string why; ///< of Float
};

/// A tensor that stands in int8.
struct PlannedTensor {
  std::string name;
  int group = 0;       ///< tensors of one group have one scale
  bool counts = false; ///< its values decide the group's range: it is computed, not moved
};

struct Plan {
  std::vector<NodePlan> nodes;
  std::vector<PlannedTensor> tensors; ///< inputs of the network first, then in the order of the nodes
  int groups = 0;

  const PlannedTensor *find(const std::string &name) const;
};

/// Ends with an error where nothing can be quantised.
Plan planOf(const Network &network);

/// Bounds of a Relu or Clip; nothing where they are no constants.
struct Bounds {
  double low, high;
};
std::optional<Bounds> boundsOf(const Network &network, const ::onnx::NodeProto &node);

} // namespace tessera::compiler::quantise

#endif
