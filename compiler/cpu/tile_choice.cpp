#include "cpu/tile_choice.h"

namespace tessera::compiler::cpu {

std::string nestKey(const LoopNest &nest, bool isByteDot) {
  std::string key = isByteDot ? "dots" : "loops";
  for (const Loop &loop : nest.loops)
    key += (loop.isReduction ? " r" : " p") + std::to_string(loop.extent);
  const auto add = [&](const char *name, const Array &array) {
    key += std::string(" ") + name + std::to_string(array.elementBytes) + (array.isConstant ? "c" : "");
    for (int64_t stride : array.strides)
      key += "," + std::to_string(stride);
  };
  for (const Array &input : nest.inputs)
    add("in", input);
  add("out", nest.output);
  if (nest.start)
    add("start", *nest.start);
  if (nest.last) {
    add("last", nest.last->output);
    for (const Array &input : nest.last->inputs)
      add("beside", input);
  }
  if (nest.lanes)
    key += " lanes" + std::to_string(*nest.lanes);
  return key + (nest.startsFromMemory ? " from-memory" : "") + (nest.hasPictureSums ? " picture-sums" : "");
}

std::string tileText(const Tile &tile) {
  std::string text = "v" + std::to_string(tile.vector);
  for (size_t i = 0; i < tile.sizes.size(); ++i)
    text += (i ? "x" : ":") + std::to_string(tile.sizes[i]);
  return text + (tile.otherOrder ? "o" : "");
}

std::optional<Tile> readTile(const LoopNest &nest, const CpuTarget &target, const std::string &text) {
  std::optional<Tile> found;
  eachTile(nest, target, Orders::Both, [&](const Tile &tile, double) {
    if (!found && tileText(tile) == text)
      found = tile;
  });
  return found;
}

std::optional<Tile> tunedTile(const LoopNest &nest, bool isByteDot, const CpuTarget &target,
                              const TileChoices &choices) {
  const std::optional<Tile> usual = chooseTile(nest, target);
  if (usual && (choices.nest || choices.choice)) {
    const std::string key = nestKey(nest, isByteDot);
    if (choices.nest)
      choices.nest(nest, key);
    if (const auto text = choices.choice ? choices.choice(key) : std::nullopt) {
      if (const auto tile = readTile(nest, target, *text))
        return tile;
      if (choices.warn)
        choices.warn("tuned tile " + text->substr(0, 40) +
                     " refused, the usual one is taken: the loop nest " + key + " has no such tile");
    }
  }
  return usual;
}

} // namespace tessera::compiler::cpu
