#include "import/onnx/operators/window.h"

namespace tessera::compiler::onnx_import {

namespace {

std::vector<int64_t> positiveList(Call &call, const char *name, size_t rank) {
  const auto values = call.integers(name, std::vector<int64_t>(rank, 1));
  if (values.size() != rank)
    fail(name, " has ", values.size(), " entries for ", rank, " dimensions");
  for (int64_t value : values)
    if (value < 1 || value > (int64_t{1} << 31))
      fail(name, " has the entry ", value);
  return values;
}

} // namespace

Shape spatialOf(const Tensor &x) {
  if (x.rank() < 3)
    fail("rank ", x.rank(), ", expected batch, channels and at least one more dimension");
  return Shape(x.shape().begin() + 2, x.shape().end());
}

Window windowOf(Call &call, const Shape &picture, const Shape &kernel, bool hasCeilMode) {
  Emitter &emitter = call.emitter;
  Window window;
  window.rank = picture.size();
  if (kernel.size() != window.rank)
    fail("a kernel of rank ", kernel.size(), " for ", window.rank, " dimensions");
  for (const Extent &extent : kernel)
    if (extent.isKnown() && (extent.value() < 1 || extent.value() > (int64_t{1} << 31)))
      fail("a kernel's extent is ", extent.value());
  window.kernel = kernel;
  window.strides = positiveList(call, "strides", window.rank);
  window.dilations = positiveList(call, "dilations", window.rank);
  const std::string automatic = call.text("auto_pad", "NOTSET");
  const auto pads = call.integers("pads", std::vector<int64_t>(2 * window.rank, 0));
  if (pads.size() != 2 * window.rank)
    fail("pads has ", pads.size(), " entries for ", window.rank, " dimensions");
  const bool isUp = hasCeilMode && call.integer("ceil_mode", 0) != 0;
  for (size_t d = 0; d < window.rank; ++d) {
    const Extent reach = (kernel[d] - Extent(1)) * Extent(window.dilations[d]) + Extent(1);
    const Extent stride(window.strides[d]);
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const Extent count = ceilDivide(picture[d], stride);
      const Extent total = maximum((count - Extent(1)) * stride + reach - picture[d], Extent(0));
      const Extent half = floorDivide(total, Extent(2));
      window.before.push_back(automatic == "SAME_UPPER" ? half : total - half);
      window.after.push_back(automatic == "SAME_UPPER" ? total - half : half);
      window.output.push_back(count);
      continue;
    }
    if (automatic != "NOTSET" && automatic != "VALID" && !automatic.empty())
      fail("auto_pad '", automatic, "' is not supported");
    const bool isValid = automatic == "VALID";
    const int64_t before = isValid ? 0 : pads[d], after = isValid ? 0 : pads[window.rank + d];
    if (before < 0 || after < 0 || before > (int64_t{1} << 31) || after > (int64_t{1} << 31))
      fail("pads has the entries ", before, " and ", after);
    window.before.push_back(Extent(before));
    window.after.push_back(Extent(after));
    const Extent whole = picture[d] + Extent(before) + Extent(after);
    if (whole.isKnown() && reach.isKnown() && whole.value() < reach.value())
      fail("the kernel reaches over ", reach.value(), " of ", whole.value());
    if (!whole.isKnown() || !reach.isKnown())
      emitter.require(emitter.index(whole) >= emitter.index(reach), "the kernel is larger than the picture");
    Extent count =
        (isUp ? ceilDivide(whole - reach, stride) : floorDivide(whole - reach, stride)) + Extent(1);
    if (isUp) {
      // A last window that would start behind the picture and its padding before is none.
      const Extent start = (count - Extent(1)) * stride, end = picture[d] + Extent(before);
      if (start.isKnown() && end.isKnown())
        count = start.value() >= end.value() ? count - Extent(1) : count;
      else
        count = Extent(emitter.index(count) - cast(emitter.index(start) >= emitter.index(end), Type::Index));
    }
    window.output.push_back(count);
  }
  return window;
}

std::pair<Scalar, Scalar> tapsInside(Emitter &emitter, const Window &window, size_t dimension, Scalar at,
                                     Scalar extent) {
  const Scalar start = at * window.strides[dimension] - emitter.index(window.before[dimension]);
  const Scalar kernel = emitter.index(window.kernel[dimension]), zero = emitter.index(0);
  const int64_t dilation = window.dilations[dimension];
  // The first tap with start + tap * dilation >= 0, and the first with start + tap * dilation >= extent.
  const Scalar first = (maximum(zero - start, zero) + (dilation - 1)) / dilation;
  const Scalar last = (maximum(extent - start, zero) + (dilation - 1)) / dilation;
  return {minimum(first, kernel), minimum(last, kernel)};
}

} // namespace tessera::compiler::onnx_import
