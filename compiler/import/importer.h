/// What the operator families share while a model becomes TOSA: values of tensors, constants, rescales, clamps.
#ifndef TESSERA_COMPILER_IMPORT_IMPORTER_H
#define TESSERA_COMPILER_IMPORT_IMPORTER_H

#include "import/model.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"

namespace tessera::compiler::frontend {

/// One fixed-point scale: TOSA's multiplier and shift (positive to the right, 2 to 62).
struct Scale {
  int32_t multiplier = 0;
  int8_t shift = 31;
};

/// The real factor as TFLite's QuantizeMultiplier makes it. An error (without place) where it is 2^30 or more.
isa::Expected<Scale> scaleOf(double factor);

/// Bounds of an int8 tensor after a fused activation.
struct Bounds {
  int64_t low = -128;
  int64_t high = 127;
};

class Importer {
public:
  Importer(const Model &model, mlir::OpBuilder &builder)
      : model_(model), builder_(builder), values_(model.tensors.size()) {}

  mlir::OpBuilder &builder() { return builder_; }
  mlir::Location location() const { return location_; }
  void setLocation(mlir::Location location) { location_ = location; }

  const Tensor &tensor(int32_t index) const { return model_.tensors[static_cast<size_t>(index)]; }
  const Tensor &input(const Operator &op, size_t i) const { return tensor(op.inputs[i]); }
  const Tensor &output(const Operator &op) const { return tensor(op.outputs[0]); }

  /// Checks operand counts: `least` to `most` inputs (the first `least` present), one output.
  isa::Expected<void> checkOperands(const Operator &op, size_t least, size_t most) const;
  /// Checks that a tensor is int8 with one scale for all of it.
  isa::Expected<void> checkInt8(const Operator &op, const Tensor &tensor, const char *what) const;

  /// The value of a tensor; constants are made where they are asked for.
  mlir::Value value(int32_t index);
  mlir::Value inputValue(const Operator &op, size_t i) { return value(op.inputs[i]); }
  void setValue(int32_t index, mlir::Value value) { values_[static_cast<size_t>(index)] = value; }
  void setOutput(const Operator &op, mlir::Value value) { setValue(op.outputs[0], value); }

  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape, unsigned bits) const;
  mlir::RankedTensorType typeOf(const Tensor &tensor) const;

  mlir::Value constantI32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int32_t> values);
  mlir::Value constantI8(llvm::ArrayRef<int64_t> shape, std::span<const uint8_t> bytes);
  /// A reshape, or the value itself where it has that shape already.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// tosa.rescale to `bits` wide; more than one scale: one a slice of the last dimension.
  mlir::Value rescale(mlir::Value value, int64_t inputZeroPoint, int64_t outputZeroPoint,
                      llvm::ArrayRef<Scale> scales, unsigned bits);
  /// tosa.clamp where the bounds are narrower than int8.
  mlir::Value clamp(mlir::Value value, Bounds bounds);

private:
  const Model &model_;
  mlir::OpBuilder &builder_;
  std::vector<mlir::Value> values_;
  mlir::Location location_ = builder_.getUnknownLoc();
};

/// The int8 range that an activation leaves of a tensor.
isa::Expected<Bounds> activationBounds(const Operator &op, tflite::Activation activation,
                                       const Tensor &output);

/// Window geometry of a convolution or pooling along one dimension.
struct Window {
  int64_t padBefore = 0;
  int64_t padAfter = 0;
};
/// Resolves SAME or VALID; an error where sizes are impossible or `out` is not what the format computes.
isa::Expected<Window> windowOf(const Operator &op, tflite::Padding padding, int64_t in, int64_t out,
                               int64_t kernel, int64_t stride, int64_t dilation, const char *dimension);

// One function an operator; each sets the value of the operator's output.
isa::Expected<void> importConv2D(Importer &importer, const Operator &op);
isa::Expected<void> importDepthwiseConv2D(Importer &importer, const Operator &op);
isa::Expected<void> importFullyConnected(Importer &importer, const Operator &op);
isa::Expected<void> importAddSub(Importer &importer, const Operator &op);
isa::Expected<void> importMul(Importer &importer, const Operator &op);
isa::Expected<void> importRelu(Importer &importer, const Operator &op);
isa::Expected<void> importQuantize(Importer &importer, const Operator &op);
isa::Expected<void> importDequantize(Importer &importer, const Operator &op);
isa::Expected<void> importPool(Importer &importer, const Operator &op);
isa::Expected<void> importMean(Importer &importer, const Operator &op);
isa::Expected<void> importPad(Importer &importer, const Operator &op);
isa::Expected<void> importReshape(Importer &importer, const Operator &op);
isa::Expected<void> importConcatenation(Importer &importer, const Operator &op);
isa::Expected<void> importSoftmax(Importer &importer, const Operator &op);

/// Multiply-accumulates of an operator that was imported; 0 where it has none.
int64_t macsOf(const Model &model, const Operator &op);

} // namespace tessera::compiler::frontend

#endif
