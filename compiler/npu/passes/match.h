// Finds the sequences of TOSA operations (docs/tosa-input.md) that are one layer of the NPU: what feeds a convolution, dense
// layer, pooling, mean or addition, and the rescale and clamp behind it.
//
// Used twice: placement asks whether the machine can run the layer, fusion rewrites it. matchLayer never changes the module.
#pragma once

#include "core/layer.h"

#include "mlir/IR/Operation.h"

#include <optional>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

struct LayerMatch {
  Layer layer;
  mlir::Operation *anchor = nullptr;         // the operation that computes
  std::vector<mlir::Operation *> operations; // all that the layer replaces, the last one gives the result
  mlir::Value input, rhs, weights, bias;
  bool transposeWeights = false; // depthwise weights [KH][KW][1][M] of a convolution with one input channel
  int32_t weightZeroPoint = 0;   // to be taken off the weights
  std::optional<int32_t> ones;   // in place of weights and bias: depthwise weights of 1, and this bias
  std::vector<int32_t> multiplier, shift; // one a channel (conv), or one (add)
  std::string why;                        // if it is no layer: the reason
  explicit operator bool() const { return why.empty(); }
};

// Whether the operation is one around which a layer may be found.
bool isAnchor(mlir::Operation *op);
LayerMatch matchLayer(mlir::Operation *anchor);

// A reshape that moves no byte in the blocked layout: same channels, same number of pixels.
bool isView(mlir::Operation *op);

// Index of the model file's operator that the operation comes from (its location's name), or -1.
int64_t layerIndex(mlir::Operation *op);

} // namespace tessera::compiler::npu
