#include "cpu/arena.h"

#include "cpu/lifetime.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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
  int64_t first = 0; ///< position of its allocation
  int64_t last = 0;  ///< position of its last use, through views too
  int64_t offset = 0;
};

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

/// Declares `name` in the function's module, once.
void declare(mlir::OpBuilder &builder, mlir::func::FuncOp function, llvm::StringRef name, unsigned arguments,
             unsigned results) {
  auto module = function->getParentOfType<mlir::ModuleOp>();
  if (module.lookupSymbol(name))
    return;
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  const mlir::Type word = builder.getI64Type();
  builder
      .create<mlir::func::FuncOp>(function.getLoc(), name,
                                  builder.getFunctionType(llvm::SmallVector<mlir::Type>(arguments, word),
                                                          llvm::SmallVector<mlir::Type>(results, word)))
      .setPrivate();
}

/// Pointers and numbers alike cross as 64-bit words.
mlir::Value word(mlir::OpBuilder &builder, mlir::Location location, mlir::Value index) {
  return builder.create<mlir::arith::IndexCastOp>(location, builder.getI64Type(), index);
}
mlir::Value pointerWord(mlir::OpBuilder &builder, mlir::Location location, mlir::Value buffer) {
  return word(builder, location,
              builder.create<mlir::memref::ExtractAlignedPointerAsIndexOp>(location, buffer));
}

int64_t elementBytes(mlir::MemRefType type) {
  // An index has no width of its own; the host's is 64 bits.
  return type.getElementType().isIndex() ? 8 : (type.getElementTypeBitWidth() + 7) / 8;
}

/// Calls tsr_host_result(index, rank, extents, data, bytes).
void handOver(mlir::OpBuilder &builder, mlir::Location location, int64_t index, mlir::Value result) {
  const auto type = mlir::cast<mlir::MemRefType>(result.getType());
  const auto constant = [&](int64_t value) -> mlir::Value {
    return builder.create<mlir::arith::ConstantIntOp>(location, value, 64);
  };
  const mlir::Value extents = builder.create<mlir::memref::AllocaOp>(
      location, mlir::MemRefType::get({type.getRank()}, builder.getI64Type()));
  mlir::Value bytes = constant(elementBytes(type));
  for (int64_t i = 0; i < type.getRank(); ++i) {
    const mlir::Value extent =
        word(builder, location, builder.create<mlir::memref::DimOp>(location, result, i));
    const mlir::Value place = builder.create<mlir::arith::ConstantIndexOp>(location, i);
    builder.create<mlir::memref::StoreOp>(location, extent, extents, place);
    bytes = builder.create<mlir::arith::MulIOp>(location, bytes, extent);
  }
  declare(builder, mlir::cast<mlir::func::FuncOp>(builder.getBlock()->getParentOp()), "tsr_host_result", 5,
          0);
  builder.create<mlir::func::CallOp>(location, "tsr_host_result", mlir::TypeRange{},
                                     mlir::ValueRange{constant(index), constant(type.getRank()),
                                                      pointerWord(builder, location, extents),
                                                      pointerWord(builder, location, result), bytes});
}

} // namespace

