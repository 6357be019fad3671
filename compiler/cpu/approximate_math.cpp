// Exponentials without calls. exp, tanh and erf of float32 become MLIR's polynomials (a few units in the last place), which are plain arithmetic: the
// loop around them can be vectorised, and activations of whole tensors no longer call the C library once an element. Where the processor cannot round vectors to even (32-bit
// ARM before version 8) their rounding becomes exact arithmetic on bits. Other functions and float64 stay what they are (runtime_calls.h makes calls of them).
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tessera::compiler::cpu {

namespace {

struct ApproximateMathPass : mlir::PassWrapper<ApproximateMathPass, mlir::OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ApproximateMathPass)
  explicit ApproximateMathPass(const CpuTarget &target) : roundsVectors_(target.roundsVectors) {}

  llvm::StringRef getArgument() const override { return "cpu-approximate-math"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::arith::ArithDialect, mlir::math::MathDialect, mlir::vector::VectorDialect>();
  }

  void runOnOperation() override {
    llvm::SmallVector<mlir::Operation *> functions, roundings;
    getOperation()->walk([&](mlir::Operation *op) {
      if (mlir::isa<mlir::math::ExpOp, mlir::math::TanhOp, mlir::math::ErfOp>(op) &&
          mlir::getElementTypeOrSelf(op->getResult(0).getType()).isF32())
        functions.push_back(op);
      if (mlir::isa<mlir::math::RoundEvenOp>(op) && mlir::isa<mlir::VectorType>(op->getResult(0).getType()))
        roundings.push_back(op);
    });
    if (!rewrite(functions,
                 [](auto &patterns) { mlir::populateMathPolynomialApproximationPatterns(patterns); }) ||
        (!roundsVectors_ && !rewrite(roundings, mlir::populateExpandRoundEvenPattern)))
      signalPassFailure();
  }

private:
  template <typename Populate>
  bool rewrite(llvm::ArrayRef<mlir::Operation *> operations, const Populate &populate) {
    if (operations.empty())
      return true;
    mlir::RewritePatternSet patterns(&getContext());
    populate(patterns);
    mlir::GreedyRewriteConfig config;
    config.strictMode = mlir::GreedyRewriteStrictness::ExistingOps;
    return mlir::succeeded(mlir::applyOpPatternsAndFold(operations, std::move(patterns), config));
  }

  bool roundsVectors_;
};

} // namespace

std::unique_ptr<mlir::Pass> createApproximateMathPass(const CpuTarget &target) {
  return std::make_unique<ApproximateMathPass>(target);
}

} // namespace tessera::compiler::cpu
