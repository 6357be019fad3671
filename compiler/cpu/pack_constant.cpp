#include "cpu/pack_constant.h"

#include "mlir/IR/SymbolTable.h"

#include <cstring>

namespace tessera::compiler::cpu {

ConstantData dataOf(mlir::memref::GlobalOp global) {
  const auto values = mlir::cast<mlir::DenseElementsAttr>(*global.getInitialValue());
  return {values.getRawData(), values.isSplat(), values.getElementType()};
}

mlir::memref::GlobalOp makeConstant(mlir::memref::GlobalOp from, mlir::Type type,
                                    llvm::ArrayRef<char> bytes) {
  const auto count = static_cast<int64_t>(bytes.size()) / (type.getIntOrFloatBitWidth() / 8);
  const auto tensor = mlir::RankedTensorType::get({count}, type);
  mlir::OpBuilder builder(from);
  auto global = builder.create<mlir::memref::GlobalOp>(
      from.getLoc(), (from.getSymName() + "_packed").str(), builder.getStringAttr("private"),
      mlir::MemRefType::get({count}, type), mlir::DenseElementsAttr::getFromRawBuffer(tensor, bytes), true,
      builder.getI64IntegerAttr(64));
  mlir::SymbolTable table(from->getParentOfType<mlir::ModuleOp>());
  global->remove();
  table.insert(global, mlir::Block::iterator(from)); // gives it a name of its own
  return global;
}

Packed packConstant(mlir::memref::GlobalOp from, const ConstantData &data, const LoopNest &nest,
                    const Array &array, int64_t offset, const Tile &tile,
                    const std::vector<unsigned> &reductions) {
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

  const auto bytes = static_cast<size_t>(array.elementBytes);
  std::vector<char> result(static_cast<size_t>(packed.elements) * bytes, 0);
  std::vector<int64_t> at(levels.size(), 0);
  for (int64_t source = offset, target = 0;;) {
    const int64_t tileIndex = at[tileLevel];
    for (int64_t j = 0; j < size && tileIndex * size + j < extent; ++j) {
      const int64_t element = data.isSplat ? 0 : source + j * array.strides[packed.loop];
      std::memcpy(&result[static_cast<size_t>(target + j) * bytes],
                  &data.bytes[static_cast<size_t>(element) * bytes], bytes);
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

  packed.global = makeConstant(from, data.element, result);
  return packed;
}

} // namespace tessera::compiler::cpu
