// Constants without subnormal numbers. Trained networks hold filters that decayed to 1e-40, and a processor takes some hundred cycles for a product with a number below 2^-126: a vector of
// filters, one of them so, is as slow. In tensors of float32 constants such numbers become 0, which no result can tell at its own precision. What stays: scalars and tensors of one value
// (bounds, epsilons), other types.
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

namespace tessera::compiler::cpu {

namespace {

class FlushConstantsPass : public mlir::PassWrapper<FlushConstantsPass, mlir::OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FlushConstantsPass)
  llvm::StringRef getArgument() const override { return "cpu-flush-constants"; }

  void runOnOperation() override {
    getOperation()->walk([](mlir::arith::ConstantOp op) {
      const auto values = mlir::dyn_cast<mlir::DenseFPElementsAttr>(op.getValue());
      if (!values || values.isSplat() || !values.getElementType().isF32())
        return;
      const llvm::ArrayRef<char> bytes = values.getRawData();
      llvm::ArrayRef<float> numbers(reinterpret_cast<const float *>(bytes.data()),
                                    bytes.size() / sizeof(float));
      const auto isSubnormal = [](float number) { return std::fpclassify(number) == FP_SUBNORMAL; };
      if (llvm::none_of(numbers, isSubnormal))
        return;
      llvm::SmallVector<float> flushed(numbers);
      for (float &number : flushed)
        if (isSubnormal(number))
          number = 0;
      op.setValueAttr(
          mlir::DenseElementsAttr::get(mlir::cast<mlir::ShapedType>(op.getType()), llvm::ArrayRef(flushed)));
    });
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFlushConstantsPass() { return std::make_unique<FlushConstantsPass>(); }

} // namespace tessera::compiler::cpu
