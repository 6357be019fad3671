// Pooling: the largest, the average or a norm of each window.

#include "import/onnx/operators/window.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

Window poolWindow(Call &call, const Tensor &x) {
  const auto kernel = call.integers("kernel_shape");
  return windowOf(call, spatialOf(x), Shape(kernel.begin(), kernel.end()), true);
}

Shape pooledShape(const Tensor &x, const Window &window) {
  Shape shape{x.extent(0), x.extent(1)};
  shape.insert(shape.end(), window.output.begin(), window.output.end());
  return shape;
}

/// Where a tap of the window at `at` reads.
Scalars tapPosition(Emitter &emitter, const Window &window, const Scalars &at, const Scalars &tap) {
  Scalars position{at[0], at[1]};
  for (size_t d = 0; d < window.rank; ++d)
    position.push_back(at[2 + d] * window.strides[d] - emitter.index(window.before[d]) +
                       tap[d] * window.dilations[d]);
  return position;
}

/// Folds the taps of each window that lie inside the picture.
Tensor poolWith(Emitter &emitter, const Tensor &x, const Window &window, Type type,
                const std::function<Scalar(const Scalars &at,
                                           const std::vector<std::pair<Scalar, Scalar>> &taps)> &body) {
  const Scalars extents = extentScalars(emitter, x.shape());
  return emitter.generate(type, pooledShape(x, window), [&](const Scalars &at) {
    std::vector<std::pair<Scalar, Scalar>> taps;
    for (size_t d = 0; d < window.rank; ++d)
      taps.push_back(tapsInside(emitter, window, d, at[2 + d], extents[2 + d]));
    return body(at, taps);
  });
}

/// The position that MaxPool's second output names: within the whole tensor, rows or columns first.
Scalar flatPosition(Emitter &emitter, const Tensor &x, const Scalars &position, bool isColumnMajor) {
  Scalar spatial = emitter.index(0);
  const size_t rank = position.size() - 2;
  for (size_t k = 0; k < rank; ++k) {
    const size_t d = 2 + (isColumnMajor ? rank - 1 - k : k);
    spatial = spatial * emitter.index(x.shape()[d]) + position[d];
  }
  Scalar flat = position[0] * emitter.index(x.extent(1)) + position[1];
  for (size_t d = 0; d < rank; ++d)
    flat = flat * emitter.index(x.shape()[2 + d]);
  return cast(flat + spatial, Type::Int64);
}

/// Windows of at most so many steps a dimension get a border of their own; others are folded where they stand.
constexpr int64_t kBorderedKernel = 64;

bool isSmall(const Window &window) {
  for (size_t d = 0; d < window.rank; ++d) {
    const Extent &kernel = window.kernel[d], &before = window.before[d];
    if (!kernel.isKnown() || kernel.value() > kBorderedKernel || !before.isKnown() ||
        before.value() >= kernel.value())
      return false;
  }
  return true;
}

/// The largest value of each window: with a border of the lowest value all windows have all taps, and the fold is plain.
Tensor largestInBorder(Emitter &emitter, const Tensor &x, const Window &window) {
  const Scalar least = lowest(emitter, x.type());
  Shape before(2, Extent(0)), after(2, Extent(0)), folded;
  std::vector<Position> position{loopIndex(0), loopIndex(1)};
  for (size_t d = 0; d < window.rank; ++d) {
    const auto at = static_cast<int>(2 + d), tap = static_cast<int>(2 + window.rank + d);
    position.push_back(loopIndex(at) * window.strides[d] + loopIndex(tap) * window.dilations[d]);
    folded.push_back(window.kernel[d]);
    const Extent reach = (window.output[d] - Extent(1)) * Extent(window.strides[d]) +
                         (window.kernel[d] - Extent(1)) * Extent(window.dilations[d]) + Extent(1);
    before.push_back(window.before[d]);
    after.push_back(maximum(reach - window.before[d] - x.extent(2 + d), Extent(0)));
  }
  return emitter.contract(x.type(), pooledShape(x, window), folded,
                          {{padded(x, before, after, least), position}}, emitter.scalarTensor(least),
                          [](Scalar largest, const Scalars &s) { return maximum(largest, s[0]); });
}

