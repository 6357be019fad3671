// Reductions, extremes with their positions, softmax and its like, cumulative sums.

#include "import/onnx/operators/common.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

/// A reduction: what each element contributes, how two sums join, and what is made of the sum.
struct Reduction {
  std::function<Scalar(Scalar)> term;
  FoldBody join;
  std::function<Scalar(Scalar)> finish;
  std::function<Scalar(Emitter &, Type)> initial;
};

Scalar zeroOf(Emitter &emitter, Type type) { return cast(emitter.constant(Type::Int64, int64_t{0}), type); }
Scalar oneOf(Emitter &emitter, Type type) { return cast(emitter.constant(Type::Int64, int64_t{1}), type); }
Scalar same(Scalar x) { return x; }
Scalar plus(Scalar sum, const Scalars &s) { return sum + s[0]; }

/// Axes that only the run knows: each result element folds, in every dimension, all of it or its own position. The result keeps
/// its dimensions, whose extents are 1 where the mask is set.
Tensor reduceAtRunTime(const Tensor &x, const Tensor &axes, const Reduction &reduction, Type type,
                       std::vector<Scalar> &mask) {
  Emitter &emitter = x.emitter();
  const Shape list = emitter.extentsIn(axes);
  Shape shape;
  for (int64_t d = 0; d < x.rank(); ++d) {
    Scalar isFolded = emitter.boolean(false);
    for (const Extent &axis : list) {
      const Scalar a = emitter.index(axis);
      isFolded = isFolded | (a == d) | (a == d - x.rank());
    }
    mask.push_back(isFolded);
    shape.push_back(Extent(select(isFolded, emitter.index(1), emitter.index(x.extent(d)))));
  }
  for (const Extent &axis : list)
    emitter.require((emitter.index(axis) >= -x.rank()) & (emitter.index(axis) < x.rank()),
                    "an axis is outside the rank");
  const Scalars extents = extentScalars(emitter, x.shape());
  const Scalar initial = reduction.initial(emitter, type);
  return emitter.generate(type, shape, [&](const Scalars &at) {
    std::vector<std::pair<Scalar, Scalar>> ranges;
    for (size_t d = 0; d < at.size(); ++d)
      ranges.emplace_back(select(mask[d], emitter.index(0), at[d]), select(mask[d], extents[d], at[d] + 1));
    return loopNest(emitter, ranges, {initial},
                    [&](const Scalars &position, const Scalars &state) -> Scalars {
                      return {narrowedTo(reduction.join(state[0], {reduction.term(x.at(position))}), type)};
                    })[0];
  });
}

/// The extents of `shape` whose mask is not set, in order: `count` of them.
Shape remaining(Emitter &emitter, const Shape &shape, const std::vector<Scalar> &mask, size_t count) {
  Shape result;
  for (size_t j = 0; j < count; ++j) {
    Scalar extent = emitter.index(1), before = emitter.index(0);
    for (size_t i = 0; i < shape.size(); ++i) {
      const Scalar isKept = ~mask[i];
      extent = select(isKept & (before == static_cast<int64_t>(j)), emitter.index(shape[i]), extent);
      before = before + cast(isKept, Type::Index);
    }
    result.push_back(Extent(extent));
  }
  return result;
}

/// The sum divided by the ratio of the counts, in the type that summed; an empty result divides nothing.
Tensor divided(const Tensor &sum, const Tensor &x) {
  Emitter &emitter = x.emitter();
  const Extent all = productOf(x.shape()), left = productOf(sum.shape());
  const Scalar folded = emitter.index(all) / maximum(emitter.index(left), emitter.index(1));
  return sum / emitter.scalarTensor(cast(folded, sum.type()));
}

