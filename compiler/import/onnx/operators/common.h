/// Words that several operator families share.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_COMMON_H
#define TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_COMMON_H

#include "import/onnx/operators.h"

namespace tessera::compiler::onnx_import {

/// float32 for the floats that have no arithmetic of their own: composite operators compute in it and narrow at the end.
Tensor widened(const Tensor &x);
Scalar widenedScalar(Scalar x);
/// The scalar in `type` where both are floats; its own type else.
Scalar narrowedTo(Scalar x, Type type);

/// 0, 1, ..., rank - 1.
std::vector<int64_t> allAxes(int64_t rank);

/// `x` with extents of 1 where `axes` were folded away, as ONNX's keepdims has it. `shape` is the shape before the fold.
Tensor keepDimensions(const Tensor &folded, const Shape &shape, const std::vector<int64_t> &axes);

// Folds that keep their dimensions, with an extent of 1.
Tensor sumOver(const Tensor &x, const std::vector<int64_t> &axes);
Tensor maximumOver(const Tensor &x, const std::vector<int64_t> &axes);
Tensor meanOver(const Tensor &x, const std::vector<int64_t> &axes);

/// The smallest value of a type: minus infinity of floats.
Scalar lowest(Emitter &emitter, Type type);
Scalar highest(Emitter &emitter, Type type);

Tensor mapUnary(const Tensor &x, const std::function<Scalar(Scalar)> &body);
/// A tensor of one constant, of x's type and no dimensions.
Tensor constantLike(const Tensor &x, double value);

/// `x` between `before` and `after` elements of `value` in each dimension; none of them negative.
Tensor padded(const Tensor &x, const Shape &before, const Shape &after, Scalar value);

/// Softmax over `axes`; of real tensors, in their own type.
Tensor softmax(const Tensor &x, const std::vector<int64_t> &axes);

/// x * y with the batch dimensions broadcast, as numpy's matmul; the sum is in `type`.
Tensor matrixProduct(const Tensor &x, const Tensor &y, Type type);

/// A list that is an attribute in old versions and an input (maybe absent) in new ones. `known` is false for an input that the run decides.
struct IntegerList {
  bool isGiven = false;
  bool isKnown = true;
  std::vector<int64_t> values; ///< where known
  Tensor tensor;               ///< where not
};
IntegerList listOf(Call &call, const char *attribute, size_t input);

/// Nested loops over taps: `body` gets one index a range and the state.
using TapBody = std::function<Scalars(const Scalars &indices, const Scalars &state)>;
Scalars loopNest(Emitter &emitter, const std::vector<std::pair<Scalar, Scalar>> &ranges, const Scalars &state,
                 const TapBody &body);

/// The index with negative ones counted from the end.
Scalar wrapped(Scalar index, Scalar extent);

/// Index scalars of whole extents.
Scalars extentScalars(Emitter &emitter, const Shape &shape);

} // namespace tessera::compiler::onnx_import

#endif
