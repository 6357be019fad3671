#include "cpu/tile_positions.h"

#include <algorithm>

namespace tessera::compiler::cpu {

std::vector<Position> positionsOf(const LoopNest &nest, const Tile &tile, const std::vector<int64_t> &sizes,
                                  int64_t lanes) {
  // Those loops outside that move in the input of which a step takes most values: each is used up before the next is loaded.
  const Array *streamed = nullptr;
  int64_t most = -1;
  for (const Array &input : nest.inputs) {
    int64_t values = 1;
    for (size_t i = 0; i < sizes.size(); ++i)
      values *= input.strides[i] == 0 ? 1 : i == tile.vector ? (sizes[i] + lanes - 1) / lanes : sizes[i];
    if (values > most) {
      most = values;
      streamed = &input;
    }
  }
  std::vector<unsigned> order;
  for (const bool moves : {true, false})
    for (unsigned loop = 0; loop < sizes.size(); ++loop)
      if ((sizes[loop] > 1 || loop == tile.vector) && (streamed && streamed->strides[loop] != 0) == moves)
        order.push_back(loop);
  std::vector<Position> positions{{std::vector<int64_t>(sizes.size(), 0), lanes}};
  for (const unsigned loop : order) {
    const int64_t step = loop == tile.vector ? lanes : 1;
    std::vector<Position> next;
    for (const Position &position : positions)
      for (int64_t i = 0; i < sizes[loop]; i += step) {
        next.push_back(position);
        next.back().steps[loop] = i;
        if (loop == tile.vector)
          next.back().lanes = std::min(lanes, sizes[loop] - i);
      }
    positions = std::move(next);
  }
  return positions;
}

} // namespace tessera::compiler::cpu
