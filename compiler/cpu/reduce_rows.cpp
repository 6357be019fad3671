// Reductions along a row. A Linalg operation on buffers that `cpu-register-tile` leaves because no parallel loop's neighbours stand side by side, but those of a reduction do (the
// sum or the greatest value of each row: softmax, layer normalisation, means of channels), takes that reduction's steps as the lanes of vectors: a few vectors of partial results
// a row, which are folded into one and then in halves. The element-wise reader of the finished results (nest_of.h) is done on each at once. Sums of floats are added in
// another order than one after the other; the result of a row does not depend on the others. What stays: rows shorter than a vector, strides or extents known only when it runs,
// folding by anything but one operation that may be put in any order (arith's neutral elements name them).
#include "cpu/flat_buffer.h"
#include "cpu/nest_of.h"
#include "cpu/parts.h"
#include "cpu/passes.h"
#include "cpu/vector_body.h"
#include "cpu/vector_memory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::OpBuilder;
using mlir::Value;
using Values = llvm::SmallVector<Value>;
namespace arith = mlir::arith;
namespace vector = mlir::vector;

/// The operation that folds a value into the result so far, where any order will do; else null.
mlir::Operation *folderOf(mlir::linalg::LinalgOp op) {
  const mlir::BlockArgument sum = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  mlir::Operation *folder = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp();
  const bool takesSum = folder && folder->getBlock() == op.getBlock() && sum.hasOneUse() &&
                        *sum.user_begin() == folder && folder->getNumOperands() == 2 &&
                        folder->hasTrait<mlir::OpTrait::IsCommutative>();
  return takesSum && arith::getNeutralElement(folder) ? folder : nullptr;
}

class Writer {
public:
  Writer(OpBuilder &builder, mlir::linalg::LinalgOp op, const NestOf &source, mlir::Operation *folder,
         unsigned run, const CpuTarget &target)
      : builder_(builder), location_(op.getLoc()), op_(op), source_(source), nest_(source.nest),
        folder_(folder), run_(run), target_(target),
        lanes_(target.vectorBytes / source.nest.output.elementBytes), body_(builder, op.getLoc(), lanes_),
        memory_(builder, op.getLoc(), lanes_) {}

  void write() {
    for (const NestInput &input : source_.inputs)
      flats_.push_back(input.array ? flatBuffer(builder_, location_, input.operand->get()) : Value());
    mlir::linalg::LinalgOp last = source_.last;
    output_ = flatBuffer(builder_, location_, last ? last.getDpsInits()[0] : source_.output->get());
    for (const NestInput &input : source_.lastInputs)
      lastFlats_.push_back(input.array ? flatBuffer(builder_, location_, input.operand->get()) : Value());
    if (mlir::linalg::LinalgOp first = source_.first; first && nest_.start)
      start_ = flatBuffer(builder_, location_, first.getDpsInputs()[0]);
    indices_.assign(nest_.loops.size(), Value());
    writeRows(0);
  }

private:
  void writeRows(unsigned loop) {
    if (loop == nest_.loops.size()) {
      writeRow();
      return;
    }
    if (nest_.loops[loop].isReduction) {
      writeRows(loop + 1);
      return;
    }
    auto created =
        builder_.create<mlir::scf::ForOp>(location_, index(0), index(nest_.loops[loop].extent), index(1));
    created->setAttr(kParallelLoop, builder_.getUnitAttr());
    indices_[loop] = created.getInductionVar();
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(created.getBody());
    writeRows(loop + 1);
  }

  void writeRow() {
    const int64_t vectors = std::min(target_.foldsInFlight, nest_.loops[run_].extent / lanes_);
    const mlir::TypedAttr neutral = *arith::getNeutralElement(folder_);
    const Value none = body_.asVector(builder_.create<arith::ConstantOp>(location_, neutral));
    Values sums(static_cast<size_t>(vectors), none);
    sums = writeOuter(0, sums);
    while (sums.size() > 1) {
      const Value more = sums.pop_back_val();
      Value &into = sums[(sums.size() - 1) / 2];
      into = fold(into, more);
    }
    Value sum = sums.front();
    for (int64_t half = lanes_ / 2; half > 0; half /= 2) {
      const auto part = [&](int64_t from) -> Value {
        return builder_.create<vector::ExtractStridedSliceOp>(
            location_, sum, llvm::ArrayRef{from}, llvm::ArrayRef{half}, llvm::ArrayRef{int64_t{1}});
      };
      sum = fold(part(0), part(half));
    }
    const Value result = fold(start(), builder_.create<vector::ExtractOp>(location_, sum, 0));
    const Array &output = nest_.last ? nest_.last->output : nest_.output;
    builder_.create<mlir::memref::StoreOp>(location_, finish(result), output_, place(output, 0));
  }

