/// Extents and tensors of a computation under construction.
///
/// An Extent is a number or, where it is known only when the network runs, a Scalar of type Index. A Tensor is an immutable
/// handle: ONNX type, shape, and one or more of: its value in the program, its literal bytes (initialisers), its elements one by
/// one (small integer tensors from which shapes are computed, whose elements may be Scalars). What of these is missing is made on demand.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_TENSOR_H
#define TESSERA_COMPILER_IMPORT_ONNX_TENSOR_H

#include "import/onnx/scalar.h"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tessera::compiler::onnx_import {

class Extent {
public:
  Extent(int64_t known = 0) : known_(known) {}
  /// Of a Scalar of type Index or Int64; known where it is constant.
  explicit Extent(Scalar scalar);

  bool isKnown() const { return !isDynamic_; }
  bool is(int64_t value) const { return !isDynamic_ && known_ == value; }
  int64_t value() const { return known_; }  ///< of a known one
  Scalar scalar() const { return scalar_; } ///< of a dynamic one

private:
  int64_t known_ = 0;
  bool isDynamic_ = false;
  Scalar scalar_;
};

using Shape = std::vector<Extent>;

// Known extents fold; an overflow ends the import.
Extent operator+(const Extent &a, const Extent &b);
Extent operator-(const Extent &a, const Extent &b);
Extent operator*(const Extent &a, const Extent &b);
Extent floorDivide(const Extent &a, const Extent &b);
Extent ceilDivide(const Extent &a, const Extent &b);
Extent minimum(const Extent &a, const Extent &b);
Extent maximum(const Extent &a, const Extent &b);
/// Surely equal; false where that is not known.
bool sameExtent(const Extent &a, const Extent &b);
Extent productOf(std::span<const Extent> extents);
/// The product of `shape` divided by the product of `divisors` (all but the one at `skipped`): extents that are surely the same
/// cancel first, so that the quotient is known where it can be.
Extent quotientOf(std::span<const Extent> shape, std::span<const Extent> divisors, size_t skipped);
/// A dynamic extent that follows from extents of tensors alone, not from what a tensor holds: never negative by meaning.
bool isComputedExtent(const Extent &extent);
/// "2x?x4"; "scalar".
std::string shapeText(std::span<const Extent> shape);

/// One element that is known while importing: an integer, a real number or a scalar of the program.
struct Element {
  enum class Kind { Integer, Real, Program } kind = Kind::Integer;
  int64_t integer = 0;
  double real = 0;
  Scalar scalar;
  static Element of(int64_t value) { return {Kind::Integer, value, 0, {}}; }
  static Element of(double value) { return {Kind::Real, 0, value, {}}; }
  static Element of(Scalar value) { return {Kind::Program, 0, 0, value}; }
};

/// Bytes of a constant, row-major, in the memory form of its type; one element alone where all are the same.
struct Literal {
  std::span<const uint8_t> bytes;
  std::shared_ptr<const void> owner; ///< keeps the bytes alive
  bool isSplat = false;
};

class Tensor {
public:
  struct State;
  Tensor() = default;
  explicit Tensor(std::shared_ptr<State> state) : state_(std::move(state)) {}

  bool isValid() const { return state_ != nullptr; }
  Emitter &emitter() const;
  Type type() const;
  const Shape &shape() const;
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
  /// An axis that the tensor has not is an error of the file: nodes are written for ranks that they do not always get.
  const Extent &extent(int64_t axis) const;
  /// All extents known.
  bool isStatic() const;
  /// Elements; of static tensors.
  int64_t count() const;

  const Literal *literal() const;
  /// Element by element, where all are known and there are at most kMaxElements of them.
  const std::vector<Element> *elements() const;
  /// Of integer or Bool tensors whose elements are all constants.
  std::optional<std::vector<int64_t>> integers() const;
  std::optional<std::vector<double>> reals() const;
  /// The only element.
  Scalar item() const;
  /// Any element of it.
  Scalar at(const Scalars &indices) const;

  State &state() const { return *state_; }
  const std::shared_ptr<State> &shared() const { return state_; }

private:
  std::shared_ptr<State> state_;
};

using Tensors = std::vector<Tensor>;

/// Tensors and constants above this are refused: 2 GiB is what host code can reach.
inline constexpr int64_t kMaxTensorBytes = (int64_t{1} << 31) - 1;

/// Tensors with at most this many elements are followed element by element.
inline constexpr int64_t kMaxElements = 1024;

} // namespace tessera::compiler::onnx_import

#endif
