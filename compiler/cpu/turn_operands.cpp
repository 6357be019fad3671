// Operands of products, turned. The product of two tensors neither of which is a constant (queries and keys of attention) can stand in vectors only where some parallel loop's neighbours
// are neighbours in memory in both; keys lie the other way. Such a product's operand is turned first, in a copy whose last dimension is that of the output. What stays:
// products of which some loop fits as it is, constants (which are packed at compile time), operands whose elements are read too seldom (a copy would cost as much as
// it saves), maps that are no projected permutations (windows), and shapes that only the run knows.
#include "cpu/generic.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

namespace tessera::compiler::cpu {

namespace {

bool isConstant(mlir::Value value) { return mlir::matchPattern(value, mlir::m_Constant()); }

/// Whether neighbours of `loop` are neighbours in what the operand's map reads, or the same element.
bool areNeighbours(mlir::AffineMap map, unsigned loop) {
  const auto place = map.getResultPosition(mlir::getAffineDimExpr(loop, map.getContext()));
  return !place || *place + 1 == map.getNumResults();
}

class TurnOperandsPass : public mlir::PassWrapper<TurnOperandsPass, mlir::OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TurnOperandsPass)
  explicit TurnOperandsPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-turn-operands"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
  }

  void runOnOperation() override {
    llvm::SmallVector<mlir::linalg::LinalgOp> operations;
    getOperation()->walk([&](mlir::linalg::LinalgOp op) { operations.push_back(op); });
    for (mlir::linalg::LinalgOp op : operations)
      if (const auto loop = loopOf(op))
        turn(op, *loop);
  }

private:
  /// The parallel loop for whose sake operands are to be turned.
  std::optional<unsigned> loopOf(mlir::linalg::LinalgOp op) const {
    if (!op.hasPureTensorSemantics() || op.hasDynamicShape() || op.getNumReductionLoops() == 0 ||
        op.getNumDpsInputs() < 2 || op.getNumDpsInits() != 1 || !op.hasOnlyProjectedPermutations())
      return std::nullopt;
    std::optional<unsigned> best;
    llvm::SmallVector<unsigned> loops;
    op.getParallelDims(loops);
    const mlir::AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (const unsigned loop : loops) {
      if (op.getStaticLoopRanges()[loop] == 1)
        continue;
      bool fits = true, pays = areNeighbours(output, loop);
      for (mlir::OpOperand *operand : op.getDpsInputOperands())
        if (!isConstant(operand->get()) && !areNeighbours(op.getMatchingIndexingMap(operand), loop)) {
          fits = false;
          pays = pays && readingsOf(op, *operand) >= target_.copyReadings;
        }
      if (fits)
        return std::nullopt;
      if (pays)
        best = loop;
    }
    return best;
  }

  static int64_t readingsOf(mlir::linalg::LinalgOp op, mlir::OpOperand &operand) {
    int64_t readings = 1;
    const mlir::AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges()))
      if (!map.isFunctionOfDim(static_cast<unsigned>(loop)))
        readings *= extent;
    return readings;
  }

  static void turn(mlir::linalg::LinalgOp named, unsigned loop) {
    mlir::IRRewriter rewriter(named.getContext());
    rewriter.setInsertionPoint(named);
    const auto general = linalg(rewriter, named);
    if (mlir::failed(general))
      return;
    mlir::linalg::GenericOp op = *general;
    rewriter.setInsertionPoint(op);
    llvm::SmallVector<mlir::AffineMap> maps = op.getIndexingMapsArray();
    for (mlir::OpOperand *operand : op.getDpsInputOperands()) {
      mlir::AffineMap &map = maps[operand->getOperandNumber()];
      if (isConstant(operand->get()) || areNeighbours(map, loop))
        continue;
      const unsigned place = *map.getResultPosition(rewriter.getAffineDimExpr(loop));
      llvm::SmallVector<int64_t> order;
      for (unsigned i = 0; i < map.getNumResults(); ++i)
        if (i != place)
          order.push_back(i);
      order.push_back(place);
      operand->set(makeTransposed(rewriter, op.getLoc(), operand->get(), order));
      llvm::SmallVector<mlir::AffineExpr> results;
      for (const int64_t i : order)
        results.push_back(map.getResult(static_cast<unsigned>(i)));
      map = mlir::AffineMap::get(map.getNumDims(), 0, results, op.getContext());
    }
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  }

  static mlir::FailureOr<mlir::linalg::GenericOp> linalg(mlir::RewriterBase &rewriter,
                                                         mlir::linalg::LinalgOp op) {
    if (auto generic = mlir::dyn_cast<mlir::linalg::GenericOp>(op.getOperation()))
      return generic;
    return mlir::linalg::generalizeNamedOp(rewriter, op);
  }

  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createTurnOperandsPass(const CpuTarget &target) {
  return std::make_unique<TurnOperandsPass>(target);
}

} // namespace tessera::compiler::cpu
