// Chains of operations over common rows (row_chain.h), done a block of rows at a time: softmax, layer normalisation, attention. All operations of a chain go into one loop over blocks; what
// they hand to one another is a block of rows, which stays in the core's first cache, and no tensor of whole size. The block's results are put into the chain's, which is
// all that is written. Where blocks do not divide the rows a second loop, of one smaller block, takes the rest. MLIR's TilingInterface makes each operation's part.
// Each row is computed as before. What stays: chains of one block, which lies in the cache as it is; rows that are longer than a block may be; chains of which a block would cut
// the vectors of a row's neighbours.
#include "cpu/parts.h"
#include "cpu/passes.h"
#include "cpu/row_chain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::OpBuilder;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::linalg::LinalgOp;
using Indices = llvm::SmallVector<OpFoldResult>;
namespace arith = mlir::arith;
namespace tensor = mlir::tensor;

/// Rows of a block: all of the rows' loops behind `cut`, `size` of that, one of those before.
struct Block {
  unsigned cut = 0;
  int64_t size = 1;
};

/// At most so many of `extent`: what divides it, if that is half of what is possible at least, else about equal parts.
int64_t sizeOf(int64_t extent, int64_t most) {
  for (int64_t size = most; 2 * size > most; --size)
    if (extent % size == 0)
      return size;
  return llvm::divideCeil(extent, llvm::divideCeil(extent, most));
}

std::optional<Block> blockOf(const RowChain &chain, const CpuTarget &target) {
  int64_t left = target.blockBytes / std::max<int64_t>(chain.bytesOfRow(), 1), steps = 1;
  for (size_t i = chain.rows.size(); i-- > 0;) {
    if (left < 1)
      return std::nullopt;
    if (chain.rows[i] <= left) {
      left /= chain.rows[i];
      continue;
    }
    const Block block{static_cast<unsigned>(i), sizeOf(chain.rows[i], left)};
    for (size_t before = 0; before < i; ++before)
      steps *= chain.rows[before];
    steps *= chain.rows[i] / block.size;
    return steps > 1 ? std::optional<Block>(block) : std::nullopt;
  }
  return std::nullopt;
}

/// Whether some member's neighbours in memory are rows that the block cuts: each of its lines would lie in two blocks.
bool cutsLines(const RowChain &chain, const Block &block) {
  for (mlir::Operation *member : chain.members) {
    const Value value = member->getResult(0);
    const RowPlaces &places = chain.places.find(value)->second;
    const auto shape = mlir::cast<mlir::ShapedType>(value.getType()).getShape();
    int64_t others = 1;
    for (auto [i, extent] : llvm::enumerate(shape))
      others *= llvm::is_contained(places, static_cast<unsigned>(i)) ? 1 : extent;
    size_t last = shape.size();
    while (last > 0 && shape[last - 1] == 1)
      --last;
    if (others > 1 && places[block.cut] + 1 == last)
      return true;
  }
  return false;
}

class Writer {
public:
  Writer(OpBuilder &builder, const RowChain &chain, const Block &block, int64_t number)
      : builder_(builder), location_(locationOf(builder, chain)), chain_(chain), block_(block),
        number_(number) {}

  /// The chain's result.
  Value write() {
    const auto type = mlir::cast<mlir::RankedTensorType>(chain_.last()->getResult(0).getType());
    Value result = builder_.create<tensor::EmptyOp>(location_, type.getShape(), type.getElementType());
    const int64_t whole = chain_.rows[block_.cut] / block_.size, rest = chain_.rows[block_.cut] % block_.size;
    result = writeLoop(result, whole, block_.size, 0);
    return rest == 0 ? result : writeLoop(result, 1, rest, whole * block_.size);
  }

private:
  static mlir::Location locationOf(OpBuilder &builder, const RowChain &chain) {
    llvm::SmallVector<mlir::Location> locations;
    for (mlir::Operation *op : chain.members)
      locations.push_back(op->getLoc());
    return builder.getFusedLoc(locations);
  }

