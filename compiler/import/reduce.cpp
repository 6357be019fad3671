/// ARG_MAX, ARG_MIN; REDUCE_MAX, REDUCE_MIN, REDUCE_PROD and SUM.

#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

Expected<void> importArg(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (!input.isInt8() && !input.isFloat())
    return Error{prefixOf(op) + "input is " + typeName(input.type) +
                 ", only int8, uint8 and float32 are supported"};
  auto where = importer.constantInts(op, 1, "axes");
  if (!where)
    return where.error();
  auto axis = importer.axisOf(op, where->empty() ? 0 : (*where)[0], input.shape);
  if (!axis)
    return axis.error();
  std::vector<int64_t> shape = input.shape;
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*axis));
  const bool isWide = output.type == tflite::TensorType::INT64;
  if (output.shape != shape || (!isWide && output.type != tflite::TensorType::INT32))
    return Error{prefixOf(op) + "output is " + typeName(output.type) + " of shape " +
                 shapeText(output.shape) + ", expected int32 or int64 of shape " + shapeText(shape)};
  mlir::OpBuilder &builder = importer.builder();
  mlir::Value value = importer.inputValue(op, 0);
  const mlir::Location location = importer.location();
  if (op.code == tflite::BuiltinOperator::ARG_MIN) {
    // The first of the smallest is the first of the largest in the reverse order.
    if (input.isFloat())
      value = builder.create<mlir::tosa::NegateOp>(location, value.getType(), value,
                                                   mlir::tosa::UnaryOpQuantizationAttr());
    else
      value = builder.create<mlir::tosa::BitwiseNotOp>(location, value.getType(), value);
  }
  value = builder.create<mlir::tosa::ArgMaxOp>(location, importer.type(shape, 32), value,
                                               builder.getI32IntegerAttr(static_cast<int32_t>(*axis)));
  if (isWide)
    value = builder.create<mlir::tosa::CastOp>(location, importer.typeOf(output), value);
  importer.setOutput(op, value);
  return {};
}

Expected<void> importReduce(Importer &importer, const Operator &op) {
  using Code = tflite::BuiltinOperator;
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  const bool isOrder = op.code == Code::REDUCE_MAX || op.code == Code::REDUCE_MIN;
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  if (!input.isFloat() && !(isOrder && input.isInt8()))
    return Error{prefixOf(op) + "input is " + typeName(input.type) + ", only float32 is supported" +
                 (isOrder ? " and int8 and uint8 of one scale" : "")};
  auto axes = importer.constantInts(op, 1, "axes");
  if (!axes)
    return axes.error();
  mlir::OpBuilder &builder = importer.builder();
  mlir::Value value = importer.inputValue(op, 0);
  std::vector<int64_t> shape = input.shape;
  for (int32_t number : *axes) {
    auto axis = importer.axisOf(op, number, input.shape);
    if (!axis)
      return axis.error();
    if (shape[*axis] == 1)
      continue;
    shape[*axis] = 1;
    const mlir::Type type = mlir::cast<mlir::RankedTensorType>(value.getType()).clone(shape);
    const auto along = builder.getI32IntegerAttr(static_cast<int32_t>(*axis));
    const mlir::Location location = importer.location();
    switch (op.code) {
    case Code::REDUCE_MAX:
      value = builder.create<mlir::tosa::ReduceMaxOp>(location, type, value, along);
      break;
    case Code::REDUCE_MIN:
      value = builder.create<mlir::tosa::ReduceMinOp>(location, type, value, along);
      break;
    case Code::REDUCE_PROD:
      value = builder.create<mlir::tosa::ReduceProdOp>(location, type, value, along);
      break;
    default:
      value = builder.create<mlir::tosa::ReduceSumOp>(location, type, value, along);
    }
  }
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  if (count != output.elements())
    return Error{prefixOf(op) + "what is left of " + shapeText(input.shape) + " is " + shapeText(shape) +
                 ", not " + shapeText(output.shape)};
  importer.setOutput(op, importer.reshape(value, output.shape));
  return {};
}

} // namespace tessera::compiler::frontend
