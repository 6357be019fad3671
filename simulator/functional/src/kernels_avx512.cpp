// The kernels for x86 with AVX-512 and its byte dot product (VNNI), chosen at run time. Vectorised forms of isa's arithmetic:
// tests/simulator compares them with isa's scalar functions.
#include "kernels.h"

#if defined(__x86_64__) && defined(__clang__)

#include <cstring>
#include <immintrin.h>

namespace tessera::simulator {
namespace {

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))),       \
                             apply_to = function)

inline __m512i broadcast4(const uint8_t *x) {
  int32_t word;
  std::memcpy(&word, x, 4);
  return _mm512_set1_epi32(word);
}

/// One batch row of 16 * Vectors outputs; kGroups dot products of 4 bytes a micro-op and output. Two sums run side by side, so
/// that one need not wait for the other.
template <uint32_t Vectors, uint32_t Groups>
void matmulRow(int32_t *acc, const isa::MicroOp *u, size_t count, const ReduceSources &from,
               uint32_t inpBytes, uint32_t rowOffset) {
  constexpr uint32_t kOutputs = 16 * Vectors, kWgtBytes = Groups * kOutputs * 4;
  __m512i even[Vectors], odd[Vectors];
  for (uint32_t v = 0; v < Vectors; ++v) {
    even[v] = _mm512_loadu_si512(acc + 16 * v);
    odd[v] = _mm512_setzero_si512();
  }
  for (size_t n = 0; n < count; ++n) {
    const uint8_t *x = from.inp + size_t{u[n].src} * inpBytes + rowOffset;
    const int8_t *w = from.wgt + size_t{u[n].wgt} * kWgtBytes;
    const int32_t *sums = from.wgtSum128 + size_t{u[n].wgt} * kOutputs;
    for (uint32_t g = 0; g < Groups; g += 2)
      for (uint32_t v = 0; v < Vectors; ++v) {
        even[v] = _mm512_dpbusd_epi32(even[v], broadcast4(x + 4 * g),
                                      _mm512_loadu_si512(w + (g * Vectors + v) * 64));
        odd[v] = _mm512_dpbusd_epi32(odd[v], broadcast4(x + 4 * g + 4),
                                     _mm512_loadu_si512(w + ((g + 1) * Vectors + v) * 64));
      }
    for (uint32_t v = 0; v < Vectors; ++v)
      odd[v] = _mm512_sub_epi32(odd[v], _mm512_loadu_si512(sums + 16 * v));
  }
  for (uint32_t v = 0; v < Vectors; ++v)
    _mm512_storeu_si512(acc + 16 * v, _mm512_add_epi32(even[v], odd[v]));
}

/// 8 inputs by 8 outputs: a WGT element is one vector, its halves the two groups of 4 inputs.
void matmulRow8(int32_t *acc, const isa::MicroOp *u, size_t count, const ReduceSources &from,
                uint32_t inpBytes, uint32_t rowOffset) {
  __m512i sum = _mm512_setzero_si512();
  __m256i bias = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(acc));
  const __m512i spread = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  for (size_t n = 0; n < count; ++n) {
    const uint8_t *x = from.inp + size_t{u[n].src} * inpBytes + rowOffset;
    const __m512i inputs = _mm512_permutexvar_epi32(
        spread, _mm512_castsi128_si512(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(x))));
    sum = _mm512_dpbusd_epi32(sum, inputs, _mm512_loadu_si512(from.wgt + size_t{u[n].wgt} * 64));
    bias = _mm256_sub_epi32(
        bias, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from.wgtSum128 + size_t{u[n].wgt} * 8)));
  }
  const __m256i halves = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(acc), _mm256_add_epi32(bias, halves));
}

void matmul(const KernelShape &shape, int32_t *acc, const isa::MicroOp *u, size_t count,
            const ReduceSources &from) {
  for (uint32_t b = 0; b < shape.batch; ++b) {
    int32_t *row = acc + size_t{b} * shape.blockOut;
    const uint32_t offset = b * shape.blockIn;
    if (shape.blockOut == 16 && shape.kGroups == 4)
      matmulRow<1, 4>(row, u, count, from, shape.inpBytes, offset);
    else if (shape.blockOut == 32 && shape.kGroups == 4)
      matmulRow<2, 4>(row, u, count, from, shape.inpBytes, offset);
    else if (shape.blockOut == 32 && shape.kGroups == 8)
      matmulRow<2, 8>(row, u, count, from, shape.inpBytes, offset);
    else if (shape.blockOut == 16 && shape.kGroups == 2)
      matmulRow<1, 2>(row, u, count, from, shape.inpBytes, offset);
    else if (shape.blockOut == 8 && shape.kGroups == 2)
      matmulRow8(row, u, count, from, shape.inpBytes, offset);
    else
      return portableKernels().matmul(shape, acc, u, count, from);
  }
}

