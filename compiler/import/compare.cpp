/// EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL; LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT; SELECT, SELECT_V2.
///
/// Truth values are bytes of 0 and 1 between operators, as in the file.

#include "import/broadcast.h"
#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

using Code = tflite::BuiltinOperator;

/// The value shifted left by 8.
constexpr Scale kLeft8{1 << 30, 22};

Expected<void> checkTruth(const Operator &op, const Tensor &tensor, const char *what) {
  if (tensor.type != tflite::TensorType::BOOL)
    return Error{prefixOf(op) + what + " is " + typeName(tensor.type) + ", expected bool"};
  return {};
}

bool isPlainNumber(tflite::TensorType type) {
  return type == tflite::TensorType::FLOAT32 || type == tflite::TensorType::INT32 ||
         type == tflite::TensorType::INT64;
}

mlir::Value castTo(Importer &importer, mlir::Value value, unsigned bits) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  return importer.make<mlir::tosa::CastOp>(importer.type(from.getShape(), bits), value);
}

/// An operand in fixed point with 8 bits below the point, as the reference kernel compares bytes of two scales.
Expected<mlir::Value> onCommonScale(Importer &importer, const Operator &op, size_t i) {
  const Quantisation &quantisation = importer.input(op, i).quantisation;
  const auto factor = static_cast<double>(quantisation.scales[0]);
  if (factor >= 1)
    return Error{prefixOf(op) + "scale " + numberText(factor) + " of input " + std::to_string(i) +
                 " is not below 1"};
  auto scale = scaleOf(factor);
  if (!scale)
    return Error{prefixOf(op) + scale.error().message};
  const mlir::Value shifted =
      importer.rescale(withRank(importer, op, i), quantisation.zeroPoints[0], 0, {kLeft8}, 32);
  return importer.rescale(shifted, 0, 0, {*scale}, 32);
}

/// The comparison of two values that broadcast to `type`, of i1.
mlir::Value compare(Importer &importer, Code code, mlir::Type type, mlir::Value left, mlir::Value right) {
  if (code == Code::LESS || code == Code::LESS_EQUAL)
    std::swap(left, right);
  switch (code) {
  case Code::GREATER:
  case Code::LESS:
    return importer.make<mlir::tosa::GreaterOp>(type, left, right);
  case Code::GREATER_EQUAL:
  case Code::LESS_EQUAL:
    return importer.make<mlir::tosa::GreaterEqualOp>(type, left, right);
  default:
    break;
  }
  const mlir::Value equal = importer.make<mlir::tosa::EqualOp>(type, left, right);
  return code == Code::EQUAL ? equal : importer.make<mlir::tosa::LogicalNotOp>(type, equal);
}

} // namespace

Expected<void> importCompare(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (auto ok = checkTruth(op, output, "output"); !ok)
    return ok;
  const Tensor &first = importer.input(op, 0), &second = importer.input(op, 1);
  const bool isEquality = op.code == Code::EQUAL || op.code == Code::NOT_EQUAL;
  const bool isPlain = isPlainNumber(first.type) || (isEquality && first.type == tflite::TensorType::BOOL);
  const bool isQuantised =
      first.isInt8() && first.quantisation.scales.size() == 1 && second.quantisation.scales.size() == 1;
  if (first.type != second.type || (!isPlain && !isQuantised))
    return Error{prefixOf(op) + "inputs are " + typeName(first.type) + " and " + typeName(second.type) +
                 ", expected two of one type: float32, int32, int64, or int8 and uint8 with one scale" +
                 (isEquality ? ", or bool" : "")};
  if (auto ok = checkBroadcast(importer, op); !ok)
    return ok;
  mlir::Value sides[2];
  for (size_t i = 0; i < 2; ++i) {
    if (isPlain) {
      sides[i] = withRank(importer, op, i);
      continue;
    }
    auto side = onCommonScale(importer, op, i);
    if (!side)
      return side.error();
    sides[i] = *side;
  }
  const mlir::Value truth = compare(importer, op.code, importer.type(output.shape, 1), sides[0], sides[1]);
  importer.setOutput(op, castTo(importer, truth, 8));
  return {};
}

Expected<void> importLogical(Importer &importer, const Operator &op) {
  const bool isUnary = op.code == Code::LOGICAL_NOT;
  if (auto ok = importer.checkOperands(op, isUnary ? 1 : 2, isUnary ? 1 : 2); !ok)
    return ok;
  const Tensor &output = importer.output(op);
  if (auto ok = checkTruth(op, output, "output"); !ok)
    return ok;
  mlir::Value sides[2];
  for (size_t i = 0; i < op.inputs.size(); ++i)
    if (auto ok = checkTruth(op, importer.input(op, i), i == 0 ? "input 0" : "input 1"); !ok)
      return ok;
  if (auto ok = checkBroadcast(importer, op); !ok)
    return ok;
  for (size_t i = 0; i < op.inputs.size(); ++i)
    sides[i] = castTo(importer, withRank(importer, op, i), 1); // a byte of a constant may be neither 0 nor 1
  const mlir::Type type = importer.type(output.shape, 1);
  mlir::Value truth;
  if (isUnary)
    truth = importer.make<mlir::tosa::LogicalNotOp>(type, sides[0]);
  else if (op.code == Code::LOGICAL_AND)
    truth = importer.make<mlir::tosa::LogicalAndOp>(type, sides[0], sides[1]);
  else
    truth = importer.make<mlir::tosa::LogicalOrOp>(type, sides[0], sides[1]);
  importer.setOutput(op, castTo(importer, truth, 8));
  return {};
}

Expected<void> importSelect(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 3); !ok)
    return ok;
  const Tensor &condition = importer.input(op, 0), &output = importer.output(op);
  if (auto ok = checkTruth(op, condition, "condition"); !ok)
    return ok;
  // The reference kernel copies bytes: what they mean is not asked.
  for (size_t i = 1; i < 3; ++i)
    if (auto ok = importer.checkAlike(op, importer.input(op, i), output, false); !ok)
      return ok;
  std::vector<int64_t> shape = condition.shape;
  if (op.code == Code::SELECT) {
    // One shape for all, but the condition may be one value for each slice of the first dimension, or one for all.
    const bool isLow = shape.size() <= 1 && shape.size() < output.shape.size() &&
                       (shape.empty() || shape[0] == output.shape[0]);
    if ((shape != output.shape && !isLow) || importer.input(op, 1).shape != output.shape ||
        importer.input(op, 2).shape != output.shape)
      return Error{prefixOf(op) + "condition " + shapeText(shape) + " and inputs " +
                   shapeText(importer.input(op, 1).shape) + " and " + shapeText(importer.input(op, 2).shape) +
                   " do not make output " + shapeText(output.shape)};
    shape.resize(output.shape.size(), 1);
  } else {
    if (auto ok = checkBroadcast(importer, op); !ok)
      return ok;
    shape.insert(shape.begin(), output.shape.size() - shape.size(), 1);
  }
  const mlir::Value truth = castTo(importer, importer.reshape(importer.inputValue(op, 0), shape), 1);
  const mlir::Value yes = withRank(importer, op, 1);
  const mlir::Value no = withRank(importer, op, 2);
  importer.setOutput(op, importer.make<mlir::tosa::SelectOp>(importer.typeOf(output), truth, yes, no));
  return {};
}

} // namespace tessera::compiler::frontend
