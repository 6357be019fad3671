// Shapes and types: what changes no element but its place in a shape, and what makes tensors from shapes.

#include "import/onnx/operators/common.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

Values shapeOf(Call &call) {
  const Shape &shape = call.in(0).shape();
  const auto rank = static_cast<int64_t>(shape.size());
  const auto bound = [&](const char *name, int64_t fallback) {
    const int64_t value = call.integer(name, fallback);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  return {call.emitter.fromExtents(Shape(shape.begin() + start, shape.begin() + end))};
}

Values sizeOf(Call &call) {
  const Tensor count = call.emitter.fromExtents({productOf(call.in(0).shape())});
  return {call.emitter.reshape(count, {})};
}

Values identity(Call &call) { return {call.value(0)}; }

/// 0 keeps an extent (unless allowzero says that it means 0), -1 is what is left.
Values reshape(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  Shape wanted;
  if (call.opset() < 5)
    for (int64_t extent : call.integers("shape"))
      wanted.push_back(Extent(extent));
  else
    wanted = emitter.extentsIn(call.in(1));
  const bool allowsZero = call.integer("allowzero", 0) != 0;
  Shape shape;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool hasOwn = i < x.shape().size();
    const Extent own = hasOwn ? x.shape()[i] : Extent(0);
    if (wanted[i].isKnown()) {
      if (wanted[i].is(0) && !allowsZero && !hasOwn)
        fail("extent ", i, " is to be kept, the input has rank ", x.rank());
      shape.push_back(wanted[i].is(0) && !allowsZero ? own : wanted[i]);
    } else if (allowsZero || !hasOwn) {
      shape.push_back(wanted[i]);
    } else {
      const Scalar value = emitter.index(wanted[i]);
      // What was computed from extents of tensors is none of the codes.
      shape.push_back(isComputedExtent(wanted[i]) ? wanted[i]
                                                  : Extent(select(value == 0, emitter.index(own), value)));
    }
  }
  // The extent that is left open: the one known to be -1, or whichever turns out to be it.
  const Extent count = productOf(x.shape());
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool isOpen = shape[i].is(-1);
    if (shape[i].isKnown() ? !isOpen : isComputedExtent(shape[i]))
      continue;
    Extent others(1);
    for (size_t j = 0; j < shape.size(); ++j) {
      if (j == i)
        continue;
      if (shape[j].is(-1))
        fail("more than one extent is to be found");
      others = others * shape[j];
    }
    if (isOpen) {
      shape[i] = others.is(0) ? Extent(0) : quotientOf(x.shape(), shape, i);
      continue;
    }
    const Scalar value = emitter.index(shape[i]);
    shape[i] = Extent(select(value == -1, emitter.index(floorDivide(count, others)), value));
  }
  return {emitter.reshape(x, shape)};
}

Values flatten(Call &call) {
  const Tensor x = call.in(0);
  int64_t axis = call.integer("axis", 1);
  if (axis < -x.rank() || axis > x.rank())
    fail("axis ", axis, " is outside rank ", x.rank());
  axis = axis < 0 ? axis + x.rank() : axis;
  const std::span<const Extent> shape(x.shape());
  return {call.emitter.reshape(x, {productOf(shape.first(static_cast<size_t>(axis))),
                                   productOf(shape.subspan(static_cast<size_t>(axis)))})};
}

