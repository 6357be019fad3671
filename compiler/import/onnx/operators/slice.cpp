// Parts and wholes: slices, splits, concatenations, padding, tiles, blocks.

#include "import/onnx/operators/common.h"

#include <algorithm>

namespace tessera::compiler::onnx_import {

namespace {

/// A bound of a slice, counted from the end where it is negative, and clamped.
Extent sliceBound(Emitter &emitter, const Extent &bound, const Extent &extent, bool isBackwards, bool isEnd) {
  const int64_t low = isBackwards && isEnd ? -1 : 0;
  const Extent high = isBackwards ? extent - Extent(1) : extent;
  if (bound.isKnown() && extent.isKnown()) {
    const int64_t value = bound.value() < 0 ? bound.value() + extent.value() : bound.value();
    return Extent(std::max(low, std::min(value, high.value())));
  }
  if (bound.isKnown() && !isBackwards) {
    if (bound.value() >= INT32_MAX)
      return extent;
    if (bound.value() >= 0)
      return minimum(bound, extent);
    if (bound.value() <= INT32_MIN)
      return Extent(0);
  }
  const Scalar value = wrapped(emitter.index(bound), emitter.index(extent));
  return Extent(maximum(minimum(value, emitter.index(high)), emitter.index(low)));
}

/// One dimension of a slice.
struct Cut {
  Extent start = Extent(0), count;
  std::optional<int64_t> step = 1;
  Scalar runStep; ///< where the run decides the step
};

/// The elements from start to end, any step that is not 0; what the run decides, the run computes.
Cut cutOf(Emitter &emitter, const Extent &extent, const Extent &start, const Extent &end,
          const Extent &step) {
  Cut cut;
  if (step.is(0))
    fail("the step is 0");
  if (step.isKnown()) {
    const bool isBackwards = step.value() < 0;
    cut.step = step.value();
    cut.start = sliceBound(emitter, start, extent, isBackwards, false);
    const Extent last = sliceBound(emitter, end, extent, isBackwards, true);
    const Extent distance = isBackwards ? cut.start - last : last - cut.start;
    const Extent stride(step.value() == INT64_MIN ? INT64_MAX : std::abs(step.value()));
    if (distance.isKnown())
      cut.count = distance.value() <= 0 ? Extent(0) : Extent((distance.value() - 1) / stride.value() + 1);
    else if (cut.start.is(0) && sameExtent(last, extent))
      cut.count = ceilDivide(extent, stride);
    else
      cut.count = maximum(ceilDivide(distance, stride), Extent(0));
    if (isBackwards) // of nothing there is no last element
      cut.count = minimum(cut.count, extent);
    return cut;
  }
  cut.step.reset();
  cut.runStep = emitter.index(step);
  emitter.require(cut.runStep != 0, "the step is 0");
  const Scalar isBackwards = cut.runStep < 0;
  const auto bound = [&](const Extent &value, bool isEnd) {
    return select(isBackwards, emitter.index(sliceBound(emitter, value, extent, true, isEnd)),
                  emitter.index(sliceBound(emitter, value, extent, false, isEnd)));
  };
  const Scalar first = bound(start, false), last = bound(end, true);
  const Scalar distance = select(isBackwards, first - last, last - first);
  const Scalar stride = select(isBackwards, 0 - cut.runStep, cut.runStep);
  cut.start = Extent(first);
  const Scalar count = maximum((distance + stride - 1) / stride, emitter.index(0));
  cut.count = Extent(minimum(count, emitter.index(extent)));
  return cut;
}

Values slice(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  Shape starts, ends, steps, axes;
  const auto fromList = [](const std::vector<int64_t> &values) {
    return Shape(values.begin(), values.end());
  };
  if (call.opset() < 10) {
    starts = fromList(call.integers("starts"));
    ends = fromList(call.integers("ends"));
    axes = fromList(call.integers("axes"));
  } else {
    starts = emitter.extentsIn(call.in(1));
    ends = emitter.extentsIn(call.in(2));
    if (call.has(3))
      axes = emitter.extentsIn(call.in(3));
    if (call.has(4))
      steps = emitter.extentsIn(call.in(4));
  }
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i)
      axes.push_back(Extent(static_cast<int64_t>(i)));
  steps.resize(starts.size(), Extent(1));
  if (ends.size() != starts.size() || axes.size() != starts.size())
    fail(starts.size(), " starts, ", ends.size(), " ends and ", axes.size(), " axes");

