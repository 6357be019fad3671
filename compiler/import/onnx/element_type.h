/// Element types of ONNX tensors, and what they are in memory.
///
/// Source: onnx.proto, TensorProto.DataType. Types that the host has no arithmetic for (bfloat16, the 8-bit and smaller floats,
/// the integers below 8 bits) stand in memory as whole bytes, one element a byte or two, and are widened to compute.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_ELEMENT_TYPE_H
#define TESSERA_COMPILER_IMPORT_ONNX_ELEMENT_TYPE_H

#include <cstdint>
#include <string>

namespace tessera::compiler::onnx_import {

/// The numbers are the format's; Index is ours: the type of extents and positions.
enum class Type : int32_t {
  Index = -1,
  Undefined = 0,
  Float32 = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26,
};

/// "float32", "int8", ...; "type 99" for a number that is none.
std::string typeName(Type type);

/// Bits of an element in memory, a multiple of 8; 0 where the type is not supported (strings, complex numbers).
unsigned storageBits(Type type);

/// Bits of an element that count, and in the packed form of files: 4 for int4.
unsigned valueBits(Type type);

/// float16, bfloat16, float32, float64 and the small floats.
bool isFloat(Type type);
/// Floats that stand in memory as integers: bfloat16 and the small floats.
bool isEncodedFloat(Type type);
/// Integers of any width; not Bool, not Index.
bool isInteger(Type type);
/// Unsigned integers; comparisons, divisions and widening differ.
bool isUnsigned(Type type);

/// Layout of a small float: exponent and mantissa bits, bias, and what its extreme codes mean.
struct FloatFormat {
  int exponentBits;
  int mantissaBits;
  int bias;
  enum class Specials {
    Ieee,       ///< the largest exponent holds infinities and NaN
    NanAllOnes, ///< no infinity; exponent and mantissa all ones is NaN (E4M3FN)
    NanMinus0,  ///< no infinity, no minus zero; its code is NaN (FNUZ)
    None        ///< every code is a number (float4e2m1)
  } specials;
};

/// The format of an encoded float other than bfloat16 and float8e8m0.
FloatFormat formatOf(Type type);

} // namespace tessera::compiler::onnx_import

#endif
