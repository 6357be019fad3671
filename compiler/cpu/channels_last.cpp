// Pictures with their channels last. ONNX networks hold pictures as (N, C, H, W): the lanes of vectors are then columns, of which a 7x7 or 14x14 picture has few, and no
// vector begins at a border of the cache's lines. With (N, H, W, C) they are channels, of which there are mostly multiples of a vector, weights are read in the order of the
// packing, and a pixel is spread to all lanes. layout_choice.h chooses the tensors that change, by cost; this pass writes them so: maps of linalg.generic are permuted and its
// loops put in order, fills, pads and slices follow, and where an operation of another kind makes or takes a tensor that changed a transpose stands between.
// What stays: integers, shapes that only the run knows, tensors of another rank, what stands in loops.
#include "cpu/generic.h"
#include "cpu/layout_choice.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::Value;
namespace tensor = mlir::tensor;

class Relayer {
public:
  Relayer(mlir::func::FuncOp function, llvm::DenseSet<Value> chosen)
      : function_(function), rewriter_(function.getContext()), chosen_(std::move(chosen)) {}

  void run() {
    llvm::SmallVector<mlir::Operation *> operations, replaced;
    for (mlir::Operation &op : function_.getBody().front())
      operations.push_back(&op);
    rewriter_.setInsertionPointToStart(&function_.getBody().front());
    for (const Value argument : function_.getArguments())
      if (chosen_.contains(argument))
        relaid_[argument] = transpose(argument, /*toLast=*/true);
    for (mlir::Operation *each : operations) {
      mlir::Operation &op = *each;
      rewriter_.setInsertionPoint(&op);
      const bool changes =
          llvm::any_of(op.getOperands(), [&](Value value) { return chosen_.contains(value); }) ||
          llvm::any_of(op.getResults(), [&](Value value) { return chosen_.contains(value); });
      if (changes && canBeRelaid(&op)) {
        const Value result = write(&op);
        if (chosen_.contains(op.getResult(0)))
          relaid_[op.getResult(0)] = result;
        else
          op.getResult(0).replaceAllUsesWith(result);
        replaced.push_back(&op);
        continue;
      }
      // Its regions read what it reads.
      op.walk([&](mlir::Operation *inner) {
        for (mlir::OpOperand &operand : inner->getOpOperands())
          if (chosen_.contains(operand.get()) && relaid_.contains(operand.get()))
            operand.set(firstOf(operand.get()));
      });
      rewriter_.setInsertionPointAfter(&op);
      for (const Value result : op.getResults())
        if (chosen_.contains(result))
          relaid_[result] = transpose(result, /*toLast=*/true);
    }
    for (mlir::Operation *op : llvm::reverse(replaced))
      rewriter_.eraseOp(op);
  }

private:
  static mlir::RankedTensorType typeOf(Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }

  Value get(Value value) { return chosen_.contains(value) ? relaid_.lookup(value) : value; }

  mlir::RankedTensorType resultType(mlir::Operation *op) {
    const auto type = typeOf(op->getResult(0));
    return chosen_.contains(op->getResult(0)) ? type.clone(channelsLast(type.getShape())) : type;
  }

  /// The value with channels first, made where it is first needed, at once behind what makes it.
  Value firstOf(Value value) {
    Value &first = first_[value];
    if (!first) {
      mlir::OpBuilder::InsertionGuard guard(rewriter_);
      rewriter_.setInsertionPointAfterValue(relaid_.lookup(value));
      first = transpose(relaid_.lookup(value), /*toLast=*/false);
    }
    return first;
  }

  Value transpose(Value value, bool toLast) {
    const auto type = typeOf(value);
    const mlir::Location location = value.getLoc();
    const auto given = type.getShape();
    const llvm::SmallVector<int64_t> shape =
        toLast ? channelsLast(given) : llvm::SmallVector<int64_t>{given[0], given[3], given[1], given[2]};
    const size_t rows = toLast ? 2 : 1;
    if (given[rows] == 1 && given[rows + 1] == 1) {
      // One pixel: nothing moves.
      const llvm::SmallVector<mlir::ReassociationIndices> groups = {{0}, {1, 2, 3}};
      const Value flat = rewriter_.create<tensor::CollapseShapeOp>(location, value, groups);
      return rewriter_.create<tensor::ExpandShapeOp>(location, type.clone(shape), flat, groups);
    }
    static constexpr int64_t kChannelsFirst[] = {0, 3, 1, 2};
    return makeTransposed(rewriter_, location, value,
                          toLast ? llvm::ArrayRef(kChannelsLast) : llvm::ArrayRef(kChannelsFirst));
  }