  // Every dimension's cut. Which axis a bound belongs to may be the run's to decide, too.
  std::vector<Cut> cuts;
  const bool knowsAxes =
      std::all_of(axes.begin(), axes.end(), [](const Extent &axis) { return axis.isKnown(); });
  for (int64_t d = 0; d < x.rank(); ++d) {
    Cut whole;
    whole.count = x.extent(d);
    if (!knowsAxes) {
      Scalar start = emitter.index(0), end = emitter.index(x.extent(d)), step = emitter.index(1);
      for (size_t i = 0; i < axes.size(); ++i) {
        const Scalar isThis = wrapped(emitter.index(axes[i]), emitter.index(x.rank())) == d;
        start = select(isThis, emitter.index(starts[i]), start);
        end = select(isThis, emitter.index(ends[i]), end);
        step = select(isThis, emitter.index(steps[i]), step);
      }
      whole = cutOf(emitter, x.extent(d), Extent(start), Extent(end), Extent(step));
    }
    cuts.push_back(whole);
  }
  if (knowsAxes) {
    std::vector<int64_t> known;
    for (const Extent &axis : axes)
      known.push_back(axis.value());
    known = normalisedAxes(known, x.rank());
    for (size_t i = 0; i < known.size(); ++i)
      cuts[static_cast<size_t>(known[i])] = cutOf(emitter, x.extent(known[i]), starts[i], ends[i], steps[i]);
  }
  Shape offsets, sizes;
  std::vector<int64_t> strides;
  bool isForward = true, isKnown = true;
  for (const Cut &cut : cuts) {
    offsets.push_back(cut.start);
    sizes.push_back(cut.count);
    strides.push_back(cut.step.value_or(0));
    isForward = isForward && cut.step && *cut.step > 0;
    isKnown = isKnown && cut.step && cut.start.isKnown();
  }
  if (isForward)
    return {emitter.slice(x, offsets, sizes, strides)};
  if (isKnown && x.isStatic()) {
    const auto source = [&](const std::vector<int64_t> &index) {
      int64_t position = 0;
      for (size_t d = 0; d < index.size(); ++d)
        position = position * x.shape()[d].value() + offsets[d].value() + index[d] * strides[d];
      return position;
    };
    if (auto constant = emitter.pick(x, sizes, source))
      return {*constant};
  }
  return {emitter.generate(x.type(), sizes, [&](const Scalars &at) {
    Scalars position;
    for (size_t d = 0; d < at.size(); ++d) {
      const Scalar step = cuts[d].step ? emitter.index(*cuts[d].step) : cuts[d].runStep;
      position.push_back(emitter.index(offsets[d]) + at[d] * step);
    }
    return x.at(position);
  })};
}

/// The pieces of `x` along `axis` with these extents, which must cover it.
Tensors pieces(Emitter &emitter, const Tensor &x, int64_t axis, const Shape &sizes) {
  Extent sum(0);
  for (const Extent &size : sizes) {
    if (!size.isKnown())
      emitter.require(emitter.index(size) >= 0, "a piece has a negative extent");
    sum = sum + size;
  }
  emitter.requireEqual(sum, x.extent(axis), "the pieces do not cover the dimension");
  Tensors result;
  Extent offset(0);
  for (const Extent &size : sizes) {
    Shape offsets(x.shape().size(), Extent(0)), shape = x.shape();
    offsets[static_cast<size_t>(axis)] = offset;
    shape[static_cast<size_t>(axis)] = size;
    result.push_back(emitter.slice(x, offsets, shape, std::vector<int64_t>(shape.size(), 1)));
    offset = offset + size;
  }
  return result;
}

Values split(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const int64_t axis = call.axis(0, x.rank());
  const Extent whole = x.extent(axis);
  Shape sizes;
  if (call.hasAttribute("split"))
    for (int64_t size : call.integers("split"))
      sizes.push_back(Extent(size));
  else if (call.has(1))
    sizes = emitter.extentsIn(call.in(1));
  else {
    const int64_t count = call.integer("num_outputs", static_cast<int64_t>(call.outputs()));
    if (count < 1 || count != static_cast<int64_t>(call.outputs()))
      fail("num_outputs is ", count, ", the node has ", call.outputs(), " outputs");
    if (call.opset() < 18 && whole.isKnown() && whole.value() % count != 0)
      fail("a dimension of ", whole.value(), " cannot be split into ", count, " equal pieces");
    const Extent piece = ceilDivide(whole, Extent(count));
    sizes.assign(static_cast<size_t>(count - 1), piece);
    sizes.push_back(whole - piece * Extent(count - 1));
  }
  if (sizes.size() < call.outputs())
    fail(sizes.size(), " pieces for ", call.outputs(), " outputs");
  const Tensors parts = pieces(emitter, x, axis, sizes);
  return Values(parts.begin(), parts.end());
}

Values concat(Call &call) {
  const Tensors parts = call.all();
  if (parts.empty())
    fail("there is nothing to concatenate");
  return {call.emitter.concatenate(parts, call.axis(1, parts.front().rank()))};
}

// ---- padding ----

/// Where position `i` of a padded dimension reads, for the modes that repeat elements.
Scalar padSource(const std::string &mode, Scalar i, Scalar extent) {
  const Scalar zero = constantLike(i, int64_t{0});
  if (mode == "edge")
    return clamp(i, zero, extent - 1);
  const auto modulo = [&](Scalar x, Scalar n) {
    const Scalar rest = remainder(x, n);
    return select(rest < zero, rest + n, rest);
  };
  if (mode == "wrap")
    return modulo(i, extent);
  const Scalar period = maximum((extent - 1) * 2, constantLike(i, int64_t{1}));
  const Scalar folded = modulo(i, period);
  return select(folded < extent, folded, period - folded);
}

/// Amounts before and after each dimension, from an attribute or inputs.
void padAmounts(Call &call, const Tensor &x, Shape &before, Shape &after) {
  Emitter &emitter = call.emitter;
  Shape amounts;
  if (call.opset() < 11)
    for (int64_t amount : call.integers(call.hasAttribute("pads") ? "pads" : "paddings"))
      amounts.push_back(Extent(amount));
  else
    amounts = emitter.extentsIn(call.in(1));
  std::vector<int64_t> axes = allAxes(x.rank());
  if (call.has(3)) {
    const Tensor list = call.in(3);
    if (!list.integers()) { // the run decides which dimension an amount belongs to
      const Shape given = emitter.extentsIn(list);
      if (amounts.size() != 2 * given.size())
        fail(amounts.size(), " amounts for ", given.size(), " axes");
      for (int64_t d = 0; d < x.rank(); ++d) {
        Scalar first = emitter.index(0), last = emitter.index(0);
        for (size_t i = 0; i < given.size(); ++i) {
          const Scalar isThis = wrapped(emitter.index(given[i]), emitter.index(x.rank())) == d;
          first = select(isThis, emitter.index(amounts[i]), first);
          last = select(isThis, emitter.index(amounts[given.size() + i]), last);
        }
        before.push_back(Extent(first));
        after.push_back(Extent(last));
      }
      return;
    }
    axes = normalisedAxes(*list.integers(), x.rank());
  }
  if (amounts.size() != 2 * axes.size())
    fail(amounts.size(), " amounts for ", axes.size(), " axes");
  before.assign(x.shape().size(), Extent(0));
  after = before;
  for (size_t i = 0; i < axes.size(); ++i) {
    before[static_cast<size_t>(axes[i])] = amounts[i];
    after[static_cast<size_t>(axes[i])] = amounts[axes.size() + i];
  }
}

Values pad(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const std::string mode = call.text("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    fail("mode '", mode, "' is not supported");
  Shape before, after;
  padAmounts(call, x, before, after);
  Scalar value = x.type() == Type::Bool ? emitter.boolean(false)
                                        : cast(emitter.constant(Type::Int64, int64_t{0}), x.type());
  if (call.opset() < 11 && call.hasAttribute("value"))
    value = cast(emitter.constant(Type::Float32, call.real("value", 0)), x.type());
  else if (call.has(2))
    value = call.in(2).item();
  const auto isPlain = [](const Shape &amounts) {
    return std::all_of(amounts.begin(), amounts.end(),
                       [](const Extent &extent) { return extent.isKnown() && extent.value() >= 0; });
  };
  if (mode == "constant" && isPlain(before) && isPlain(after))
    return {padded(x, before, after, value)};
  Shape shape;
  for (size_t d = 0; d < before.size(); ++d)
    shape.push_back(x.shape()[d] + before[d] + after[d]);
  const Scalars extents = extentScalars(emitter, x.shape());
  if (mode != "constant")
    for (const Scalar extent : extents)
      emitter.require(extent > 0, "padding repeats elements of an empty tensor");
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    Scalars position;
    Scalar isInside = emitter.boolean(true);
    for (size_t d = 0; d < at.size(); ++d) {
      const Scalar i = at[d] - emitter.index(before[d]);
      isInside = isInside & (i >= 0) & (i < extents[d]);
      position.push_back(mode == "constant" ? i : padSource(mode, i, extents[d]));
    }
    if (mode != "constant")
      return x.at(position);
    return emitter.branch(
        isInside, [&]() -> Scalars { return {x.at(position)}; }, [&]() -> Scalars { return {value}; })[0];
  })};
}

