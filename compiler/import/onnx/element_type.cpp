#include "import/onnx/element_type.h"

namespace tessera::compiler::onnx_import {

namespace {

enum class Kind : uint8_t { None, Real, Encoded, Signed, Unsigned, Truth };

struct Row {
  const char *name;
  Kind kind;
  uint8_t storage; ///< bits in memory
  uint8_t bits;    ///< bits that count
};

/// In the order of the format's numbers.
constexpr Row kRows[] = {
    {"undefined", Kind::None, 0, 0},
    {"float32", Kind::Real, 32, 32},
    {"uint8", Kind::Unsigned, 8, 8},
    {"int8", Kind::Signed, 8, 8},
    {"uint16", Kind::Unsigned, 16, 16},
    {"int16", Kind::Signed, 16, 16},
    {"int32", Kind::Signed, 32, 32},
    {"int64", Kind::Signed, 64, 64},
    {"string", Kind::None, 0, 0},
    {"bool", Kind::Truth, 8, 8},
    {"float16", Kind::Real, 16, 16},
    {"float64", Kind::Real, 64, 64},
    {"uint32", Kind::Unsigned, 32, 32},
    {"uint64", Kind::Unsigned, 64, 64},
    {"complex64", Kind::None, 0, 0},
    {"complex128", Kind::None, 0, 0},
    {"bfloat16", Kind::Encoded, 16, 16},
    {"float8e4m3fn", Kind::Encoded, 8, 8},
    {"float8e4m3fnuz", Kind::Encoded, 8, 8},
    {"float8e5m2", Kind::Encoded, 8, 8},
    {"float8e5m2fnuz", Kind::Encoded, 8, 8},
    {"uint4", Kind::Unsigned, 8, 4},
    {"int4", Kind::Signed, 8, 4},
    {"float4e2m1", Kind::Encoded, 8, 4},
    {"float8e8m0", Kind::Encoded, 8, 8},
    {"uint2", Kind::Unsigned, 8, 2},
    {"int2", Kind::Signed, 8, 2},
};
constexpr Row kIndexRow = {"index", Kind::Signed, 64, 64};

const Row &rowOf(Type type) {
  if (type == Type::Index)
    return kIndexRow;
  const auto number = static_cast<int32_t>(type);
  constexpr auto count = static_cast<int32_t>(sizeof kRows / sizeof kRows[0]);
  return kRows[number >= 0 && number < count ? number : 0];
}

} // namespace

std::string typeName(Type type) {
  const Row &row = rowOf(type);
  if (&row == &kRows[0] && type != Type::Undefined)
    return "type " + std::to_string(static_cast<int32_t>(type));
  return row.name;
}

unsigned storageBits(Type type) { return rowOf(type).storage; }
unsigned valueBits(Type type) { return rowOf(type).bits; }

bool isFloat(Type type) {
  const Kind kind = rowOf(type).kind;
  return kind == Kind::Real || kind == Kind::Encoded;
}
bool isEncodedFloat(Type type) { return rowOf(type).kind == Kind::Encoded; }
bool isInteger(Type type) {
  const Kind kind = rowOf(type).kind;
  return type != Type::Index && (kind == Kind::Signed || kind == Kind::Unsigned);
}
bool isUnsigned(Type type) { return rowOf(type).kind == Kind::Unsigned; }

FloatFormat formatOf(Type type) {
  using Specials = FloatFormat::Specials;
  switch (type) {
  case Type::Float8E4M3FN:
    return {4, 3, 7, Specials::NanAllOnes};
  case Type::Float8E4M3FNUZ:
    return {4, 3, 8, Specials::NanMinus0};
  case Type::Float8E5M2FNUZ:
    return {5, 2, 16, Specials::NanMinus0};
  case Type::Float4E2M1:
    return {2, 1, 1, Specials::None};
  default:
    return {5, 2, 15, Specials::Ieee}; // float8e5m2
  }
}

} // namespace tessera::compiler::onnx_import
