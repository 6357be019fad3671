#include "cpu/pack_constant.h"

#include "mlir/IR/SymbolTable.h"

#include <cstring>

namespace tessera::compiler::cpu {

Packed packConstant(mlir::memref::GlobalOp from, const LoopNest &nest, const Array &array, int64_t offset,
                    const Tile &tile, const std::vector<unsigned> &reductions) {
  Packed packed;
  packed.loop = tileLoopsOf(array, tile).front();
  packed.strides.assign(nest.loops.size(), 0);
  const int64_t size = tile.sizes[packed.loop], extent = nest.loops[packed.loop].extent;
  const int64_t tiles = (extent + size - 1) / size;

  // From the innermost to the outermost; loops that do not move in the array have no place in it.
  struct Level {
    int64_t count, from, to;
  };
  std::vector<Level> levels;
  int64_t place = size;
  const auto add = [&](unsigned loop) {
    if (array.strides[loop] == 0)
      return;
    packed.strides[loop] = place;
    levels.push_back({nest.loops[loop].extent, array.strides[loop], place});
    place *= nest.loops[loop].extent;
  };
  for (size_t i = reductions.size(); i-- > 0;)
    add(reductions[i]);
  packed.strides[packed.loop] = place / size;
  const size_t tileLevel = levels.size();
  levels.push_back({tiles, array.strides[packed.loop] * size, place});
  place *= tiles;
  for (unsigned loop = static_cast<unsigned>(nest.loops.size()); loop-- > 0;)
    if (!nest.loops[loop].isReduction && loop != packed.loop)
      add(loop);
  packed.elements = place;

  const auto values = mlir::cast<mlir::DenseElementsAttr>(*from.getInitialValue());
  const auto bytes = static_cast<size_t>(array.elementBytes);
  const llvm::ArrayRef<char> raw = values.getRawData();
  std::vector<char> data(static_cast<size_t>(packed.elements) * bytes, 0);
  std::vector<int64_t> at(levels.size(), 0);
  for (int64_t source = offset, target = 0;;) {
    const int64_t tileIndex = at[tileLevel];
    for (int64_t j = 0; j < size && tileIndex * size + j < extent; ++j) {
      const int64_t element = values.isSplat() ? 0 : source + j * array.strides[packed.loop];
      std::memcpy(&data[static_cast<size_t>(target + j) * bytes], &raw[static_cast<size_t>(element) * bytes],
                  bytes);
    }
    size_t level = 0;
    for (; level < levels.size(); ++level) {
      source += levels[level].from;
      target += levels[level].to;
      if (++at[level] < levels[level].count)
        break;
      source -= levels[level].from * levels[level].count;
      target -= levels[level].to * levels[level].count;
      at[level] = 0;
    }
    if (level == levels.size())
      break;
  }

  const mlir::Type element = mlir::cast<mlir::MemRefType>(from.getType()).getElementType();
  const auto tensor = mlir::RankedTensorType::get({packed.elements}, element);
  mlir::OpBuilder builder(from);
  packed.global = builder.create<mlir::memref::GlobalOp>(
      from.getLoc(), (from.getSymName() + "_packed").str(), builder.getStringAttr("private"),
      mlir::MemRefType::get({packed.elements}, element),
      mlir::DenseElementsAttr::getFromRawBuffer(tensor, data), true, builder.getI64IntegerAttr(64));
  auto module = from->getParentOfType<mlir::ModuleOp>();
  mlir::SymbolTable table(module);
  packed.global->remove();
  table.insert(packed.global, mlir::Block::iterator(from)); // gives it a name of its own
  return packed;
}

} // namespace tessera::compiler::cpu
