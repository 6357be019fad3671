/// Writes QuantizeLinear and DequantizeLinear around what the plan has quantised.
#ifndef TESSERA_COMPILER_QUANTISE_WRITE_H
#define TESSERA_COMPILER_QUANTISE_WRITE_H

#include "quantise/plan.h"
#include "quantise/ranges.h"

namespace tessera::compiler::quantise {

struct Written {
  ::onnx::ModelProto model;
  /// By tensor of the plan: the name of its real values after quantisation.
  std::map<std::string, std::string> quantised;
  size_t absorbed = 0; ///< Relu and Clip that the saturation of QuantizeLinear does
};

/// `scales`: one a group of the plan.
Written writeQuantised(const Network &network, const Plan &plan, const std::vector<Scale> &scales,
                       bool powerOfTwo);

} // namespace tessera::compiler::quantise

#endif