Values squeeze(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const IntegerList list = listOf(call, "axes", 1);
  std::vector<bool> isDropped(x.shape().size(), false);
  if (!list.isGiven) {
    for (size_t i = 0; i < isDropped.size(); ++i) {
      if (!x.shape()[i].isKnown())
        fail("which dimensions go depends on the run: dimension ", i, " is dynamic");
      isDropped[i] = x.shape()[i].is(1);
    }
  } else if (list.isKnown) {
    for (int64_t axis : normalisedAxes(list.values, x.rank()))
      isDropped[static_cast<size_t>(axis)] = true;
  } else {
    // Only the run knows the axes; all that is moved are ones, so the other extents in their order are the shape.
    const Shape axes = emitter.extentsIn(list.tensor);
    const int64_t rank = x.rank() - static_cast<int64_t>(axes.size());
    Shape shape;
    for (int64_t j = 0; j < rank; ++j) {
      Scalar extent = emitter.index(1), before = emitter.index(0);
      for (int64_t d = 0; d < x.rank(); ++d) {
        Scalar isKept = emitter.boolean(true);
        for (const Extent &axis : axes)
          isKept = isKept & (emitter.index(axis) != d) & (emitter.index(axis) != d - x.rank());
        extent = select(isKept & (before == j), emitter.index(x.extent(d)), extent);
        before = before + cast(isKept, Type::Index);
      }
      shape.push_back(Extent(extent));
    }
    return {emitter.reshape(x, shape)};
  }
  Shape shape;
  for (size_t i = 0; i < isDropped.size(); ++i) {
    if (!isDropped[i])
      shape.push_back(x.shape()[i]);
    else
      emitter.requireEqual(x.shape()[i], Extent(1), "a dimension that is not 1 cannot be dropped");
  }
  return {emitter.reshape(x, shape)};
}

Values unsqueeze(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const IntegerList list = listOf(call, "axes", 1);
  const int64_t count = list.isKnown ? static_cast<int64_t>(list.values.size()) : list.tensor.count();
  const int64_t rank = x.rank() + count;
  Shape shape;
  if (list.isKnown) {
    const auto axes = normalisedAxes(list.values, rank);
    size_t next = 0;
    for (int64_t d = 0; d < rank; ++d)
      shape.push_back(std::count(axes.begin(), axes.end(), d) ? Extent(1) : x.shape()[next++]);
    return {emitter.reshape(x, shape)};
  }
  Scalar next = emitter.index(0);
  for (int64_t d = 0; d < rank; ++d) {
    Scalar isNew = emitter.boolean(false), extent = emitter.index(1);
    for (const Extent &axis : emitter.extentsIn(list.tensor))
      isNew = isNew | (emitter.index(axis) == d) | (emitter.index(axis) == d - rank);
    for (int64_t i = 0; i < x.rank(); ++i)
      extent = select(next == i, emitter.index(x.extent(i)), extent);
    shape.push_back(Extent(select(isNew, emitter.index(1), extent)));
    next = next + cast(~isNew, Type::Index);
  }
  return {emitter.reshape(x, shape)};
}

Values transpose(Call &call) {
  const Tensor x = call.in(0);
  std::vector<int64_t> reversed;
  for (int64_t i = x.rank(); i-- > 0;)
    reversed.push_back(i);
  const auto permutation = normalisedAxes(call.integers("perm", reversed), x.rank());
  if (static_cast<int64_t>(permutation.size()) != x.rank())
    fail("a permutation of ", permutation.size(), " for rank ", x.rank());
  return {call.emitter.transpose(x, permutation)};
}

Tensor castOf(Call &call, const Tensor &x, Type type) {
  const bool saturates = call.integer("saturate", 1) != 0;
  if (isEncodedFloat(type) && !isEncodedFloat(x.type()) && type != Type::BFloat16)
    return call.emitter.map(type, {x}, [&](const Scalars &s) { return encode(s[0], type, saturates); });
  return call.emitter.cast(x, type);
}

Values castTo(Call &call) { return {castOf(call, call.in(0), static_cast<Type>(call.integer("to", 0)))}; }
Values castLike(Call &call) { return {castOf(call, call.in(0), call.in(1).type())}; }

Values constant(Call &call) {
  Emitter &emitter = call.emitter;
  if (call.hasAttribute("value"))
    return {call.tensor("value")};
  if (call.hasAttribute("value_float"))
    return {emitter.scalarTensor(emitter.constant(Type::Float32, call.real("value_float", 0)))};
  if (call.hasAttribute("value_floats")) {
    const auto values = call.reals("value_floats");
    return {emitter.reals(values, Type::Float32, {static_cast<int64_t>(values.size())})};
  }
  if (call.hasAttribute("value_int"))
    return {emitter.scalarTensor(emitter.constant(Type::Int64, call.integer("value_int", 0)))};
  if (call.hasAttribute("value_ints"))
    return {emitter.integers(call.integers("value_ints"))};
  fail("a constant has no value of numbers");
}

