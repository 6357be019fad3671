#include "cpu/loop_nest.h"

#include <algorithm>
#include <limits>

namespace tessera::compiler::cpu {

namespace {

/// Steps and pieces of one loop: `count` whole tiles of `size`, then one of `rest` (0: none).
struct Pieces {
  int64_t count = 0, size = 1, rest = 0;
};

int64_t known(int64_t extent) { return extent == LoopNest::kUnknown ? 1 : extent; }

/// Bytes from the array's first element to its last.
int64_t reachOf(const LoopNest &nest, const Array &array) {
  int64_t elements = 1;
  for (size_t i = 0; i < nest.loops.size(); ++i)
    elements += (known(nest.loops[i].extent) - 1) * std::abs(array.strides[i]);
  return elements * array.elementBytes;
}

class Costs {
public:
  Costs(const LoopNest &nest, const CpuTarget &target)
      : nest_(nest), target_(target),
        lanes_(target.vectorBytes / std::max<int64_t>(nest.output.elementBytes, 1)) {
    for (const Loop &loop : nest.loops)
      if (loop.isReduction)
        steps_ *= known(loop.extent);
  }

  int64_t lanes() const { return lanes_; }

  /// Cost of the whole nest, or infinity where a kernel needs more registers than there are.
  double of(const Tile &tile) const {
    if (!fitsRegisters(tile))
      return std::numeric_limits<double>::infinity();
    Tile part = tile;
    return sum(tile, part, 0, 1) + traffic(tile);
  }

  bool canBeLanes(unsigned loop) const {
    if (nest_.lanes && *nest_.lanes != loop)
      return false;
    if (nest_.loops[loop].isReduction || nest_.loops[loop].extent == LoopNest::kUnknown ||
        nest_.output.strides[loop] == 0)
      return false;
    return std::all_of(nest_.inputs.begin(), nest_.inputs.end(), [&](const Array &input) {
      const int64_t stride = input.strides[loop];
      return (stride >= 0 && stride <= 2) || input.isConstant;
    });
  }

private:
  int64_t vectorsOf(const Tile &tile) const { return (tile.sizes[tile.vector] + lanes_ - 1) / lanes_; }

  int64_t sums(const Tile &tile) const {
    int64_t product = vectorsOf(tile);
    for (size_t i = 0; i < tile.sizes.size(); ++i)
      if (i != tile.vector)
        product *= tile.sizes[i];
    return product;
  }

  int64_t pictureSums(const Tile &tile) const {
    return nest_.hasPictureSums ? sums(tile) / vectorsOf(tile) : 0;
  }

  /// Registers' worth of values that a step takes from an array.
  int64_t values(const Array &array, const Tile &tile) const {
    int64_t product = 1;
    for (size_t i = 0; i < tile.sizes.size(); ++i)
      if (array.strides[i] != 0)
        product *= i == tile.vector ? vectorsOf(tile) : tile.sizes[i];
    return product;
  }

  int64_t loads(const Array &array, const Tile &tile) const {
    const bool picks = array.strides[tile.vector] == 2 && !array.isConstant;
    return values(array, tile) * (picks ? target_.everySecondCost : 1);
  }

  /// Whether vectors of the array begin anywhere: nearly each lies in two lines of the cache.
  bool isUnaligned(const Array &array, const Tile &tile) const {
    bool result = false;
    for (size_t i = 0; i < tile.sizes.size(); ++i)
      result = result || (i != tile.vector && array.strides[i] % lanes_ != 0);
    return result && array.strides[tile.vector] != 0 && !array.isConstant;
  }

  bool fitsRegisters(const Tile &tile) const {
    int64_t held = nest_.inputs.empty() ? 0 : values(nest_.inputs[0], tile);
    for (const Array &input : nest_.inputs)
      held = std::min(held, values(input, tile));
    const int64_t ones = nest_.hasPictureSums ? 1 : 0;
    return sums(tile) + pictureSums(tile) + held + ones + 1 <= target_.vectorRegisters;
  }

  double kernel(const Tile &tile) const {
    int64_t perStep = 0, unaligned = 0;
    for (const Array &input : nest_.inputs) {
      perStep += loads(input, tile);
      unaligned += isUnaligned(input, tile) ? loads(input, tile) : 0;
    }
    const int64_t step = std::max({perStep, sums(tile) + pictureSums(tile), target_.sumsInFlight}) +
                         unaligned / target_.unalignedLoads;
    // An output whose neighbours are apart is written an element at a time.
    const int64_t place = nest_.output.strides[tile.vector] == 1 ? 1 : target_.elementCost * lanes_;
    const int64_t edges = sums(tile) * place * (nest_.startsFromMemory ? 2 : 1);
    return static_cast<double>(step) * static_cast<double>(steps_) +
           static_cast<double>(edges + target_.kernelCost);
  }

