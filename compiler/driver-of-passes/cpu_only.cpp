#include "driver-of-passes/cpu_only.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace tessera::compiler {

void placeAllOnCpu(mlir::ModuleOp module) {
  mlir::MLIRContext *context = module.getContext();
  context->loadDialect<mlir::LLVM::LLVMDialect>();
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  main.setName("cpu_body_0");
  main.setPrivate();

  mlir::OpBuilder builder(context);
  builder.setInsertionPointToEnd(module.getBody());
  const mlir::Location location = module.getLoc();
  const mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(context);
  const mlir::Type status = builder.getI32Type();
  auto segment = builder.create<mlir::LLVM::LLVMFuncOp>(
      location, "cpu_segment_0",
      mlir::LLVM::LLVMFunctionType::get(mlir::LLVM::LLVMVoidType::get(context), {pointer, pointer}));
  auto entry = builder.create<mlir::LLVM::LLVMFuncOp>(
      location, "tessera_main", mlir::LLVM::LLVMFunctionType::get(status, {pointer, pointer, pointer}));
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  builder.create<mlir::LLVM::CallOp>(location, segment,
                                     mlir::ValueRange{entry.getArgument(1), entry.getArgument(2)});
  const mlir::Value ok = builder.create<mlir::LLVM::ConstantOp>(location, status, builder.getI32IntegerAttr(0));
  builder.create<mlir::LLVM::ReturnOp>(location, mlir::ValueRange{ok});
}

} // namespace tessera::compiler
