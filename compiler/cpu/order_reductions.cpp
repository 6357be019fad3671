// Reductions right before their readers. A reduction whose sums one element-wise operation alone reads is put right before that: what else that reads (the other branch of a sum) comes
// first, and the sums can stay in registers (lastReadAfter, nest_of.h). Of several that one operation reads the longest comes last. Every other operation stays where it is.
#include "cpu/passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <map>

namespace tessera::compiler::cpu {

namespace {

double stepsOf(mlir::linalg::LinalgOp op) {
  double steps = 1;
  for (const int64_t extent : op.getStaticLoopRanges())
    steps *= static_cast<double>(extent);
  return steps;
}

void moveToReader(mlir::linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op->getNumResults() != 1 || !op->hasOneUse())
    return;
  auto reader = mlir::dyn_cast<mlir::linalg::GenericOp>(*op->user_begin());
  if (reader && reader->getBlock() == op->getBlock() && reader.getNumReductionLoops() == 0)
    op->moveBefore(reader);
}

struct OrderReductionsPass : mlir::PassWrapper<OrderReductionsPass, mlir::OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OrderReductionsPass)
  llvm::StringRef getArgument() const override { return "cpu-order-reductions"; }

  void runOnOperation() override {
    std::multimap<double, mlir::linalg::LinalgOp> bySteps;
    getOperation()->walk([&](mlir::linalg::LinalgOp op) { bySteps.emplace(stepsOf(op), op); });
    for (const auto &[steps, op] : bySteps)
      moveToReader(op);
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createOrderReductionsPass() { return std::make_unique<OrderReductionsPass>(); }

} // namespace tessera::compiler::cpu
