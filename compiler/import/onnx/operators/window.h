/// The geometry of windows that slide over a picture: convolutions and pooling, in any number of dimensions.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_WINDOW_H
#define TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_WINDOW_H

#include "import/onnx/operators/common.h"

namespace tessera::compiler::onnx_import {

struct Window {
  size_t rank = 0; ///< spatial dimensions
  std::vector<int64_t> strides, dilations;
  Shape kernel, before, after; ///< extents of the window, padding
  Shape output;                ///< windows in each dimension
};

/// Reads strides, dilations, pads, auto_pad and ceil_mode, for pictures with these spatial extents and this kernel.
Window windowOf(Call &call, const Shape &picture, const Shape &kernel, bool hasCeilMode);

/// The taps of window `at` that lie inside a dimension of `extent`: [first, last) of the kernel.
std::pair<Scalar, Scalar> tapsInside(Emitter &emitter, const Window &window, size_t dimension, Scalar at,
                                     Scalar extent);

/// The spatial extents of [batch, channels, ...].
Shape spatialOf(const Tensor &x);

} // namespace tessera::compiler::onnx_import

#endif
