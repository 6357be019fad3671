#include "cpu/runtime_calls.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/StringSwitch.h"

namespace tessera::compiler::cpu {

namespace {

void declare(mlir::ModuleOp module, llvm::StringRef name, mlir::TypeRange arguments,
             mlir::TypeRange results) {
  if (module.lookupSymbol(name))
    return;
  mlir::OpBuilder builder(module.getBody(), module.getBody()->begin());
  builder.create<mlir::func::FuncOp>(module.getLoc(), name, builder.getFunctionType(arguments, results))
      .setPrivate();
}

mlir::Type pointerType(mlir::ModuleOp module) {
  return mlir::LLVM::LLVMPointerType::get(module.getContext());
}

/// Calls a C function that takes pointers and gives nothing.
void callWithPointers(mlir::OpBuilder &builder, mlir::Location location, mlir::ModuleOp module,
                      llvm::StringRef name, mlir::ValueRange pointers) {
  auto function = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>(name);
  if (!function) {
    mlir::OpBuilder outside(module.getBody(), module.getBody()->begin());
    const llvm::SmallVector<mlir::Type> types(pointers.size(), pointerType(module));
    function = outside.create<mlir::LLVM::LLVMFuncOp>(
        module.getLoc(), name,
        mlir::LLVM::LLVMFunctionType::get(mlir::LLVM::LLVMVoidType::get(module.getContext()), types));
  }
  builder.create<mlir::LLVM::CallOp>(location, function, pointers);
}

/// A text that C code can read.
mlir::LLVM::GlobalOp textGlobal(mlir::Location location, mlir::ModuleOp module, const llvm::Twine &name,
                                llvm::StringRef words) {
  mlir::OpBuilder outside(module.getBody(), module.getBody()->begin());
  const std::string text = words.str() + '\0';
  return outside.create<mlir::LLVM::GlobalOp>(
      location, mlir::LLVM::LLVMArrayType::get(outside.getI8Type(), static_cast<unsigned>(text.size())), true,
      mlir::LLVM::Linkage::Internal, name.str(), outside.getStringAttr(text));
}

/// What the C library calls it in float64; empty for what LLVM does itself.
llvm::StringRef libraryName(mlir::Operation *op) {
  return llvm::StringSwitch<llvm::StringRef>(op->getName().getStringRef())
      .Case("math.acos", "acos")
      .Case("math.acosh", "acosh")
      .Case("math.asin", "asin")
      .Case("math.asinh", "asinh")
      .Case("math.atan", "atan")
      .Case("math.atanh", "atanh")
      .Case("math.cosh", "cosh")
      .Case("math.erf", "erf")
      .Case("math.expm1", "expm1")
      .Case("math.log1p", "log1p")
      .Case("math.sinh", "sinh")
      .Case("math.tan", "tan")
      .Case("math.tanh", "tanh")
      .Default("");
}

} // namespace

void callWithText(mlir::OpBuilder &builder, mlir::Location location, mlir::ModuleOp module,
                  llvm::StringRef name, llvm::StringRef global, llvm::StringRef text) {
  const mlir::LLVM::GlobalOp words = textGlobal(location, module, global, text);
  const mlir::Value address = builder.create<mlir::LLVM::AddressOfOp>(location, words);
  callWithPointers(builder, location, module, name, address);
}

void assertsToCalls(mlir::ModuleOp module) {
  llvm::SmallVector<mlir::cf::AssertOp> asserts;
  module.walk([&](mlir::cf::AssertOp op) { asserts.push_back(op); });
  llvm::StringMap<mlir::LLVM::GlobalOp> messages;
  for (mlir::cf::AssertOp op : asserts) {
    const mlir::Location location = op.getLoc();
    mlir::OpBuilder builder(op);
    mlir::LLVM::GlobalOp &message = messages[op.getMsg()];
    if (!message)
      message = textGlobal(location, module, "message_" + std::to_string(messages.size()), op.getMsg());
    const mlir::Value yes = builder.create<mlir::arith::ConstantIntOp>(location, 1, 1);
    const mlir::Value fails = builder.create<mlir::arith::XOrIOp>(location, op.getArg(), yes);
    auto branch = builder.create<mlir::scf::IfOp>(location, fails);
    builder.setInsertionPoint(branch.thenBlock()->getTerminator());
    const mlir::Value address = builder.create<mlir::LLVM::AddressOfOp>(location, message);
    callWithPointers(builder, location, module, "tsr_host_fail", address);
    op.erase();
  }
}

void kernelsToPointers(mlir::ModuleOp module) {
  llvm::SmallVector<mlir::func::CallOp> calls;
  module.walk([&](mlir::func::CallOp call) {
    if (call.getCallee().starts_with("tsr_kernel_"))
      calls.push_back(call);
  });
  for (mlir::func::CallOp call : calls) {
    mlir::OpBuilder builder(call);
    const mlir::Location location = call.getLoc();
    const mlir::Type word = builder.getI64Type(), pointer = pointerType(module);
    llvm::SmallVector<mlir::Value> pointers;
    for (mlir::Value buffer : call.getOperands()) {
      const mlir::Value address =
          builder.create<mlir::memref::ExtractAlignedPointerAsIndexOp>(location, buffer);
      const mlir::Value number = builder.create<mlir::arith::IndexCastOp>(location, word, address);
      pointers.push_back(builder.create<mlir::LLVM::IntToPtrOp>(location, pointer, number));
    }
    const llvm::StringRef kernel = call.getCallee().rsplit('.').first;
    callWithPointers(builder, location, module, kernel, pointers);
    if (mlir::Operation *declaration = module.lookupSymbol(call.getCallee()))
      declaration->erase();
    call.erase();
  }
}

void mathToCalls(mlir::ModuleOp module) {
  llvm::SmallVector<mlir::Operation *> functions;
  module.walk([&](mlir::Operation *op) {
    if (!libraryName(op).empty())
      functions.push_back(op);
  });
  for (mlir::Operation *op : functions) {
    const mlir::Type type = op->getResult(0).getType();
    const std::string name = libraryName(op).str() + (type.isF32() ? "f" : "");
    declare(module, name, type, type);
    mlir::OpBuilder builder(op);
    auto call = builder.create<mlir::func::CallOp>(op->getLoc(), name, type, op->getOperands());
    op->replaceAllUsesWith(call);
    op->erase();
  }
}

} // namespace tessera::compiler::cpu
