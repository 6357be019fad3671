// Fusion of element-wise operations into what reads them. A generic operation on tensors with one reader goes into that reader's body where the reader
// visits each of its elements once: chains of element-wise operations, reductions along an axis. A reader that visits elements again and again (a
// convolution, a product of matrices, a broadcast) would compute the producer's body as often: an activation in front of a convolution once for every
// output channel and tap. Such a producer stays on its own, unless its body moves or converts numbers and computes nothing.
// What TOSA leaves between neighbours (plain_bodies.h) goes first.
#include "cpu/passes.h"
#include "cpu/plain_bodies.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CastInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tessera::compiler::cpu {

namespace {

bool computesNothing(mlir::linalg::LinalgOp op) {
  return llvm::all_of(op.getBlock()->without_terminator(),
                      [](mlir::Operation &inner) { return mlir::isa<mlir::CastOpInterface>(inner); });
}

bool hasOneReader(mlir::OpOperand *operand) {
  mlir::Operation *producer = operand->get().getDefiningOp();
  return producer && producer->hasOneUse();
}

bool isWorthFusing(mlir::OpOperand *operand) {
  if (!hasOneReader(operand))
    return false;
  auto producer = operand->get().getDefiningOp<mlir::linalg::LinalgOp>();
  auto reader = mlir::dyn_cast<mlir::linalg::LinalgOp>(operand->getOwner());
  if (!producer || !reader)
    return true;
  return reader.getMatchingIndexingMap(operand).isPermutation() || computesNothing(producer);
}

struct FuseElementwisePass : mlir::PassWrapper<FuseElementwisePass, mlir::OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseElementwisePass)
  llvm::StringRef getArgument() const override { return "cpu-fuse-elementwise"; }

  void runOnOperation() override {
    mlir::MLIRContext *context = &getContext();
    mlir::RewritePatternSet patterns(context);
    mlir::linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    mlir::linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, hasOneReader);
    mlir::linalg::populateConstantFoldLinalgOperations(patterns, hasOneReader);
    populatePlainBodyPatterns(patterns);
    mlir::affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    mlir::linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    mlir::tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    mlir::tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<mlir::linalg::LinalgDialect>()->getCanonicalizationPatterns(patterns);
    mlir::GreedyRewriteConfig config;
    config.useTopDownTraversal = true;
    // Not converging is no failure: what is left over is slower, not wrong.
    (void)mlir::applyPatternsAndFoldGreedily(getOperation(), std::move(patterns), config);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFuseElementwisePass() { return std::make_unique<FuseElementwisePass>(); }

} // namespace tessera::compiler::cpu