  /// What comes from behind the cache, again for each tile of the loops outside that do not move in it.
  double traffic(const Tile &tile) const {
    double bytes = 0;
    for (const Array &input : nest_.inputs) {
      const int64_t reach = reachOf(nest_, input);
      if (reach <= target_.cacheBytes)
        continue;
      int64_t times = 1;
      for (size_t i = 0;
           i < tile.sizes.size() && input.isConstant == (constantsAreInside_ != tile.otherOrder); ++i)
        if (!nest_.loops[i].isReduction && input.strides[i] == 0)
          times *= (known(nest_.loops[i].extent) + tile.sizes[i] - 1) / tile.sizes[i];
      bytes += static_cast<double>(reach) * static_cast<double>(times);
    }
    return bytes / static_cast<double>(target_.memoryBytes);
  }

  double sum(const Tile &tile, Tile &part, size_t loop, double times) const {
    if (loop == tile.sizes.size())
      return times * kernel(part);
    if (nest_.loops[loop].isReduction)
      return sum(tile, part, loop + 1, times);
    const int64_t extent = known(nest_.loops[loop].extent), size = tile.sizes[loop];
    double result = 0;
    if (extent >= size) {
      part.sizes[loop] = size;
      result += sum(tile, part, loop + 1, times * static_cast<double>(extent / size));
    }
    if (extent % size != 0) {
      part.sizes[loop] = extent % size;
      result += sum(tile, part, loop + 1, times);
    }
    part.sizes[loop] = size;
    return result;
  }