Values maxPool(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const Window window = poolWindow(call, x);
  const bool isColumnMajor = call.integer("storage_order", 0) != 0;
  const Tensor wideX = widened(x);
  const Type wide = wideX.type();
  const auto fold = [&](bool wantsPosition) {
    return poolWith(
        emitter, x, window, wantsPosition ? Type::Int64 : x.type(),
        [&](const Scalars &at, const std::vector<std::pair<Scalar, Scalar>> &taps) {
          const Scalars found = loopNest(
              emitter, taps, {lowest(emitter, wide), emitter.constant(Type::Int64, int64_t{-1})},
              [&](const Scalars &tap, const Scalars &state) -> Scalars {
                const Scalars position = tapPosition(emitter, window, at, tap);
                const Scalar value = widenedScalar(x.at(position));
                if (!wantsPosition)
                  return {maximum(state[0], value), state[1]};
                const Scalar isBetter = (value > state[0]) | (state[1] < 0);
                return {select(isBetter, value, state[0]),
                        select(isBetter, flatPosition(emitter, x, position, isColumnMajor), state[1])};
              });
          return wantsPosition ? found[1] : found[0];
        });
  };
  Values results{isSmall(window) ? emitter.cast(largestInBorder(emitter, wideX, window), x.type())
                                 : fold(false)};
  if (call.wants(1))
    results.push_back(fold(true));
  return results;
}

Values averagePool(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const Window window = poolWindow(call, x);
  const bool countsPadding = call.integer("count_include_pad", 0) != 0;
  const Scalars extents = extentScalars(emitter, x.shape());
  const Tensor y = poolWith(
      emitter, x, window, x.type(),
      [&](const Scalars &at, const std::vector<std::pair<Scalar, Scalar>> &taps) {
        const Scalar sum = loopNest(emitter, taps, {emitter.constant(x.type(), 0.0)},
                                    [&](const Scalars &tap, const Scalars &state) -> Scalars {
                                      return {state[0] + x.at(tapPosition(emitter, window, at, tap))};
                                    })[0];
        Scalar count = emitter.index(1);
        for (size_t d = 0; d < window.rank; ++d) {
          if (!countsPadding) {
            count = count * (taps[d].second - taps[d].first);
            continue;
          }
          // Taps inside the picture with its padding, before and behind.
          const Scalar all =
              extents[2 + d] + emitter.index(window.before[d]) + emitter.index(window.after[d]);
          const Scalar left = maximum(all - at[2 + d] * window.strides[d], emitter.index(0));
          const int64_t dilation = window.dilations[d];
          count = count * minimum((left + (dilation - 1)) / dilation, emitter.index(window.kernel[d]));
        }
        return sum / cast(count, x.type());
      });
  return {emitter.cast(y, given.type())};
}

/// The p-th root of the sum of p-th powers.
Scalar powerTerm(Scalar x, int64_t p) {
  return p == 1 ? absolute(x) : p == 2 ? x * x : power(absolute(x), constantLike(x, static_cast<double>(p)));
}
Scalar root(Scalar sum, int64_t p) {
  return p == 1 ? sum : p == 2 ? sqrtOf(sum) : power(sum, constantLike(sum, 1.0 / static_cast<double>(p)));
}

int64_t orderOf(Call &call) {
  const int64_t p = call.integer("p", 2);
  if (p < 1)
    fail("p is ", p);
  return p;
}

Values lpPool(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const Window window = poolWindow(call, x);
  const int64_t p = orderOf(call);
  const Tensor y = poolWith(emitter, x, window, x.type(),
                            [&](const Scalars &at, const std::vector<std::pair<Scalar, Scalar>> &taps) {
                              const Scalar sum =
                                  loopNest(emitter, taps, {emitter.constant(x.type(), 0.0)},
                                           [&](const Scalars &tap, const Scalars &state) -> Scalars {
                                             const Scalar value = x.at(tapPosition(emitter, window, at, tap));
                                             return {state[0] + powerTerm(value, p)};
                                           })[0];
                              return root(sum, p);
                            });
  return {emitter.cast(y, given.type())};
}

