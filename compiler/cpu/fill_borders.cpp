// Fills of borders alone. A padded picture is a filled buffer into whose middle the next operation writes: of such a fill only what that does not write is left, a slab before
// and behind the middle in each dimension. What stays: fills whose buffer is next read, or written in part or with gaps, and shapes that only the run knows.
#include "cpu/nest_of.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tessera::compiler::cpu {

namespace {

/// The operation of `fill`'s block that is the next to touch its buffer, itself or through views; null where that stands nested.
mlir::Operation *nextAfter(mlir::linalg::FillOp fill) {
  mlir::Operation *next = nullptr;
  llvm::SmallVector<mlir::Value> views{fill.getOutputs()[0]};
  while (!views.empty())
    for (mlir::Operation *user : views.pop_back_val().getUsers()) {
      if (mlir::isa<mlir::ViewLikeOpInterface>(user)) {
        views.push_back(user->getResult(0));
        continue;
      }
      mlir::Operation *here = fill->getBlock()->findAncestorOpInBlock(*user);
      if (!here)
        return nullptr;
      if (fill->isBeforeInBlock(here) && (!next || here->isBeforeInBlock(next)))
        next = here;
    }
  return next;
}

/// The view of `buffer` of which `op` writes every element, and it touches nothing else of it.
mlir::memref::SubViewOp middleOf(mlir::linalg::LinalgOp op, mlir::Value buffer) {
  if (!op.hasPureBufferSemantics() || op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 0)
    return nullptr;
  mlir::OpOperand *output = op.getDpsInitOperand(0);
  auto middle = output->get().getDefiningOp<mlir::memref::SubViewOp>();
  const bool writesAll =
      middle && middle.getSource() == buffer && middle.hasUnitStride() && middle.getType().hasStaticShape() &&
      middle.getType().getRank() == middle.getSourceType().getRank() &&
      llvm::none_of(middle.getStaticOffsets(), mlir::ShapedType::isDynamic) &&
      !op.payloadUsesValueFromOperand(output) && op.getMatchingIndexingMap(output).isPermutation();
  llvm::SetVector<mlir::Value> read;
  for (const mlir::Value input : op.getDpsInputs())
    read.insert(input);
  mlir::getUsedValuesDefinedAbove(op->getRegions(), read);
  const bool readsIt = llvm::any_of(read, [&](mlir::Value value) { return rootOf(value) == buffer; });
  return writesAll && !readsIt ? middle : nullptr;
}

void fillAround(mlir::linalg::FillOp fill, mlir::memref::SubViewOp middle) {
  const auto whole = mlir::cast<mlir::MemRefType>(fill.getOutputs()[0].getType()).getShape();
  const llvm::ArrayRef<int64_t> begin = middle.getStaticOffsets(), size = middle.getStaticSizes();
  mlir::OpBuilder builder(fill);
  // What of the dimensions before stands beside the middle is filled already.
  llvm::SmallVector<int64_t> offsets(whole.size(), 0), sizes(whole);
  const llvm::SmallVector<int64_t> ones(whole.size(), 1);
  for (size_t d = 0; d < whole.size(); ++d) {
    const auto slab = [&](int64_t from, int64_t to) {
      if (from == to)
        return;
      offsets[d] = from;
      sizes[d] = to - from;
      const mlir::Value view =
          builder.create<mlir::memref::SubViewOp>(fill.getLoc(), fill.getOutputs()[0], offsets, sizes, ones);
      builder.create<mlir::linalg::FillOp>(fill.getLoc(), fill.getInputs(), view);
    };
    slab(0, begin[d]);
    slab(begin[d] + size[d], whole[d]);
    offsets[d] = begin[d];
    sizes[d] = size[d];
  }
  fill.erase();
}

class FillBordersPass : public mlir::PassWrapper<FillBordersPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FillBordersPass)
  llvm::StringRef getArgument() const override { return "cpu-fill-borders"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::linalg::LinalgDialect, mlir::memref::MemRefDialect>();
  }

  void runOnOperation() override {
    llvm::SmallVector<mlir::linalg::FillOp> fills;
    getOperation().walk([&](mlir::linalg::FillOp fill) { fills.push_back(fill); });
    for (mlir::linalg::FillOp fill : fills) {
      const mlir::Value buffer = fill.getOutputs()[0];
      const auto type = mlir::dyn_cast<mlir::MemRefType>(buffer.getType());
      if (!type || !type.hasStaticShape() || !buffer.getDefiningOp<mlir::memref::AllocOp>())
        continue;
      auto next = mlir::dyn_cast_if_present<mlir::linalg::LinalgOp>(nextAfter(fill));
      if (auto middle = next ? middleOf(next, buffer) : nullptr)
        fillAround(fill, middle);
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFillBordersPass() { return std::make_unique<FillBordersPass>(); }

} // namespace tessera::compiler::cpu
