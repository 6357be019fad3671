// Convolutions: plain, transposed, of integers, deformable.

#include "import/onnx/operators/quantisation.h"
#include "import/onnx/operators/window.h"

namespace tessera::compiler::onnx_import {

namespace {

int64_t groupsOf(Call &call, const Extent &channels, const Extent &own) {
  const int64_t groups = call.integer("group", 1);
  if (groups < 1)
    fail("group is ", groups);
  call.emitter.requireEqual(own * Extent(groups), channels, "the kernel's channels do not fit the input's");
  return groups;
}

/// x [N, C, ...] with w [M, C/g, ...]: sums of products in `type`, [N, M, ...]. Both are widened by `prepare` before they are multiplied.
Tensor convolve(Call &call, const Tensor &x, const Tensor &w, const Window &window, int64_t groups, Type type,
                Scalar padding, const FoldBody &body) {
  Emitter &emitter = call.emitter;
  const auto rank = static_cast<int>(window.rank);
  Shape before(2, Extent(0)), after(2, Extent(0));
  before.insert(before.end(), window.before.begin(), window.before.end());
  after.insert(after.end(), window.after.begin(), window.after.end());
  const Tensor picture = padded(x, before, after, padding);
  const Extent batch = x.extent(0), perGroup = w.extent(1), filters = w.extent(0);
  const Extent filtersPerGroup = floorDivide(filters, Extent(groups));
  emitter.requireEqual(filtersPerGroup * Extent(groups), filters,
                       "the filters are no multiple of the groups");

  // Loops: batch, group, filter, positions; channel, taps. One group has no dimension of its own; groups of one channel and one filter (depthwise) have
  // neither filter nor channel.
  const bool isDepthwise = groups > 1 && perGroup.is(1) && filtersPerGroup.is(1);
  const bool isGrouped = groups > 1 && !isDepthwise;
  const auto split = [&](const Tensor &t, size_t at, const Extent &inner) {
    Shape shape = t.shape();
    shape[at] = Extent(groups);
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(at) + 1, inner);
    return isGrouped ? emitter.reshape(t, shape) : t;
  };
  Shape parallel{batch}, folded;
  Access picked{split(picture, 1, perGroup), {loopIndex(0)}}, weights{split(w, 0, filtersPerGroup), {}};
  if (groups > 1) {
    picked.position.push_back(loopIndex(1));
    weights.position.push_back(loopIndex(1));
    parallel.push_back(Extent(groups));
  }
  const int filter = static_cast<int>(parallel.size());
  if (!isDepthwise)
    parallel.push_back(filtersPerGroup);
  const int position = static_cast<int>(parallel.size());
  parallel.insert(parallel.end(), window.output.begin(), window.output.end());
  const int channel = static_cast<int>(parallel.size());
  if (isDepthwise) {
    Shape taps{Extent(groups)};
    taps.insert(taps.end(), window.kernel.begin(), window.kernel.end());
    weights.tensor = emitter.reshape(w, taps);
  } else {
    folded.push_back(perGroup);
    picked.position.push_back(loopIndex(channel));
    weights.position.push_back(loopIndex(filter));
    weights.position.push_back(loopIndex(channel));
  }
  const int tap = channel + static_cast<int>(folded.size());
  folded.insert(folded.end(), window.kernel.begin(), window.kernel.end());
  for (int d = 0; d < rank; ++d) {
    const auto i = static_cast<size_t>(d);
    picked.position.push_back(loopIndex(position + d) * window.strides[i] +
                              loopIndex(tap + d) * window.dilations[i]);
    weights.position.push_back(loopIndex(tap + d));
  }
  const Scalar zero = isFloat(type) ? emitter.constant(type, 0.0) : emitter.constant(type, int64_t{0});
  const Tensor result =
      emitter.contract(type, parallel, folded, {picked, weights}, emitter.scalarTensor(zero), body);
  Shape loops = parallel;
  loops.insert(loops.end(), folded.begin(), folded.end());
  emitter.countMacs(loops);
  Shape shape{batch, filters};
  shape.insert(shape.end(), window.output.begin(), window.output.end());
  return emitter.reshape(result, shape);
}

/// A vector over the channels, in the shape that broadcasts to [N, C, ...].
Tensor perChannel(const Tensor &vector, int64_t rank) {
  Shape shape(static_cast<size_t>(rank), Extent(1));
  shape[1] = vector.extent(0);
  return vector.emitter().reshape(vector, shape);
}

/// The kernel's spatial extents; kernel_shape, where it is given, must say the same.
Shape kernelOf(Call &call, const Tensor &w) {
  const Shape kernel = spatialOf(w);
  const auto stated = call.integers("kernel_shape");
  if (!stated.empty() && stated.size() != kernel.size())
    fail("kernel_shape has ", stated.size(), " entries for ", kernel.size(), " dimensions");
  for (size_t d = 0; d < stated.size(); ++d)
    call.emitter.requireEqual(kernel[d], Extent(stated[d]), "kernel_shape is not the weights' shape");
  return kernel;
}

Values conv(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given), w = widened(call.in(1));
  const Window window = windowOf(call, spatialOf(x), kernelOf(call, w), false);
  const int64_t groups = groupsOf(call, x.extent(1), w.extent(1));
  Tensor y = convolve(call, x, w, window, groups, x.type(), emitter.constant(x.type(), 0.0),
                      [](Scalar sum, const Scalars &s) { return sum + s[0] * s[1]; });
  if (call.has(2))
    y = y + perChannel(widened(call.in(2)), y.rank());
  return {emitter.cast(y, given.type())};
}

