#include "cpu/whole.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <nlohmann/json.hpp>

namespace tessera::compiler::cpu {

std::string placeWholeOnCpu(mlir::ModuleOp module, const std::string &why) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  main.setName("cpu_body_0");
  main.setPrivate();
  module.getContext()->loadDialect<mlir::LLVM::LLVMDialect>();
  mlir::OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  const mlir::Location location = module.getLoc();
  const mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(module.getContext());
  const auto segmentType = mlir::LLVM::LLVMFunctionType::get(
      mlir::LLVM::LLVMVoidType::get(module.getContext()), {pointer, pointer});
  auto segment = builder.create<mlir::LLVM::LLVMFuncOp>(location, "cpu_segment_0", segmentType);
  auto entry = builder.create<mlir::LLVM::LLVMFuncOp>(
      location, "tessera_main",
      mlir::LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer, pointer, pointer}));
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  builder.create<mlir::LLVM::CallOp>(location, segment,
                                     mlir::ValueRange{entry.getArgument(1), entry.getArgument(2)});
  const mlir::Value ok =
      builder.create<mlir::LLVM::ConstantOp>(location, builder.getI32Type(), builder.getI32IntegerAttr(0));
  builder.create<mlir::LLVM::ReturnOp>(location, ok);

  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  if (auto entries = module->getAttrOfType<mlir::ArrayAttr>("tessera.layers"))
    for (auto layer : entries.getAsRange<mlir::DictionaryAttr>())
      layers.push_back({{"name", layer.getAs<mlir::StringAttr>("name").str()},
                        {"op", layer.getAs<mlir::StringAttr>("op").str()},
                        {"macs", layer.getAs<mlir::IntegerAttr>("macs").getInt()},
                        {"where", "cpu"},
                        {"why", why}});
  nlohmann::ordered_json metadata{{"segments", 0}, {"arena_bytes", 0}};
  const auto isDynamic = [](mlir::Type type) { return !mlir::cast<mlir::ShapedType>(type).hasStaticShape(); };
  if (llvm::any_of(main.getArgumentTypes(), isDynamic) || llvm::any_of(main.getResultTypes(), isDynamic))
    metadata["dynamic"] = true;
  metadata["layers"] = std::move(layers);
  return metadata.dump();
}

} // namespace tessera::compiler::cpu