  /// The reductions but the row's, around it.
  Values writeOuter(unsigned loop, Values sums) {
    if (loop == nest_.loops.size())
      return writeRun(sums);
    if (!nest_.loops[loop].isReduction || loop == run_)
      return writeOuter(loop + 1, sums);
    return inLoop(nest_.loops[loop].extent, 1, sums, [&](Value step, Values inner) {
      indices_[loop] = step;
      return writeOuter(loop + 1, inner);
    });
  }

  Values writeRun(Values sums) {
    const auto count = static_cast<int64_t>(sums.size());
    const int64_t extent = nest_.loops[run_].extent, step = count * lanes_, whole = extent / step * step;
    sums = inLoop(whole, step, sums, [&](Value begin, Values inner) {
      for (int64_t i = 0; i < count; ++i)
        inner[static_cast<size_t>(i)] =
            add(inner[static_cast<size_t>(i)], plus(begin, index(i * lanes_)), lanes_);
      return inner;
    });
    for (int64_t at = whole, i = 0; at < extent; at += lanes_, ++i)
      sums[static_cast<size_t>(i)] =
          add(sums[static_cast<size_t>(i)], index(at), std::min(lanes_, extent - at));
    return sums;
  }

  /// `sum` with so many steps of the row, from `step`.
  Value add(Value sum, Value step, int64_t lanes) {
    indices_[run_] = step;
    mlir::IRMapping mapping;
    for (size_t i = 0; i < flats_.size(); ++i) {
      const NestInput &input = source_.inputs[i];
      Value value = input.operand->get();
      if (input.array) {
        const Array &array = nest_.inputs[*input.array];
        value = memory_.load(flats_[i], place(array, input.offset), array.strides[run_], lanes);
      }
      mapping.map(op_.getMatchingBlockArgument(input.operand), value);
    }
    mapping.map(op_.getMatchingBlockArgument(source_.output), sum);
    const Value next = body_.writeFused(*op_.getBlock(), mapping);
    if (lanes == lanes_)
      return next;
    llvm::SmallVector<bool> exists;
    for (int64_t i = 0; i < lanes_; ++i)
      exists.push_back(i < lanes);
    const auto type = mlir::VectorType::get({lanes_}, builder_.getI1Type());
    const Value mask = builder_.create<arith::ConstantOp>(
        location_, mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(exists)));
    return builder_.create<arith::SelectOp>(location_, mask, next, sum);
  }

  Value fold(Value a, Value b) {
    mlir::Operation *copy = folder_->cloneWithoutRegions();
    copy->setOperands({a, b});
    copy->getResult(0).setType(a.getType());
    builder_.insert(copy);
    return copy->getResult(0);
  }

  Value start() {
    mlir::linalg::LinalgOp first = source_.first;
    if (auto fill = mlir::dyn_cast_if_present<mlir::linalg::FillOp>(first.getOperation()))
      return fill.getInputs()[0];
    if (first)
      return builder_.create<mlir::memref::LoadOp>(location_, start_, place(*nest_.start, 0));
    return builder_.create<mlir::memref::LoadOp>(location_, output_, place(nest_.output, 0));
  }

  /// What the element-wise reader of the finished results makes of one.
  Value finish(Value result) {
    mlir::linalg::LinalgOp last = source_.last;
    if (!last)
      return result;
    mlir::IRMapping mapping;
    for (const auto &[i, input] : llvm::enumerate(source_.lastInputs)) {
      Value value = input.operand->get() == source_.output->get() ? result : input.operand->get();
      if (input.array)
        value = builder_.create<mlir::memref::LoadOp>(location_, lastFlats_[i],
                                                      place(nest_.last->inputs[*input.array], input.offset));
      mapping.map(last.getMatchingBlockArgument(input.operand), value);
    }
    for (mlir::Operation &inner : last.getBlock()->without_terminator())
      builder_.clone(inner, mapping);
    return mapping.lookupOrDefault(last.getBlock()->getTerminator()->getOperand(0));
  }

  Values inLoop(int64_t extent, int64_t step, Values state, llvm::function_ref<Values(Value, Values)> body) {
    if (extent == step)
      return body(index(0), state);
    auto loop = builder_.create<mlir::scf::ForOp>(location_, index(0), index(extent), index(step), state);
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    builder_.create<mlir::scf::YieldOp>(location_,
                                        body(loop.getInductionVar(), Values(loop.getRegionIterArgs())));
    return Values(loop.getResults());
  }

  Value place(const Array &array, int64_t offset) {
    Value result = index(offset);
    for (size_t loop = 0; loop < indices_.size(); ++loop)
      if (array.strides[loop] != 0)
        result = plus(result, builder_.createOrFold<arith::MulIOp>(location_, indices_[loop],
                                                                   index(array.strides[loop])));
    return result;
  }
  Value index(int64_t value) { return builder_.create<arith::ConstantIndexOp>(location_, value); }
  Value plus(Value a, Value b) { return builder_.createOrFold<arith::AddIOp>(location_, a, b); }

  OpBuilder &builder_;
  mlir::Location location_;
  mlir::linalg::LinalgOp op_;
  const NestOf &source_;
  const LoopNest &nest_;
  mlir::Operation *folder_;
  unsigned run_; ///< the reduction whose steps are lanes
  const CpuTarget &target_;
  int64_t lanes_;
  VectorBody body_;
  VectorMemory memory_;
  Value output_, start_;
  Values flats_, lastFlats_, indices_;
};

