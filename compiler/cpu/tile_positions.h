/// The vectors of sums of a tile, in the order in which a kernel adds to them.
#ifndef TESSERA_COMPILER_CPU_TILE_POSITIONS_H
#define TESSERA_COMPILER_CPU_TILE_POSITIONS_H

#include "cpu/loop_nest.h"

namespace tessera::compiler::cpu {

/// One vector of sums: where it stands in the tile, and how many of its lanes exist.
struct Position {
  std::vector<int64_t> steps; ///< a loop each
  int64_t lanes = 0;
};

/// Those of a tile of `sizes`, which is `tile` or a rest of it, with vectors of `lanes`.
std::vector<Position> positionsOf(const LoopNest &nest, const Tile &tile, const std::vector<int64_t> &sizes,
                                  int64_t lanes);

} // namespace tessera::compiler::cpu

#endif