inline __mmask16 firstLanes(uint32_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xffffu : (1u << count) - 1u);
}

void lowBytes(const int32_t *acc, int8_t *out, size_t lanes) {
  for (size_t l = 0; l < lanes; l += 16) {
    const __mmask16 mask = firstLanes(static_cast<uint32_t>(lanes - l));
    _mm512_mask_cvtepi32_storeu_epi8(out + l, mask, _mm512_maskz_loadu_epi32(mask, acc + l));
  }
}

/// Applies one operation on eight 64-bit lanes to the even and the odd 32-bit lanes and joins the low words.
template <class Operation> inline __m512i on64(__m512i x, __m512i m, __m512i s, Operation operation) {
  const __m512i even = operation(x, m, _mm512_srai_epi64(_mm512_slli_epi64(s, 32), 32));
  const __m512i odd = operation(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(m, 32), _mm512_srai_epi64(s, 32));
  return _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}

inline __m512i saturate64(__m512i v) {
  return _mm512_max_epi64(_mm512_min_epi64(v, _mm512_set1_epi64(INT32_MAX)), _mm512_set1_epi64(INT32_MIN));
}

/// product >> count of a sum that is in [0, 2^64) where the product was not negative, else in int64.
inline __attribute__((target("avx512f,avx512dq"))) __m512i shiftSum(__m512i sum, __m512i product,
                                                                    __m512i count) {
  return _mm512_mask_srav_epi64(_mm512_srlv_epi64(sum, count), _mm512_movepi64_mask(product), sum, count);
}

/// isa::multiplyDoubleRounding: one sum, one shift.
inline __m512i requantiseDouble(__m512i v, __m512i m, __m512i s) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i left = _mm512_max_epi32(s, zero), right = _mm512_max_epi32(_mm512_sub_epi32(zero, s), zero);
  return on64(_mm512_sllv_epi32(v, left), m, right,
              [](__m512i a, __m512i b, __m512i more) __attribute__((target("avx512f,avx512dq"))) {
                const __m512i product = _mm512_mul_epi32(a, b), bit30 = _mm512_set1_epi64(int64_t{1} << 30);
                const __m512i half = _mm512_sllv_epi64(bit30, more);
                const __m512i signedBit30 = _mm512_mask_sub_epi64(bit30, _mm512_movepi64_mask(product),
                                                                  _mm512_setzero_si512(), bit30);
                const __m512i adjust =
                    _mm512_maskz_mov_epi64(_mm512_test_epi64_mask(more, more), signedBit30);
                const __m512i sum = _mm512_add_epi64(_mm512_add_epi64(product, half), adjust);
                return saturate64(shiftSum(sum, product, _mm512_add_epi64(more, _mm512_set1_epi64(31))));
              });
}

/// isa::multiplySingleRounding: (v * m + 2^(30 - s)) >> (31 - s), saturated.
inline __m512i requantiseSingle(__m512i v, __m512i m, __m512i s) {
  return on64(v, m, s, [](__m512i a, __m512i b, __m512i shift) __attribute__((target("avx512f,avx512dq"))) {
    const __m512i product = _mm512_mul_epi32(a, b), count = _mm512_sub_epi64(_mm512_set1_epi64(31), shift);
    const __m512i half = _mm512_srli_epi64(_mm512_sllv_epi64(_mm512_set1_epi64(1), count), 1);
    return saturate64(shiftSum(_mm512_add_epi64(product, half), product, count));
  });
}

inline __m512i requantiseFloat(__m512i v, __m512i m) {
  const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_castsi512_ps(m));
  const __mmask16 tooLarge = _mm512_cmp_ps_mask(product, _mm512_set1_ps(2147483648.0f), _CMP_GE_OQ);
  const __mmask16 isNumber = _mm512_cmp_ps_mask(product, product, _CMP_ORD_Q);
  const __m512i rounded =
      _mm512_maskz_cvt_roundps_epi32(isNumber, product, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return _mm512_mask_mov_epi32(rounded, tooLarge, _mm512_set1_epi32(INT32_MAX));
}

