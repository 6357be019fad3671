#include "cpu/vector_memory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tessera::compiler::cpu {

using mlir::Value;
namespace arith = mlir::arith;
namespace vector = mlir::vector;

Value VectorMemory::load(Value flat, Value place, int64_t stride, int64_t lanes) {
  if (stride == 0)
    return builder_.create<mlir::memref::LoadOp>(location_, flat, place);
  if (stride == 1)
    return loadRun(flat, place, lanes);
  if (stride != 2) {
    const auto type =
        mlir::VectorType::get({lanes_}, mlir::cast<mlir::MemRefType>(flat.getType()).getElementType());
    return builder_.create<vector::GatherOp>(location_, type, flat, place, apart(stride), mask(lanes),
                                             zero(type));
  }
  // Every second element, none past the last: the second run starts one early.
  const int64_t elements = 2 * lanes - 1, second = lanes_ - 1;
  const Value low = loadRun(flat, place, std::min(elements, lanes_));
  Value high = low;
  if (elements > lanes_) {
    const Value distance = builder_.create<arith::ConstantIndexOp>(location_, second);
    high = loadRun(flat, builder_.createOrFold<arith::AddIOp>(location_, place, distance), elements - second);
  }
  llvm::SmallVector<int64_t> picked;
  for (int64_t i = 0; i < lanes_; ++i)
    picked.push_back(2 * i < lanes_ ? 2 * i : lanes_ + 2 * i - second);
  return builder_.create<vector::ShuffleOp>(location_, low, high, picked);
}

void VectorMemory::store(Value flat, Value place, int64_t stride, int64_t lanes, Value value) {
  if (stride != 1)
    builder_.create<vector::ScatterOp>(location_, flat, place, apart(stride), mask(lanes), value);
  else if (lanes == lanes_)
    builder_.create<vector::StoreOp>(location_, value, flat, place);
  else
    builder_.create<vector::MaskedStoreOp>(location_, flat, place, mask(lanes), value);
}

Value VectorMemory::loadRun(Value flat, Value place, int64_t lanes) {
  const auto type =
      mlir::VectorType::get({lanes_}, mlir::cast<mlir::MemRefType>(flat.getType()).getElementType());
  if (lanes == lanes_)
    return builder_.create<vector::LoadOp>(location_, type, flat, place);
  return builder_.create<vector::MaskedLoadOp>(location_, type, flat, place, mask(lanes), zero(type));
}

/// Distances of the lanes' elements in an array whose neighbours are apart.
Value VectorMemory::apart(int64_t stride) {
  llvm::SmallVector<int64_t> distances;
  for (int64_t i = 0; i < lanes_; ++i)
    distances.push_back(i * stride);
  const auto type = mlir::VectorType::get({lanes_}, builder_.getI64Type());
  return builder_.create<arith::ConstantOp>(location_,
                                            mlir::DenseElementsAttr::get(type, llvm::ArrayRef(distances)));
}

Value VectorMemory::mask(int64_t lanes) {
  llvm::SmallVector<bool> bits;
  for (int64_t i = 0; i < lanes_; ++i)
    bits.push_back(i < lanes);
  const auto type = mlir::VectorType::get({lanes_}, builder_.getI1Type());
  return builder_.create<arith::ConstantOp>(location_,
                                            mlir::DenseElementsAttr::get(type, llvm::ArrayRef(bits)));
}

Value VectorMemory::zero(mlir::VectorType type) {
  return builder_.create<arith::ConstantOp>(location_, builder_.getZeroAttr(type));
}

} // namespace tessera::compiler::cpu
