#include "cpu/loops.h"

#include "cpu/parts.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::Location;
using mlir::OpBuilder;
using mlir::OpFoldResult;
using mlir::Value;

class Lowering {
public:
  Lowering(mlir::linalg::LinalgOp op, OpBuilder &builder, const CpuTarget &target)
      : op_(op), builder_(builder), location_(op.getLoc()), extents_(op.getStaticLoopRanges()),
        indices_(extents_.size()), unrolledSteps_(target.unrolledSteps) {}

  /// False where the operation is not of the form that is handled here.
  bool fits() { return op_.hasPureBufferSemantics(); }

  void run() {
    if (llvm::any_of(extents_, mlir::ShapedType::isDynamic))
      for (const mlir::Range &range : op_.createLoopRanges(builder_, location_))
        ranges_.push_back(range.size);
    // Parallel dimensions outside, reductions inside, each in their own order.
    const auto iterators = op_.getIteratorTypesArray();
    for (const bool reduction : {false, true})
      for (auto [dimension, iterator] : llvm::enumerate(iterators))
        if ((iterator == mlir::utils::IteratorType::reduction) == reduction)
          order_.push_back(static_cast<unsigned>(dimension));
    parallel_ = op_.getNumParallelLoops();
    writesItself_ = op_->walk([](mlir::Operation *inner) {
                         return mlir::hasEffect<mlir::MemoryEffects::Write>(inner) &&
                                        !mlir::isa<mlir::linalg::LinalgOp>(inner)
                                    ? mlir::WalkResult::interrupt()
                                    : mlir::WalkResult::advance();
                       })
                        .wasInterrupted();
    makeParallel(0);
  }

private:
  void makeParallel(unsigned depth) {
    if (depth == parallel_) {
      makePoint();
      return;
    }
    const unsigned dimension = order_[depth];
    if (extents_[dimension] == 1) {
      indices_[dimension] = builder_.getIndexAttr(0);
      makeParallel(depth + 1);
      return;
    }
    auto loop = builder_.create<mlir::scf::ForOp>(location_, index(0), extent(dimension), index(1));
    if (!writesItself_)
      loop->setAttr(kParallelLoop, builder_.getUnitAttr());
    indices_[dimension] = loop.getInductionVar();
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    makeParallel(depth + 1);
  }

  /// All results of one point of the parallel space.
  void makePoint() {
    llvm::SmallVector<Value> state;
    for (mlir::OpOperand &output : op_.getDpsInitsMutable())
      state.push_back(hasOutputArguments() && op_.payloadUsesValueFromOperand(&output) ? load(&output)
                                                                                       : Value());
    int64_t steps = 1;
    for (size_t depth = parallel_; depth < order_.size(); ++depth)
      steps = std::min(unrolledSteps_ + 1, steps * std::min(unrolledSteps_ + 1, extentOrMany(order_[depth])));
    unrolled_ = steps <= unrolledSteps_;
    state = makeReduction(parallel_, state);
    for (auto [output, value] : llvm::zip(op_.getDpsInitsMutable(), state))
      builder_.create<mlir::memref::StoreOp>(location_, value, output.get(), position(&output));
  }

  llvm::SmallVector<Value> makeReduction(size_t depth, llvm::SmallVector<Value> state) {
    if (depth == order_.size())
      return makeBody(state);
    const unsigned dimension = order_[depth];
    if (unrolled_ || extents_[dimension] == 1) {
      for (int64_t i = 0; i < extents_[dimension]; ++i) {
        indices_[dimension] = builder_.getIndexAttr(i);
        state = makeReduction(depth + 1, state);
      }
      return state;
    }
    auto loop = builder_.create<mlir::scf::ForOp>(location_, index(0), extent(dimension), index(1), state);
    indices_[dimension] = loop.getInductionVar();
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    llvm::SmallVector<Value> inner(loop.getRegionIterArgs());
    builder_.create<mlir::scf::YieldOp>(location_, makeReduction(depth + 1, inner));
    return llvm::SmallVector<Value>(loop.getResults());
  }

