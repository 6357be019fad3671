/// Constants of quantised networks as numbers.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_CONSTANTS_H
#define TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_CONSTANTS_H

#include "import/onnx/emitter.h"

namespace tessera::compiler::onnx_import {

/// All elements of a constant Int8, Uint8 or Int32 tensor in row-major order; nothing for others.
std::optional<std::vector<int32_t>> constantIntegers(const Tensor &x);

/// The same of Float32.
std::optional<std::vector<double>> constantReals(const Tensor &x);

/// QuantizeLinear of a constant Float32 tensor as a constant; nothing where `x` is none.
std::optional<Tensor> quantisedConstant(const Tensor &x, Type type, const std::vector<float> &scale,
                                        const std::vector<int32_t> &zeroPoint, int64_t axis);

} // namespace tessera::compiler::onnx_import

#endif
