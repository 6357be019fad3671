#include "cpu/outlined.h"

#include "cpu/nest_of.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/IRMapping.h"

namespace tessera::compiler::cpu {

mlir::func::FuncOp makeOutlined(mlir::func::FuncOp behind, mlir::Location location, const llvm::Twine &name,
                                llvm::ArrayRef<mlir::Operation *> inside,
                                llvm::ArrayRef<mlir::Operation *> moved,
                                llvm::ArrayRef<mlir::Value> arguments, mlir::Operation *place,
                                bool hasPlainPointers) {
  mlir::OpBuilder builder(behind->getContext());
  builder.setInsertionPointAfter(behind);
  auto function = builder.create<mlir::func::FuncOp>(
      location, name.str(), builder.getFunctionType(mlir::ValueRange(arguments).getTypes(), {}));
  function.setPrivate();
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    const auto sharesRoot = [&](mlir::Value other) { return rootOf(other) == rootOf(argument); };
    if (hasPlainPointers && mlir::isa<mlir::MemRefType>(argument.getType()) &&
        llvm::count_if(arguments, sharesRoot) == 1)
      function.setArgAttr(static_cast<unsigned>(i), mlir::LLVM::LLVMDialect::getNoAliasAttrName(),
                          builder.getUnitAttr());
  }
  builder.setInsertionPoint(place);
  builder.create<mlir::func::CallOp>(location, function, arguments);

  mlir::Block *block = function.addEntryBlock();
  mlir::IRMapping mapping;
  mapping.map(arguments, block->getArguments());
  builder.setInsertionPointToStart(block);
  for (mlir::Operation *op : inside)
    builder.clone(*op, mapping);
  for (mlir::Operation *op : moved)
    builder.clone(*op, mapping);
  builder.create<mlir::func::ReturnOp>(location);
  return function;
}

} // namespace tessera::compiler::cpu