Values tile(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  Shape repeats;
  if (call.opset() < 6) {
    const auto count = call.constants(1, "how often a tile is repeated"),
               axis = call.constants(2, "the tile's axis");
    if (count.size() != 1 || axis.size() != 1)
      fail("tiles and axis must have one element");
    repeats.assign(x.shape().size(), Extent(1));
    repeats[static_cast<size_t>(normalisedAxis(axis[0], x.rank()))] = Extent(count[0]);
  } else {
    repeats = emitter.extentsIn(call.in(1));
  }
  if (repeats.size() != x.shape().size())
    fail(repeats.size(), " repeats for rank ", x.rank());
  Shape shape;
  for (size_t d = 0; d < repeats.size(); ++d)
    shape.push_back(x.shape()[d] * repeats[d]);
  const Scalars extents = extentScalars(emitter, x.shape());
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    Scalars position;
    for (size_t d = 0; d < at.size(); ++d)
      position.push_back(repeats[d].is(1) ? at[d] : remainder(at[d], extents[d]));
    return x.at(position);
  })};
}

// ---- blocks ----

int64_t blockSize(Call &call, const Tensor &x) {
  const int64_t block = call.integer("blocksize", 0);
  if (block < 1 || x.rank() != 4)
    fail("blocksize ", block, " of a tensor of rank ", x.rank(), ", expected 1 or more of rank 4");
  return block;
}