std::vector<int64_t> spatialAxes(const Tensor &x) {
  std::vector<int64_t> axes;
  for (int64_t d = 2; d < x.rank(); ++d)
    axes.push_back(d);
  return axes;
}

Values globalAveragePool(Call &call) {
  const Tensor x = call.in(0);
  return {call.emitter.cast(meanOver(widened(x), spatialAxes(x)), x.type())};
}
Values globalMaxPool(Call &call) {
  const Tensor x = call.in(0);
  return {maximumOver(x, spatialAxes(x))};
}
Values globalLpPool(Call &call) {
  const Tensor x = call.in(0);
  const int64_t p = orderOf(call);
  const Tensor sum = sumOver(mapUnary(widened(x), [&](Scalar s) { return powerTerm(s, p); }), spatialAxes(x));
  return {call.emitter.cast(mapUnary(sum, [&](Scalar s) { return root(s, p); }), x.type())};
}

/// Puts each element where its index says; the rest is 0.
Values maxUnpool(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1);
  const Shape picture = spatialOf(x);
  const size_t rank = picture.size();
  const auto kernel = call.integers("kernel_shape");
  const auto strides = call.integers("strides", std::vector<int64_t>(rank, 1));
  const auto pads = call.integers("pads", std::vector<int64_t>(2 * rank, 0));
  if (kernel.size() != rank || strides.size() != rank || pads.size() != 2 * rank)
    fail("kernel_shape, strides or pads are not of rank ", rank);
  for (int64_t d = 0; d < x.rank(); ++d)
    emitter.requireEqual(x.extent(d), indices.extent(d), "the indices have another shape");
  Shape shape{x.extent(0), x.extent(1)};
  for (size_t d = 0; d < rank; ++d)
    shape.push_back((picture[d] - Extent(1)) * Extent(strides[d]) + Extent(kernel[d]) - Extent(pads[d]) -
                    Extent(pads[rank + d]));
  const Shape natural = shape;
  if (call.has(2)) {
    shape = emitter.extentsIn(call.in(2));
    if (shape.size() != natural.size())
      fail("output_shape has ", shape.size(), " entries for rank ", x.rank());
  }
  const Scalar zero =
      isFloat(x.type()) ? emitter.constant(x.type(), 0.0) : emitter.constant(x.type(), int64_t{0});
  const Tensor flatIn = emitter.reshape(x, {productOf(x.shape())});
  const Tensor flatIndices = emitter.reshape(indices, {productOf(x.shape())});
  // Indices count in the tensor that was pooled, whose extents are the natural ones.
  const Tensor natives = emitter.full(x.type(), {productOf(natural)}, zero);
  emitter.requireIndices(indices, productOf(natural));
  const Scalar size = emitter.index(productOf(natural));
  const Tensor flat =
      emitter.loop(productOf(x.shape()), {natives}, [&](Scalar i, const Tensors &state) -> Tensors {
        return {emitter.put(state[0], {wrapped(flatIndices.at({i}), size)}, flatIn.at({i}))};
      })[0];
  const Tensor result = emitter.reshape(flat, natural);
  bool isNatural = true;
  for (size_t d = 0; d < shape.size(); ++d) {
    isNatural = isNatural && sameExtent(shape[d], natural[d]);
    emitter.require(emitter.index(natural[d]) <= emitter.index(shape[d]), "output_shape is too small");
  }
  if (isNatural)
    return {result};
  return {emitter.insertSlice(emitter.full(x.type(), shape, zero), result, Shape(shape.size(), Extent(0)))};
}

} // namespace

OperatorTable poolingOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"AveragePool", 1, now, averagePool},
      {"GlobalAveragePool", 1, now, globalAveragePool},
      {"GlobalLpPool", 2, now, globalLpPool},
      {"GlobalMaxPool", 1, now, globalMaxPool},
      {"LpPool", 2, now, lpPool},
      {"MaxPool", 1, now, maxPool},
      {"MaxUnpool", 9, now, maxUnpool},
  };
}

} // namespace tessera::compiler::onnx_import
