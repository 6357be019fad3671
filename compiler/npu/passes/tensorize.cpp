// Tensorizing. Makes the commands of each NPU segment: loads and stores of the tiles, and for each tile the tensor instruction whose
// lanes fit the layer's loops (core/tensor_instructions.h). They stand in `@npu_record_K`, in plain program order; the segment
// keeps its signature and loses its body. `npu.marks` of the module says which mark ends which layer of the model file. Refuses a layer
// without tiling or places, and one that no instruction computes.
#include "core/chain.h"
#include "core/region.h"
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace tessera::compiler::npu {
namespace {

class TensorizePass : public mlir::PassWrapper<TensorizePass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TensorizePass)
  explicit TensorizePass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-tensorize"; }
  llvm::StringRef getDescription() const final {
    return "make commands of layers with the machine's tensor instructions";
  }

  void runOnOperation() final {
    std::vector<mlir::Attribute> marks;
    for (auto function : llvm::to_vector(getOperation().getOps<mlir::func::FuncOp>()))
      if (auto segment = function->getAttrOfType<mlir::IntegerAttr>("npu.segment"))
        if (mlir::failed(record(function, segment.getInt(), marks)))
          return signalPassFailure();
    getOperation()->setAttr("npu.marks", mlir::ArrayAttr::get(&getContext(), marks));
  }

private:
  mlir::LogicalResult record(mlir::func::FuncOp function, int64_t segment,
                             std::vector<mlir::Attribute> &marks) {
    mlir::OpBuilder builder(function);
    auto recorded = builder.create<mlir::func::FuncOp>(
        function.getLoc(), "npu_record_" + std::to_string(segment), builder.getFunctionType({}, {}));
    recorded.setPrivate();
    builder.setInsertionPointToEnd(recorded.addEntryBlock());
    std::vector<Layer> layers;
    std::vector<LayerPlan> plans;
    uint32_t mark = 0; // so many groups of layers have begun
    for (mlir::Operation &op : function.getBody().front()) {
      if (!isLayer(&op))
        continue;
      std::optional<LayerPlan> plan = planOf(&op);
      if (!op.hasAttr("places") || !plan)
        return op.emitError("has no place or no tiling");
      layers.push_back(layerOf(&op));
      if (std::string why = refusal(*target_, layers.back()); !why.empty())
        return op.emitError("cannot run on the npu: ") << why;
      const LayerPlan *before = plans.empty() ? nullptr : &plans.back();
      bool paired = before && before->share && !before->joins; // it waits to be joined
      bool chains = before && before->chained && plan->chained && plan->joins;
      if (plan->joins != (paired || chains) ||
          (paired && !fitTogether(*target_, *before->share, plan->share)) ||
          (plan->chained && (plan->share || paired)))
        return op.emitError("does not join the layer before it with a share of its own");
      if (chains && !canChain(*target_, layers[layers.size() - 2], layers.back()))
        return op.emitError("cannot be chained to the layer before it");
      mark += !plan->joins;
      if (mark <= target_->marks())
        for (int64_t index : op.getAttrOfType<mlir::DenseI64ArrayAttr>("layers").asArrayRef().take_front(1))
          marks.push_back(builder.getDenseI64ArrayAttr({index, segment, mark - 1}));
      plans.push_back(*plan);
    }
    if (!plans.empty() && plans.back().share && !plans.back().joins)
      return function.emitError("ends with a layer that waits to be joined");
    for (const Command &command : emitRegion(*target_, layers, plans))
      buildCommand(builder, function.getLoc(), command);
    builder.create<mlir::func::ReturnOp>(function.getLoc());
    function.eraseBody();
    return mlir::success();
  }

  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createTensorizePass(const Target *target) {
  return std::make_unique<TensorizePass>(target);
}

} // namespace tessera::compiler::npu