Values depthToSpace(Call &call) {
  const Tensor x = call.in(0);
  const Extent block(blockSize(call, x));
  const Shape &s = x.shape();
  const Extent depth = floorDivide(s[1], block * block);
  call.emitter.requireEqual(depth * block * block, s[1], "the channels are no multiple of the block");
  const bool isColumnMajor = call.text("mode", "DCR") == "CRD";
  const Tensor split = isColumnMajor ? call.emitter.reshape(x, {s[0], depth, block, block, s[2], s[3]})
                                     : call.emitter.reshape(x, {s[0], block, block, depth, s[2], s[3]});
  const Tensor moved = call.emitter.transpose(split, isColumnMajor ? std::vector<int64_t>{0, 1, 4, 2, 5, 3}
                                                                   : std::vector<int64_t>{0, 3, 4, 1, 5, 2});
  return {call.emitter.reshape(moved, {s[0], depth, s[2] * block, s[3] * block})};
}

Values spaceToDepth(Call &call) {
  const Tensor x = call.in(0);
  const Extent block(blockSize(call, x));
  const Shape &s = x.shape();
  const Extent rows = floorDivide(s[2], block), columns = floorDivide(s[3], block);
  call.emitter.requireEqual(rows * block, s[2], "the rows are no multiple of the block");
  call.emitter.requireEqual(columns * block, s[3], "the columns are no multiple of the block");
  const Tensor split = call.emitter.reshape(x, {s[0], s[1], rows, block, columns, block});
  const bool isColumnMajor = call.text("mode", "DCR") == "CRD";
  const Tensor moved = call.emitter.transpose(split, isColumnMajor ? std::vector<int64_t>{0, 1, 3, 5, 2, 4}
                                                                   : std::vector<int64_t>{0, 3, 5, 1, 2, 4});
  return {call.emitter.reshape(moved, {s[0], s[1] * block * block, rows, columns})};
}

Values reverseSequence(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0), lengths = call.in(1);
  const auto batch = static_cast<size_t>(call.axis(1, x.rank(), "batch_axis"));
  const auto time = static_cast<size_t>(call.axis(0, x.rank(), "time_axis"));
  const Scalar extent = emitter.index(x.shape()[time]);
  emitter.requireEqual(lengths.extent(0), x.shape()[batch], "one length a batch entry is needed");
  return {emitter.generate(x.type(), x.shape(), [&](const Scalars &at) {
    const Scalar given = cast(lengths.at({at[batch]}), Type::Index);
    const Scalar length = clamp(given, emitter.index(0), extent);
    Scalars position = at;
    position[time] = select(at[time] < length, length - 1 - at[time], at[time]);
    return x.at(position);
  })};
}

