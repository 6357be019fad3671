// Proof of order. Replays the dependency flags in `@npu_record_K` and refuses the module where two commands that touch the same memory are not
// ordered by tokens, where a token is taken that nobody gave, or given and never taken. Changes nothing.
#include "core/order.h"
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class CheckOrderPass : public mlir::PassWrapper<CheckOrderPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckOrderPass)
  explicit CheckOrderPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-check-order"; }
  llvm::StringRef getDescription() const final { return "prove that every hazard is ordered"; }

  void runOnOperation() final {
    if (!getOperation().getName().starts_with("npu_record_") || getOperation().isExternal())
      return;
    mlir::Block &body = getOperation().getBody().front();
    if (auto proof = checkOrder(*target_, readCommands(body)); !proof) {
      getOperation().emitError(proof.error().message);
      signalPassFailure();
    }
  }

private:
  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createCheckOrderPass(const Target *target) {
  return std::make_unique<CheckOrderPass>(target);
}

} // namespace tessera::compiler::npu
