// Fusion of element-wise operations into what reads them. A generic operation on tensors with one reader goes into that reader's body where the reader
// visits each of its elements once: chains of element-wise operations, reductions along an axis. A reader that visits elements again and again (a
// convolution, a product of matrices, a broadcast) would compute the producer's body as often: an activation in front of a convolution once for every
// output channel and tap. Such a producer stays on its own, unless its body moves or converts numbers and computes nothing.
// Constants of float16 that are widened are widened here; broadcasts of dimensions of one element to one element, and bounds that bound nothing, which TOSA leaves
// around activations, go first. In the end a reduction is put right before the element-wise operation that alone reads its sums.
#include "cpu/passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CastInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <map>

namespace tessera::compiler::cpu {

namespace {

bool computesNothing(mlir::linalg::LinalgOp op) {
  return llvm::all_of(op.getBlock()->without_terminator(),
                      [](mlir::Operation &inner) { return mlir::isa<mlir::CastOpInterface>(inner); });
}

/// An operation that only widens a constant of floats becomes the wider constant.
struct WidenConstant : mlir::OpRewritePattern<mlir::linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(mlir::linalg::GenericOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    mlir::DenseFPElementsAttr values;
    if (op.getNumDpsInputs() != 1 || op->getNumResults() != 1 || op.getNumReductionLoops() != 0 ||
        !llvm::all_of(op.getIndexingMapsArray(), [](mlir::AffineMap map) { return map.isIdentity(); }) ||
        !mlir::matchPattern(op.getInputs()[0], mlir::m_Constant(&values)))
      return mlir::failure();
    auto widen = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<mlir::arith::ExtFOp>();
    if (!widen || widen.getIn() != op.getBlock()->getArgument(0))
      return mlir::failure();
    auto type = mlir::cast<mlir::FloatType>(widen.getType());
    const auto wide = values.mapValues(type, [&](llvm::APFloat value) {
      bool losesInformation = false;
      value.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &losesInformation);
      return value.bitcastToAPInt();
    });
    rewriter.replaceOpWithNewOp<mlir::arith::ConstantOp>(op, wide);
    return mlir::success();
  }
};

/// A dimension of one element is read by the output's loop of one step, where the map says 0: reading element by element is then seen as such.
struct NameUnitDimensions : mlir::OpRewritePattern<mlir::linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(mlir::linalg::GenericOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    if (op.getNumDpsInits() != 1)
      return mlir::failure();
    const auto extents = op.getStaticLoopRanges();
    llvm::SmallVector<mlir::AffineMap> maps = op.getIndexingMapsArray();
    const mlir::AffineMap output = maps.back();
    bool isNamed = false;
    for (mlir::AffineMap &map : llvm::MutableArrayRef(maps).drop_back()) {
      if (map.getNumResults() != output.getNumResults())
        continue;
      llvm::SmallVector<mlir::AffineExpr> results(map.getResults());
      for (auto [result, written] : llvm::zip(results, output.getResults())) {
        const auto zero = mlir::dyn_cast<mlir::AffineConstantExpr>(result);
        const auto loop = mlir::dyn_cast<mlir::AffineDimExpr>(written);
        if (!zero || zero.getValue() != 0 || !loop || extents[loop.getPosition()] != 1 ||
            map.isFunctionOfDim(loop.getPosition()))
          continue;
        result = written;
        isNamed = true;
      }
      map = mlir::AffineMap::get(map.getNumDims(), 0, results, op.getContext());
    }
    if (!isNamed)
      return mlir::failure();
    rewriter.modifyOpInPlace(op, [&] { op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps)); });
    return mlir::success();
  }
};

/// A constant of which a dimension's only element is read is held without that dimension: its map is a projected permutation then, which reshapes can be moved over.
struct DropUnitDimensions : mlir::OpRewritePattern<mlir::linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(mlir::linalg::GenericOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    llvm::SmallVector<mlir::AffineMap> maps = op.getIndexingMapsArray();
    for (mlir::OpOperand *operand : op.getDpsInputOperands()) {
      mlir::DenseElementsAttr values;
      mlir::AffineMap &map = maps[operand->getOperandNumber()];
      if (!mlir::matchPattern(operand->get(), mlir::m_Constant(&values)))
        continue;
      llvm::SmallVector<mlir::AffineExpr> results;
      llvm::SmallVector<int64_t> shape;
      for (auto [result, extent] : llvm::zip(map.getResults(), values.getType().getShape()))
        if (extent != 1 || !mlir::isa<mlir::AffineConstantExpr>(result)) {
          results.push_back(result);
          shape.push_back(extent);
        }
      if (results.empty() || results.size() == map.getNumResults())
        continue;
      const auto type = mlir::RankedTensorType::get(shape, values.getElementType());
      const mlir::Value constant =
          rewriter.create<mlir::arith::ConstantOp>(op.getLoc(), values.reshape(type));
      map = mlir::AffineMap::get(map.getNumDims(), 0, results, op.getContext());
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(constant);
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return mlir::success();
    }
    return mlir::failure();
  }
};

/// A bound that is infinite bounds nothing: rectifiers come with one from TOSA.
template <typename Bound, bool isUpper> struct DropBound : mlir::OpRewritePattern<Bound> {
  using mlir::OpRewritePattern<Bound>::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(Bound op, mlir::PatternRewriter &rewriter) const override {
    llvm::APFloat value(0.0f);
    if (!mlir::matchPattern(op.getRhs(), mlir::m_ConstantFloat(&value)) || value.isNegative() == isUpper ||
        !value.isInfinity())
      return mlir::failure();
    rewriter.replaceOp(op, op.getLhs());
    return mlir::success();
  }
};

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

double stepsOf(mlir::linalg::LinalgOp op) {
  double steps = 1;
  for (const int64_t extent : op.getStaticLoopRanges())
    steps *= static_cast<double>(extent);
  return steps;
}

/// A reduction whose sums one element-wise operation reads goes right before that: what else that reads (the other branch of a sum) comes first, and the sums can stay in registers.
void moveToReader(mlir::linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op->getNumResults() != 1 || !op->hasOneUse())
    return;
  auto reader = mlir::dyn_cast<mlir::linalg::GenericOp>(*op->user_begin());
  if (reader && reader->getBlock() == op->getBlock() && reader.getNumReductionLoops() == 0)
    op->moveBefore(reader);
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
    patterns.add<WidenConstant, NameUnitDimensions, DropUnitDimensions,
                 DropBound<mlir::arith::MinimumFOp, true>, DropBound<mlir::arith::MaximumFOp, false>>(
        context);
    mlir::affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    mlir::linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    mlir::tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    mlir::tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<mlir::linalg::LinalgDialect>()->getCanonicalizationPatterns(patterns);
    mlir::GreedyRewriteConfig config;
    config.useTopDownTraversal = true;
    // Not converging is no failure: what is left over is slower, not wrong.
    (void)mlir::applyPatternsAndFoldGreedily(getOperation(), std::move(patterns), config);
    llvm::SmallVector<mlir::linalg::LinalgOp> operations;
    getOperation()->walk([&](mlir::linalg::LinalgOp op) { operations.push_back(op); });
    // Of several that one operation reads the longest comes last.
    std::multimap<double, mlir::linalg::LinalgOp> bySteps;
    for (mlir::linalg::LinalgOp op : operations)
      bySteps.emplace(stepsOf(op), op);
    for (const auto &[steps, op] : bySteps)
      moveToReader(op);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFuseElementwisePass() { return std::make_unique<FuseElementwisePass>(); }

} // namespace tessera::compiler::cpu
