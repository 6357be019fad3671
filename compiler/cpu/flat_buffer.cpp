#include "cpu/flat_buffer.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tessera::compiler::cpu {

mlir::Value flatBuffer(mlir::OpBuilder &builder, mlir::Location location, mlir::Value buffer) {
  const auto type = mlir::cast<mlir::MemRefType>(buffer.getType());
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
  (void)mlir::getStridesAndOffset(type, strides, offset);
  auto parts = builder.create<mlir::memref::ExtractStridedMetadataOp>(location, buffer);
  const mlir::OpFoldResult start = mlir::ShapedType::isDynamic(offset)
                                       ? mlir::OpFoldResult(parts.getOffset())
                                       : mlir::OpFoldResult(builder.getIndexAttr(offset));
  const auto layout = mlir::StridedLayoutAttr::get(builder.getContext(), offset, {1});
  const int64_t size = type.hasStaticShape() ? type.getNumElements() : INT32_MAX;
  const auto line = mlir::MemRefType::get({size}, type.getElementType(), layout, type.getMemorySpace());
  return builder.create<mlir::memref::ReinterpretCastOp>(
      location, line, parts.getBaseBuffer(), start,
      llvm::ArrayRef<mlir::OpFoldResult>{builder.getIndexAttr(size)},
      llvm::ArrayRef<mlir::OpFoldResult>{builder.getIndexAttr(1)});
}

} // namespace tessera::compiler::cpu
