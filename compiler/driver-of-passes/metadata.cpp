#include "driver-of-passes/metadata.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdio>

namespace tessera::compiler {

using nlohmann::ordered_json;

namespace {

ordered_json describeTensor(mlir::Type type, mlir::DictionaryAttr attributes) {
  const auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  ordered_json result;
  result["name"] = attributes.getAs<mlir::StringAttr>("tessera.name").str();
  // A dynamic extent is its name in the file, or "?".
  const auto symbols = attributes.getAs<mlir::ArrayAttr>("tessera.symbols");
  result["shape"] = ordered_json::array();
  for (auto [i, extent] : llvm::enumerate(tensor.getShape())) {
    const llvm::StringRef symbol =
        symbols && i < symbols.size() ? mlir::cast<mlir::StringAttr>(symbols.getValue()[i]).getValue() : "";
    if (mlir::ShapedType::isDynamic(extent))
      result["shape"].push_back(symbol.empty() ? "?" : symbol.str());
    else
      result["shape"].push_back(extent);
  }
  if (auto name = attributes.getAs<mlir::StringAttr>("tessera.type"))
    result["type"] = name.str();
  else
    result["type"] = tensor.getElementType().isF32()           ? "float32"
                     : attributes.contains("tessera.unsigned") ? "uint8"
                                                               : "int8";
  if (auto scale = attributes.getAs<mlir::FloatAttr>("tessera.scale")) {
    result["scale"] = scale.getValueAsDouble();
    result["zero_point"] = attributes.getAs<mlir::IntegerAttr>("tessera.zero_point").getInt();
  }
  return result;
}

} // namespace

ordered_json metadataOf(mlir::ModuleOp module, const CompileOptions &options) {
  ordered_json metadata;
  metadata["model"] = options.modelName;
  metadata["machine"] = options.cpuOnly ? "cpu" : options.machine.name;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx",
                static_cast<unsigned long long>(options.cpuOnly ? 0 : options.machine.hash()));
  metadata["config_hash"] = hash;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  metadata["inputs"] = ordered_json::array();
  metadata["outputs"] = ordered_json::array();
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    metadata["inputs"].push_back(describeTensor(main.getArgumentTypes()[i], main.getArgAttrDict(i)));
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    metadata["outputs"].push_back(describeTensor(main.getResultTypes()[i], main.getResultAttrDict(i)));
  return metadata;
}

} // namespace tessera::compiler
