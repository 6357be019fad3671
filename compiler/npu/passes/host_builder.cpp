#include "passes/host_builder.h"

namespace tessera::compiler::npu {

namespace LLVM = mlir::LLVM;

HostBuilder::HostBuilder(mlir::ModuleOp module)
    : module_(module), builder_(module.getContext()), loc_(mlir::UnknownLoc::get(module.getContext())),
      ptr_(LLVM::LLVMPointerType::get(module.getContext())),
      i32_(mlir::IntegerType::get(module.getContext(), 32)) {}

LLVM::LLVMFuncOp HostBuilder::begin(const std::string &name, llvm::ArrayRef<mlir::Type> arguments) {
  builder_.setInsertionPointToEnd(module_.getBody());
  auto type = LLVM::LLVMFunctionType::get(i32_, arguments);
  // A caller may have declared it already.
  if (auto declared = module_.lookupSymbol<LLVM::LLVMFuncOp>(name))
    function_ = declared;
  else
    function_ = builder_.create<LLVM::LLVMFuncOp>(loc_, name, type);
  builder_.setInsertionPointToEnd(function_.addEntryBlock(builder_));
  constants_.clear();
  return function_;
}

void HostBuilder::finish(mlir::Value status) {
  mlir::Value result = status ? status : constant(0);
  builder_.create<LLVM::ReturnOp>(loc_, result);
}

mlir::Value HostBuilder::constant(int64_t value) {
  auto [entry, fresh] = constants_.try_emplace(value);
  if (fresh) {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(&function_.getBody().front());
    entry->second = builder_.create<LLVM::ConstantOp>(loc_, i32_, builder_.getI32IntegerAttr(int32_t(value)));
  }
  return entry->second;
}

mlir::Value HostBuilder::slot(mlir::Type type) {
  mlir::Value one = constant(1);
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointAfterValue(one);
  mlir::Value address = builder_.create<LLVM::AllocaOp>(loc_, ptr_, type, one);
  mlir::Value zero = builder_.create<LLVM::ZeroOp>(loc_, type);
  builder_.create<LLVM::StoreOp>(loc_, zero, address);
  return address;
}

mlir::Value HostBuilder::null() { return builder_.create<LLVM::ZeroOp>(loc_, ptr_); }

mlir::Value HostBuilder::load(mlir::Type type, mlir::Value address) {
  return builder_.create<LLVM::LoadOp>(loc_, type, address);
}

mlir::Value HostBuilder::loadPointer(mlir::Value array, size_t index) {
  mlir::Value address =
      builder_.create<LLVM::GEPOp>(loc_, ptr_, ptr_, array, llvm::ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return load(ptr_, address);
}

mlir::Value HostBuilder::word(mlir::Value array, size_t index) {
  return builder_.create<LLVM::GEPOp>(loc_, ptr_, i32_, array, llvm::ArrayRef<LLVM::GEPArg>{int32_t(index)});
}

mlir::Value HostBuilder::pointerArray(const std::vector<mlir::Value> &pointers) {
  auto type = LLVM::LLVMArrayType::get(ptr_, std::max<size_t>(1, pointers.size()));
  mlir::Value array = slot(type);
  for (size_t i = 0; i < pointers.size(); ++i) {
    mlir::Value address =
        builder_.create<LLVM::GEPOp>(loc_, ptr_, ptr_, array, llvm::ArrayRef<LLVM::GEPArg>{int32_t(i)});
    builder_.create<LLVM::StoreOp>(loc_, pointers[i], address);
  }
  return array;
}

mlir::Value HostBuilder::buffer(const std::string &name, uint64_t bytes) {
  auto type = LLVM::LLVMArrayType::get(mlir::IntegerType::get(module_.getContext(), 8), bytes);
  LLVM::GlobalOp global;
  {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(module_.getBody());
    global = builder_.create<LLVM::GlobalOp>(loc_, type, /*isConstant=*/false, LLVM::Linkage::Internal, name,
                                             mlir::Attribute(), 64);
    builder_.createBlock(&global.getInitializerRegion());
    mlir::Value zero = builder_.create<LLVM::ZeroOp>(loc_, type);
    builder_.create<LLVM::ReturnOp>(loc_, zero);
  }
  return builder_.create<LLVM::AddressOfOp>(loc_, global);
}

mlir::Value HostBuilder::wordArray(const std::string &name, const std::vector<int32_t> &words) {
  auto type = LLVM::LLVMArrayType::get(i32_, words.size());
  LLVM::GlobalOp global;
  {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(module_.getBody());
    auto tensor = mlir::RankedTensorType::get({int64_t(words.size())}, i32_);
    global =
        builder_.create<LLVM::GlobalOp>(loc_, type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                                        mlir::DenseElementsAttr::get(tensor, llvm::ArrayRef<int32_t>(words)));
  }
  return builder_.create<LLVM::AddressOfOp>(loc_, global);
}

mlir::Value HostBuilder::text(const std::string &name, const std::string &value) {
  const std::string bytes = value + '\0';
  auto type = LLVM::LLVMArrayType::get(mlir::IntegerType::get(module_.getContext(), 8), bytes.size());
  LLVM::GlobalOp global;
  {
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(module_.getBody());
    global = builder_.create<LLVM::GlobalOp>(loc_, type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                                             builder_.getStringAttr(bytes));
  }
  return builder_.create<LLVM::AddressOfOp>(loc_, global);
}

void HostBuilder::copy(mlir::Value to, mlir::Value from, uint64_t bytes) {
  mlir::Value size = builder_.create<LLVM::ConstantOp>(loc_, builder_.getI64Type(),
                                                       builder_.getI64IntegerAttr(int64_t(bytes)));
  builder_.create<LLVM::MemcpyOp>(loc_, to, from, size, /*isVolatile=*/false);
}

void HostBuilder::declare(const std::string &name, const std::vector<mlir::Value> &arguments, bool returns) {
  if (module_.lookupSymbol(name))
    return;
  mlir::OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(module_.getBody());
  std::vector<mlir::Type> types;
  for (mlir::Value argument : arguments)
    types.push_back(argument.getType());
  mlir::Type result = returns ? i32_ : mlir::Type(LLVM::LLVMVoidType::get(module_.getContext()));
  builder_.create<LLVM::LLVMFuncOp>(loc_, name, LLVM::LLVMFunctionType::get(result, types));
}

mlir::Value HostBuilder::call(const std::string &callee, const std::vector<mlir::Value> &arguments) {
  declare(callee, arguments, true);
  return builder_.create<LLVM::CallOp>(loc_, i32_, callee, arguments).getResult();
}

void HostBuilder::callVoid(const std::string &callee, const std::vector<mlir::Value> &arguments) {
  declare(callee, arguments, false);
  builder_.create<LLVM::CallOp>(loc_, mlir::TypeRange{}, callee, arguments);
}

void HostBuilder::callOrReturn(const std::string &callee, const std::vector<mlir::Value> &arguments) {
  mlir::Value status = call(callee, arguments), zero = constant(0);
  mlir::Value failed = builder_.create<LLVM::ICmpOp>(loc_, LLVM::ICmpPredicate::ne, status, zero);
  mlir::Block *here = builder_.getInsertionBlock();
  mlir::Block *rest = here->splitBlock(builder_.getInsertionPoint());
  mlir::Block *leave = builder_.createBlock(rest);
  builder_.create<LLVM::ReturnOp>(loc_, status);
  builder_.setInsertionPointToEnd(here);
  builder_.create<LLVM::CondBrOp>(loc_, failed, leave, rest);
  builder_.setInsertionPointToStart(rest);
}

void HostBuilder::ifNotZero(mlir::Value condition, const std::function<void()> &body) {
  mlir::Value zero = constant(0);
  mlir::Value yes = builder_.create<LLVM::ICmpOp>(loc_, LLVM::ICmpPredicate::ne, condition, zero);
  mlir::Block *here = builder_.getInsertionBlock();
  mlir::Block *rest = here->splitBlock(builder_.getInsertionPoint());
  mlir::Block *inside = builder_.createBlock(rest);
  builder_.setInsertionPointToEnd(here);
  builder_.create<LLVM::CondBrOp>(loc_, yes, inside, rest);
  builder_.setInsertionPointToStart(inside);
  body();
  builder_.create<LLVM::BrOp>(loc_, rest);
  builder_.setInsertionPointToStart(rest);
}

} // namespace tessera::compiler::npu
