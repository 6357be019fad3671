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

/// A factor that keeps the value: rescale with it subtracts one zero point, adds the other and saturates.
inline constexpr Scale kOne{1 << 30, 30};

/// Bounds of a quantised tensor after a fused activation; those of int8 where nothing else is said.
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

  /// Checks operand counts: `least` to `most` inputs (the first `least` present) and `outputs` outputs.
  isa::Expected<void> checkOperands(const Operator &op, size_t least, size_t most, size_t outputs = 1) const;
  /// Checks that a tensor is int8 with one scale for all of it.
  isa::Expected<void> checkInt8(const Operator &op, const Tensor &tensor, const char *what) const;
  /// Checks that two tensors are of one type that the importer holds and, where `sameScale`, quantised alike.
  isa::Expected<void> checkAlike(const Operator &op, const Tensor &input, const Tensor &output,
                                 bool sameScale = true) const;
  /// The constant int32 or int64 numbers of an operand, such as axes or paddings.
  isa::Expected<std::vector<int32_t>> constantInts(const Operator &op, size_t i, const char *what) const;
  /// An axis of `shape` as the file gives it, negative ones from the back, as a place.
  isa::Expected<size_t> axisOf(const Operator &op, int64_t axis, llvm::ArrayRef<int64_t> shape) const;

  /// The value of a tensor; constants are made where they are asked for, unsigned inputs turned at their first use.
  mlir::Value value(int32_t index);
  /// An argument of the network, as its bytes are.
  void setArgument(int32_t index, mlir::Value value);
  /// A tensor as the network gives it away: unsigned ones with their top bit flipped back.
  mlir::Value result(int32_t index);
  mlir::Value inputValue(const Operator &op, size_t i) { return value(op.inputs[i]); }
  void setValue(int32_t index, mlir::Value value) { values_[static_cast<size_t>(index)] = value; }
  void setOutput(const Operator &op, mlir::Value value) { setValue(op.outputs[0], value); }

  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape, unsigned bits) const;
  mlir::RankedTensorType typeOf(const Tensor &tensor) const;

  mlir::Value constantI32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int32_t> values);
  mlir::Value constantI8(llvm::ArrayRef<int64_t> shape, std::span<const uint8_t> bytes);
  mlir::Value constantF32(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);
  /// A reshape, or the value itself where it has that shape already.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// tosa.rescale to `bits` wide; more than one scale: one a slice of the last dimension.
  mlir::Value rescale(mlir::Value value, int64_t inputZeroPoint, int64_t outputZeroPoint,
                      llvm::ArrayRef<Scale> scales, unsigned bits);
  /// tosa.pad with `amounts` before and after each dimension, of `fill` for integers and 0 for float32.
  mlir::Value pad(mlir::Value value, llvm::ArrayRef<int32_t> amounts, int64_t fill);
  /// tosa.clamp where the bounds are narrower than the value's type.
  mlir::Value clamp(mlir::Value value, Bounds bounds);
  /// A fused activation of a float32 value.
  isa::Expected<mlir::Value> activate(const Operator &op, tflite::Activation activation, mlir::Value value);
  /// tosa.slice.
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> start, llvm::ArrayRef<int64_t> size);
  /// tosa.transpose: dimension d of the result is dimension `order[d]` of `value`.
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int32_t> order);
  /// tosa.table: the byte that `function` gives for each byte, saturated.
  mlir::Value lookUp(mlir::Value bytes, llvm::function_ref<int64_t(int64_t)> function);
  /// An operation at the current location; its result.
  template <typename Operation, typename... Arguments>
  mlir::Value make(mlir::Type type, Arguments &&...arguments) {
    return builder_.create<Operation>(location_, type, std::forward<Arguments>(arguments)...);
  }
  /// tosa.custom of domain tessera.
  mlir::Value custom(const char *name, mlir::Type result, mlir::ValueRange operands,
                     const std::string &attributes);

private:
  /// Every byte plus 128, modulo 256: a change of form at the network's edge, which is no layer's.
  mlir::Value turnTopBit(mlir::Value bytes);

  const Model &model_;
  mlir::OpBuilder &builder_;
  std::vector<mlir::Value> values_;
  std::vector<bool> isRaw_ =
      std::vector<bool>(values_.size(), false); ///< argument whose bytes are still unsigned
  mlir::Location location_ = builder_.getUnknownLoc();
};

/// The range that an activation leaves of an int8 or int16 tensor.
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

using ImportFunction = isa::Expected<void> (*)(Importer &, const Operator &);

/// What takes an operator and sets the values of its outputs; null where nothing does.
ImportFunction functionFor(tflite::BuiltinOperator code);

/// Multiply-accumulates of an operator that was imported; 0 where it has none.
int64_t macsOf(const Model &model, const Operator &op);

} // namespace tessera::compiler::frontend

#endif
