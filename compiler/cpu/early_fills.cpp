// Fills of padded tensors, early. A pad becomes a filled tensor that the picture is put into, and so does a constant of one value that something is put into: it would be copied
// whole. What is put into a filled tensor can be written there at once if that stands before its maker (the elimination of empty tensors moves nothing). So the fill and its empty
// tensor go before the operation that makes what is put in, and before the reduction whose sums that operation alone reads, as those two become one loop nest. What stays: fills that
// stand early enough, those of a value that is made later, and pads whose shape only the run knows.
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tessera::compiler::cpu {

namespace {

/// The reduction whose sums `op`, which is element-wise, reads and nobody else; else `op` itself.
mlir::Operation *firstOfPair(mlir::linalg::LinalgOp op) {
  for (const mlir::Value input : op.getDpsInputs()) {
    auto sums = input.getDefiningOp<mlir::linalg::LinalgOp>();
    if (sums && op.getNumReductionLoops() == 0 && sums.getNumReductionLoops() > 0 &&
        sums->getBlock() == op->getBlock() && sums->hasOneUse())
      return sums;
  }
  return op;
}

class EarlyFillsPass : public mlir::PassWrapper<EarlyFillsPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EarlyFillsPass)
  llvm::StringRef getArgument() const override { return "cpu-early-fills"; }

  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::arith::ArithDialect, mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
  }

  void runOnOperation() override {
    if (failed(generalisePads()))
      return signalPassFailure();
    getOperation().walk([](mlir::tensor::InsertSliceOp insert) {
      fillConstant(insert);
      auto fill = insert.getDest().getDefiningOp<mlir::linalg::FillOp>();
      auto source = insert.getSource().getDefiningOp<mlir::linalg::LinalgOp>();
      if (!fill || !source || !fill->hasOneUse() || source->getBlock() != fill->getBlock())
        return;
      auto empty = fill.getOutputs()[0].getDefiningOp<mlir::tensor::EmptyOp>();
      mlir::Operation *place = firstOfPair(source);
      if (!empty || !empty->hasOneUse() || !empty.getDynamicSizes().empty() ||
          !place->isBeforeInBlock(fill) || isMadeAfter(fill.getInputs()[0], place))
        return;
      empty->moveBefore(place);
      fill->moveBefore(place);
    });
  }

private:
  mlir::LogicalResult generalisePads() {
    llvm::SmallVector<mlir::Operation *> pads;
    getOperation().walk([&](mlir::tensor::PadOp pad) {
      if (pad.getConstantPaddingValue() && pad.getType().hasStaticShape())
        pads.push_back(pad);
    });
    mlir::RewritePatternSet patterns(&getContext());
    patterns.add<mlir::linalg::GeneralizePadOpPattern>(&getContext());
    mlir::GreedyRewriteConfig only;
    only.strictMode = mlir::GreedyRewriteStrictness::ExistingOps;
    return mlir::applyOpPatternsAndFold(pads, std::move(patterns), only);
  }

  static void fillConstant(mlir::tensor::InsertSliceOp insert) {
    mlir::SplatElementsAttr same;
    if (!mlir::matchPattern(insert.getDest(), mlir::m_Constant(&same)))
      return;
    mlir::OpBuilder builder(insert);
    const mlir::Location location = insert.getLoc();
    const mlir::RankedTensorType type = insert.getDestType();
    const mlir::Value empty =
        builder.create<mlir::tensor::EmptyOp>(location, type.getShape(), type.getElementType());
    builder.setInsertionPointToStart(insert->getBlock()); // before whatever the fill may go before
    const mlir::Value value =
        builder.create<mlir::arith::ConstantOp>(location, same.getSplatValue<mlir::TypedAttr>());
    builder.setInsertionPoint(insert);
    insert.getDestMutable().assign(builder.create<mlir::linalg::FillOp>(location, value, empty).getResult(0));
  }

  static bool isMadeAfter(mlir::Value value, mlir::Operation *place) {
    mlir::Operation *origin = value.getDefiningOp();
    return origin && origin->getBlock() == place->getBlock() && !origin->isBeforeInBlock(place);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createEarlyFillsPass() { return std::make_unique<EarlyFillsPass>(); }

} // namespace tessera::compiler::cpu
