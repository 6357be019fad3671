/// CAST: numbers of one type as those of another, whatever their quantisation; ROUND.
///
/// float32 loses its fraction. What lies outside the integer's range, where C++ and the reference kernel leave the result open, becomes the
/// nearest bound. Integers that become narrower wrap. Anything but 0 is true.

#include "import/operators.h"
#include "import/shape_text.h"

#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

using Type = tflite::TensorType;

bool canCast(Type type) {
  return type == Type::FLOAT32 || type == Type::FLOAT16 || type == Type::INT8 || type == Type::UINT8 ||
         type == Type::INT16 || type == Type::INT32 || type == Type::INT64 || type == Type::BOOL;
}

mlir::Value castTo(Importer &importer, mlir::Value value, mlir::Type element) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  if (from.getElementType() == element)
    return value;
  return importer.make<mlir::tosa::CastOp>(mlir::RankedTensorType::get(from.getShape(), element), value);
}

/// An i32 constant that broadcasts to `shape`.
mlir::Value number(Importer &importer, llvm::ArrayRef<int64_t> shape, int32_t value) {
  return importer.constantI32(std::vector<int64_t>(shape.size(), 1), {value});
}

/// The fraction dropped: floor of the magnitude with its sign.
mlir::Value truncated(Importer &importer, mlir::Value x) {
  const auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
  const mlir::Value zero = importer.constantF32(std::vector<int64_t>(type.getShape().size(), 1), {0.0f});
  const mlir::Value isNegative =
      importer.make<mlir::tosa::GreaterOp>(importer.type(type.getShape(), 1), zero, x);
  const mlir::Value up = importer.make<mlir::tosa::CeilOp>(type, x);
  const mlir::Value down = importer.make<mlir::tosa::FloorOp>(type, x);
  return importer.make<mlir::tosa::SelectOp>(type, isNegative, up, down);
}

/// A whole float32 as i64, saturated: the magnitude's digits of 32, 16 and 16 bits by themselves, as MLIR 19 casts float32 to i64 wrongly (every number
/// becomes the greatest).
mlir::Value wholeNumbers64(Importer &importer, mlir::Value whole) {
  const auto type = mlir::cast<mlir::RankedTensorType>(whole.getType());
  const std::vector<int64_t> ones(type.getShape().size(), 1);
  const auto wide = importer.type(type.getShape(), 64), truth = importer.type(type.getShape(), 1);
  const auto noShift = importer.builder().getI8IntegerAttr(0);
  const auto real = [&](float value) { return importer.constantF32(ones, {value}); };
  const auto whole64 = [&](int64_t value) -> mlir::Value {
    const auto scalar = importer.type(ones, 64);
    return importer.make<mlir::tosa::ConstOp>(scalar, mlir::DenseElementsAttr::get(scalar, value));
  };
  const auto times = [&](mlir::Value left, mlir::Value right) {
    return importer.make<mlir::tosa::MulOp>(left.getType(), left, right, noShift);
  };
  mlir::Value sum, rest = importer.make<mlir::tosa::AbsOp>(type, whole);
  for (const int bits : {32, 16, 0}) {
    const mlir::Value scaled = times(rest, real(std::ldexp(1.0f, -bits)));
    const mlir::Value digit = importer.make<mlir::tosa::FloorOp>(type, scaled);
    const mlir::Value part = times(digit, real(std::ldexp(1.0f, bits)));
    rest = importer.make<mlir::tosa::SubOp>(type, rest, part);
    const mlir::Value narrow = castTo(importer, digit, importer.builder().getI32Type());
    const mlir::Value placed =
        times(castTo(importer, narrow, importer.builder().getI64Type()), whole64(int64_t{1} << bits));
    sum = sum ? importer.make<mlir::tosa::AddOp>(wide, sum, placed) : placed;
  }
  const mlir::Value zero = real(0);
  const mlir::Value isNegative = importer.make<mlir::tosa::GreaterOp>(truth, zero, whole);
  const mlir::Value negated = importer.make<mlir::tosa::SubOp>(wide, whole64(0), sum);
  sum = importer.make<mlir::tosa::SelectOp>(wide, isNegative, negated, sum);
  const mlir::Value bound = real(std::ldexp(1.0f, 63)), least = real(-std::ldexp(1.0f, 63));
  const mlir::Value isAbove = importer.make<mlir::tosa::GreaterEqualOp>(truth, whole, bound);
  const mlir::Value isBelow = importer.make<mlir::tosa::GreaterOp>(truth, least, whole);
  sum = importer.make<mlir::tosa::SelectOp>(wide, isAbove, whole64(INT64_MAX), sum);
  return importer.make<mlir::tosa::SelectOp>(wide, isBelow, whole64(INT64_MIN), sum);
}

/// The numbers of an integer tensor that the file has as uint8, as i32.
mlir::Value unsignedNumbers(Importer &importer, const Tensor &tensor, mlir::Value bytes) {
  const mlir::Value wide = castTo(importer, bytes, importer.builder().getI32Type());
  if (tensor.isUnsigned) // told with its top bit flipped
    return importer.make<mlir::tosa::AddOp>(wide.getType(), wide, number(importer, tensor.shape, 128));
  return importer.make<mlir::tosa::BitwiseAndOp>(wide.getType(), wide, number(importer, tensor.shape, 255));
}

