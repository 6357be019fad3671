/// The custom operation kernel: a call of a C function of compiler/host/kernels.h with the operands' data, then the results'.
///
/// The call takes memrefs until buffers have their places, so that the arena knows who lives until it; kernelsToPointers() makes
/// pointers of them then.

#include "cpu/patterns.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace tessera::compiler::cpu {

namespace {

mlir::MemRefType bufferOf(mlir::Value tensor) {
  const auto type = mlir::cast<mlir::RankedTensorType>(tensor.getType());
  return mlir::MemRefType::get(type.getShape(), type.getElementType());
}

struct KernelPattern : mlir::OpRewritePattern<mlir::tosa::CustomOp> {
  using OpRewritePattern::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(mlir::tosa::CustomOp op,
                                      mlir::PatternRewriter &rewriter) const override {
    if (op.getDomainName() != "tessera" || op.getOperatorName() != "kernel")
      return mlir::failure();
    const mlir::Location location = op.getLoc();
    llvm::SmallVector<mlir::Value> buffers, results;
    llvm::SmallVector<mlir::Type> types;
    for (mlir::Value operand : op.getInputs())
      buffers.push_back(rewriter.create<mlir::bufferization::ToMemrefOp>(location, bufferOf(operand), operand,
                                                                         /*readOnly=*/true));
    for (mlir::Value result : op.getResults())
      buffers.push_back(rewriter.create<mlir::memref::AllocOp>(location, bufferOf(result)));
    for (mlir::Value buffer : buffers)
      types.push_back(buffer.getType());
    const std::string name =
        declare(op->getParentOfType<mlir::ModuleOp>(), op.getImplementationAttrs(), types, rewriter);
    rewriter.create<mlir::func::CallOp>(location, name, mlir::TypeRange{}, buffers);
    for (auto [i, result] : llvm::enumerate(op.getResults()))
      results.push_back(rewriter.create<mlir::bufferization::ToTensorOp>(
          location, result.getType(), buffers[op.getInputs().size() + i], /*restrict=*/true,
          /*writable=*/true));
    rewriter.replaceOp(op, results);
    return mlir::success();
  }

private:
  /// One declaration a call: two calls may have other shapes. What stands behind the last dot goes with the memrefs.
  static std::string declare(mlir::ModuleOp module, llvm::StringRef kernel, mlir::TypeRange types,
                             mlir::PatternRewriter &rewriter) {
    std::string name;
    for (unsigned i = 0; name.empty() || module.lookupSymbol(name); ++i)
      name = (kernel + "." + llvm::Twine(i)).str();
    mlir::OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(module.getBody());
    rewriter.create<mlir::func::FuncOp>(module.getLoc(), name, rewriter.getFunctionType(types, {}))
        .setPrivate();
    return name;
  }
};

} // namespace

void populateKernelPattern(mlir::RewritePatternSet &patterns) {
  patterns.add<KernelPattern>(patterns.getContext());
}

} // namespace tessera::compiler::cpu
