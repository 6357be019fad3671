/// Quantised arithmetic exactly as ONNX defines it: float32 scales, round half to even, saturate (isa/numerics.h, mode `onnx`).
#ifndef TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_QUANTISATION_H
#define TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_QUANTISATION_H

#include "import/onnx/operators/common.h"

namespace tessera::compiler::onnx_import {

/// A real number of steps as an integer of `type`: rounded half to even, the zero point added, saturated; NaN is 0 steps.
Scalar quantised(Scalar steps, Scalar zeroPoint, Type type);

/// int32 sums times xScale * wScale / yScale, as integers of the zero point's type. The scales broadcast to the sums.
Tensor requantised(const Tensor &sums, const Tensor &xScale, const Tensor &wScale, const Tensor &yScale,
                   const Tensor &yZero);

} // namespace tessera::compiler::onnx_import

#endif