  /// A loop over `count` blocks of `size` rows, from row `first`, of each step of the loops before.
  Value writeLoop(Value into, int64_t count, int64_t size, int64_t first) {
    int64_t steps = count;
    for (unsigned i = 0; i < block_.cut; ++i)
      steps *= chain_.rows[i];
    auto loop = builder_.create<mlir::scf::ForOp>(location_, index(0), index(steps), index(1), into);
    loop->setAttr(kRowLoop, builder_.getI64IntegerAttr(number_));
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    Value left = loop.getInductionVar();
    offsets_.assign(chain_.rows.size(), builder_.getIndexAttr(0));
    sizes_.clear();
    for (unsigned i = 0; i < chain_.rows.size(); ++i)
      sizes_.push_back(builder_.getIndexAttr(i < block_.cut ? 1 : i == block_.cut ? size : chain_.rows[i]));
    const auto take = [&](int64_t extent, int64_t step, int64_t start) -> OpFoldResult {
      const Value here = builder_.createOrFold<arith::RemUIOp>(location_, left, index(extent));
      left = builder_.createOrFold<arith::DivUIOp>(location_, left, index(extent));
      const Value place = builder_.createOrFold<arith::MulIOp>(location_, here, index(step));
      return mlir::getAsOpFoldResult(builder_.createOrFold<arith::AddIOp>(location_, place, index(start)));
    };
    offsets_[block_.cut] = take(count, size, first);
    for (unsigned i = block_.cut; i-- > 0;)
      offsets_[i] = take(chain_.rows[i], 1, 0);
    builder_.create<mlir::scf::YieldOp>(location_, writeBlock(loop.getRegionIterArg(0)));
    return loop.getResult(0);
  }

  /// `into` with a block of the chain's results.
  Value writeBlock(Value into) {
    into_ = into;
    parts_.clear();
    for (mlir::Operation *op : chain_.members)
      parts_[op->getResult(0)] =
          chain_.loops.contains(op) ? writePart(mlir::cast<LinalgOp>(op)) : writeReshape(op);
    const Value last = chain_.last()->getResult(0);
    const auto [offsets, sizes] = blockIn(last);
    return builder_.create<tensor::InsertSliceOp>(location_, parts_.lookup(last), into, offsets, sizes,
                                                  ones(offsets.size()));
  }

  Value writePart(LinalgOp op) {
    const RowPlaces &loops = chain_.loops.find(op)->second;
    Indices offsets, sizes;
    for (const int64_t extent : op.getStaticLoopRanges()) {
      offsets.push_back(builder_.getIndexAttr(0));
      sizes.push_back(builder_.getIndexAttr(extent));
    }
    for (auto [row, loop] : llvm::enumerate(loops)) {
      offsets[loop] = offsets_[row];
      sizes[loop] = sizes_[row];
    }
    auto interface = mlir::cast<mlir::TilingInterface>(op.getOperation());
    const auto tiled = interface.getTiledImplementation(builder_, offsets, sizes);
    mlir::Operation *part = tiled->tiledOps.front();
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPoint(part);
    for (auto [operand, before] : llvm::zip(part->getOpOperands(), op->getOperands())) {
      mlir::Operation *slice = operand.get().getDefiningOp();
      if (const Value known = parts_.lookup(before))
        operand.set(known);
      else if (before.getDefiningOp<tensor::EmptyOp>())
        operand.set(emptyOf(op, operand.get()));
      if (slice && slice->use_empty() && mlir::isa<tensor::ExtractSliceOp>(slice))
        slice->erase();
    }
    return part->getResult(0);
  }

  /// What a part writes to: the chain's result, what it reads, or a tensor of its own.
  Value emptyOf(LinalgOp op, Value part) {
    LinalgOp last = mlir::cast<LinalgOp>(chain_.last());
    const Value result = op->getResult(0);
    const bool isStart =
        result.hasOneUse() && *result.user_begin() == last.getOperation() && last.getDpsInits()[0] == result;
    if (op == last || isStart) {
      const auto [offsets, sizes] = blockIn(last->getResult(0));
      return builder_.create<tensor::ExtractSliceOp>(location_, into_, offsets, sizes, ones(offsets.size()));
    }
    if (const auto known = chain_.inPlace.find(op); known != chain_.inPlace.end())
      return parts_.lookup(known->second);
    const auto type = mlir::cast<mlir::RankedTensorType>(part.getType());
    return builder_.create<tensor::EmptyOp>(location_, type.getShape(), type.getElementType());
  }