Values reduceWith(Call &call, const Reduction &reduction, bool isMean = false) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const auto finished = [&](const Tensor &sum) {
    return isMean ? divided(sum, x) : mapUnary(sum, reduction.finish);
  };
  const IntegerList list = listOf(call, "axes", 1);
  const bool keeps = call.integer("keepdims", 1) != 0;
  const bool isEmpty = !list.isGiven || (list.isKnown ? list.values.empty() : list.tensor.extent(0).is(0));
  Tensor result;
  if (isEmpty && call.integer("noop_with_empty_axes", 0) != 0) {
    // No fold at all: the element's own term, as the format's reference has it for each reduction.
    result = mapUnary(x, [&](Scalar s) {
      return reduction.finish(reduction.join(reduction.initial(emitter, x.type()), {reduction.term(s)}));
    });
    return {emitter.cast(result, given.type())};
  }
  if (!list.isKnown && !isEmpty) {
    std::vector<Scalar> mask;
    result = reduceAtRunTime(x, list.tensor, reduction, x.type(), mask);
    result = finished(result);
    if (!keeps) {
      const int64_t count = x.rank() - list.tensor.count();
      if (count < 0)
        fail(list.tensor.count(), " axes for rank ", x.rank());
      result = emitter.reshape(result, remaining(emitter, x.shape(), mask, static_cast<size_t>(count)));
    }
    return {emitter.cast(result, given.type())};
  }
  const std::vector<int64_t> axes = isEmpty ? allAxes(x.rank()) : normalisedAxes(list.values, x.rank());
  result = emitter.reduce(
      x.type(), x, axes, reduction.initial(emitter, x.type()),
      [&](Scalar sum, const Scalars &s) { return reduction.join(sum, {reduction.term(s[0])}); });
  result = finished(result);
  if (keeps)
    result = keepDimensions(result, x.shape(), axes);
  return {emitter.cast(result, given.type())};
}

Values reduceSum(Call &call) { return reduceWith(call, {same, plus, same, zeroOf}); }
Values reduceSquares(Call &call) {
  return reduceWith(call, {[](Scalar x) { return x * x; }, plus, same, zeroOf});
}
Values reduceL1(Call &call) { return reduceWith(call, {absolute, plus, same, zeroOf}); }
Values reduceL2(Call &call) {
  return reduceWith(call, {[](Scalar x) { return x * x; }, plus,
                           [](Scalar sum) {
                             return isFloat(sum.type()) ? sqrtOf(sum)
                                                        : cast(sqrtOf(cast(sum, Type::Float64)), sum.type());
                           },
                           zeroOf});
}
Values reduceProduct(Call &call) {
  return reduceWith(call, {same, [](Scalar p, const Scalars &s) { return p * s[0]; }, same, oneOf});
}
Values reduceLogSum(Call &call) { return reduceWith(call, {same, plus, logOf, zeroOf}); }

/// Bool is ordered as 0 and 1.
Values reduceMaximum(Call &call) {
  const bool isTruth = call.in(0).type() == Type::Bool;
  return reduceWith(
      call, {same, [isTruth](Scalar m, const Scalars &s) { return isTruth ? m | s[0] : maximum(m, s[0]); },
             same, [](Emitter &emitter, Type type) { return lowest(emitter, type); }});
}
Values reduceMinimum(Call &call) {
  const bool isTruth = call.in(0).type() == Type::Bool;
  return reduceWith(
      call, {same, [isTruth](Scalar m, const Scalars &s) { return isTruth ? m & s[0] : minimum(m, s[0]); },
             same, [](Emitter &emitter, Type type) { return highest(emitter, type); }});
}

Values reduceMean(Call &call) { return reduceWith(call, {same, plus, same, zeroOf}, true); }

/// ln of the sum of exponentials, the largest of which is taken out first.
Values reduceLogSumExp(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const IntegerList list = listOf(call, "axes", 1);
  if (!list.isKnown)
    return reduceWith(call, {expOf, plus, logOf, zeroOf});
  const bool isEmpty = !list.isGiven || list.values.empty();
  if (isEmpty && call.integer("noop_with_empty_axes", 0) != 0)
    return {given};
  const std::vector<int64_t> axes = isEmpty ? allAxes(x.rank()) : normalisedAxes(list.values, x.rank());
  // An infinite maximum must not become NaN.
  const Tensor peak = mapUnary(maximumOver(x, axes), [](Scalar m) {
    return select(absolute(m) == constantLike(m, HUGE_VAL), constantLike(m, 0.0), m);
  });
  const Tensor powers = emitter.map(x.type(), {x, peak}, [](const Scalars &s) { return expOf(s[0] - s[1]); });
  const Tensor sum = emitter.map(x.type(), {sumOver(powers, axes), peak},
                                 [](const Scalars &s) { return logOf(s[0]) + s[1]; });
  Tensor result = emitter.cast(sum, given.type());
  if (!call.integer("keepdims", 1)) {
    Shape shape;
    for (int64_t d = 0; d < x.rank(); ++d)
      if (std::find(axes.begin(), axes.end(), d) == axes.end())
        shape.push_back(x.extent(d));
    result = emitter.reshape(result, shape);
  }
  return {result};
}

