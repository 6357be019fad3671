/// A reduction as loops over flat arrays: what there is to choose when it is tiled for registers, without MLIR.
///
/// Every array is addressed by one number, the sum of each loop's index times the array's stride for that loop. Loops of one step are
/// gone, and loops that walk all arrays as one do are one: the rows and columns of a picture for a 1x1 convolution.
#ifndef TESSERA_COMPILER_CPU_LOOP_NEST_H
#define TESSERA_COMPILER_CPU_LOOP_NEST_H

#include "cpu/cpu_target.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace tessera::compiler::cpu {

struct Loop {
  int64_t extent = 0; ///< kUnknown where only the run knows it
  bool isReduction = false;
  unsigned source = 0; ///< number of the (outermost) loop that it was before loops were merged
};

struct Array {
  std::vector<int64_t> strides; ///< a loop each, in elements
  bool isConstant = false;      ///< its values are known: they may be put in another order
  int64_t elementBytes = 0;
};

/// What an element-wise operation that reads the finished sums reads beside them, and writes.
struct LastArrays {
  std::vector<Array> inputs;
  Array output;
};

struct LoopNest {
  static constexpr int64_t kUnknown = -1;

  std::vector<Loop> loops;
  std::vector<Array> inputs;
  Array output;
  std::optional<Array> start;     ///< a constant that the output's first values are taken from
  std::optional<LastArrays> last; ///< the sums go through it, and are written nowhere themselves
  std::optional<unsigned> lanes;  ///< the only loop that may stand in the lanes of vectors
  bool startsFromMemory = false;  ///< the output's elements are read before the first step
  /// Beside its sums a tile holds one for each of its steps of the other loops than `lanes`, of the picture alone.
  bool hasPictureSums = false;

  /// Drops loops of one step and merges neighbours of one kind where every array takes them as one.
  void normalise();
};

/// How many steps of each loop one kernel holds in registers. `sizes` of other loops than at most three parallel ones are 1; that of `vector` is a
/// multiple of the lanes (the last ones may be more than the loop has).
struct Tile {
  unsigned vector = 0;
  std::vector<int64_t> sizes;
  bool otherOrder = false; ///< the loops outside stand in the other order than constantsAreInside() says
};

/// Whether the array's values are to be put in the order in which a kernel of this tile reads them: yes for a constant that one loop of the tile
/// visits, where they do not stand so already.
bool isPacked(const LoopNest &nest, const Array &array, const Tile &tile);

/// Whether loops over constants stand within those over the other arrays: where the constants stay in half of the cache and another array does not, each of
/// its tiles is then read once. Else constants stand outside, and the part of a tile is read again and again by the loops within.
bool constantsAreInside(const LoopNest &nest, const CpuTarget &target);

/// Loops of the tile (`sizes` above 1, and the vector's) that move in `array`.
std::vector<unsigned> tileLoopsOf(const Array &array, const Tile &tile);

/// Bytes that two threads fetch from one another where they share out the steps of a loop: half of what every part reads whole and, unless the loop's steps are slabs of the
/// output (rows of a picture, which the threads of the nests around it share out too), half of what moves with it.
int64_t exchangedBytes(const LoopNest &nest, unsigned loop);

/// Tells every tile that can be written, with its cost; of `Both` orders first the usual one, then the other where that is another.
enum class Orders { Usual, Both };
void eachTile(const LoopNest &nest, const CpuTarget &target, Orders orders,
              const std::function<void(const Tile &, double cost)> &tell);

/// The tile of least cost in the usual order: of each kernel the larger of its multiply-adds and its loads a step, and what comes from behind the cache. Nothing where no loop can be taken as lanes:
/// neighbours must be neighbours in memory (every second in an input), the same element, or constants.
std::optional<Tile> chooseTile(const LoopNest &nest, const CpuTarget &target);

/// What the nest costs with that tile, or an element at a time where there is none.
double leastCost(const LoopNest &nest, const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
