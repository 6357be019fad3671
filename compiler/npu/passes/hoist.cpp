// Hoisting. Moves loads in `@npu_record_K` up to where their data could first be fetched, across layers too (core/order.h), so that they run
// while earlier tiles compute; loads of weights then fill the time in which the load module would wait. The list still means the same when run one command after the other. Refuses nothing.
#include "core/order.h"
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class HoistPass : public mlir::PassWrapper<HoistPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(HoistPass)
  explicit HoistPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-hoist"; }
  llvm::StringRef getDescription() const final { return "move loads ahead of need"; }

  void runOnOperation() final {
    if (!getOperation().getName().starts_with("npu_record_") || getOperation().isExternal())
      return;
    mlir::Block &body = getOperation().getBody().front();
    replaceCommands(body, prefetchConstants(*target_, hoistLoads(*target_, readCommands(body))));
  }

private:
  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createHoistPass(const Target *target) {
  return std::make_unique<HoistPass>(target);
}

} // namespace tessera::compiler::npu
