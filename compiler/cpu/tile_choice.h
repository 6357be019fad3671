/// Tiles of loop nests as text: what a tuning log keeps and a later compilation reads.
///
/// A tile is "v" and the number of the loop in the lanes, then ":" and the steps of each loop with "x" between, and "o" where the loops outside stand in the other order: "v1:4x32x1o". Text comes from
/// files: only a tile that eachTile() tells is taken.
#ifndef TESSERA_COMPILER_CPU_TILE_CHOICE_H
#define TESSERA_COMPILER_CPU_TILE_CHOICE_H

#include "cpu/loop_nest.h"

#include <optional>
#include <string>

namespace tessera::compiler::cpu {

/// What the nest is: loops, arrays with their strides, and whether its products are dots of four bytes.
std::string nestKey(const LoopNest &nest, bool isByteDot);

std::string tileText(const Tile &tile);
/// Nothing where the text is no tile that can be written.
std::optional<Tile> readTile(const LoopNest &nest, const CpuTarget &target, const std::string &text);

/// What a compilation asks and tells about tuned tiles; functions that are not set are not called.
struct TileChoices {
  std::function<std::optional<std::string>(const std::string &key)> choice;
  std::function<void(const std::string &warning)> warn;
  std::function<void(const LoopNest &nest, const std::string &key)> nest; ///< is about to be tiled
};

/// The choice where there is one that can be written, else chooseTile's.
std::optional<Tile> tunedTile(const LoopNest &nest, bool isByteDot, const CpuTarget &target,
                              const TileChoices &choices);

} // namespace tessera::compiler::cpu

#endif
