#include "cpu/parts.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace tessera::compiler::cpu {

namespace {

namespace LLVM = mlir::LLVM;

/// Every argument has a word of its own.
constexpr int32_t kWordBytes = 8;

mlir::Value slotOf(mlir::OpBuilder &builder, mlir::Location location, mlir::Value words, size_t place) {
  return builder.create<LLVM::GEPOp>(location, words.getType(), builder.getI8Type(), words,
                                     llvm::ArrayRef<LLVM::GEPArg>{kWordBytes * static_cast<int32_t>(place)});
}

/// void NAME_part(ptr words, i64 part, i64 parts)
LLVM::LLVMFuncOp makePart(LLVM::LLVMFuncOp function) {
  mlir::OpBuilder builder(function);
  const mlir::Location location = function.getLoc();
  const mlir::Type word = builder.getI64Type(), pointer = LLVM::LLVMPointerType::get(builder.getContext());
  const auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), {pointer, word, word});
  auto part = builder.create<LLVM::LLVMFuncOp>(location, (function.getName() + "_part").str(), type);
  builder.setInsertionPointToStart(part.addEntryBlock(builder));
  llvm::SmallVector<mlir::Value> arguments;
  const auto types = function.getArgumentTypes();
  for (size_t i = 0; i + 2 < types.size(); ++i)
    arguments.push_back(
        builder.create<LLVM::LoadOp>(location, types[i], slotOf(builder, location, part.getArgument(0), i)));
  arguments.append({part.getArgument(1), part.getArgument(2)});
  builder.create<LLVM::CallOp>(location, function, arguments);
  builder.create<LLVM::ReturnOp>(location, mlir::ValueRange{});
  return part;
}

/// void tsr_host_parallel(i64 work, ptr function, ptr words)
LLVM::LLVMFuncOp runtimeOf(mlir::ModuleOp module) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>("tsr_host_parallel"))
    return known;
  mlir::OpBuilder builder(module.getBody(), module.getBody()->begin());
  const mlir::Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return builder.create<LLVM::LLVMFuncOp>(
      module.getLoc(), "tsr_host_parallel",
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {builder.getI64Type(), pointer, pointer}));
}

void replaceCall(LLVM::CallOp call, LLVM::LLVMFuncOp part, int64_t work, LLVM::LLVMFuncOp runtime) {
  mlir::OpBuilder builder(call);
  const mlir::Location location = call.getLoc();
  const mlir::Type word = builder.getI64Type(), pointer = LLVM::LLVMPointerType::get(builder.getContext());
  const auto arguments = call.getArgOperands().drop_back(2);
  auto function = call->getParentOfType<LLVM::LLVMFuncOp>();
  builder.setInsertionPointToStart(&function.getBody().front());
  const mlir::Value count = builder.create<LLVM::ConstantOp>(
      location, word, builder.getI64IntegerAttr(static_cast<int64_t>(arguments.size())));
  const mlir::Value words = builder.create<LLVM::AllocaOp>(location, pointer, word, count, kWordBytes);
  builder.setInsertionPoint(call);
  for (auto [i, argument] : llvm::enumerate(arguments))
    builder.create<LLVM::StoreOp>(location, argument, slotOf(builder, location, words, i));
  const mlir::Value cost = builder.create<LLVM::ConstantOp>(location, word, builder.getI64IntegerAttr(work));
  const mlir::Value address = builder.create<LLVM::AddressOfOp>(location, part);
  builder.create<LLVM::CallOp>(location, runtime, mlir::ValueRange{cost, address, words});
  call.erase();
}

} // namespace

mlir::Attribute widestVectors(mlir::Builder &builder, const CpuTarget &target) {
  const std::string bits = std::to_string(8 * target.vectorBytes);
  return builder.getStrArrayAttr({"prefer-vector-width", bits});
}

void callInParts(mlir::ModuleOp module) {
  llvm::DenseMap<mlir::StringAttr, std::pair<LLVM::LLVMFuncOp, int64_t>> parts;
  for (LLVM::LLVMFuncOp function : llvm::to_vector(module.getOps<LLVM::LLVMFuncOp>()))
    if (const auto work = function->getAttrOfType<mlir::IntegerAttr>(kWork)) {
      parts[function.getNameAttr()] = {makePart(function), work.getInt()};
      function->removeAttr(kWork);
    }
  if (parts.empty())
    return;
  const LLVM::LLVMFuncOp runtime = runtimeOf(module);
  llvm::SmallVector<LLVM::CallOp> calls;
  module.walk([&](LLVM::CallOp call) {
    const auto callee = call.getCalleeAttr();
    if (callee && parts.contains(callee.getAttr()) &&
        !call->getParentOfType<LLVM::LLVMFuncOp>().getName().ends_with("_part"))
      calls.push_back(call);
  });
  for (LLVM::CallOp call : calls) {
    const auto &[part, work] = parts[call.getCalleeAttr().getAttr()];
    replaceCall(call, part, work, runtime);
  }
}

} // namespace tessera::compiler::cpu
