#include "cpu/arena.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

#include <algorithm>

namespace tessera::compiler::cpu {

namespace {

constexpr int64_t kAlignment = 64;
/// Host code reaches its data relative to itself, within 2 GiB; half of that is left to constants.
constexpr int64_t kMaxBytes = int64_t{1} << 30;

struct Buffer {
  mlir::memref::AllocOp alloc;
  int64_t bytes = 0;
  int64_t first = 0; ///< position in the block of its allocation
  int64_t last = 0;  ///< position of its last use, through views too
  int64_t offset = 0;
};

/// Follows the uses of a value, through views, to the last operation of the function's block that touches it.
int64_t lastUse(mlir::Value value, mlir::Block *block,
                const llvm::DenseMap<mlir::Operation *, int64_t> &positions) {
  int64_t last = 0;
  for (mlir::Operation *user : value.getUsers()) {
    last = std::max(last, positions.lookup(block->findAncestorOpInBlock(*user)));
    for (mlir::Value result : user->getResults())
      if (mlir::isa<mlir::MemRefType>(result.getType()))
        last = std::max(last, lastUse(result, block, positions));
  }
  return last;
}

/// Gives every buffer an offset; returns the size of all.
int64_t assignOffsets(llvm::SmallVectorImpl<Buffer> &buffers) {
  llvm::SmallVector<Buffer *> bySize;
  for (Buffer &buffer : buffers)
    bySize.push_back(&buffer);
  std::sort(bySize.begin(), bySize.end(), [](const Buffer *a, const Buffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a->first < b->first;
  });
  llvm::SmallVector<Buffer *> placed; // by offset
  int64_t size = 0;
  for (Buffer *buffer : bySize) {
    int64_t offset = 0;
    for (const Buffer *other : placed) {
      const bool together = buffer->first <= other->last && other->first <= buffer->last;
      if (together && offset + buffer->bytes > other->offset)
        offset = std::max(offset, other->offset + other->bytes);
    }
    buffer->offset = offset;
    size = std::max(size, offset + buffer->bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), buffer,
                                   [](const Buffer *a, const Buffer *b) { return a->offset < b->offset; }),
                  buffer);
  }
  return size;
}

} // namespace

mlir::LogicalResult resultsToArguments(mlir::func::FuncOp function) {
  mlir::Block &block = function.getBody().front();
  auto terminator = mlir::cast<mlir::func::ReturnOp>(block.getTerminator());
  mlir::OpBuilder builder(terminator);
  for (mlir::Value result : llvm::to_vector(terminator.getOperands())) {
    const auto type = mlir::dyn_cast<mlir::MemRefType>(result.getType());
    if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity())
      return function.emitError("returns what is no dense static buffer: ") << result.getType();
    const mlir::Value argument = block.addArgument(type, function.getLoc());
    const bool once = llvm::count(terminator.getOperands(), result) == 1;
    if (auto alloc = result.getDefiningOp<mlir::memref::AllocOp>(); alloc && once) {
      // Its uses may stand before other views; the argument is there from the start.
      alloc.getResult().replaceAllUsesExcept(argument, terminator);
      continue;
    }
    builder.create<mlir::memref::CopyOp>(terminator.getLoc(), result, argument);
  }
  llvm::SmallVector<mlir::Type> types(block.getArgumentTypes());
  terminator->setOperands({});
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
  function.setFunctionType(builder.getFunctionType(types, {}));
  for (auto alloc : llvm::to_vector(block.getOps<mlir::memref::AllocOp>()))
    if (alloc.use_empty())
      alloc.erase();
  return mlir::success();
}

mlir::FailureOr<int64_t> placeInArena(mlir::func::FuncOp function, llvm::StringRef name) {
  mlir::Block &block = function.getBody().front();
  llvm::DenseMap<mlir::Operation *, int64_t> positions;
  int64_t next = 0;
  for (mlir::Operation &op : block)
    positions[&op] = next++;

  llvm::SmallVector<Buffer> buffers;
  bool dense = true;
  function.walk([&](mlir::memref::AllocOp alloc) {
    const mlir::MemRefType type = alloc.getType();
    dense = dense && alloc->getBlock() == &block && type.hasStaticShape() && type.getLayout().isIdentity();
    if (!dense)
      return;
    const int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    buffers.push_back({alloc, (bytes + kAlignment - 1) / kAlignment * kAlignment, positions[alloc],
                       lastUse(alloc.getResult(), &block, positions), 0});
  });
  if (!dense)
    return function.emitError("allocates a buffer that is not static and dense");
  const int64_t size = assignOffsets(buffers);
  if (size > kMaxBytes)
    return function.emitError("needs ")
           << size << " bytes of buffers, at most " << kMaxBytes << " are possible";
  if (size == 0)
    return size;

  mlir::OpBuilder builder(function);
  const mlir::Location location = function.getLoc();
  const auto arenaType = mlir::MemRefType::get({size}, builder.getI8Type());
  builder.create<mlir::memref::GlobalOp>(location, name, builder.getStringAttr("private"), arenaType,
                                         builder.getUnitAttr(), false, builder.getI64IntegerAttr(kAlignment));
  builder.setInsertionPointToStart(&block);
  const mlir::Value arena = builder.create<mlir::memref::GetGlobalOp>(location, arenaType, name);
  for (Buffer &buffer : buffers) {
    builder.setInsertionPoint(buffer.alloc);
    const mlir::Value offset = builder.create<mlir::arith::ConstantIndexOp>(location, buffer.offset);
    const mlir::Value view = builder.create<mlir::memref::ViewOp>(location, buffer.alloc.getType(), arena,
                                                                  offset, mlir::ValueRange{});
    buffer.alloc.getResult().replaceAllUsesWith(view);
    buffer.alloc.erase();
  }
  return size;
}

} // namespace tessera::compiler::cpu
