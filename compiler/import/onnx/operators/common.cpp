#include "import/onnx/operators/common.h"

#include <cmath>
#include <limits>

namespace tessera::compiler::onnx_import {

Tensor widened(const Tensor &x) {
  const bool isNarrow = x.type() == Type::Float16 || isEncodedFloat(x.type());
  return isNarrow ? x.emitter().cast(x, Type::Float32) : x;
}

Scalar widenedScalar(Scalar x) {
  const bool isNarrow = x.type() == Type::Float16 || isEncodedFloat(x.type());
  return isNarrow ? cast(x, Type::Float32) : x;
}

Scalar narrowedTo(Scalar x, Type type) { return isFloat(x.type()) && isFloat(type) ? cast(x, type) : x; }

std::vector<int64_t> allAxes(int64_t rank) {
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

Tensor keepDimensions(const Tensor &folded, const Shape &shape, const std::vector<int64_t> &axes) {
  Shape kept = shape;
  for (int64_t axis : axes)
    kept[static_cast<size_t>(axis)] = Extent(1);
  return folded.emitter().reshape(folded, kept);
}

namespace {

Tensor fold(const Tensor &x, const std::vector<int64_t> &axes, Scalar initial, const FoldBody &body) {
  return keepDimensions(x.emitter().reduce(x.type(), x, axes, initial, body), x.shape(), axes);
}

} // namespace

Tensor sumOver(const Tensor &x, const std::vector<int64_t> &axes) {
  const Scalar zero =
      isFloat(x.type()) ? x.emitter().constant(x.type(), 0.0) : x.emitter().constant(x.type(), int64_t{0});
  return fold(x, axes, zero, [](Scalar sum, const Scalars &s) { return sum + s[0]; });
}

Tensor maximumOver(const Tensor &x, const std::vector<int64_t> &axes) {
  return fold(x, axes, lowest(x.emitter(), x.type()),
              [](Scalar sum, const Scalars &s) { return maximum(sum, s[0]); });
}

Tensor meanOver(const Tensor &x, const std::vector<int64_t> &axes) {
  Emitter &emitter = x.emitter();
  Extent count(1);
  for (int64_t axis : axes)
    count = count * x.extent(axis);
  const Tensor divisor = emitter.scalarTensor(cast(emitter.index(count), x.type()));
  return sumOver(x, axes) / divisor;
}

Scalar lowest(Emitter &emitter, Type type) {
  if (isFloat(type))
    return emitter.constant(type, -HUGE_VAL);
  return emitter.constant(
      type, isUnsigned(type) || type == Type::Bool ? 0 : -(int64_t{1} << (valueBits(type) - 2)) * 2);
}

Scalar highest(Emitter &emitter, Type type) {
  if (isFloat(type))
    return emitter.constant(type, HUGE_VAL);
  if (type == Type::Bool)
    return emitter.boolean(true);
  if (isUnsigned(type)) // all ones, also of 64 bits
    return emitter.constant(type, int64_t{-1});
  return emitter.constant(type, ((int64_t{1} << (valueBits(type) - 2)) - 1) * 2 + 1);
}

Tensor mapUnary(const Tensor &x, const std::function<Scalar(Scalar)> &body) {
  return x.emitter().map(x.type(), {x}, [&](const Scalars &s) { return body(s[0]); });
}

Tensor constantLike(const Tensor &x, double value) {
  return x.emitter().scalarTensor(isFloat(x.type())
                                      ? x.emitter().constant(x.type(), value)
                                      : x.emitter().constant(x.type(), static_cast<int64_t>(value)));
}

Tensor padded(const Tensor &x, const Shape &before, const Shape &after, Scalar value) {
  Shape shape;
  bool isNothing = true;
  for (size_t i = 0; i < x.shape().size(); ++i) {
    shape.push_back(x.shape()[i] + before[i] + after[i]);
    isNothing = isNothing && before[i].is(0) && after[i].is(0);
  }
  if (isNothing)
    return x;
  return x.emitter().insertSlice(x.emitter().full(x.type(), shape, value), x, before);
}

Tensor softmax(const Tensor &x, const std::vector<int64_t> &axes) {
  Emitter &emitter = x.emitter();
  const Tensor peak = maximumOver(x, axes);
  const Tensor powers = emitter.map(x.type(), {x, peak}, [](const Scalars &s) { return expOf(s[0] - s[1]); });
  return powers / sumOver(powers, axes);
}

Tensor matrixProduct(const Tensor &x, const Tensor &y, Type type) {
  Emitter &emitter = x.emitter();
  if (x.rank() == 0 || y.rank() == 0)
    fail("a matrix product of a scalar is not defined");
  // Vectors are matrices of one row or one column, which the result does not keep.
  const Tensor a = x.rank() == 1 ? emitter.reshape(x, {Extent(1), x.extent(0)}) : x;
  const Tensor b = y.rank() == 1 ? emitter.reshape(y, {y.extent(0), Extent(1)}) : y;
  const auto batchOf = [](const Tensor &t) { return Shape(t.shape().begin(), t.shape().end() - 2); };
  const Extent &rows = a.extent(a.rank() - 2), &columns = b.extent(b.rank() - 1),
               &depth = a.extent(a.rank() - 1);
  emitter.requireEqual(depth, b.extent(b.rank() - 2), "inner extents of a matrix product differ");
  const Shape batch = broadcastShapes(emitter, {batchOf(a), batchOf(b)});
  Shape parallel = batch;
  parallel.push_back(rows);
  parallel.push_back(columns);
  const int row = static_cast<int>(batch.size()), column = row + 1, sum = row + 2;

  // An operand's batch extent is the result's, or 1 and read at 0; what is not clear is expanded.
  const auto access = [&](Tensor t, int first, int second) {
    const Shape own = batchOf(t);
    const size_t missing = batch.size() - own.size();
    bool isClear = true;
    for (size_t i = 0; i < own.size(); ++i)
      isClear = isClear && (own[i].is(1) || sameExtent(own[i], batch[missing + i]));
    if (!isClear) {
      Shape whole = batch;
      whole.insert(whole.end(), t.shape().end() - 2, t.shape().end());
      t = emitter.expand(t, whole);
    }
    Access result{t, {}};
    const auto present = static_cast<size_t>(t.rank() - 2);
    for (size_t i = 0; i < present; ++i) {
      const size_t at = batch.size() - present + i;
      result.position.push_back(sameExtent(t.shape()[i], batch[at]) ? loopIndex(static_cast<int>(at))
                                                                    : Position{});
    }
    result.position.push_back(loopIndex(first));
    result.position.push_back(loopIndex(second));
    return result;
  };
  const Scalar zero = isFloat(type) ? emitter.constant(type, 0.0) : emitter.constant(type, int64_t{0});
  Tensor product = emitter.contract(
      type, parallel, {depth}, {access(a, row, sum), access(b, sum, column)}, emitter.scalarTensor(zero),
      [&](Scalar total, const Scalars &s) { return total + cast(s[0], type) * cast(s[1], type); });
  Shape loops = parallel;
  loops.push_back(depth);
  emitter.countMacs(loops);
  Shape shape = batch;
  if (x.rank() > 1)
    shape.push_back(rows);
  if (y.rank() > 1)
    shape.push_back(columns);
  return emitter.reshape(product, shape);
}

IntegerList listOf(Call &call, const char *attribute, size_t input) {
  IntegerList list;
  if (call.hasAttribute(attribute)) {
    list.isGiven = true;
    list.values = call.integers(attribute);
    return list;
  }
  if (!call.has(input))
    return list;
  list.isGiven = true;
  list.tensor = call.in(input);
  const auto known = list.tensor.integers();
  list.isKnown = known.has_value();
  if (known)
    list.values = *known;
  return list;
}

Scalars loopNest(Emitter &emitter, const std::vector<std::pair<Scalar, Scalar>> &ranges, const Scalars &state,
                 const TapBody &body) {
  std::function<Scalars(size_t, Scalars, const Scalars &)> nest = [&](size_t depth, Scalars indices,
                                                                      const Scalars &inner) -> Scalars {
    if (depth == ranges.size())
      return body(indices, inner);
    return emitter.loop(ranges[depth].first, ranges[depth].second, inner, [&](Scalar i, const Scalars &s) {
      Scalars next = indices;
      next.push_back(i);
      return nest(depth + 1, next, s);
    });
  };
  return nest(0, {}, state);
}

Scalar wrapped(Scalar index, Scalar extent) {
  const Scalar i = cast(index, Type::Index);
  return select(i < 0, i + extent, i);
}

Scalars extentScalars(Emitter &emitter, const Shape &shape) {
  Scalars result;
  for (const Extent &extent : shape)
    result.push_back(emitter.index(extent));
  return result;
}

} // namespace tessera::compiler::onnx_import