/// int32 sums of (x - zero point) * (w - zero point); w's may be one a filter.
Tensor integerSums(Call &call, const Tensor &x, const Tensor &xZero, const Tensor &w, const Tensor &wZero) {
  Emitter &emitter = call.emitter;
  const Tensor a = emitter.map(Type::Int32, {x, xZero}, [](const Scalars &s) {
    return cast(s[0], Type::Int32) - cast(s[1], Type::Int32);
  });
  Tensor zero = wZero;
  if (zero.rank() == 1 && !zero.extent(0).is(1)) {
    Shape shape(static_cast<size_t>(w.rank()), Extent(1));
    shape[0] = zero.extent(0);
    zero = emitter.reshape(zero, shape);
  }
  const Tensor b = emitter.map(Type::Int32, {w, zero}, [](const Scalars &s) {
    return cast(s[0], Type::Int32) - cast(s[1], Type::Int32);
  });
  const Window window = windowOf(call, spatialOf(x), kernelOf(call, w), false);
  const int64_t groups = groupsOf(call, x.extent(1), w.extent(1));
  return convolve(call, a, emitter.reshape(b, w.shape()), window, groups, Type::Int32,
                  emitter.constant(Type::Int32, int64_t{0}),
                  [](Scalar sum, const Scalars &s) { return sum + s[0] * s[1]; });
}

Tensor zeroPoint(Call &call, size_t i, const Tensor &x) {
  return call.has(i) ? call.in(i) : call.emitter.scalarTensor(call.emitter.constant(x.type(), int64_t{0}));
}

Values convInteger(Call &call) {
  const Tensor x = call.in(0), w = call.in(1);
  return {integerSums(call, x, zeroPoint(call, 2, x), w, zeroPoint(call, 3, w))};
}

/// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias.
Values qLinearConv(Call &call) {
  const Tensor x = call.in(0), w = call.in(3);
  Tensor sums = integerSums(call, x, call.in(2), w, call.in(5));
  if (call.has(8))
    sums = sums + perChannel(call.in(8), sums.rank());
  Tensor wScale = call.in(4);
  if (wScale.rank() == 1 && !wScale.extent(0).is(1))
    wScale = perChannel(wScale, sums.rank());
  return {requantised(sums, call.in(1), wScale, call.in(6), call.in(7))};
}

