// Resize and Upsample: pictures of any number of dimensions at other sizes, by the nearest element or linearly between neighbours.

#include "import/onnx/operators/common.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

/// One dimension that changes.
struct Axis {
  size_t dimension = 0;
  Extent from, to;
  Scalar scale; ///< float32
};

enum class Coordinates {
  Asymmetric,
  HalfPixel,
  HalfPixelSymmetric,
  PytorchHalfPixel,
  TfHalfPixelForNn,
  AlignCorners
};

struct Options {
  Coordinates coordinates = Coordinates::Asymmetric;
  bool isLinear = false;
  std::string nearest = "floor"; ///< ONNX's nearest_mode
};

Options optionsOf(Call &call) {
  Options options;
  const std::string mode = call.text("mode", "nearest");
  if (mode != "nearest" && mode != "linear" && mode != "bilinear")
    fail("mode '", mode, "' is not supported");
  options.isLinear = mode != "nearest";
  if (call.opset() < 11)
    return options;
  const std::string name = call.text("coordinate_transformation_mode", "half_pixel");
  if (name == "asymmetric")
    options.coordinates = Coordinates::Asymmetric;
  else if (name == "half_pixel")
    options.coordinates = Coordinates::HalfPixel;
  else if (name == "tf_half_pixel_for_nn")
    options.coordinates = Coordinates::TfHalfPixelForNn;
  else if (name == "half_pixel_symmetric")
    options.coordinates = Coordinates::HalfPixelSymmetric;
  else if (name == "pytorch_half_pixel")
    options.coordinates = Coordinates::PytorchHalfPixel;
  else if (name == "align_corners")
    options.coordinates = Coordinates::AlignCorners;
  else
    fail("coordinate_transformation_mode '", name, "' is not supported");
  if (call.integer("antialias", 0) != 0)
    fail("antialias is not supported");
  if (call.text("keep_aspect_ratio_policy", "stretch") != "stretch")
    fail("keep_aspect_ratio_policy '", call.text("keep_aspect_ratio_policy", ""), "' is not supported");
  options.nearest = call.text("nearest_mode", "round_prefer_floor");
  return options;
}

/// Where output position `at` lies in the input, in float32 as ONNX Runtime computes it.
Scalar sourceOf(Emitter &emitter, const Options &options, const Axis &axis, Scalar at) {
  const auto real = [&](const Extent &extent) { return cast(emitter.index(extent), Type::Float32); };
  const Scalar x = cast(at, Type::Float32);
  const Scalar half = (x + 0.5) / axis.scale - 0.5;
  switch (options.coordinates) {
  case Coordinates::Asymmetric:
    return x / axis.scale;
  case Coordinates::HalfPixel:
    return half;
  case Coordinates::HalfPixelSymmetric: {
    // What rounding the size down cut off is taken from both ends alike.
    const Scalar adjustment = real(axis.to) / (axis.scale * real(axis.from));
    const Scalar centre = real(axis.from) / 2.0;
    return centre * (1.0 - adjustment) + half;
  }
  case Coordinates::PytorchHalfPixel:
    return select(real(axis.to) > 1.0, half, constantLike(half, 0.0));
  case Coordinates::TfHalfPixelForNn:
    return (x + 0.5) / axis.scale;
  case Coordinates::AlignCorners:
    break;
  }
  const Scalar steps = maximum(real(axis.to) - 1.0, constantLike(x, 1.0));
  return select(real(axis.to) > 1.0, x * (real(axis.from) - 1.0) / steps, constantLike(x, 0.0));
}

Scalar nearestOf(const Options &options, Scalar x) {
  if (options.nearest == "floor")
    return floorOf(x);
  if (options.nearest == "ceil")
    return ceilOf(x);
  if (options.nearest == "round_prefer_floor")
    return ceilOf(x - 0.5);
  if (options.nearest == "round_prefer_ceil")
    return floorOf(x + 0.5);
  fail("nearest_mode '", options.nearest, "' is not supported");
}

