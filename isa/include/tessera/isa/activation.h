// Logistic, tanh and hard swish of int8 and int16 tensors, as TensorFlow Lite Micro's reference kernels compute them.
//
// The int8 ones are tables: one output byte for every input byte. The int16 ones interpolate in a table of the logistic function.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace tessera::isa {

/// By input byte + 128: the logistic function with scale 1/256 and zero point -128. `inputScale` is positive and below 8.
std::array<int8_t, 256> logisticTable(double inputScale, int32_t inputZeroPoint);

/// By input byte + 128: tanh with scale 1/128 and zero point 0. `inputScale` is positive and below 8.
std::array<int8_t, 256> tanhTable(double inputScale, int32_t inputZeroPoint);

/// By input byte + 128: x * min(max(x + 3, 0), 6) / 6. Nothing where the output's scale is below 1/128 of the input's, or either factor
/// is not finite and positive: the kernel's fixed-point numbers do not reach so far.
std::optional<std::array<int8_t, 256>> hardSwishTable(float inputScale, int32_t inputZeroPoint,
                                                      float outputScale, int32_t outputZeroPoint);

/// By value + 32768: the logistic function of an int16 number with 12 bits below the point, with 15 of them.
std::vector<int16_t> logisticTable16();

/// By value + 32768: tanh of an int16 number with scale 2^power (-15 to -1), with 15 bits below the point.
std::vector<int16_t> tanhTable16(int power);

} // namespace tessera::isa
