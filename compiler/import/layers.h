/// Which layer an operation belongs to: the name in its location.
#ifndef TESSERA_COMPILER_IMPORT_LAYERS_H
#define TESSERA_COMPILER_IMPORT_LAYERS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tessera::compiler {

/// The location of everything that comes from operator `index`: "3:CONV_2D:conv2d_1/Relu".
mlir::Location layerLocation(mlir::MLIRContext *context, int64_t index, llvm::StringRef op,
                             llvm::StringRef name);

/// The operator index in a location made by layerLocation(), looked for inside fused and call-site locations too.
std::optional<int64_t> layerOf(mlir::Location location);

/// What work of these locations is called on a timeline: its first layer as "CONV_2D:conv2d_1/Relu", and how many more. Empty where none has a name.
inline std::string layersText(llvm::ArrayRef<mlir::Location> locations) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const mlir::Location location : locations)
    location->walk([&](mlir::Location inner) {
      auto name = mlir::dyn_cast<mlir::NameLoc>(inner);
      const llvm::StringRef text = name ? name.getName().getValue().split(':').second : "";
      if (!text.empty() && !llvm::is_contained(names, text))
        names.push_back(text);
      return mlir::WalkResult::advance();
    });
  if (names.empty())
    return "";
  return names.front().str() + (names.size() > 1 ? " +" + std::to_string(names.size() - 1) : "");
}

} // namespace tessera::compiler

#endif