  /// One execution of the operation's body: the new values of its outputs.
  llvm::SmallVector<Value> makeBody(llvm::ArrayRef<Value> state) {
    mlir::Block *body = op_.getBlock();
    mlir::IRMapping mapping;
    size_t output = 0;
    for (mlir::OpOperand &operand : op_->getOpOperands()) {
      if (op_.isDpsInit(&operand) && !hasOutputArguments())
        continue;
      const mlir::BlockArgument argument = op_.getMatchingBlockArgument(&operand);
      if (op_.isDpsInit(&operand))
        mapping.map(argument, state[output++]);
      else if (!argument.use_empty())
        mapping.map(argument,
                    mlir::isa<mlir::MemRefType>(operand.get().getType()) ? load(&operand) : operand.get());
    }
    for (mlir::Operation &inner : body->without_terminator()) {
      if (auto which = mlir::dyn_cast<mlir::linalg::IndexOp>(inner)) {
        mapping.map(which.getResult(),
                    mlir::getValueOrCreateConstantIndexOp(builder_, location_, indices_[which.getDim()]));
        continue;
      }
      mlir::Operation *copy = builder_.clone(inner, mapping);
      copy->walk([&](mlir::linalg::IndexOp which) { // inside loops and branches of the body
        OpBuilder::InsertionGuard guard(builder_);
        builder_.setInsertionPoint(which);
        which.getResult().replaceAllUsesWith(
            mlir::getValueOrCreateConstantIndexOp(builder_, location_, indices_[which.getDim()]));
        which.erase();
      });
    }
    llvm::SmallVector<Value> results;
    for (Value value : body->getTerminator()->getOperands())
      results.push_back(mapping.lookupOrDefault(value));
    return results;
  }

  /// linalg.map has inputs alone in its body, which padding with a value becomes.
  bool hasOutputArguments() { return !mlir::isa<mlir::linalg::MapOp>(op_); }

  llvm::SmallVector<Value> position(mlir::OpOperand *operand) {
    llvm::SmallVector<Value> result;
    const mlir::AffineMap map = op_.getMatchingIndexingMap(operand);
    for (mlir::AffineExpr expression : map.getResults()) {
      const OpFoldResult value = mlir::affine::makeComposedFoldedAffineApply(
          builder_, location_, mlir::AffineMap::get(map.getNumDims(), 0, expression), known());
      result.push_back(mlir::getValueOrCreateConstantIndexOp(builder_, location_, value));
    }
    return result;
  }

  /// Indices of all dimensions; those not yet entered (an output's map does not name them) stand as 0.
  llvm::SmallVector<OpFoldResult> known() {
    llvm::SmallVector<OpFoldResult> result = indices_;
    for (OpFoldResult &value : result)
      if (value.isNull())
        value = builder_.getIndexAttr(0);
    return result;
  }

  Value load(mlir::OpOperand *operand) {
    return builder_.create<mlir::memref::LoadOp>(location_, operand->get(), position(operand));
  }
  Value extent(unsigned dimension) {
    return ranges_.empty() ? index(extents_[dimension])
                           : mlir::getValueOrCreateConstantIndexOp(builder_, location_, ranges_[dimension]);
  }
  int64_t extentOrMany(unsigned dimension) const {
    return mlir::ShapedType::isDynamic(extents_[dimension]) ? unrolledSteps_ + 1 : extents_[dimension];
  }
  Value index(int64_t value) { return builder_.create<mlir::arith::ConstantIndexOp>(location_, value); }

  mlir::linalg::LinalgOp op_;
  OpBuilder &builder_;
  Location location_;
  llvm::SmallVector<int64_t> extents_;     ///< dynamic ones as MLIR writes them
  llvm::SmallVector<OpFoldResult> ranges_; ///< all extents, where some are dynamic
  llvm::SmallVector<OpFoldResult> indices_;
  int64_t unrolledSteps_;
  llvm::SmallVector<unsigned> order_;
  unsigned parallel_ = 0;
  bool unrolled_ = false;
  bool writesItself_ = false; ///< the body, at places of its own
};

} // namespace

mlir::LogicalResult lowerLinalgToLoops(mlir::func::FuncOp function, const CpuTarget &target) {
  llvm::SmallVector<mlir::linalg::LinalgOp> operations;
  function.walk([&](mlir::linalg::LinalgOp op) { operations.push_back(op); });
  for (mlir::linalg::LinalgOp op : operations) {
    OpBuilder builder(op);
    Lowering lowering(op, builder, target);
    if (!lowering.fits())
      return op->emitOpError("has a form that the loop lowering does not take");
    lowering.run();
    op->erase();
  }
  return mlir::success();
}

} // namespace tessera::compiler::cpu
