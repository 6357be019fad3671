/// Scalars of a computation under construction: what stands in the body of an element-wise operation, a loop or a shape.
///
/// A Scalar is an SSA value and its ONNX type. Operators make the next one at the place where the emitter stands; what is
/// constant folds at once. Arithmetic on float16 and the encoded floats widens to float32; whoever stores the
/// result narrows it. Integers wrap; division by zero gives 0; conversions from float saturate at 64 bits, NaN gives 0.
/// Comparisons give Bool. Mixing types is a fault of the operator that does it and ends the import.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_SCALAR_H
#define TESSERA_COMPILER_IMPORT_ONNX_SCALAR_H

#include "import/onnx/element_type.h"

#include <type_traits>
#include <vector>

namespace tessera::compiler::onnx_import {

class Emitter;

class Scalar {
public:
  Scalar() = default;
  /// For the emitter: `value` is an opaque mlir::Value.
  Scalar(Emitter &emitter, const void *value, Type type) : emitter_(&emitter), value_(value), type_(type) {}

  Type type() const { return type_; }
  Emitter &emitter() const { return *emitter_; }
  const void *value() const { return value_; }
  explicit operator bool() const = delete; // a value of the program, not of the compiler

private:
  Emitter *emitter_ = nullptr;
  const void *value_ = nullptr;
  Type type_ = Type::Undefined;
};

using Scalars = std::vector<Scalar>;

/// A constant of the type that arithmetic on `x` has.
Scalar constantLike(Scalar x, double value);
Scalar constantLike(Scalar x, int64_t value);

// Arithmetic of numbers; & | ^ ~ are of integers and of Bool.
Scalar operator+(Scalar a, Scalar b);
Scalar operator-(Scalar a, Scalar b);
Scalar operator*(Scalar a, Scalar b);
Scalar operator/(Scalar a, Scalar b); ///< integers: towards zero
Scalar operator-(Scalar a);
Scalar operator&(Scalar a, Scalar b);
Scalar operator|(Scalar a, Scalar b);
Scalar operator^(Scalar a, Scalar b);
Scalar operator~(Scalar a);
Scalar operator<(Scalar a, Scalar b);
Scalar operator<=(Scalar a, Scalar b);
Scalar operator>(Scalar a, Scalar b);
Scalar operator>=(Scalar a, Scalar b);
Scalar operator==(Scalar a, Scalar b);
Scalar operator!=(Scalar a, Scalar b);

#define TESSERA_SCALAR_WITH_NUMBER(op)                                                                       \
  template <class N, std::enable_if_t<std::is_arithmetic_v<N>, int> = 0> Scalar operator op(Scalar a, N b) { \
    if constexpr (std::is_integral_v<N>)                                                                     \
      return a op constantLike(a, static_cast<int64_t>(b));                                                  \
    else                                                                                                     \
      return a op constantLike(a, static_cast<double>(b));                                                   \
  }                                                                                                          \
  template <class N, std::enable_if_t<std::is_arithmetic_v<N>, int> = 0> Scalar operator op(N a, Scalar b) { \
    if constexpr (std::is_integral_v<N>)                                                                     \
      return constantLike(b, static_cast<int64_t>(a)) op b;                                                  \
    else                                                                                                     \
      return constantLike(b, static_cast<double>(a)) op b;                                                   \
  }
TESSERA_SCALAR_WITH_NUMBER(+)
TESSERA_SCALAR_WITH_NUMBER(-)
TESSERA_SCALAR_WITH_NUMBER(*)
TESSERA_SCALAR_WITH_NUMBER(/)
TESSERA_SCALAR_WITH_NUMBER(<)
TESSERA_SCALAR_WITH_NUMBER(<=)
TESSERA_SCALAR_WITH_NUMBER(>)
TESSERA_SCALAR_WITH_NUMBER(>=)
TESSERA_SCALAR_WITH_NUMBER(==)
TESSERA_SCALAR_WITH_NUMBER(!=)
#undef TESSERA_SCALAR_WITH_NUMBER

/// Remainder with the sign of the dividend (C's % and fmod).
Scalar remainder(Scalar a, Scalar b);
/// The smaller and the larger one; NaN where either is NaN.
Scalar minimum(Scalar a, Scalar b);
Scalar maximum(Scalar a, Scalar b);
Scalar clamp(Scalar x, Scalar low, Scalar high);
Scalar select(Scalar condition, Scalar yes, Scalar no);
Scalar shiftLeft(Scalar a, Scalar bits);  ///< 0 where bits is the width or more
Scalar shiftRight(Scalar a, Scalar bits); ///< the same; arithmetic for signed types
Scalar power(Scalar base, Scalar exponent);

/// Functions of one real number.
enum class Real {
  Abs,
  Ceil,
  Floor,
  Trunc,
  RoundEven,
  Exp,
  Expm1,
  Log,
  Log1p,
  Sqrt,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Tanh,
  Asinh,
  Acosh,
  Atanh,
  Erf
};
Scalar apply(Real function, Scalar x);
Scalar absolute(Scalar x); ///< of integers too
Scalar floorOf(Scalar x);
Scalar ceilOf(Scalar x);
Scalar roundEven(Scalar x);
Scalar expOf(Scalar x);
Scalar logOf(Scalar x);
Scalar sqrtOf(Scalar x);
Scalar tanhOf(Scalar x);
Scalar sigmoidOf(Scalar x);
Scalar isNan(Scalar x);

/// The value in another type, as ONNX's Cast does it; from and to Index too.
Scalar cast(Scalar x, Type type);
/// The same bits in a type of the same width.
Scalar bitcast(Scalar x, Type type);
/// float32 to a small float; without `saturate` what is too large becomes infinity or NaN.
Scalar encode(Scalar x, Type type, bool saturate);

} // namespace tessera::compiler::onnx_import

#endif
