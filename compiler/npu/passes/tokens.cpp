// Tokens. Sets the dependency flags of the commands in `@npu_record_K`, the fewest that order all hazards between load, compute and store, and
// inserts npu.sync where load and store must meet (core/order.h). Flags that were there before are replaced. Refuses nothing.
#include "core/order.h"
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class TokenPass : public mlir::PassWrapper<TokenPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TokenPass)
  explicit TokenPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-tokens"; }
  llvm::StringRef getDescription() const final { return "set the dependency flags"; }

  void runOnOperation() final {
    if (!getOperation().getName().starts_with("npu_record_") || getOperation().isExternal())
      return;
    mlir::Block &body = getOperation().getBody().front();
    replaceCommands(body, placeTokens(*target_, readCommands(body)));
  }

private:
  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createTokenPass(const Target *target) {
  return std::make_unique<TokenPass>(target);
}

} // namespace tessera::compiler::npu
