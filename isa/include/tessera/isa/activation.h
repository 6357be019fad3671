// Logistic and tanh of int8 and int16 tensors, as TensorFlow Lite Micro's reference kernels compute them.
//
// The int8 ones are tables: one output byte for every input byte. The int16 ones interpolate in a table of the logistic function.
#pragma once

#include <array>
#include <cstdint>

namespace tessera::isa {

/// By input byte + 128: the logistic function with scale 1/256 and zero point -128. `inputScale` is positive and below 8.
std::array<int8_t, 256> logisticTable(double inputScale, int32_t inputZeroPoint);

/// By input byte + 128: tanh with scale 1/128 and zero point 0. `inputScale` is positive and below 8.
std::array<int8_t, 256> tanhTable(double inputScale, int32_t inputZeroPoint);

} // namespace tessera::isa
