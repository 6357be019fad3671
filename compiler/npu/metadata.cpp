#include "metadata.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/JSON.h"

#include <map>

namespace tessera::compiler::npu {
namespace {

std::string text(mlir::DictionaryAttr entry, llvm::StringRef key) {
  auto value = entry.getAs<mlir::StringAttr>(key);
  return value ? value.getValue().str() : "";
}

int64_t number(mlir::DictionaryAttr entry, llvm::StringRef key) {
  auto value = entry.getAs<mlir::IntegerAttr>(key);
  return value ? value.getInt() : 0;
}

llvm::ArrayRef<mlir::Attribute> list(mlir::ModuleOp module, llvm::StringRef name) {
  auto array = module->getAttrOfType<mlir::ArrayAttr>(name);
  return array ? array.getValue() : llvm::ArrayRef<mlir::Attribute>();
}

} // namespace

std::string metadataOf(mlir::ModuleOp module, int64_t segments) {
  std::map<int64_t, mlir::DictionaryAttr> placement;
  for (mlir::Attribute attribute : list(module, "npu.placement"))
    placement[number(llvm::cast<mlir::DictionaryAttr>(attribute), "index")] =
        llvm::cast<mlir::DictionaryAttr>(attribute);
  std::map<int64_t, std::pair<int64_t, int64_t>> marks;
  for (mlir::Attribute attribute : list(module, "npu.marks")) {
    auto mark = llvm::cast<mlir::DenseI64ArrayAttr>(attribute).asArrayRef();
    marks[mark[0]] = {mark[1], mark[2]};
  }
  llvm::json::Array layers;
  for (mlir::Attribute attribute : list(module, "tessera.layers")) {
    auto entry = llvm::cast<mlir::DictionaryAttr>(attribute);
    int64_t index = number(entry, "index");
    llvm::json::Object layer{{"name", llvm::json::fixUTF8(text(entry, "name"))},
                             {"op", text(entry, "op")},
                             {"macs", number(entry, "macs")}};
    auto placed = placement.find(index);
    layer["where"] = placed == placement.end() ? "cpu" : text(placed->second, "where");
    layer["why"] = placed == placement.end() ? "folded into a constant or a neighbour"
                                             : llvm::json::fixUTF8(text(placed->second, "why"));
    if (auto mark = marks.find(index); mark != marks.end()) {
      layer["segment"] = mark->second.first;
      layer["mark"] = mark->second.second;
    }
    layers.push_back(std::move(layer));
  }
  auto arena = module->getAttrOfType<mlir::IntegerAttr>("npu.arena_bytes");
  llvm::json::Object object{
      {"segments", segments}, {"arena_bytes", arena ? arena.getInt() : 0}, {"layers", std::move(layers)}};
  std::string out;
  llvm::raw_string_ostream stream(out);
  stream << llvm::json::Value(std::move(object));
  return out;
}

} // namespace tessera::compiler::npu