/// A transposed convolution of one group whose steps are as wide as its kernel: windows do not overlap, so an output is of one tap alone. A product of matrices then gives
/// [N, M, rows, taps, columns, taps], which lies as the output does.
Tensor withoutOverlap(Call &call, const Tensor &x, const Tensor &w, const Shape &kernel,
                      const Shape &output) {
  Emitter &emitter = call.emitter;
  const Shape picture = spatialOf(x);
  const auto rank = static_cast<int>(picture.size());
  Shape parallel{x.extent(0), w.extent(1)};
  const int channel = 2 + 2 * rank;
  Access picked{x, {loopIndex(0), loopIndex(channel)}}, weights{w, {loopIndex(channel), loopIndex(1)}};
  for (int d = 0; d < rank; ++d) {
    parallel.push_back(picture[static_cast<size_t>(d)]);
    parallel.push_back(kernel[static_cast<size_t>(d)]);
    picked.position.push_back(loopIndex(2 + 2 * d));
    weights.position.push_back(loopIndex(3 + 2 * d));
  }
  const Tensor sums = emitter.contract(x.type(), parallel, {x.extent(1)}, {picked, weights},
                                       emitter.scalarTensor(emitter.constant(x.type(), 0.0)),
                                       [](Scalar sum, const Scalars &s) { return sum + s[0] * s[1]; });
  Shape shape{x.extent(0), w.extent(1)};
  shape.insert(shape.end(), output.begin(), output.end());
  return emitter.reshape(sums, shape);
}