  Value writeReshape(mlir::Operation *op) {
    const auto type = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType());
    llvm::SmallVector<int64_t> shape(type.getShape());
    for (auto [row, place] : llvm::enumerate(chain_.places.lookup(op->getResult(0))))
      shape[place] = *mlir::getConstantIntValue(sizes_[row]);
    const auto part = mlir::RankedTensorType::get(shape, type.getElementType());
    const Value from = partOf(op->getOperand(0), op);
    if (auto expand = mlir::dyn_cast<tensor::ExpandShapeOp>(op))
      return builder_.create<tensor::ExpandShapeOp>(location_, part, from, expand.getReassociationIndices());
    return builder_.create<tensor::CollapseShapeOp>(
        location_, part, from, mlir::cast<tensor::CollapseShapeOp>(op).getReassociationIndices());
  }

  /// The block's rows of what a reshape reads.
  Value partOf(Value value, mlir::Operation *reshape) {
    if (const Value known = parts_.lookup(value))
      return known;
    const auto [offsets, sizes] =
        blockOf(value, *placesBefore(reshape, chain_.places.lookup(reshape->getResult(0))));
    return builder_.create<tensor::ExtractSliceOp>(location_, value, offsets, sizes, ones(offsets.size()));
  }

  /// Offsets and sizes of the block in a member's result.
  std::pair<Indices, Indices> blockIn(Value value) { return blockOf(value, chain_.places.lookup(value)); }
  std::pair<Indices, Indices> blockOf(Value value, llvm::ArrayRef<unsigned> places) {
    Indices offsets, sizes;
    for (const int64_t extent : mlir::cast<mlir::ShapedType>(value.getType()).getShape()) {
      offsets.push_back(builder_.getIndexAttr(0));
      sizes.push_back(builder_.getIndexAttr(extent));
    }
    for (auto [row, place] : llvm::enumerate(places)) {
      offsets[place] = offsets_[row];
      sizes[place] = sizes_[row];
    }
    return {offsets, sizes};
  }
  Indices ones(size_t count) { return Indices(count, builder_.getIndexAttr(1)); }
  Value index(int64_t value) { return builder_.create<arith::ConstantIndexOp>(location_, value); }

  OpBuilder &builder_;
  mlir::Location location_;
  const RowChain &chain_;
  const Block block_;
  const int64_t number_;    ///< of the chain
  Indices offsets_, sizes_; ///< of the block, for each of the rows' loops
  Value into_;
  llvm::DenseMap<Value, Value> parts_; ///< of the members' results, in this block
};

class FuseRowsPass : public mlir::PassWrapper<FuseRowsPass, mlir::OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FuseRowsPass)
  explicit FuseRowsPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-fuse-rows"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, mlir::linalg::LinalgDialect, mlir::scf::SCFDialect,
                    tensor::TensorDialect>();
  }

  void runOnOperation() override {
    // From the last on: a chain's later readers see what of it comes before.
    llvm::SmallVector<LinalgOp> operations;
    getOperation()->walk([&](LinalgOp op) {
      if (op.getNumReductionLoops() == 0)
        operations.push_back(op);
    });
    llvm::DenseSet<mlir::Operation *> gone;
    int64_t number = 0;
    for (LinalgOp op : llvm::reverse(operations)) {
      if (gone.contains(op))
        continue;
      const auto chain = rowChainOf(op, target_);
      const auto block = chain ? blockOf(*chain, target_) : std::nullopt;
      if (!block || cutsLines(*chain, *block))
        continue;
      OpBuilder builder(chain->last());
      const Value result = Writer(builder, *chain, *block, number++).write();
      chain->last()->getResult(0).replaceAllUsesWith(result);
      for (mlir::Operation *done : llvm::reverse(chain->members)) {
        gone.insert(done);
        done->erase();
      }
    }
  }

private:
  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createFuseRowsPass(const CpuTarget &target) {
  return std::make_unique<FuseRowsPass>(target);
}

} // namespace tessera::compiler::cpu
