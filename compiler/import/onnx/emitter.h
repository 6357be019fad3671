/// Makes the program: every operator family is written in these words, none of them names MLIR.
///
/// The primitives are few: map (element-wise with ONNX broadcasting), generate (each element from its position), contract (sums
/// and other folds over index expressions), loops and branches, and moves (reshape, transpose, slice, concatenate). They emit
/// linalg, tensor, scf and arith operations, or TOSA ones where those say exactly the same (see tosa.cpp), and fold what is known.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_EMITTER_H
#define TESSERA_COMPILER_IMPORT_ONNX_EMITTER_H

#include "import/onnx/error.h"
#include "import/onnx/tensor.h"

#include <functional>

namespace tessera::compiler::onnx_import {

using ElementBody = std::function<Scalar(const Scalars &)>;
using FoldBody = std::function<Scalar(Scalar accumulator, const Scalars &)>;
using ScalarLoopBody = std::function<Scalars(Scalar index, const Scalars &state)>;
using ScalarBody = std::function<Scalars()>;
using TensorLoopBody = std::function<Tensors(Scalar index, const Tensors &state)>;
using TensorBody = std::function<Tensors()>;
using ConditionBody = std::function<Scalar(const Tensors &state)>;
using StateBody = std::function<Tensors(const Tensors &state)>;

/// A position along one dimension as a sum over the loops of contract(): loop 2 times 3 plus 1, ...
struct Position {
  struct Term {
    int loop;
    int64_t factor;
  };
  std::vector<Term> terms;
  int64_t offset = 0;
};
/// The index of loop `i`: parallel ones first, then the folded ones.
inline Position loopIndex(int i) { return {{{i, 1}}, 0}; }
Position operator*(Position position, int64_t factor);
Position operator+(Position a, const Position &b);

/// One operand of contract(): a tensor, and where each iteration reads it.
struct Access {
  Tensor tensor;
  std::vector<Position> position; ///< one a dimension
};

class Emitter {
public:
  struct Impl;
  explicit Emitter(Impl &impl) : impl_(impl) {}
  Impl &impl() { return impl_; }

  // ---- scalars ----
  Scalar constant(Type type, double value);
  Scalar constant(Type type, int64_t value);
  Scalar boolean(bool value);
  Scalar index(const Extent &extent);
  Scalar scalar(Type type, const Element &element);
  /// Known where the scalar is a constant.
  Element element(Scalar scalar);
  /// Runs `body` for index in [from, to) with a state that each step replaces.
  Scalars loop(Scalar from, Scalar to, const Scalars &initial, const ScalarLoopBody &body);
  Scalars branch(Scalar condition, const ScalarBody &yes, const ScalarBody &no);

  // ---- tensors from nothing ----
  Tensor literal(Type type, const std::vector<int64_t> &shape, Literal literal);
  Tensor integers(const std::vector<int64_t> &values, Type type = Type::Int64); ///< rank 1
  Tensor reals(const std::vector<double> &values, Type type, const std::vector<int64_t> &shape);
  Tensor scalarTensor(Scalar value);
  Tensor fromElements(Type type, const std::vector<int64_t> &shape, std::vector<Element> elements);
  Tensor fromExtents(const Shape &extents); ///< Int64, rank 1
  Tensor full(Type type, const Shape &shape, Scalar value);
  /// Not initialised.
  Tensor empty(Type type, const Shape &shape);
  /// The extents that an integer tensor of rank 1 holds (or of rank 0: one), read at run time where they are not known.
  Shape extentsIn(const Tensor &tensor);

  // ---- computations ----
  /// Element-wise over operands that broadcast to each other; the result has `type`.
  Tensor map(Type type, const Tensors &operands, const ElementBody &body);
  /// The same with a result of `shape`, to which every operand broadcasts.
  Tensor mapTo(const Shape &shape, Type type, const Tensors &operands, const ElementBody &body);
  /// Each element from its indices.
  Tensor generate(Type type, const Shape &shape, const ElementBody &body);
  /// result[p...] = fold of body over the loops of `folded`, from `initial` (a tensor of the result's shape, or broadcast to it).
  Tensor contract(Type type, const Shape &parallel, const Shape &folded, const std::vector<Access> &operands,
                  const Tensor &initial, const FoldBody &body);
  /// Folds `axes` of x away, from `initial`; `type` is the accumulator's and the result's.
  Tensor reduce(Type type, const Tensor &x, const std::vector<int64_t> &axes, Scalar initial,
                const FoldBody &body);

  // ---- control ----
  /// `count` steps, each replacing the state; types and shapes of the state stay.
  Tensors loop(const Extent &count, const Tensors &initial, const TensorLoopBody &body);
  /// While `condition` holds; shapes (not ranks) may change from step to step. Bodies may be run more than once while importing.
  Tensors whileLoop(const Tensors &initial, const ConditionBody &condition, const StateBody &body);
  Tensors branch(Scalar condition, const TensorBody &yes, const TensorBody &no);
  /// Emits what `body` makes and drops it again: to see types and shapes. Extents that are not known must not be used afterwards.
  void tryOut(const std::function<void()> &body);
  /// Ends the run with `message` (the node is put before it) where the condition does not hold.
  void require(Scalar condition, const std::string &message);
  void requireEqual(const Extent &a, const Extent &b, const std::string &message);
  /// Ends the run where an element of `indices` is outside [-extent, extent).
  void requireIndices(const Tensor &indices, const Extent &extent);

  // ---- moves ----
  /// `x` with one element changed.
  Tensor put(const Tensor &x, const Scalars &indices, Scalar value);
  Tensor reshape(const Tensor &x, const Shape &shape); ///< checks the count, at run time where need be
  Tensor transpose(const Tensor &x, const std::vector<int64_t> &permutation);
  Tensor slice(const Tensor &x, const Shape &offsets, const Shape &sizes,
               const std::vector<int64_t> &strides);
  Tensor insertSlice(const Tensor &into, const Tensor &part, const Shape &offsets);
  Tensor concatenate(const Tensors &parts, int64_t axis);
  Tensor expand(const Tensor &x, const Shape &shape); ///< broadcasts x to exactly this shape
  Tensor cast(const Tensor &x, Type type);
  /// A constant made of elements of the constant `x`: `source` gives the row-major position of each. Nothing where `x` or the
  /// shape is not known.
  std::optional<Tensor> pick(const Tensor &x, const Shape &shape,
                             const std::function<int64_t(const std::vector<int64_t> &index)> &source);
  Tensor retype(const Tensor &x, Type type); ///< the same bits; types of one storage width

  /// Counts multiply-accumulates of the current node for reports.
  void countMacs(const Shape &loops);

private:
  Impl &impl_;
};

/// The shape that broadcasting gives; ends the import where it cannot, checks at run time what is not known.
Shape broadcastShapes(Emitter &emitter, const std::vector<Shape> &shapes);

// Element-wise arithmetic of whole tensors of one type, for composite operators.
Tensor operator+(const Tensor &a, const Tensor &b);
Tensor operator-(const Tensor &a, const Tensor &b);
Tensor operator*(const Tensor &a, const Tensor &b);
Tensor operator/(const Tensor &a, const Tensor &b);

} // namespace tessera::compiler::onnx_import

#endif