/// Each input element spreads its product over the outputs; seen from an output: the taps whose input exists.
Values convTranspose(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given), w = widened(call.in(1));
  const Shape picture = spatialOf(x), kernel = kernelOf(call, w);
  const size_t rank = picture.size();
  if (kernel.size() != rank)
    fail("a kernel of rank ", kernel.size(), " for ", rank, " dimensions");
  const int64_t groups = call.integer("group", 1);
  if (groups < 1)
    fail("group is ", groups);
  emitter.requireEqual(x.extent(1), w.extent(0), "the kernel's channels do not fit the input's");
  const auto list = [&](const char *name, size_t count, int64_t fallback) {
    const auto values = call.integers(name, std::vector<int64_t>(count, fallback));
    if (values.size() != count)
      fail(name, " has ", values.size(), " entries, expected ", count);
    for (int64_t value : values)
      if (value < (fallback == 1 ? 1 : 0) || value > (int64_t{1} << 31))
        fail(name, " has the entry ", value);
    return values;
  };
  const auto strides = list("strides", rank, 1), dilations = list("dilations", rank, 1);
  const auto extra = list("output_padding", rank, 0), pads = list("pads", 2 * rank, 0);
  const auto wanted = call.integers("output_shape");
  const std::string automatic = call.text("auto_pad", "NOTSET");
  const bool isSame = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!wanted.empty() && wanted.size() != rank && wanted.size() != rank + 2)
    fail("output_shape has ", wanted.size(), " entries for ", rank, " dimensions");
  Shape output, before;
  for (size_t d = 0; d < rank; ++d) {
    const Extent stride(strides[d]);
    const Extent whole = (picture[d] - Extent(1)) * stride + Extent(extra[d]) +
                         (kernel[d] - Extent(1)) * Extent(dilations[d]) + Extent(1);
    if (wanted.empty() && !isSame) {
      output.push_back(whole - Extent(pads[d]) - Extent(pads[rank + d]));
      before.push_back(Extent(pads[d]));
      continue;
    }
    output.push_back(wanted.empty() ? picture[d] * stride : Extent(wanted[wanted.size() - rank + d]));
    const Extent total = maximum(whole - output.back(), Extent(0));
    const Extent half = floorDivide(total, Extent(2));
    before.push_back(automatic == "SAME_UPPER" ? half : total - half);
  }
  const Extent perGroup = floorDivide(x.extent(1), Extent(groups)), filters = w.extent(1);
  emitter.requireEqual(perGroup * Extent(groups), x.extent(1), "the channels are no multiple of the groups");
  Shape shape{x.extent(0), filters * Extent(groups)};
  shape.insert(shape.end(), output.begin(), output.end());
  bool isApart = groups == 1 && wanted.empty() && !isSame;
  for (size_t d = 0; d < rank; ++d)
    isApart = isApart && kernel[d].is(strides[d]) && dilations[d] == 1 && extra[d] == 0 && pads[d] == 0 &&
              pads[rank + d] == 0;
  Tensor y = isApart
                 ? withoutOverlap(call, x, w, kernel, output)
                 : emitter.generate(x.type(), shape, [&](const Scalars &at) {
                     const Scalars inputs = extentScalars(emitter, picture);
                     const Scalar filter = remainder(at[1], emitter.index(filters));
                     const Scalar firstChannel = at[1] / emitter.index(filters) * emitter.index(perGroup);
                     std::vector<std::pair<Scalar, Scalar>> ranges;
                     for (const Extent &extent : kernel)
                       ranges.emplace_back(emitter.index(0), emitter.index(extent));
                     return loopNest(
                         emitter, ranges, {emitter.constant(x.type(), 0.0)},
                         [&](const Scalars &tap, const Scalars &state) -> Scalars {
                           Scalar isHit = emitter.boolean(true);
                           Scalars position{at[0], at[0]}, weight{at[0], filter};
                           for (size_t d = 0; d < rank; ++d) {
                             const Scalar from = at[2 + d] + emitter.index(before[d]) - tap[d] * dilations[d];
                             const Scalar i = from / strides[d];
                             isHit = isHit & (from >= 0) & (remainder(from, emitter.index(strides[d])) == 0) &
                                     (i < inputs[d]);
                             position.push_back(i);
                             weight.push_back(tap[d]);
                           }
                           return emitter.branch(
                               isHit,
                               [&] {
                                 return emitter.loop(emitter.index(0), emitter.index(perGroup), state,
                                                     [&](Scalar c, const Scalars &sum) -> Scalars {
                                                       position[1] = firstChannel + c;
                                                       weight[0] = position[1];
                                                       return {sum[0] + x.at(position) * w.at(weight)};
                                                     });
                               },
                               [&] { return state; });
                         })[0];
                   });
  Shape loops = shape;
  loops.push_back(perGroup);
  loops.insert(loops.end(), kernel.begin(), kernel.end());
  emitter.countMacs(loops);
  if (call.has(2))
    y = y + perChannel(widened(call.in(2)), y.rank());
  return {emitter.cast(y, given.type())};
}