  Value write(mlir::Operation *op) {
    if (auto generic = mlir::dyn_cast<mlir::linalg::GenericOp>(op))
      return write(generic);
    const mlir::Location location = op->getLoc();
    const bool isLast = chosen_.contains(op->getResult(0));
    const auto order = [&](llvm::SmallVector<mlir::OpFoldResult> values) {
      return isLast ? channelsLast(llvm::ArrayRef<mlir::OpFoldResult>(values)) : values;
    };
    if (auto empty = mlir::dyn_cast<tensor::EmptyOp>(op))
      return rewriter_.create<tensor::EmptyOp>(location, resultType(op).getShape(),
                                               empty.getType().getElementType());
    if (auto fill = mlir::dyn_cast<mlir::linalg::FillOp>(op))
      return rewriter_.create<mlir::linalg::FillOp>(location, fill.getInputs()[0], get(fill.getOutputs()[0]))
          .getResult(0);
    if (auto pad = mlir::dyn_cast<tensor::PadOp>(op))
      return rewriter_.create<tensor::PadOp>(location, resultType(op), get(pad.getSource()),
                                             order(pad.getMixedLowPad()), order(pad.getMixedHighPad()),
                                             pad.getConstantPaddingValue());
    if (auto slice = mlir::dyn_cast<tensor::ExtractSliceOp>(op))
      return rewriter_.create<tensor::ExtractSliceOp>(
          location, resultType(op), get(slice.getSource()), order(slice.getMixedOffsets()),
          order(slice.getMixedSizes()), order(slice.getMixedStrides()));
    auto slice = mlir::cast<tensor::InsertSliceOp>(op);
    return rewriter_.create<tensor::InsertSliceOp>(
        location, last(slice.getSource()), last(slice.getDest()), order(slice.getMixedOffsets()),
        order(slice.getMixedSizes()), order(slice.getMixedStrides()));
  }

  /// With channels last, also of a constant, which was not chosen.
  Value last(Value value) {
    if (chosen_.contains(value))
      return relaid_.lookup(value);
    mlir::SplatElementsAttr same;
    if (!mlir::matchPattern(value, mlir::m_Constant(&same)))
      return transpose(value, /*toLast=*/true);
    const auto type = typeOf(value);
    return rewriter_.create<mlir::arith::ConstantOp>(
        value.getLoc(), same.resizeSplat(type.clone(channelsLast(type.getShape()))));
  }

  Value write(mlir::linalg::GenericOp op) {
    const Relaid relaid =
        relay(op, [&](mlir::OpOperand &operand) { return chosen_.contains(operand.get()); });
    llvm::SmallVector<Value> inputs;
    for (const Value input : op.getDpsInputs())
      inputs.push_back(get(input));
    auto made = rewriter_.create<mlir::linalg::GenericOp>(op.getLoc(), resultType(op), inputs,
                                                          get(op.getDpsInits()[0]), relaid.maps,
                                                          op.getIteratorTypesArray());
    rewriter_.cloneRegionBefore(op.getRegion(), made.getRegion(), made.getRegion().begin());
    mlir::FailureOr<mlir::linalg::GenericOp> ordered =
        mlir::linalg::interchangeGenericOp(rewriter_, made, relaid.loops);
    return ordered->getResult(0);
  }

  mlir::func::FuncOp function_;
  mlir::IRRewriter rewriter_;
  llvm::DenseSet<Value> chosen_;
  llvm::DenseMap<Value, Value> relaid_; ///< with channels last, of what was chosen
  llvm::DenseMap<Value, Value> first_;  ///< and back, where something needs it
};

class ChannelsLastPass : public mlir::PassWrapper<ChannelsLastPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChannelsLastPass)
  explicit ChannelsLastPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-channels-last"; }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<mlir::func::FuncOp>()) {
      if (function.isExternal())
        continue;
      auto chosen = chooseChannelsLast(function, target_);
      if (!chosen.empty())
        Relayer(function, std::move(chosen)).run();
    }
  }

private:
  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createChannelsLastPass(const CpuTarget &target) {
  return std::make_unique<ChannelsLastPass>(target);
}

} // namespace tessera::compiler::cpu