/// Integers or truth values as bytes of a tensor that the file has as uint8.
mlir::Value unsignedBytes(Importer &importer, const Tensor &tensor, mlir::Value whole, bool isSaturated) {
  mlir::Value wide = castTo(importer, whole, importer.builder().getI32Type());
  if (isSaturated)
    wide = importer.make<mlir::tosa::ClampOp>(wide.getType(), wide, importer.builder().getI64IntegerAttr(0),
                                              importer.builder().getI64IntegerAttr(255),
                                              importer.builder().getF32FloatAttr(0),
                                              importer.builder().getF32FloatAttr(255));
  if (tensor.isUnsigned)
    wide = importer.make<mlir::tosa::SubOp>(wide.getType(), wide, number(importer, tensor.shape, 128));
  return castTo(importer, wide, importer.builder().getI8Type());
}

} // namespace

Expected<void> importCast(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  for (const Tensor *tensor : {&input, &output})
    if (!canCast(tensor->type) || tensor->shape != output.shape)
      return Error{prefixOf(op) + "from " + typeName(input.type) + " " + shapeText(input.shape) + " to " +
                   typeName(output.type) + " " + shapeText(output.shape) + " is not supported"};
  mlir::Value value = importer.inputValue(op, 0);
  mlir::OpBuilder &builder = importer.builder();
  const bool fromUnsigned = input.type == Type::UINT8 || input.isUnsigned;
  const bool toUnsigned = output.type == Type::UINT8 || output.isUnsigned;
  const bool isReal = input.type == Type::FLOAT32 || input.type == Type::FLOAT16;
  const bool toReal = output.type == Type::FLOAT32 || output.type == Type::FLOAT16;
  if (input.type == Type::BOOL)
    value = castTo(importer, value, builder.getI1Type()); // a byte of a constant may be neither 0 nor 1
  if (fromUnsigned)
    value = unsignedNumbers(importer, input, value);
  if (output.type == Type::BOOL) {
    value = castTo(importer, castTo(importer, value, builder.getI1Type()), builder.getI8Type());
  } else if (isReal && toReal) {
    value =
        castTo(importer, value, mlir::cast<mlir::RankedTensorType>(importer.typeOf(output)).getElementType());
  } else {
    if (isReal)
      value = truncated(importer, castTo(importer, value, builder.getF32Type()));
    if (isReal && output.type == Type::INT64)
      value = wholeNumbers64(importer, value);
    else if (toUnsigned)
      value = unsignedBytes(importer, output, value, isReal);
    else if (output.type == Type::FLOAT16) // in one rounding: every integer that float16 reaches is a float32
      value = castTo(importer, castTo(importer, value, builder.getF32Type()), builder.getF16Type());
    else
      value = castTo(importer, value, importer.typeOf(output).getElementType());
  }
  importer.setOutput(op, value);
  return {};
}

Expected<void> importRound(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 1, 1); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0), &output = importer.output(op);
  if (!input.isFloat() || !output.isFloat() || input.shape != output.shape)
    return Error{prefixOf(op) + "input and output are not float32 of one shape"};
  // To the nearest, halves to the even one, as the reference kernel's two comparisons have it.
  const mlir::Value x = importer.inputValue(op, 0);
  const auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
  const mlir::Type truth = importer.type(type.getShape(), 1);
  const std::vector<int64_t> ones(type.getShape().size(), 1);
  const auto real = [&](float value) { return importer.constantF32(ones, {value}); };
  const auto noShift = importer.builder().getI8IntegerAttr(0);
  const mlir::Value half = real(0.5f);
  const mlir::Value down = importer.make<mlir::tosa::FloorOp>(type, x);
  const mlir::Value rest = importer.make<mlir::tosa::SubOp>(type, x, down);
  const mlir::Value up = importer.make<mlir::tosa::AddOp>(type, down, real(1));
  const mlir::Value halfDown = importer.make<mlir::tosa::MulOp>(type, down, half, noShift);
  const mlir::Value wholeHalf = importer.make<mlir::tosa::FloorOp>(type, halfDown);
  const mlir::Value isOdd = importer.make<mlir::tosa::GreaterOp>(truth, halfDown, wholeHalf);
  const mlir::Value isAbove = importer.make<mlir::tosa::GreaterOp>(truth, rest, half);
  const mlir::Value isHalf = importer.make<mlir::tosa::EqualOp>(truth, rest, half);
  const mlir::Value isOddHalf = importer.make<mlir::tosa::LogicalAndOp>(truth, isHalf, isOdd);
  const mlir::Value isUp = importer.make<mlir::tosa::LogicalOrOp>(truth, isAbove, isOddHalf);
  importer.setOutput(op, importer.make<mlir::tosa::SelectOp>(type, isUp, up, down));
  return {};
}

} // namespace tessera::compiler::frontend