/// sign(v) * (((|v| + bias) * m) >> (-s & 63)), unsigned inside.
inline __m512i requantiseAverage(__m512i v, __m512i m, __m512i s, __m512i bias) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i count = _mm512_and_si512(_mm512_sub_epi32(zero, s), _mm512_set1_epi32(63));
  const __m512i dividend = _mm512_add_epi32(_mm512_abs_epi32(v), bias);
  const __m512i quotient =
      on64(dividend, m, count,
           [](__m512i a, __m512i b, __m512i shift) __attribute__((target("avx512f,avx512dq"))) {
             return _mm512_srlv_epi64(_mm512_mul_epu32(a, b), shift);
           });
  return _mm512_mask_sub_epi32(quotient, _mm512_movepi32_mask(v), zero, quotient);
}

/// The six bits of a PAR shift as a signed number.
inline __m512i signedShift(__m512i s) { return _mm512_srai_epi32(_mm512_slli_epi32(s, 26), 26); }

void exitLanes(const KernelShape &shape, const int32_t *v, int8_t *out, const ExitRows &rows,
               const isa::ExitSettings &settings) {
  const __m512i zeroPoint = _mm512_set1_epi32(settings.zeroPoint),
                least = _mm512_set1_epi32(settings.clampMin), greatest = _mm512_set1_epi32(settings.clampMax);
  // Past this the clamp decides alone, and the sum with the zero point cannot wrap.
  const __m512i far = _mm512_set1_epi32(1 << 20), near = _mm512_set1_epi32(-(1 << 20));
  for (uint32_t b = 0; b < shape.batch; ++b)
    for (uint32_t o = 0; o < shape.blockOut; o += 16) {
      const size_t lane = size_t{b} * shape.blockOut + o;
      const __mmask16 mask = firstLanes(shape.blockOut - o);
      __m512i value = _mm512_maskz_loadu_epi32(mask, v + lane);
      if (settings.mode != isa::ExitMode::None) {
        const __m512i m = _mm512_maskz_loadu_epi32(mask, rows.multiplier + o);
        const __m512i s = signedShift(_mm512_maskz_loadu_epi32(mask, rows.shift + o));
        switch (settings.mode) {
        case isa::ExitMode::Tflite:
          value = requantiseDouble(value, m, s);
          break;
        case isa::ExitMode::TfliteSingle:
          value = requantiseSingle(value, m, s);
          break;
        case isa::ExitMode::Onnx:
          value = requantiseFloat(value, m);
          break;
        case isa::ExitMode::Average:
          value = requantiseAverage(value, m, s, _mm512_maskz_loadu_epi32(mask, rows.bias + o));
          break;
        case isa::ExitMode::None:
          break;
        }
      }
      value = _mm512_add_epi32(_mm512_max_epi32(_mm512_min_epi32(value, far), near), zeroPoint);
      value = _mm512_min_epi32(_mm512_max_epi32(value, least), greatest);
      _mm512_mask_cvtepi32_storeu_epi8(out + lane, mask, value);
    }
}

inline __m512i scaled(__m512i x, const isa::OperandSettings &p, bool single) {
  const __m512i low8 = _mm512_srai_epi32(_mm512_slli_epi32(x, 24), 24);
  const __m512i value = _mm512_slli_epi32(_mm512_sub_epi32(low8, _mm512_set1_epi32(p.zeroPoint)), 20);
  const __m512i m = _mm512_set1_epi32(static_cast<int32_t>(p.multiplier)), s = _mm512_set1_epi32(p.shift);
  return single ? requantiseSingle(value, m, s) : requantiseDouble(value, m, s);
}

void scaledAdd(const KernelShape &shape, const int32_t *x, const int32_t *y, int32_t *v,
               const isa::OperandSettings &lhs, const isa::OperandSettings &rhs, isa::ExitMode mode) {
  const bool single = mode == isa::ExitMode::TfliteSingle;
  for (uint32_t l = 0; l < shape.lanes; l += 16) {
    const __mmask16 mask = firstLanes(shape.lanes - l);
    const __m512i a = scaled(_mm512_maskz_loadu_epi32(mask, x + l), lhs, single);
    const __m512i c = scaled(_mm512_maskz_loadu_epi32(mask, y + l), rhs, single);
    _mm512_mask_storeu_epi32(v + l, mask, _mm512_add_epi32(a, c));
  }
}

#pragma clang attribute pop

} // namespace

const Kernels &bestKernels() {
  static const Kernels vectorised{"avx512vnni", matmul, lowBytes, exitLanes, scaledAdd};
  static const bool present = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return present ? vectorised : portableKernels();
}

} // namespace tessera::simulator

#else

namespace tessera::simulator {
const Kernels &bestKernels() { return portableKernels(); }
} // namespace tessera::simulator

#endif
