// Gathering and scattering by index.

#include "import/onnx/operators/common.h"

#include <algorithm>

namespace tessera::compiler::onnx_import {

namespace {

Values gather(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1);
  const auto axis = static_cast<size_t>(call.axis(0, x.rank()));
  const Extent extent = x.shape()[axis];
  emitter.requireIndices(indices, extent);
  Shape shape(x.shape().begin(), x.shape().begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), x.shape().begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape().end());
  const auto indexRank = static_cast<size_t>(indices.rank());
  if (const auto known = indices.integers(); known && x.isStatic()) {
    const auto source = [&](const std::vector<int64_t> &at) {
      int64_t which = 0, position = 0;
      for (size_t d = 0; d < indexRank; ++d)
        which = which * indices.shape()[d].value() + at[axis + d];
      const int64_t index = (*known)[static_cast<size_t>(which)];
      for (size_t d = 0; d < x.shape().size(); ++d) {
        const int64_t i = d < axis    ? at[d]
                          : d == axis ? (index < 0 ? index + extent.value() : index)
                                      : at[d + indexRank - 1];
        position = position * x.shape()[d].value() + i;
      }
      return position;
    };
    if (auto constant = emitter.pick(x, shape, source))
      return {*constant};
  }
  const Scalar size = emitter.index(extent);
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    const auto first = at.begin() + static_cast<std::ptrdiff_t>(axis);
    const auto last = first + static_cast<std::ptrdiff_t>(indexRank);
    Scalars position(at.begin(), first);
    position.push_back(wrapped(indices.at(Scalars(first, last)), size));
    position.insert(position.end(), last, at.end());
    return x.at(position);
  })};
}

Values gatherElements(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1);
  const auto axis = static_cast<size_t>(call.axis(0, x.rank()));
  if (indices.rank() != x.rank())
    fail("indices of rank ", indices.rank(), " for data of rank ", x.rank());
  emitter.requireIndices(indices, x.shape()[axis]);
  for (size_t d = 0; d < x.shape().size(); ++d)
    if (d != axis && !sameExtent(indices.shape()[d], x.shape()[d]))
      emitter.require(emitter.index(indices.shape()[d]) <= emitter.index(x.shape()[d]),
                      "the indices are larger than the data");
  const Scalar size = emitter.index(x.shape()[axis]);
  return {emitter.generate(x.type(), indices.shape(), [&](const Scalars &at) {
    Scalars position = at;
    position[axis] = wrapped(indices.at(at), size);
    return x.at(position);
  })};
}

/// Requires that column `k` of the last dimension of `indices` is an index into dimension `first + k` of x.
void requireTuples(Emitter &emitter, const Tensor &indices, const Tensor &x, int64_t first, int64_t depth) {
  for (int64_t k = 0; k < depth; ++k) {
    Shape offsets(indices.shape().size(), Extent(0)), sizes = indices.shape();
    offsets.back() = Extent(k);
    sizes.back() = Extent(1);
    const Tensor column = emitter.slice(indices, offsets, sizes, std::vector<int64_t>(sizes.size(), 1));
    emitter.requireIndices(column, x.extent(first + k));
  }
}

int64_t tupleDepth(const Tensor &indices) {
  if (indices.rank() < 1 || !indices.extent(indices.rank() - 1).isKnown())
    fail("indices of shape ", shapeText(indices.shape()), ", the last extent must be known");
  return indices.extent(indices.rank() - 1).value();
}

Values gatherND(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1);
  const int64_t batch = call.integer("batch_dims", 0), depth = tupleDepth(indices);
  if (batch < 0 || batch >= indices.rank() || batch + depth > x.rank())
    fail("batch_dims ", batch, " and tuples of ", depth, " for data of rank ", x.rank());
  for (int64_t d = 0; d < batch; ++d)
    emitter.requireEqual(x.extent(d), indices.extent(d), "the batch dimensions differ");
  requireTuples(emitter, indices, x, batch, depth);
  Shape shape(indices.shape().begin(), indices.shape().end() - 1);
  shape.insert(shape.end(), x.shape().begin() + batch + depth, x.shape().end());
  const Scalars extents = extentScalars(emitter, x.shape());
  const auto tuples = static_cast<std::ptrdiff_t>(indices.rank() - 1);
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    Scalars tuple(at.begin(), at.begin() + tuples);
    tuple.emplace_back();
    Scalars position(at.begin(), at.begin() + batch);
    for (int64_t k = 0; k < depth; ++k) {
      tuple.back() = emitter.index(k);
      position.push_back(wrapped(indices.at(tuple), extents[static_cast<size_t>(batch + k)]));
    }
    position.insert(position.end(), at.begin() + tuples, at.end());
    return x.at(position);
  })};
}