/// Taps moved by offsets that are inputs; between pixels the picture is interpolated, outside it is 0.
Values deformConv(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given), w = widened(call.in(1)), offset = widened(call.in(2));
  const Shape picture = spatialOf(x), kernel = kernelOf(call, w);
  if (picture.size() != 2)
    fail("deformable convolution has ", picture.size(), " dimensions, only 2 are supported");
  const Window window = windowOf(call, picture, kernel, false);
  const int64_t groups = groupsOf(call, x.extent(1), w.extent(1));
  const int64_t offsetGroups = call.integer("offset_group", 1);
  if (offsetGroups < 1)
    fail("offset_group is ", offsetGroups);
  const bool hasMask = call.has(4);
  const Tensor mask = hasMask ? widened(call.in(4)) : x;
  const Extent taps = kernel[0] * kernel[1];
  emitter.requireEqual(offset.extent(1), taps * Extent(2 * offsetGroups),
                       "the offsets do not fit the kernel");
  emitter.requireEqual(offset.extent(0), x.extent(0), "the offsets' batch differs");
  emitter.requireEqual(offset.extent(2), window.output[0], "the offsets' rows are not the output's");
  emitter.requireEqual(offset.extent(3), window.output[1], "the offsets' columns are not the output's");
  if (hasMask) {
    emitter.requireEqual(mask.extent(1), taps * Extent(offsetGroups), "the mask does not fit the kernel");
    for (int64_t d : {0, 2, 3})
      emitter.requireEqual(mask.extent(d), offset.extent(d), "the mask does not fit the offsets");
  }
  const Extent filtersPerGroup = floorDivide(w.extent(0), Extent(groups)), perGroup = w.extent(1);
  const Extent perOffsetGroup = floorDivide(x.extent(1), Extent(offsetGroups));
  const Scalar rows = emitter.index(picture[0]), columns = emitter.index(picture[1]);
  const auto pixel = [&](Scalar n, Scalar c, Scalar row, Scalar column) {
    const Scalar isInside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns);
    return emitter.branch(
        isInside, [&]() -> Scalars { return {x.at({n, c, row, column})}; },
        [&]() -> Scalars { return {emitter.constant(x.type(), 0.0)}; })[0];
  };
  Shape shape{x.extent(0), w.extent(0), window.output[0], window.output[1]};
  Tensor y = emitter.generate(x.type(), shape, [&](const Scalars &at) {
    const Scalar firstChannel = at[1] / emitter.index(filtersPerGroup) * emitter.index(perGroup);
    std::vector<std::pair<Scalar, Scalar>> ranges;
    for (const Extent &extent : {perGroup, kernel[0], kernel[1]})
      ranges.emplace_back(emitter.index(0), emitter.index(extent));
    return loopNest(emitter, ranges, {emitter.constant(x.type(), 0.0)},
                    [&](const Scalars &i, const Scalars &state) -> Scalars {
                      const Scalar channel = firstChannel + i[0];
                      const Scalar tap = i[1] * emitter.index(kernel[1]) + i[2];
                      const Scalar set = channel / emitter.index(perOffsetGroup) * emitter.index(taps) + tap;
                      Scalar place[2], low[2], fraction[2];
                      for (size_t d = 0; d < 2; ++d) {
                        const Scalar start = at[2 + d] * window.strides[d] - emitter.index(window.before[d]) +
                                             i[1 + d] * window.dilations[d];
                        place[d] = cast(start, x.type()) +
                                   offset.at({at[0], set * 2 + static_cast<int64_t>(d), at[2], at[3]});
                        const Scalar floor = floorOf(place[d]);
                        fraction[d] = place[d] - floor;
                        low[d] = cast(floor, Type::Index);
                      }
                      const Scalar top = pixel(at[0], channel, low[0], low[1]) * (1 - fraction[1]) +
                                         pixel(at[0], channel, low[0], low[1] + 1) * fraction[1];
                      const Scalar bottom = pixel(at[0], channel, low[0] + 1, low[1]) * (1 - fraction[1]) +
                                            pixel(at[0], channel, low[0] + 1, low[1] + 1) * fraction[1];
                      Scalar value = top * (1 - fraction[0]) + bottom * fraction[0];
                      if (hasMask)
                        value = value * mask.at({at[0], set, at[2], at[3]});
                      return {state[0] + value * w.at({at[1], i[0], i[1], i[2]})};
                    })[0];
  });
  if (call.has(3))
    y = y + perChannel(widened(call.in(3)), y.rank());
  return {emitter.cast(y, given.type())};
}

} // namespace

OperatorTable convolutionOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Conv", 1, now, conv},
      {"ConvInteger", 10, now, convInteger},
      {"ConvTranspose", 1, now, convTranspose},
      {"DeformConv", 19, now, deformConv},
      {"QLinearConv", 10, now, qLinearConv},
  };
}

} // namespace tessera::compiler::onnx_import
