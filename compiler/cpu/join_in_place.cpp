// Parts of joined tensors, made where they belong. The elimination of empty tensors before bufferisation lets what makes a part of a larger tensor write it right there, but only where
// the larger tensor and the part's place stand before the maker. A concatenation comes the other way: all parts, an empty tensor, one insertion after the other. Here the empty tensor goes before
// the maker of the first part and each insertion right behind its part, so that nothing is copied. What stays, and is copied: parts that somebody else reads or that no
// Linalg operation makes (loops over rows), sums whose own start stands before the tensor, parts that are made in another order than they are joined; tensors that start from something else
// than an empty one, and shapes or places that only the run knows.
#include "cpu/passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::tensor::InsertSliceOp;

/// The insertions into an empty tensor, one into the result of the other.
llvm::SmallVector<InsertSliceOp> chainOf(mlir::tensor::EmptyOp empty) {
  llvm::SmallVector<InsertSliceOp> chain;
  for (mlir::Operation *last = empty; last->hasOneUse(); last = chain.back()) {
    auto next = mlir::dyn_cast<InsertSliceOp>(*last->user_begin());
    if (!next || next.getDest() != last->getResult(0) || next->getBlock() != empty->getBlock() ||
        next->getNumOperands() != 2)
      break;
    chain.push_back(next);
  }
  return chain;
}

/// What makes the part that is inserted, where that can write it in its place.
mlir::Operation *makerOf(InsertSliceOp insertion) {
  mlir::Operation *maker = insertion.getSource().getDefiningOp();
  return mlir::isa_and_present<mlir::linalg::LinalgOp>(maker) && maker->hasOneUse() &&
                 maker->getBlock() == insertion->getBlock()
             ? maker
             : nullptr;
}

struct JoinInPlacePass : mlir::PassWrapper<JoinInPlacePass, mlir::OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(JoinInPlacePass)
  llvm::StringRef getArgument() const override { return "cpu-join-in-place"; }

  void runOnOperation() override {
    llvm::SmallVector<mlir::tensor::EmptyOp> empties;
    getOperation()->walk([&](mlir::tensor::EmptyOp op) {
      if (op->getNumOperands() == 0)
        empties.push_back(op);
    });
    for (mlir::tensor::EmptyOp empty : empties) {
      const auto chain = chainOf(empty);
      for (InsertSliceOp insertion : chain)
        if (mlir::Operation *maker = makerOf(insertion); maker && maker->isBeforeInBlock(empty))
          empty->moveBefore(maker);
      for (InsertSliceOp insertion : chain) {
        mlir::Operation *behind = insertion.getDest().getDefiningOp();
        if (mlir::Operation *part = insertion.getSource().getDefiningOp();
            part && part->getBlock() == insertion->getBlock() && behind->isBeforeInBlock(part))
          behind = part;
        insertion->moveAfter(behind);
      }
    }
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createJoinInPlacePass() { return std::make_unique<JoinInPlacePass>(); }

} // namespace tessera::compiler::cpu
