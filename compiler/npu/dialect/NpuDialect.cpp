#include "NpuDialect.h"

#include "dialect/convert.h"

#include "NpuDialect.cpp.inc"

#define GET_OP_CLASSES
#include "NpuOps.cpp.inc"

namespace tessera::compiler::npu {

void NpuDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "NpuOps.cpp.inc"
      >();
}

namespace {

mlir::LogicalResult verifyActivation(mlir::Operation *op, mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isInteger(8))
    return op->emitOpError("takes and gives tensors of int8 with static shapes");
  if (!shapeOf(type))
    return op->emitOpError("has a batch other than 1");
  return mlir::success();
}

mlir::LogicalResult verifyExit(mlir::Operation *op, llvm::ArrayRef<int32_t> exit) {
  if (exit.size() != 4 || exit[2] > exit[3])
    return op->emitOpError("needs exit = mode, zero point, least, greatest");
  return mlir::success();
}

} // namespace

mlir::LogicalResult ConvOp::verify() {
  if (mlir::failed(verifyActivation(*this, getInput().getType())) ||
      mlir::failed(verifyActivation(*this, getOutput().getType())) ||
      mlir::failed(verifyExit(*this, getExit())))
    return mlir::failure();
  if (getKernel().size() != 2 || getStride().size() != 2 || getDilation().size() != 2 ||
      getPad().size() != 4 || getInputShape().size() != 3)
    return emitOpError("needs kernel, stride and dilation of 2, pad of 4 and input_shape of 3 numbers");
  if (getWeightParts().value_or(1) < 1 || getWeightParts().value_or(1) > 3)
    return emitOpError("has ") << *getWeightParts() << " parts of weights, not one to three";
  size_t channels = shapeOf(getOutput().getType())->channels;
  if (getMultiplier().size() != channels || getShift().size() != channels)
    return emitOpError("has ") << getMultiplier().size() << " multipliers and " << getShift().size()
                               << " shifts for " << channels << " output channels";
  return mlir::success();
}

mlir::LogicalResult PoolOp::verify() {
  if (mlir::failed(verifyActivation(*this, getInput().getType())) ||
      mlir::failed(verifyActivation(*this, getOutput().getType())) ||
      mlir::failed(verifyExit(*this, getExit())))
    return mlir::failure();
  if (getKind() != "average" && getKind() != "max")
    return emitOpError("kind is average or max, not ") << getKind();
  if (getKernel().size() != 2 || getStride().size() != 2 || getPad().size() != 4)
    return emitOpError("needs kernel and stride of 2 and pad of 4 numbers");
  return mlir::success();
}

mlir::LogicalResult EltwiseOp::verify() {
  for (mlir::Type type : {getLhs().getType(), getRhs().getType(), getOutput().getType()})
    if (mlir::failed(verifyActivation(*this, type)))
      return mlir::failure();
  if (getLhs().getType() != getRhs().getType() || getLhs().getType() != getOutput().getType())
    return emitOpError("needs operands and result of one shape");
  if (getKind() != "add" || getLhsScale().size() != 3 || getRhsScale().size() != 3 || getScale().size() != 2)
    return emitOpError("needs kind add, lhs_scale and rhs_scale of 3 and scale of 2 numbers");
  return verifyExit(*this, getExit());
}

mlir::LogicalResult ViewOp::verify() {
  if (mlir::failed(verifyActivation(*this, getInput().getType())) ||
      mlir::failed(verifyActivation(*this, getOutput().getType())))
    return mlir::failure();
  Shape from = *shapeOf(getInput().getType()), to = *shapeOf(getOutput().getType());
  if (from.channels != to.channels || from.height * from.width != to.height * to.width)
    return emitOpError("may not move bytes between channels and pixels");
  return mlir::success();
}

mlir::LogicalResult ConcatOp::verify() {
  if (getParts().empty() || mlir::failed(verifyActivation(*this, getOutput().getType())))
    return emitOpError("needs a part");
  Shape to = *shapeOf(getOutput().getType());
  uint64_t pixels = 0, channels = 0;
  bool samePixels = true, sameChannels = true;
  for (mlir::Value part : getParts()) {
    if (mlir::failed(verifyActivation(*this, part.getType())))
      return mlir::failure();
    Shape from = *shapeOf(part.getType());
    samePixels &= from.height * from.width == to.height * to.width;
    sameChannels &= from.channels == to.channels;
    pixels += from.height * from.width, channels += from.channels;
  }
  if (!(samePixels && channels <= to.channels) && !(sameChannels && pixels == to.height * to.width))
    return emitOpError("has parts that do not fit its result");
  return mlir::success();
}

mlir::LogicalResult WindowsOp::verify() {
  if (mlir::failed(verifyActivation(*this, getInput().getType())) ||
      mlir::failed(verifyActivation(*this, getOutput().getType())))
    return mlir::failure();
  if (getKernel().size() != 2 || getStride().size() != 2 || getDilation().size() != 2 || getPad().size() != 2)
    return emitOpError("needs kernel, stride, dilation and pad of 2 numbers");
  if (!llvm::isa<mlir::BlockArgument>(getInput()))
    return emitOpError("gathers from an argument of the segment only");
  if (shapeOf(getOutput().getType())->channels !=
      getKernel()[0] * getKernel()[1] * shapeOf(getInput().getType())->channels)
    return emitOpError("has a result with channels that are not the window's");
  return mlir::success();
}

} // namespace tessera::compiler::npu
