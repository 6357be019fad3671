/// Sums of products in the arithmetics that files use: what goes in, and what makes the output of the sum.
///
/// | kind   | input   | weights | bias             | sum                          | output                                          |
/// | int8   | int8    | int8    | int32            | i32                          | rescale to i8                                   |
/// | int16  | int16   | int8    | int64; int32     | i64; i32                     | rescale_wide to i16; rescale                    |
/// | real   | float32 | float32 | float32          | f32                          | the sum                                         |
/// | hybrid | float32 | int8    | float32          | i32 of the quantised input   | dequantize_sum                                  |
/// uint8 is int8 by now (makeSigned); float16 weights come through DEQUANTIZE.
#ifndef TESSERA_COMPILER_IMPORT_ARITHMETIC_H
#define TESSERA_COMPILER_IMPORT_ARITHMETIC_H

#include "import/importer.h"

namespace tessera::compiler::frontend {

/// Operands of a tosa.conv2d, tosa.depthwise_conv2d or tosa.fully_connected.
struct SumOperands {
  mlir::Value input, weights, bias;
  mlir::Type element; ///< of the sum
  mlir::tosa::ConvOpQuantizationAttr quantisation;
};

class Sum {
public:
  /// Which operands are what; `channelDimension` of the weights is the one of the output's channels.
  struct Places {
    size_t input, weights, bias;
    int32_t channelDimension;
    int64_t channels;
  };

  /// Checks types, scales and zero points of an operator.
  static isa::Expected<Sum> of(Importer &importer, const Operator &op, const Places &places);

  /// The input as a matrix: each row is quantised by itself in a hybrid sum, around zero unless `isAsymmetric`.
  void asMatrix(llvm::ArrayRef<int64_t> shape, bool isAsymmetric);
  /// Other bytes in place of the constant weights'.
  void useWeights(std::vector<uint8_t> bytes) { weightBytes_ = std::move(bytes); }
  isa::Expected<SumOperands> operands(llvm::ArrayRef<int64_t> weightShape);
  /// What stands for zero in the input that operands() gives.
  int64_t inputZeroPoint() const;

  /// Sets the operator's output from the sum.
  isa::Expected<void> finish(mlir::Value sum, tflite::Activation activation);

private:
  enum class Kind { kInt8, kInt16, kReal, kHybrid };

  Sum(Importer &importer, const Operator &op, const Places &places, Kind kind)
      : importer_(importer), op_(op), places_(places), kind_(kind) {}

  const Tensor &input() const { return importer_.input(op_, places_.input); }
  const Tensor &weights() const { return importer_.input(op_, places_.weights); }
  bool isWide() const;
  isa::Expected<mlir::Value> bias();
  isa::Expected<std::vector<Scale>> scales() const;

  Importer &importer_;
  const Operator &op_;
  Places places_;
  Kind kind_;
  std::vector<uint8_t> weightBytes_;
  std::vector<int64_t> matrix_;
  bool isAsymmetric_ = true;
  mlir::Value inputScales_; ///< of a hybrid sum, one a row
};

} // namespace tessera::compiler::frontend

#endif
