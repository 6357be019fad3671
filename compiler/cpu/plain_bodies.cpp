#include "cpu/plain_bodies.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::cpu {

namespace {

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

} // namespace

void populatePlainBodyPatterns(mlir::RewritePatternSet &patterns) {
  patterns.add<WidenConstant, NameUnitDimensions, DropUnitDimensions,
               DropBound<mlir::arith::MinimumFOp, true>, DropBound<mlir::arith::MaximumFOp, false>>(
      patterns.getContext());
}

} // namespace tessera::compiler::cpu