Values centerCropPad(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const Shape target = emitter.extentsIn(call.in(1));
  const auto axes = normalisedAxes(call.integers("axes", allAxes(x.rank())), x.rank());
  if (axes.size() != target.size())
    fail(target.size(), " extents for ", axes.size(), " axes");
  Shape shape = x.shape();
  for (size_t i = 0; i < axes.size(); ++i)
    shape[static_cast<size_t>(axes[i])] = target[i];
  const Scalars from = extentScalars(emitter, x.shape()), to = extentScalars(emitter, shape);
  return {emitter.generate(x.type(), shape, [&](const Scalars &at) {
    Scalars position;
    Scalar isInside = emitter.boolean(true);
    for (size_t d = 0; d < at.size(); ++d) {
      const Scalar cropped = (from[d] - to[d]) / 2, added = (to[d] - from[d]) / 2;
      const Scalar i = select(from[d] > to[d], at[d] + cropped, at[d] - added);
      isInside = isInside & (i >= 0) & (i < from[d]);
      position.push_back(i);
    }
    return emitter.branch(
        isInside, [&]() -> Scalars { return {x.at(position)}; },
        [&]() -> Scalars {
          return {x.type() == Type::Bool ? emitter.boolean(false)
                                         : cast(emitter.constant(Type::Int64, int64_t{0}), x.type())};
        })[0];
  })};
}

/// Columns of blocks summed back into a picture: each pixel adds the blocks that cover it.
Values col2Im(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const Shape image = emitter.extentsIn(call.in(1)), block = emitter.extentsIn(call.in(2));
  const size_t rank = image.size();
  if (block.size() != rank || x.rank() != 3)
    fail("a picture of rank ", rank, ", blocks of rank ", block.size(), ", columns of rank ", x.rank());
  const auto dilations = call.integers("dilations", std::vector<int64_t>(rank, 1));
  const auto strides = call.integers("strides", std::vector<int64_t>(rank, 1));
  const auto pads = call.integers("pads", std::vector<int64_t>(2 * rank, 0));
  if (dilations.size() != rank || strides.size() != rank || pads.size() != 2 * rank)
    fail("dilations, strides or pads are not of rank ", rank);
  for (size_t d = 0; d < rank; ++d)
    if (strides[d] < 1 || dilations[d] < 1)
      fail("stride ", strides[d], " and dilation ", dilations[d], " must be positive");
  Shape counts; // blocks in each dimension
  for (size_t d = 0; d < rank; ++d)
    counts.push_back(floorDivide(image[d] + Extent(pads[d]) + Extent(pads[rank + d]) -
                                     (block[d] - Extent(1)) * Extent(dilations[d]) - Extent(1),
                                 Extent(strides[d])) +
                     Extent(1));
  emitter.requireEqual(productOf(counts), x.extent(2), "the columns do not fit the picture");
  const Extent blockCount = productOf(block), channels = floorDivide(x.extent(1), blockCount);
  emitter.requireEqual(channels * blockCount, x.extent(1), "the rows are no multiple of the block");
  Shape shape{x.extent(0), channels};
  shape.insert(shape.end(), image.begin(), image.end());
  const Tensor result = emitter.generate(x.type(), shape, [&](const Scalars &at) {
    std::vector<std::pair<Scalar, Scalar>> ranges;
    for (const Extent &extent : block)
      ranges.emplace_back(emitter.index(0), emitter.index(extent));
    return loopNest(emitter, ranges, {emitter.constant(x.type(), 0.0)},
                    [&](const Scalars &tap, const Scalars &state) -> Scalars {
                      Scalar row = at[1], column = emitter.index(0), isHit = emitter.boolean(true);
                      for (size_t d = 0; d < rank; ++d) {
                        const Scalar from = at[2 + d] + pads[d] - tap[d] * dilations[d];
                        const Scalar which = from / strides[d];
                        isHit = isHit & (from >= 0) & (remainder(from, emitter.index(strides[d])) == 0) &
                                (which < emitter.index(counts[d]));
                        row = row * emitter.index(block[d]) + tap[d];
                        column = column * emitter.index(counts[d]) + which;
                      }
                      return emitter.branch(
                          isHit, [&]() -> Scalars { return {state[0] + x.at({at[0], row, column})}; },
                          [&]() -> Scalars { return {state[0]}; });
                    })[0];
  });
  return {emitter.cast(result, given.type())};
}

} // namespace

OperatorTable sliceOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"CenterCropPad", 18, now, centerCropPad},
      {"Col2Im", 18, now, col2Im},
      {"Concat", 1, now, concat},
      {"DepthToSpace", 1, now, depthToSpace},
      {"Pad", 1, now, pad},
      {"ReverseSequence", 10, now, reverseSequence},
      {"Slice", 1, now, slice},
      {"SpaceToDepth", 1, now, spaceToDepth},
      {"Split", 2, now, split},
      {"Tile", 1, now, tile},
  };
}

} // namespace tessera::compiler::onnx_import
