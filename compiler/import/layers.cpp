#include "import/layers.h"

#include "mlir/IR/Builders.h"

namespace tessera::compiler {

mlir::Location layerLocation(mlir::MLIRContext *context, int64_t index, llvm::StringRef op,
                             llvm::StringRef name) {
  const std::string text = std::to_string(index) + ":" + op.str() + ":" + name.str();
  return mlir::NameLoc::get(mlir::StringAttr::get(context, text));
}

std::optional<int64_t> layerOf(mlir::Location location) {
  std::optional<int64_t> result;
  location->walk([&](mlir::Location inner) {
    auto name = mlir::dyn_cast<mlir::NameLoc>(inner);
    int64_t index = 0;
    if (!name || name.getName().getValue().split(':').first.getAsInteger(10, index))
      return mlir::WalkResult::advance();
    result = index;
    return mlir::WalkResult::interrupt();
  });
  return result;
}

} // namespace tessera::compiler
