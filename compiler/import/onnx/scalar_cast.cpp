// Conversions between element types, as ONNX's Cast defines them.

#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

namespace tessera::compiler::onnx_import {

namespace arith = mlir::arith;

namespace {

template <class Op> Scalar convert(Scalar x, Type type) {
  auto &impl = x.emitter().impl();
  return scalarOf(x.emitter(), impl.builder.createOrFold<Op>(impl.location, impl.mlirType(type), valueOf(x)),
                  type);
}

Scalar zeroOf(Scalar x) { return constantLike(x, int64_t{0}); }

/// An integer type of the same signedness as memory has it: int8 for int4.
Type storageInteger(Type type) {
  if (valueBits(type) == storageBits(type))
    return type;
  return isUnsigned(type) ? Type::Uint8 : Type::Int8;
}

Scalar integerToInteger(Scalar x, Type type) {
  const unsigned from = storageBits(x.type()), to = storageBits(type);
  Scalar result = x;
  if (to < from)
    result = convert<arith::TruncIOp>(x, type);
  else if (to > from)
    result = isUnsigned(x.type()) ? convert<arith::ExtUIOp>(x, type) : convert<arith::ExtSIOp>(x, type);
  result = scalarOf(x.emitter(), valueOf(result), storageInteger(type));
  if (const auto spare = static_cast<int64_t>(to - valueBits(type)); spare > 0)
    result = shiftRight(shiftLeft(result, constantLike(result, spare)), constantLike(result, spare));
  return scalarOf(x.emitter(), valueOf(result), type);
}

/// Saturates at the bounds of 64 bits, NaN gives 0; narrower types keep the low bits, as the processor's conversion does.
Scalar floatToInteger(Scalar x, Type type) {
  const bool isWide = type == Type::Uint64;
  const double top = isWide ? 0x1p64 : 0x1p63, bottom = isWide ? -1 : -0x1p63;
  const Scalar tooLarge = x >= constantLike(x, top);
  const Scalar tooSmall = isWide ? x <= constantLike(x, bottom) : x < constantLike(x, bottom);
  const Scalar inside = select(tooLarge | tooSmall | isNan(x), zeroOf(x), x);
  const Type whole = isWide ? Type::Uint64 : Type::Int64;
  Scalar result = isWide ? convert<arith::FPToUIOp>(inside, whole) : convert<arith::FPToSIOp>(inside, whole);
  result = select(tooLarge, constantLike(result, isWide ? int64_t{-1} : INT64_MAX), result);
  result = select(tooSmall, constantLike(result, isWide ? 0 : INT64_MIN), result);
  return integerToInteger(result, type);
}

Scalar floatToFloat(Scalar x, Type type) {
  return storageBits(type) > storageBits(x.type()) ? convert<arith::ExtFOp>(x, type)
                                                   : convert<arith::TruncFOp>(x, type);
}

Scalar bits32(Emitter &emitter, int64_t value) { return emitter.constant(Type::Uint32, value); }

Scalar decodeBFloat16(Scalar x) {
  const Scalar bits = integerToInteger(bitcast(x, Type::Uint16), Type::Uint32);
  return bitcast(shiftLeft(bits, bits32(x.emitter(), 16)), Type::Float32);
}

Scalar encodeBFloat16(Scalar x) {
  Emitter &emitter = x.emitter();
  const Scalar bits = bitcast(x, Type::Uint32);
  const Scalar odd = shiftRight(bits, bits32(emitter, 16)) & bits32(emitter, 1);
  const Scalar rounded = shiftRight(bits + bits32(emitter, 0x7fff) + odd, bits32(emitter, 16));
  const Scalar code = select(isNan(x), bits32(emitter, 0x7fc0), rounded);
  return bitcast(integerToInteger(code, Type::Uint16), Type::BFloat16);
}

/// A power of two, 255 is NaN.
Scalar decodeE8M0(Scalar x) {
  Emitter &emitter = x.emitter();
  const Scalar code = integerToInteger(bitcast(x, Type::Uint8), Type::Uint32);
  const Scalar normal = bitcast(shiftLeft(code, bits32(emitter, 23)), Type::Float32);
  const Scalar value = select(code == bits32(emitter, 0), emitter.constant(Type::Float32, 0x1p-127), normal);
  return select(code == bits32(emitter, 255), emitter.constant(Type::Float32, std::nan("")), value);
}

/// Rounds up to the next power of two; saturates.
Scalar encodeE8M0(Scalar x) {
  Emitter &emitter = x.emitter();
  const Scalar bits = bitcast(apply(Real::Abs, x), Type::Uint32);
  const Scalar exponent = shiftRight(bits, bits32(emitter, 23));
  const Scalar more = (bits & bits32(emitter, 0x7fffff)) != bits32(emitter, 0);
  const Scalar up = exponent + select(more, bits32(emitter, 1), bits32(emitter, 0));
  const Scalar finite = minimum(up, bits32(emitter, 254));
  return bitcast(integerToInteger(select(isNan(x), bits32(emitter, 255), finite), Type::Uint8),
                 Type::Float8E8M0);
}

Scalar decodeSmall(Scalar x) {
  using Specials = FloatFormat::Specials;
  Emitter &emitter = x.emitter();
  const FloatFormat format = formatOf(x.type());
  const int m = format.mantissaBits, bits = format.exponentBits + m;
  const auto constant = [&](int64_t value) { return bits32(emitter, value); };
  const Scalar code = integerToInteger(bitcast(x, Type::Uint8), Type::Uint32);
  const Scalar magnitude = code & constant((1 << bits) - 1);
  const Scalar sign = shiftLeft(code & constant(1 << bits), constant(31 - bits));
  const Scalar normal =
      bitcast(shiftLeft(magnitude + constant((127 - format.bias) << m), constant(23 - m)), Type::Float32);
  const Scalar subnormal = convert<arith::UIToFPOp>(magnitude, Type::Float32) *
                           emitter.constant(Type::Float32, std::ldexp(1.0, 1 - format.bias - m));
  Scalar value = select(magnitude < constant(1 << m), subnormal, normal);
  const Scalar nan = emitter.constant(Type::Float32, std::nan(""));
  const int64_t top = (1 << bits) - 1;
  if (format.specials == Specials::Ieee) {
    const Scalar infinity = constant(((1 << format.exponentBits) - 1) << m);
    value = select(magnitude == infinity, emitter.constant(Type::Float32, HUGE_VAL), value);
    value = select(magnitude > infinity, nan, value);
  } else if (format.specials == Specials::NanAllOnes) {
    value = select(magnitude == constant(top), nan, value);
  }
  value = bitcast(bitcast(value, Type::Uint32) | sign, Type::Float32);
  return format.specials == Specials::NanMinus0 ? select(code == constant(1 << bits), nan, value) : value;
}

Scalar encodeSmall(Scalar x, Type type, bool saturate) {
  using Specials = FloatFormat::Specials;
  Emitter &emitter = x.emitter();
  const FloatFormat format = formatOf(type);
  const int m = format.mantissaBits, bits = format.exponentBits + m;
  const auto constant = [&](int64_t value) { return bits32(emitter, value); };
  const Scalar all = bitcast(x, Type::Uint32);
  const Scalar a = all & constant(0x7fffffff);
  // Half to even on the bits that go; below the smallest normal number the scaled value itself is rounded.
  const Scalar odd = shiftRight(a, constant(23 - m)) & constant(1);
  const Scalar normal = shiftRight(a + constant((1 << (22 - m)) - 1) + odd, constant(23 - m)) -
                        constant((127 - format.bias) << m);
  const Scalar small = bitcast(a, Type::Float32);
  const Scalar limit = emitter.constant(Type::Float32, std::ldexp(1.0, 1 - format.bias));
  const Scalar isSmall = small < limit;
  const Scalar steps = roundEven(select(isSmall, small, zeroOf(small)) *
                                 emitter.constant(Type::Float32, std::ldexp(1.0, format.bias - 1 + m)));
  Scalar code = select(isSmall, convert<arith::FPToUIOp>(steps, Type::Uint32), normal);

  const int64_t top = (1 << bits) - 1;
  const int64_t infinity = int64_t{(1 << format.exponentBits) - 1} << m;
  const int64_t largest = format.specials == Specials::Ieee         ? infinity - 1
                          : format.specials == Specials::NanAllOnes ? top - 1
                                                                    : top;
  const int64_t nan = format.specials == Specials::Ieee        ? infinity + (int64_t{1} << (m - 1))
                      : format.specials == Specials::NanMinus0 ? int64_t{1} << bits
                                                               : top;
  const bool keeps = saturate || format.specials == Specials::None;
  const int64_t beyond = keeps ? largest : format.specials == Specials::Ieee ? infinity : nan;
  const Scalar tooLarge = (code > constant(largest)) | (a == constant(0x7f800000));
  code = select(tooLarge, constant(beyond), code);
  Scalar sign = shiftRight(all & constant(int64_t{1} << 31), constant(31 - bits));
  const Scalar isNaN = isNan(x);
  if (format.specials == Specials::NanMinus0)
    sign = select((code == constant(0)) | isNaN | (code == constant(nan)), constant(0), sign);
  if (format.specials == Specials::None)
    code = select(isNaN, constant(int64_t{1} << bits), code | sign); // there is no NaN: it becomes minus zero
  else
    code = select(isNaN, constant(nan) | sign, code | sign);
  return bitcast(integerToInteger(code, Type::Uint8), type);
}

Scalar decode(Scalar x) {
  return x.type() == Type::BFloat16     ? decodeBFloat16(x)
         : x.type() == Type::Float8E8M0 ? decodeE8M0(x)
                                        : decodeSmall(x);
}

} // namespace

Scalar encode(Scalar x, Type type, bool saturate) {
  x = cast(x, Type::Float32);
  return type == Type::BFloat16     ? encodeBFloat16(x)
         : type == Type::Float8E8M0 ? encodeE8M0(x)
                                    : encodeSmall(x, type, saturate);
}

Scalar cast(Scalar x, Type type) {
  if (x.type() == type)
    return x;
  if (storageBits(type) == 0 || storageBits(x.type()) == 0)
    fail("no conversion from ", typeName(x.type()), " to ", typeName(type));
  Emitter &emitter = x.emitter();
  if (isEncodedFloat(x.type()))
    return cast(decode(x), type);
  if (isEncodedFloat(type))
    return encode(x, type, true);
  if (x.type() == Type::Index) {
    // Back and forth gives the value itself, so that equal extents stay one value.
    if (auto origin = valueOf(x).getDefiningOp<arith::IndexCastOp>();
        origin && origin.getIn().getType().isInteger(64))
      return cast(scalarOf(emitter, origin.getIn(), Type::Int64), type);
    return cast(convert<arith::IndexCastOp>(x, Type::Int64), type);
  }
  if (type == Type::Index) {
    const Scalar whole = cast(x, Type::Int64);
    if (auto origin = valueOf(whole).getDefiningOp<arith::IndexCastOp>())
      return scalarOf(emitter, origin.getIn(), Type::Index);
    return convert<arith::IndexCastOp>(whole, Type::Index);
  }
  if (type == Type::Bool)
    return x != zeroOf(x);
  if (isFloat(type)) {
    if (isFloat(x.type()))
      return floatToFloat(x, type);
    const bool viaFloat32 = type == Type::Float16;
    const Type target = viaFloat32 ? Type::Float32 : type;
    const bool positive = x.type() == Type::Bool || isUnsigned(x.type());
    const Scalar real = positive ? convert<arith::UIToFPOp>(x, target) : convert<arith::SIToFPOp>(x, target);
    return viaFloat32 ? floatToFloat(real, type) : real;
  }
  if (x.type() == Type::Bool)
    return convert<arith::ExtUIOp>(x, type);
  if (x.type() == Type::Float16)
    x = floatToFloat(x, Type::Float32);
  if (isFloat(x.type()))
    return floatToInteger(x, type);
  return integerToInteger(x, type);
}

} // namespace tessera::compiler::onnx_import
