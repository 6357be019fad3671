// Input positions of a run of outputs along one axis: padding before, real positions, padding after.
#pragma once

#include "layer.h"
#include "range.h"
#include "tiling.h"

#include <algorithm>

namespace tessera::compiler::npu {

struct InputRun {
  uint32_t before = 0, first = 0, count = 0, after = 0;
  uint32_t total() const { return before + count + after; }
  Range real() const { return {first, first + count}; }
};

inline InputRun inputRun(Range outputs, uint32_t inputs, uint32_t kernel, uint32_t stride, uint32_t dilation,
                         uint32_t padBefore) {
  int64_t begin = int64_t(outputs.begin) * stride - padBefore;
  int64_t end = begin + inputExtent(outputs.size(), kernel, stride, dilation);
  int64_t first = std::max<int64_t>(begin, 0), last = std::min<int64_t>(end, inputs);
  return {uint32_t(first - begin), uint32_t(first), uint32_t(last - first), uint32_t(end - last)};
}

inline InputRun rowRun(const Layer &layer, Range rows) {
  const Window &w = layer.window;
  return inputRun(rows, layer.input.height, w.kernelHeight, w.strideHeight, w.dilationHeight, w.padTop);
}

inline InputRun columnRun(const Layer &layer, Range columns) {
  const Window &w = layer.window;
  return inputRun(columns, layer.input.width, w.kernelWidth, w.strideWidth, w.dilationWidth, w.padLeft);
}

} // namespace tessera::compiler::npu