  const LoopNest &nest_;
  const CpuTarget &target_;
  int64_t lanes_;
  int64_t steps_ = 1;
  bool constantsAreInside_ = constantsAreInside(nest_, target_);
};

/// Whether loops over constants and loops over the other arrays stand outside this tile, which may stand in either order.
bool hasTwoOrders(const LoopNest &nest, const Tile &tile) {
  bool constants = false, others = false;
  for (size_t i = 0; i < nest.loops.size(); ++i) {
    if (nest.loops[i].isReduction || nest.loops[i].extent <= tile.sizes[i])
      continue;
    const auto moves = [&](const Array &input) { return input.strides[i] != 0; };
    if (nest.output.strides[i] != 0 && std::all_of(nest.inputs.begin(), nest.inputs.end(), moves))
      continue; // stands outside in any case
    (std::any_of(nest.inputs.begin(), nest.inputs.end(),
                 [&](const Array &input) { return input.isConstant && moves(input); })
         ? constants
         : others) = true;
  }
  return constants && others;
}

} // namespace

void LoopNest::normalise() {
  std::vector<Array *> arrays{&output};
  for (Array &input : inputs)
    arrays.push_back(&input);
  if (start)
    arrays.push_back(&*start);
  if (last) {
    arrays.push_back(&last->output);
    for (Array &input : last->inputs)
      arrays.push_back(&input);
  }
  const auto drop = [&](size_t loop) {
    loops.erase(loops.begin() + static_cast<std::ptrdiff_t>(loop));
    for (Array *array : arrays)
      array->strides.erase(array->strides.begin() + static_cast<std::ptrdiff_t>(loop));
  };
  for (size_t i = loops.size(); i-- > 0;)
    if (loops[i].extent == 1)
      drop(i);
  for (size_t i = loops.size(); i-- > 1;) {
    Loop &outer = loops[i - 1], &inner = loops[i];
    const bool asOne = outer.isReduction == inner.isReduction && outer.extent != kUnknown &&
                       inner.extent != kUnknown &&
                       std::all_of(arrays.begin(), arrays.end(), [&](const Array *array) {
                         return array->strides[i - 1] == array->strides[i] * inner.extent;
                       });
    if (!asOne)
      continue;
    inner.extent *= outer.extent;
    drop(i - 1);
  }
}

std::vector<unsigned> tileLoopsOf(const Array &array, const Tile &tile) {
  std::vector<unsigned> result;
  for (unsigned i = 0; i < tile.sizes.size(); ++i)
    if (array.strides[i] != 0 && tile.sizes[i] > 1)
      result.push_back(i);
  return result;
}

bool constantsAreInside(const LoopNest &nest, const CpuTarget &target) {
  int64_t constants = 0, others = 0;
  for (const Array &input : nest.inputs)
    (input.isConstant ? constants : others) += reachOf(nest, input);
  return constants <= target.residentBytes() && others > target.cacheBytes;
}

int64_t exchangedBytes(const LoopNest &nest, unsigned loop) {
  const auto stride = [](const Array &array, size_t of) { return std::abs(array.strides[of]); };
  bool isOutermost = true;
  for (size_t i = 0; i < nest.loops.size(); ++i)
    isOutermost = isOutermost && stride(nest.output, i) <= stride(nest.output, loop);
  int64_t bytes = isOutermost ? 0 : reachOf(nest, nest.output);
  for (const Array &input : nest.inputs)
    if (stride(input, loop) == 0 || !isOutermost)
      bytes += reachOf(nest, input);
  return bytes / 2;
}

bool isPacked(const LoopNest &nest, const Array &array, const Tile &tile) {
  if (!array.isConstant)
    return false;
  const auto loops = tileLoopsOf(array, tile);
  if (loops.size() != 1)
    return false;
  // As it stands already: neighbours of the tile are neighbours, and the whole loop is one run that ends with its last vector.
  const unsigned loop = loops.front();
  return array.strides[loop] != 1 || nest.loops[loop].extent > tile.sizes[loop] ||
         nest.loops[loop].extent % tile.sizes[loop] != 0;
}

void eachTile(const LoopNest &nest, const CpuTarget &target, Orders orders,
              const std::function<void(const Tile &, double cost)> &tell) {
  const Costs costs(nest, target);
  const auto count = static_cast<unsigned>(nest.loops.size());
  if (costs.lanes() < 2)
    return;
  const auto consider = [&](const Tile &tile) {
    // A constant whose neighbours are apart must be packed, and that is possible along one loop alone.
    for (const Array &input : nest.inputs) {
      const int64_t stride = input.strides[tile.vector];
      const bool direct = stride == 0 || stride == 1 || (stride == 2 && !input.isConstant);
      if (!direct && !isPacked(nest, input, tile))
        return;
    }
    const double cost = costs.of(tile);
    if (cost == std::numeric_limits<double>::infinity())
      return;
    tell(tile, cost);
    if (orders == Orders::Both && hasTwoOrders(nest, tile)) {
      Tile other = tile;
      other.otherOrder = true;
      tell(other, costs.of(other));
    }
  };
  const auto most = [&](unsigned loop, int64_t taken) {
    const Loop &l = nest.loops[loop];
    return l.isReduction || l.extent == LoopNest::kUnknown
               ? 1
               : std::min(l.extent, target.vectorRegisters / taken);
  };
  for (unsigned v = 0; v < count; ++v) {
    if (!costs.canBeLanes(v))
      continue;
    const int64_t whole = (nest.loops[v].extent + costs.lanes() - 1) / costs.lanes();
    for (int64_t vectors = 1; vectors <= std::min(whole, target.vectorRegisters); ++vectors) {
      Tile tile{v, std::vector<int64_t>(count, 1)};
      tile.sizes[v] = vectors * costs.lanes();
      consider(tile);
      for (unsigned a = 0; a < count; ++a) {
        for (int64_t sizeA = 2; a != v && sizeA <= most(a, vectors); ++sizeA) {
          tile.sizes[a] = sizeA;
          consider(tile);
          for (unsigned b = a + 1; b < count; ++b) {
            for (int64_t sizeB = 2; b != v && sizeB <= most(b, vectors * sizeA); ++sizeB) {
              tile.sizes[b] = sizeB;
              consider(tile);
            }
            if (b != v)
              tile.sizes[b] = 1;
          }
        }
        if (a != v)
          tile.sizes[a] = 1;
      }
    }
  }
}

std::optional<Tile> chooseTile(const LoopNest &nest, const CpuTarget &target) {
  std::optional<Tile> best;
  double least = std::numeric_limits<double>::infinity();
  eachTile(nest, target, Orders::Usual, [&](const Tile &tile, double cost) {
    if (cost < least) {
      least = cost;
      best = tile;
    }
  });
  return best;
}

double leastCost(const LoopNest &nest, const CpuTarget &target) {
  auto least = static_cast<double>(target.elementCost);
  for (const Loop &loop : nest.loops)
    least *= static_cast<double>(known(loop.extent));
  eachTile(nest, target, Orders::Usual, [&](const Tile &, double cost) { least = std::min(least, cost); });
  return least;
}

} // namespace tessera::compiler::cpu