/// How an update joins what is there.
std::function<Scalar(Scalar, Scalar)> joinOf(const std::string &reduction) {
  if (reduction == "none" || reduction.empty())
    return [](Scalar, Scalar update) { return update; };
  if (reduction == "add")
    return [](Scalar old, Scalar update) { return old.type() == Type::Bool ? old | update : old + update; };
  if (reduction == "mul")
    return [](Scalar old, Scalar update) { return old.type() == Type::Bool ? old & update : old * update; };
  if (reduction == "min")
    return [](Scalar old, Scalar update) { return minimum(old, update); };
  if (reduction == "max")
    return [](Scalar old, Scalar update) { return maximum(old, update); };
  fail("reduction '", reduction, "' is not supported");
}

/// Calls `step` with the state and every position of `shape`, last dimension first.
Tensor eachPosition(Emitter &emitter, const Shape &shape, const Tensor &initial,
                    const std::function<Tensor(const Tensor &state, const Scalars &at)> &step) {
  std::function<Tensor(size_t, const Tensor &, Scalars)> nest = [&](size_t depth, const Tensor &state,
                                                                    Scalars at) {
    if (depth == shape.size())
      return step(state, at);
    return emitter.loop(shape[depth], {state}, [&](Scalar i, const Tensors &inner) -> Tensors {
      Scalars next = at;
      next.push_back(i);
      return {nest(depth + 1, inner[0], next)};
    })[0];
  };
  return nest(0, initial, {});
}

Values scatterElements(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1), updates = call.in(2);
  const auto axis = static_cast<size_t>(call.axis(0, x.rank()));
  const auto join = joinOf(call.text("reduction", "none"));
  if (indices.rank() != x.rank() || updates.rank() != x.rank())
    fail("indices of rank ", indices.rank(), " and updates of rank ", updates.rank(), " for data of rank ",
         x.rank());
  emitter.requireIndices(indices, x.shape()[axis]);
  for (size_t d = 0; d < x.shape().size(); ++d) {
    emitter.requireEqual(indices.shape()[d], updates.shape()[d], "indices and updates differ in shape");
    if (d != axis && !sameExtent(indices.shape()[d], x.shape()[d]))
      emitter.require(emitter.index(indices.shape()[d]) <= emitter.index(x.shape()[d]),
                      "the indices are larger than the data");
  }
  const Scalar size = emitter.index(x.shape()[axis]);
  return {eachPosition(emitter, indices.shape(), x, [&](const Tensor &state, const Scalars &at) {
    Scalars position = at;
    position[axis] = wrapped(indices.at(at), size);
    return emitter.put(state, position, join(state.at(position), updates.at(at)));
  })};
}

Values scatterND(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), indices = call.in(1), updates = call.in(2);
  const int64_t depth = tupleDepth(indices);
  const auto join = joinOf(call.text("reduction", "none"));
  if (depth > x.rank() || updates.rank() != indices.rank() - 1 + x.rank() - depth)
    fail("tuples of ", depth, " and updates of rank ", updates.rank(), " for data of rank ", x.rank());
  const auto tuples = static_cast<size_t>(indices.rank() - 1);
  for (size_t d = 0; d < tuples; ++d)
    emitter.requireEqual(indices.shape()[d], updates.shape()[d], "indices and updates differ in shape");
  for (size_t d = tuples; d < updates.shape().size(); ++d)
    emitter.requireEqual(updates.shape()[d], x.shape()[static_cast<size_t>(depth) + d - tuples],
                         "updates and data differ in shape");
  requireTuples(emitter, indices, x, 0, depth);
  const Scalars extents = extentScalars(emitter, x.shape());
  return {eachPosition(emitter, updates.shape(), x, [&](const Tensor &state, const Scalars &at) {
    Scalars tuple(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(tuples)), position;
    tuple.emplace_back();
    for (int64_t k = 0; k < depth; ++k) {
      tuple.back() = emitter.index(k);
      position.push_back(wrapped(indices.at(tuple), extents[static_cast<size_t>(k)]));
    }
    position.insert(position.end(), at.begin() + static_cast<std::ptrdiff_t>(tuples), at.end());
    return emitter.put(state, position, join(state.at(position), updates.at(at)));
  })};
}

Values oneHot(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor indices = call.in(0), values = call.in(2);
  const auto axis = static_cast<size_t>(call.axis(-1, indices.rank() + 1));
  const Scalar depth = cast(call.in(1).item(), Type::Int64);
  emitter.require(depth >= 0, "the depth is negative");
  Shape shape = indices.shape();
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), Extent(depth));
  if (values.rank() != 1)
    fail("values of rank ", values.rank(), ", expected 1");
  emitter.requireEqual(values.extent(0), Extent(2), "off and on are two values");
  const Scalar off = values.at({emitter.index(0)}), on = values.at({emitter.index(1)});
  return {emitter.generate(values.type(), shape, [&](const Scalars &at) {
    Scalars position = at;
    position.erase(position.begin() + static_cast<std::ptrdiff_t>(axis));
    const Scalar given = cast(indices.at(position), Type::Int64);
    const Scalar index = select(given < 0, given + depth, given);
    return select(index == cast(at[axis], Type::Int64), on, off);
  })};
}