/// The position of the extreme along one axis. NaN counts as the extreme, as numpy has it.
Values extremePosition(Call &call, bool isMaximum) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const int64_t axis = call.axis(0, x.rank());
  const bool takesLast = call.integer("select_last_index", 0) != 0;
  Shape shape = x.shape();
  shape[static_cast<size_t>(axis)] = Extent(1);
  const Scalar extent = emitter.index(x.extent(axis));
  Tensor result = emitter.generate(Type::Int64, shape, [&](const Scalars &at) {
    Scalars first = at;
    const Scalar start = widenedScalar(x.at(first));
    return emitter.loop(emitter.index(1), extent, {start, emitter.constant(Type::Int64, int64_t{0})},
                        [&](Scalar i, const Scalars &state) -> Scalars {
                          Scalars position = at;
                          position[static_cast<size_t>(axis)] = i;
                          const Scalar value = widenedScalar(x.at(position));
                          const Scalar best = state[0];
                          Scalar isBetter = isMaximum ? (takesLast ? value >= best : value > best)
                                                      : (takesLast ? value <= best : value < best);
                          if (isFloat(value.type()))
                            isBetter = (isBetter | isNan(value)) & ~isNan(best);
                          return {select(isBetter, value, best),
                                  select(isBetter, cast(i, Type::Int64), state[1])};
                        })[1];
  });
  if (!call.integer("keepdims", 1)) {
    shape.erase(shape.begin() + axis);
    result = emitter.reshape(result, shape);
  }
  return {result};
}
Values argMax(Call &call) { return extremePosition(call, true); }
Values argMin(Call &call) { return extremePosition(call, false); }

/// Before version 13 everything from the axis on is one dimension.
std::vector<int64_t> softmaxAxes(Call &call, const Tensor &x) {
  if (call.opset() >= 13)
    return {call.axis(-1, x.rank())};
  std::vector<int64_t> axes;
  for (int64_t i = call.axis(1, x.rank()); i < x.rank(); ++i)
    axes.push_back(i);
  return axes;
}

Values softmaxOf(Call &call) {
  const Tensor x = call.in(0), wide = widened(x);
  return {call.emitter.cast(softmax(wide, softmaxAxes(call, x)), x.type())};
}

Values logSoftmax(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const auto axes = softmaxAxes(call, x);
  const Tensor shifted = x - maximumOver(x, axes);
  const Tensor sum = sumOver(mapUnary(shifted, expOf), axes);
  return {emitter.cast(shifted - mapUnary(sum, logOf), given.type())};
}

/// 1 at the first largest element along the axis (or of everything from it on), 0 elsewhere.
Values hardmax(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const auto axes = softmaxAxes(call, x);
  Shape flat(x.shape().begin(), x.shape().begin() + axes.front());
  flat.push_back(productOf(std::span(x.shape()).subspan(static_cast<size_t>(axes.front()), axes.size())));
  flat.insert(flat.end(), x.shape().begin() + axes.back() + 1, x.shape().end());
  const Tensor rows = emitter.reshape(x, flat);
  const auto axis = static_cast<size_t>(axes.front());
  const Scalar extent = emitter.index(flat[axis]);
  const Tensor result = emitter.generate(x.type(), flat, [&](const Scalars &at) {
    const Scalar own = widenedScalar(rows.at(at));
    const Scalar wins = emitter.loop(emitter.index(0), extent, {emitter.boolean(true)},
                                     [&](Scalar i, const Scalars &state) -> Scalars {
                                       Scalars position = at;
                                       position[axis] = i;
                                       const Scalar other = widenedScalar(rows.at(position));
                                       const Scalar loses = (other > own) | ((other == own) & (i < at[axis]));
                                       return {state[0] & ~loses};
                                     })[0];
    return cast(wins, own.type());
  });
  return {emitter.reshape(result, x.shape())};
}