Values constantOfShape(Call &call) {
  Emitter &emitter = call.emitter;
  const Shape shape = emitter.extentsIn(call.in(0));
  if (!call.hasAttribute("value"))
    return {emitter.full(Type::Float32, shape, emitter.constant(Type::Float32, 0.0))};
  const Tensor value = call.tensor("value");
  return {emitter.full(value.type(), shape, value.item())};
}

Values expand(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  return {emitter.expand(x, broadcastShapes(emitter, {x.shape(), emitter.extentsIn(call.in(1))}))};
}

Values range(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor start = call.in(0), limit = call.in(1), delta = call.in(2);
  const Type type = start.type(), wide = widened(start).type();
  const Scalar from = cast(start.item(), wide), to = cast(limit.item(), wide),
               step = cast(delta.item(), wide);
  Extent count;
  if (isFloat(wide)) {
    const Scalar steps = ceilOf((to - from) / step);
    count = Extent(maximum(cast(steps, Type::Int64), emitter.constant(Type::Int64, int64_t{0})));
  } else {
    const Scalar a = cast(from, Type::Int64), b = cast(to, Type::Int64), s = cast(step, Type::Int64);
    const Scalar zero = emitter.constant(Type::Int64, int64_t{0});
    const Scalar towards = select(s > zero, s - 1, s + 1);
    count = Extent(maximum((b - a + towards) / s, zero));
  }
  return {
      emitter.generate(type, {count}, [&](const Scalars &at) { return from + cast(at[0], wide) * step; })};
}

Values eyeLike(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const auto type = static_cast<Type>(call.integer("dtype", static_cast<int64_t>(x.type())));
  const int64_t k = call.integer("k", 0);
  if (x.rank() != 2)
    fail("rank is ", x.rank(), ", expected 2");
  return {emitter.generate(type, x.shape(), [&](const Scalars &at) {
    const Scalar isOne = at[1] - at[0] == k;
    return type == Type::Bool ? isOne : cast(isOne, type);
  })};
}

Values trilu(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  if (x.rank() < 2)
    fail("rank is ", x.rank(), ", expected 2 or more");
  const bool isUpper = call.integer("upper", 1) != 0;
  const Scalar k = call.has(1) ? cast(call.in(1).item(), Type::Index) : emitter.index(0);
  return {emitter.generate(x.type(), x.shape(), [&](const Scalars &at) {
    const Scalar distance = at[at.size() - 1] - at[at.size() - 2];
    const Scalar value = x.at(at);
    const Scalar zero = value.type() == Type::Bool
                            ? emitter.boolean(false)
                            : cast(emitter.constant(Type::Int64, int64_t{0}), value.type());
    return select(isUpper ? distance >= k : distance <= k, value, zero);
  })};
}

} // namespace

OperatorTable shapeOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Cast", 6, now, castTo},       {"CastLike", 15, now, castLike},
      {"Constant", 1, now, constant}, {"ConstantOfShape", 9, now, constantOfShape},
      {"Expand", 8, now, expand},     {"EyeLike", 9, now, eyeLike},
      {"Flatten", 1, now, flatten},   {"Identity", 1, now, identity},
      {"Range", 11, now, range},      {"Reshape", 1, now, reshape},
      {"Shape", 1, now, shapeOf},     {"Size", 1, now, sizeOf},
      {"Squeeze", 1, now, squeeze},   {"Transpose", 1, now, transpose},
      {"Trilu", 14, now, trilu},      {"Unsqueeze", 1, now, unsqueeze},
  };
}

} // namespace tessera::compiler::onnx_import