/// The positions at which `isThere` holds, in order, of at most `count`: a list as long as there are.
Tensor positionsWhere(Emitter &emitter, const Extent &count, const std::function<Scalar(Scalar)> &isThere) {
  const Scalar none = emitter.constant(Type::Int64, int64_t{0});
  const Tensors found =
      emitter.loop(count, {emitter.empty(Type::Int64, {count}), emitter.full(Type::Int64, {Extent(1)}, none)},
                   [&](Scalar i, const Tensors &state) -> Tensors {
                     const Scalar first = emitter.index(0), next = state[1].at({first}), holds = isThere(i);
                     // Written always, kept where it counts: the list cannot be full before the last step.
                     const Tensor list =
                         emitter.put(state[0], {cast(next, Type::Index)}, cast(i, Type::Int64));
                     return {list, emitter.put(state[1], {first}, next + cast(holds, Type::Int64))};
                   });
  const Extent size(found[1].at({emitter.index(0)}));
  return emitter.slice(found[0], {Extent(0)}, {size}, {1});
}

/// The slices along the axis (or the elements) whose condition holds.
Values compress(Call &call) {
  Emitter &emitter = call.emitter;
  Tensor x = call.in(0);
  const Tensor condition = call.in(1);
  if (condition.rank() != 1 || condition.type() != Type::Bool)
    fail("the condition is ", typeName(condition.type()), " of rank ", condition.rank());
  if (!call.hasAttribute("axis"))
    x = emitter.reshape(x, {productOf(x.shape())});
  const auto axis = static_cast<size_t>(call.axis(0, x.rank()));
  emitter.require(emitter.index(condition.extent(0)) <= emitter.index(x.shape()[axis]),
                  "the condition is longer than the dimension");
  const Tensor list =
      positionsWhere(emitter, condition.extent(0), [&](Scalar i) { return condition.at({i}); });
  Shape shape = x.shape();
  shape[axis] = list.extent(0);
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    Scalars position = at;
    position[axis] = cast(list.at({at[axis]}), Type::Index);
    return x.at(position);
  })};
}

Values nonZero(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const Tensor flat = emitter.reshape(x, {productOf(x.shape())});
  const Tensor list =
      positionsWhere(emitter, flat.extent(0), [&](Scalar i) { return cast(flat.at({i}), Type::Bool); });
  const Scalars extents = extentScalars(emitter, x.shape());
  const Extent rank(x.rank());
  return {emitter.generate(Type::Int64, {rank, list.extent(0)}, [&](const Scalars &at) {
    Scalar rest = cast(list.at({at[1]}), Type::Index), result = emitter.index(0);
    for (size_t d = extents.size(); d-- > 0;) {
      const Scalar extent = maximum(extents[d], emitter.index(1));
      result = select(at[0] == static_cast<int64_t>(d), remainder(rest, extent), result);
      rest = rest / extent;
    }
    return cast(result, Type::Int64);
  })};
}

/// Writes `update` into the cache at the place that each batch entry names, around its end where the mode is circular.
Values tensorScatter(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor cache = call.in(0), update = call.in(1);
  const auto axis = static_cast<size_t>(call.axis(-2, cache.rank()));
  const bool isCircular = call.text("mode", "linear") == "circular";
  if (update.rank() != cache.rank())
    fail("an update of rank ", update.rank(), " for a cache of rank ", cache.rank());
  for (size_t d = 0; d < cache.shape().size(); ++d)
    if (d != axis)
      emitter.requireEqual(cache.shape()[d], update.shape()[d], "cache and update differ in shape");
  const Scalar size = emitter.index(cache.shape()[axis]), length = emitter.index(update.shape()[axis]);
  const bool hasStarts = call.has(2);
  const Tensor starts = hasStarts ? call.in(2) : cache;
  if (hasStarts) {
    emitter.requireEqual(starts.extent(0), cache.extent(0), "one index a batch entry is needed");
    emitter.requireIndices(starts, cache.shape()[axis]);
  }
  return {emitter.generate(cache.type(), cache.shape(), [&](const Scalars &at) {
    const Scalar start = hasStarts ? wrapped(starts.at({at[0]}), size) : emitter.index(0);
    Scalar from = at[axis] - start;
    if (isCircular)
      from = select(from < 0, from + size, from);
    const Scalar isNew = (from >= 0) & (from < length);
    return emitter.branch(
        isNew,
        [&]() -> Scalars {
          Scalars position = at;
          position[axis] = from;
          return {update.at(position)};
        },
        [&]() -> Scalars { return {cache.at(at)}; })[0];
  })};
}

} // namespace

OperatorTable gatherOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Compress", 9, now, compress},
      {"Gather", 1, now, gather},
      {"GatherElements", 11, now, gatherElements},
      {"GatherND", 11, now, gatherND},
      {"NonZero", 9, now, nonZero},
      {"OneHot", 9, now, oneHot},
      {"Scatter", 9, now, scatterElements},
      {"ScatterElements", 11, now, scatterElements},
      {"ScatterND", 11, now, scatterND},
      {"TensorScatter", 24, now, tensorScatter},
  };
}

} // namespace tessera::compiler::onnx_import