Tensor resized(Call &call, const Tensor &x, const Shape &shape, const std::vector<Axis> &axes,
               const Options &options) {
  Emitter &emitter = call.emitter;
  return emitter.generate(x.type(), shape, [&](const Scalars &at) -> Scalar {
    Scalars position = at, ways;
    std::vector<std::pair<Scalar, Scalar>> neighbours;
    for (const Axis &axis : axes) {
      const Scalar last = cast(emitter.index(axis.from), Type::Float32) - 1.0;
      const Scalar source = sourceOf(emitter, options, axis, at[axis.dimension]);
      const Scalar zero = constantLike(last, 0.0);
      if (!options.isLinear) {
        position[axis.dimension] = cast(clamp(nearestOf(options, source), zero, last), Type::Index);
        continue;
      }
      const Scalar inside = clamp(source, zero, last), low = floorOf(inside);
      ways.push_back(inside - low);
      neighbours.emplace_back(cast(low, Type::Index), cast(minimum(low + 1.0, last), Type::Index));
    }
    if (!options.isLinear)
      return x.at(position);
    // Each axis halves the corners of the cell.
    const std::function<Scalar(size_t)> between = [&](size_t i) -> Scalar {
      if (i == axes.size())
        return cast(widenedScalar(x.at(position)), Type::Float32);
      position[axes[i].dimension] = neighbours[i].first;
      const Scalar low = between(i + 1);
      position[axes[i].dimension] = neighbours[i].second;
      const Scalar high = between(i + 1);
      return low * (1.0 - ways[i]) + high * ways[i];
    };
    return cast(between(0), x.type());
  });
}

/// The dimensions that inputs name, in order: all of them, or attribute `axes`.
std::vector<size_t> dimensionsOf(Call &call, int64_t rank) {
  std::vector<int64_t> axes = call.integers("axes", allAxes(rank));
  axes = normalisedAxes(axes, rank);
  return {axes.begin(), axes.end()};
}

/// `scaleInput`, `sizeInput`: which inputs they are.
Values resizeWith(Call &call, size_t scaleInput, std::optional<size_t> sizeInput) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  const Options options = optionsOf(call);
  const std::vector<size_t> dimensions = dimensionsOf(call, x.rank());
  Shape shape = x.shape();
  std::vector<Axis> axes;
  const bool hasSizes = sizeInput && call.has(*sizeInput);
  std::vector<double> scales;
  Shape sizes;
  if (hasSizes) {
    sizes = emitter.extentsIn(call.in(*sizeInput));
  } else {
    const auto known = call.in(scaleInput).reals();
    if (!known)
      fail("the scales must be constants");
    scales = *known;
  }
  if ((hasSizes ? sizes.size() : scales.size()) != dimensions.size())
    fail(hasSizes ? sizes.size() : scales.size(), " sizes or scales for ", dimensions.size(), " dimensions");
  for (size_t i = 0; i < dimensions.size(); ++i) {
    Axis axis;
    axis.dimension = dimensions[i];
    axis.from = x.shape()[axis.dimension];
    const Scalar from = cast(emitter.index(axis.from), Type::Float32);
    if (hasSizes) {
      axis.to = sizes[i];
      if (sameExtent(axis.from, axis.to))
        continue;
      axis.scale = cast(emitter.index(axis.to), Type::Float32) / from;
    } else {
      const auto scale = static_cast<float>(scales[i]);
      if (!(scale > 0) || !std::isfinite(scale))
        fail("scale ", scale, " of dimension ", axis.dimension);
      if (scale == 1)
        continue;
      axis.scale = emitter.constant(Type::Float32, static_cast<double>(scale));
      if (axis.from.isKnown()) {
        const double to = std::floor(static_cast<double>(axis.from.value()) * static_cast<double>(scale));
        if (to > 1e9)
          fail("dimension ", axis.dimension, " grows to ", to);
        axis.to = Extent(static_cast<int64_t>(to));
      } else {
        axis.to = Extent(cast(floorOf(from * axis.scale), Type::Index));
      }
    }
    shape[axis.dimension] = axis.to;
    axes.push_back(axis);
  }
  return {axes.empty() ? x : resized(call, x, shape, axes, options)};
}

Values resize(Call &call) {
  if (call.opset() < 11)
    return resizeWith(call, 1, std::nullopt);
  return resizeWith(call, 2, 3);
}

} // namespace

OperatorTable resizeOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Resize", 10, now, resize},
      {"Upsample", 9, 9, resize},
  };
}

} // namespace tessera::compiler::onnx_import
