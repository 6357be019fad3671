// Tiling. Gives each layer of an NPU segment the attribute `tiling` (core/tiling.h says what its five numbers mean): the cheapest
// cut that fits the machine's on-chip memories. Where that is cheaper, two neighbours share the memories and are interleaved (`share`, `joins`;
// core/plan.h). Refuses a layer that fits in no way, with the memory that is too small.
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class TilePass : public mlir::PassWrapper<TilePass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TilePass)
  explicit TilePass(const Target *target) : target_(target) {}
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
    for (size_t i = 0; i < ops.size(); ++i)
      setPlan(ops[i], (*plans)[i]);
  }

private:
  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createTilePass(const Target *target) {
  return std::make_unique<TilePass>(target);
}

} // namespace tessera::compiler::npu