/// The reduction whose neighbours stand side by side in every input that moves in it; a row of whole vectors at least.
std::optional<unsigned> runOf(const LoopNest &nest, int64_t lanes) {
  for (const Loop &loop : nest.loops)
    if (loop.extent == LoopNest::kUnknown)
      return std::nullopt;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    bool moves = false, isRun = nest.loops[loop].isReduction && nest.loops[loop].extent >= lanes;
    for (const Array &input : nest.inputs) {
      moves = moves || input.strides[loop] == 1;
      isRun = isRun && (input.strides[loop] == 0 || input.strides[loop] == 1);
    }
    if (isRun && moves)
      return loop;
  }
  return std::nullopt;
}

class ReduceRowsPass : public mlir::PassWrapper<ReduceRowsPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReduceRowsPass)
  explicit ReduceRowsPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-reduce-rows"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::arith::ArithDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                    mlir::vector::VectorDialect>();
  }

  void runOnOperation() override {
    llvm::SmallVector<mlir::linalg::LinalgOp> operations;
    getOperation().walk([&](mlir::linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0)
        operations.push_back(op);
    });
    for (mlir::linalg::LinalgOp op : operations)
      write(op);
  }

private:
  void write(mlir::linalg::LinalgOp op) const {
    const auto source = nestOf(op);
    if (!source)
      return;
    const int64_t lanes = target_.vectorBytes / source->nest.output.elementBytes;
    mlir::Operation *folder = folderOf(op);
    const auto run = lanes < 2 ? std::nullopt : runOf(source->nest, lanes);
    if (!folder || !run)
      return;
    mlir::linalg::LinalgOp last = source->last;
    OpBuilder builder(last ? last : op);
    Writer(builder, op, *source, folder, *run, target_).write();
    mlir::Operation *sums = source->output->get().getDefiningOp();
    for (mlir::linalg::LinalgOp done : {op, source->first, source->last})
      if (done)
        done->erase();
    if (sums && mlir::isa<mlir::memref::AllocOp>(sums) && sums->use_empty())
      sums->erase();
  }

  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createReduceRowsPass(const CpuTarget &target) {
  return std::make_unique<ReduceRowsPass>(target);
}

} // namespace tessera::compiler::cpu