mlir::LogicalResult resultsToArguments(mlir::func::FuncOp function) {
  mlir::Block &block = function.getBody().front();
  auto terminator = mlir::cast<mlir::func::ReturnOp>(block.getTerminator());
  mlir::OpBuilder builder(terminator);
  for (auto [index, result] : llvm::enumerate(llvm::to_vector(terminator.getOperands()))) {
    const auto type = mlir::dyn_cast<mlir::MemRefType>(result.getType());
    if (!type || !type.getLayout().isIdentity())
      return function.emitError("returns what is no dense buffer: ") << result.getType();
    if (!type.hasStaticShape()) {
      handOver(builder, terminator.getLoc(), static_cast<int64_t>(index), result);
      continue;
    }
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

mlir::FailureOr<int64_t> placeInArena(mlir::func::FuncOp function, llvm::StringRef name, ArenaOf owner) {
  mlir::Block &block = function.getBody().front();
  const Positions positions(function);
  llvm::SmallVector<Buffer> buffers;
  function.walk([&](mlir::memref::AllocOp alloc) {
    const mlir::MemRefType type = alloc.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return;
    const Lifetime life = lifetimeOf(alloc, positions);
    if (life.isCarried)
      return;
    const int64_t bytes = type.getNumElements() * elementBytes(type);
    buffers.push_back({alloc, (bytes + kAlignment - 1) / kAlignment * kAlignment, life.first, life.last, 0});
  });
  const int64_t size = assignOffsets(buffers);
  if (size > kMaxBytes)
    return function.emitError("needs ")
           << size << " bytes of buffers, at most " << kMaxBytes << " are possible";
  if (size == 0)
    return size;

  mlir::OpBuilder builder(function);
  const mlir::Location location = function.getLoc();
  const auto arenaType = mlir::MemRefType::get({size}, builder.getI8Type());
  mlir::Value arena;
  if (owner == ArenaOf::Caller) {
    arena = block.addArgument(arenaType, location);
    function.setFunctionType(builder.getFunctionType(block.getArgumentTypes(), {}));
  } else {
    builder.create<mlir::memref::GlobalOp>(location, name, builder.getStringAttr("private"), arenaType,
                                           builder.getUnitAttr(), false,
                                           builder.getI64IntegerAttr(kAlignment));
    builder.setInsertionPointToStart(&block);
    arena = builder.create<mlir::memref::GetGlobalOp>(location, arenaType, name);
  }
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

void placeInHeap(mlir::func::FuncOp function) {
  llvm::SmallVector<mlir::memref::AllocOp> allocs;
  function.walk([&](mlir::memref::AllocOp alloc) { allocs.push_back(alloc); });
  if (allocs.empty())
    return;
  const Positions positions(function);
  for (mlir::memref::AllocOp alloc : allocs) {
    mlir::OpBuilder builder(alloc);
    const mlir::Location location = alloc.getLoc();
    // The product that the allocation takes must not wrap: a smaller buffer than its shape says would be written past its end.
    declare(builder, function, "tsr_host_times", 2, 1);
    mlir::Value bytes =
        builder.create<mlir::arith::ConstantIntOp>(location, elementBytes(alloc.getType()), 64);
    const auto times = [&](mlir::Value extent) {
      bytes = builder
                  .create<mlir::func::CallOp>(location, "tsr_host_times", builder.getI64Type(),
                                              mlir::ValueRange{bytes, extent})
                  .getResult(0);
    };
    for (const int64_t extent : alloc.getType().getShape())
      if (!mlir::ShapedType::isDynamic(extent))
        times(builder.create<mlir::arith::ConstantIntOp>(location, extent, 64));
    for (mlir::Value extent : alloc.getDynamicSizes())
      times(word(builder, location, extent));
    const Lifetime life = lifetimeOf(alloc, positions);
    if (life.leavesBlock || !life.lastUser || life.lastUser->hasTrait<mlir::OpTrait::IsTerminator>())
      continue;
    builder.setInsertionPointAfter(life.lastUser);
    builder.create<mlir::memref::DeallocOp>(location, alloc.getResult());
  }
}

void nameHeapFunctions(mlir::Operation *module) {
  for (const auto &[from, to] : {std::pair("_mlir_memref_to_llvm_alloc", "tsr_host_allocate"),
                                 std::pair("_mlir_memref_to_llvm_free", "tsr_host_free")}) {
    mlir::Operation *function = mlir::SymbolTable::lookupSymbolIn(module, from);
    if (!function)
      continue;
    const auto name = mlir::StringAttr::get(module->getContext(), to);
    if (mlir::succeeded(mlir::SymbolTable::replaceAllSymbolUses(function, name, module)))
      mlir::SymbolTable::setSymbolName(function, name);
  }
}

} // namespace tessera::compiler::cpu