/// The same along an axis that only the run knows: each element folds its row anew.
Tensor cumulativeAtRunTime(const Tensor &x, const Tensor &where, Scalar start, bool isProduct,
                           bool isExclusive, bool isReverse) {
  Emitter &emitter = x.emitter();
  const Scalar axis = wrapped(where.item(), emitter.index(x.rank()));
  emitter.require((axis >= 0) & (axis < x.rank()), "the axis is outside the rank");
  const Scalars extents = extentScalars(emitter, x.shape());
  return emitter.generate(x.type(), x.shape(), [&](const Scalars &at) {
    Scalar own = emitter.index(0), extent = emitter.index(0);
    for (size_t d = 0; d < at.size(); ++d) {
      own = select(axis == static_cast<int64_t>(d), at[d], own);
      extent = select(axis == static_cast<int64_t>(d), extents[d], extent);
    }
    const Scalar inclusive = emitter.index(isExclusive ? 0 : 1);
    const Scalar from = isReverse ? own + 1 - inclusive : emitter.index(0);
    const Scalar to = isReverse ? extent : own + inclusive;
    return emitter.loop(from, to, {start}, [&](Scalar i, const Scalars &state) -> Scalars {
      Scalars position = at;
      for (size_t d = 0; d < at.size(); ++d)
        position[d] = select(axis == static_cast<int64_t>(d), i, at[d]);
      const Scalar value = x.at(position);
      return {isProduct ? state[0] * value : state[0] + value};
    })[0];
  });
}

/// Sums or products of everything before an element, with or without itself.
Values cumulative(Call &call, bool isProduct) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const bool isExclusive = call.integer("exclusive", 0) != 0, isReverse = call.integer("reverse", 0) != 0;
  const Scalar start = isProduct ? oneOf(emitter, x.type()) : zeroOf(emitter, x.type());
  const Tensor where = call.in(1);
  if (!where.isStatic() || where.count() != 1)
    fail("the axis has shape ", shapeText(where.shape()));
  const auto known = where.integers();
  if (!known && x.rank() != 1)
    return {
        emitter.cast(cumulativeAtRunTime(x, where, start, isProduct, isExclusive, isReverse), given.type())};
  const auto axis = static_cast<size_t>(known ? normalisedAxis(known->front(), x.rank()) : 0);
  const Scalar extent = emitter.index(x.shape()[axis]);
  // One row of the state a step: each slice across the axis follows from the one before.
  Tensor result = emitter.empty(x.type(), x.shape());
  Shape across = x.shape();
  across.erase(across.begin() + static_cast<std::ptrdiff_t>(axis));
  const Tensors states =
      emitter.loop(x.shape()[axis], {result, emitter.expand(emitter.scalarTensor(start), across)},
                   [&](Scalar step, const Tensors &state) -> Tensors {
                     const Scalar at = isReverse ? extent - 1 - step : step;
                     const Tensor sum = emitter.generate(x.type(), across, [&](const Scalars &position) {
                       Scalars whole = position;
                       whole.insert(whole.begin() + static_cast<std::ptrdiff_t>(axis), at);
                       const Scalar value = x.at(whole), before = state[1].at(position);
                       return isProduct ? before * value : before + value;
                     });
                     Shape rowShape = x.shape(), offsets(rowShape.size(), Extent(0));
                     rowShape[axis] = Extent(1);
                     offsets[axis] = Extent(at);
                     const Tensor row = emitter.reshape(isExclusive ? state[1] : sum, rowShape);
                     return {emitter.insertSlice(state[0], row, offsets), sum};
                   });
  return {emitter.cast(states[0], given.type())};
}
Values cumulativeSum(Call &call) { return cumulative(call, false); }
Values cumulativeProduct(Call &call) { return cumulative(call, true); }

} // namespace

OperatorTable reduceOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"ArgMax", 1, now, argMax},
      {"ArgMin", 1, now, argMin},
      {"CumProd", 26, now, cumulativeProduct},
      {"CumSum", 11, now, cumulativeSum},
      {"Hardmax", 1, now, hardmax},
      {"LogSoftmax", 1, now, logSoftmax},
      {"ReduceL1", 1, now, reduceL1},
      {"ReduceL2", 1, now, reduceL2},
      {"ReduceLogSum", 1, now, reduceLogSum},
      {"ReduceLogSumExp", 1, now, reduceLogSumExp},
      {"ReduceMax", 1, now, reduceMaximum},
      {"ReduceMean", 1, now, reduceMean},
      {"ReduceMin", 1, now, reduceMinimum},
      {"ReduceProd", 1, now, reduceProduct},
      {"ReduceSum", 1, now, reduceSum},
      {"ReduceSumSquare", 1, now, reduceSquares},
      {"Softmax", 1, now, softmaxOf},
  };
}

} // namespace tessera::compiler::onnx_import
