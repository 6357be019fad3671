// Tiling. Gives each layer of an NPU segment the attribute `tiling` (core/tiling.h says what its five numbers mean): the cheapest
// cut that fits the machine's on-chip memories. Where that is cheaper, two neighbours share the memories and are interleaved (`share`, `joins`;
// core/plan.h). Plans that were found by measuring take the place of the usual ones (core/task.h). Refuses a layer that fits in no way, with the memory that is too small.
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class TilePass : public mlir::PassWrapper<TilePass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TilePass)
  TilePass(const Target *target, const Tuning *tuning) : target_(target), tuning_(tuning) {}
  llvm::StringRef getArgument() const final { return "npu-tile"; }
  llvm::StringRef getDescription() const final { return "cut layers to the on-chip memories"; }

  void runOnOperation() final {
    std::vector<mlir::Operation *> ops;
    std::vector<Layer> layers;
    getOperation().walk([&](mlir::Operation *op) {
      if (!isLayer(op))
        return;
      ops.push_back(op);
      layers.push_back(layerOf(op));
    });
    auto plans = planLayers(*target_, layers);
    if (!plans) {
      getOperation().emitError(plans.error().message);
      return signalPassFailure();
    }
    const std::vector<LayerPlan> tuned = tunedPlans(*target_, layers, std::move(*plans), *tuning_);
    for (size_t i = 0; i < ops.size(); ++i)
      setPlan(ops[i], tuned[i]);
  }

private:
  const Target *target_;
  const Tuning *tuning_;
};

} // namespace

std::unique_ptr<mlir::Pass> createTilePass(const Target *target, const Tuning *tuning) {
  return std::make_unique<TilePass>(target, tuning);
}

} // namespace tessera::compiler::npu
