// Computations: map, generate, contract, reduce, and their constant folding.

#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tessera::compiler::onnx_import {

namespace linalg = mlir::linalg;
using mlir::utils::IteratorType;

namespace {

/// Elements up to which integer arithmetic on values of the program (shapes) stays element by element.
constexpr int64_t kMaxProgramElements = 64;

/// A linalg.generic with an empty body; the caller fills `body` and ends it with yield().
struct Generic {
  Generic(Emitter &emitter, const llvm::SmallVector<mlir::Value> &inputs, mlir::Value init,
          llvm::ArrayRef<mlir::AffineMap> maps, llvm::ArrayRef<IteratorType> iterators)
      : impl(emitter.impl()), guard(impl.builder) {
    op = impl.builder.create<linalg::GenericOp>(impl.location, mlir::TypeRange{init.getType()}, inputs,
                                                mlir::ValueRange{init}, maps, iterators);
    body = &op.getRegion().emplaceBlock();
    for (mlir::Value operand : op->getOperands())
      body->addArgument(mlir::cast<mlir::RankedTensorType>(operand.getType()).getElementType(),
                        impl.location);
    impl.builder.setInsertionPointToStart(body);
  }
  void yield(mlir::Value value) { impl.builder.create<linalg::YieldOp>(impl.location, value); }

  Emitter::Impl &impl;
  mlir::OpBuilder::InsertionGuard guard;
  linalg::GenericOp op;
  mlir::Block *body = nullptr;
};

/// How one operand of map() is read at position i of dimension d.
enum class Read { Plain, First, Unclear };

Read readOf(const Extent &operand, const Extent &result) {
  if (sameExtent(operand, result))
    return Read::Plain;
  return operand.is(1) ? Read::First : Read::Unclear;
}

/// Row-major strides of `shape` for an index over `result` (broadcast dimensions have 0).
std::vector<int64_t> broadcastStrides(const Shape &shape, const Shape &result) {
  std::vector<int64_t> strides(result.size(), 0);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[result.size() - shape.size() + i] = shape[i].is(1) ? 0 : stride;
    stride *= shape[i].value();
  }
  return strides;
}

/// The result element by element, where every operand is known that way and the body folds.
std::optional<Tensor> foldMap(Emitter &emitter, Type type, const Tensors &operands, const Shape &shape,
                              const ElementBody &body) {
  const Extent size = productOf(shape);
  if (!size.isKnown() || size.value() > kMaxElements)
    return std::nullopt;
  bool isConstant = true;
  for (const Tensor &operand : operands) {
    if (!operand.isStatic() || !operand.elements())
      return std::nullopt;
    for (const Element &element : *operand.elements())
      isConstant = isConstant && element.kind != Element::Kind::Program;
  }
  if (!isConstant && (isFloat(type) || size.value() > kMaxProgramElements))
    return std::nullopt;

  // What folds leaves nothing behind; so constants are computed in a block of their own that is then dropped.
  auto &impl = emitter.impl();
  mlir::Block scratch;
  mlir::OpBuilder::InsertionGuard guard(impl.builder);
  if (isConstant)
    impl.builder.setInsertionPointToStart(&scratch);
  std::vector<std::vector<int64_t>> strides;
  std::vector<int64_t> extents;
  for (const Tensor &operand : operands)
    strides.push_back(broadcastStrides(operand.shape(), shape));
  for (const Extent &extent : shape)
    extents.push_back(extent.value());
  std::vector<Element> results;
  for (int64_t i = 0; i < size.value(); ++i) {
    Scalars arguments;
    for (size_t k = 0; k < operands.size(); ++k) {
      int64_t rest = i, position = 0;
      for (size_t d = extents.size(); d-- > 0; rest /= extents[d])
        position += rest % extents[d] * strides[k][d];
      arguments.push_back(
          emitter.scalar(operands[k].type(), (*operands[k].elements())[static_cast<size_t>(position)]));
    }
    const Element element = emitter.element(narrowed(body(arguments), type));
    if (isConstant && element.kind == Element::Kind::Program)
      return std::nullopt;
    results.push_back(element);
  }
  return emitter.fromElements(type, extents, std::move(results));
}

} // namespace

Shape broadcastShapes(Emitter &emitter, const std::vector<Shape> &shapes) {
  size_t rank = 0;
  for (const Shape &shape : shapes)
    rank = std::max(rank, shape.size());
  Shape result(rank, Extent(1));
  for (const Shape &shape : shapes) {
    for (size_t i = 0; i < shape.size(); ++i) {
      Extent &sum = result[rank - shape.size() + i];
      const Extent &extent = shape[i];
      if (extent.is(1) || sameExtent(sum, extent))
        continue;
      if (sum.is(1)) {
        sum = extent;
        continue;
      }
      if (sum.isKnown() && extent.isKnown())
        fail("shapes ", shapeText(shapes.front()), " and ", shapeText(shape), " do not broadcast");
      const Scalar a = emitter.index(sum), b = emitter.index(extent);
      emitter.require((a == b) | (a == 1) | (b == 1), "shapes do not broadcast");
      // An extent that is a number other than 1 is the result's; else the one that is not 1.
      if (extent.isKnown() || (!sum.isKnown() && !extent.isKnown()))
        sum = extent.isKnown() ? extent : Extent(select(a == 1, b, a));
    }
  }
  return result;
}

Tensor Emitter::map(Type type, const Tensors &operands, const ElementBody &body) {
  std::vector<Shape> shapes;
  for (const Tensor &operand : operands)
    shapes.push_back(operand.shape());
  return mapTo(broadcastShapes(*this, shapes), type, operands, body);
}

// Ends the import where an operand does not broadcast to the result.
static void checkBroadcasts(const Shape &from, const Shape &to) {
  bool fits = from.size() <= to.size();
  for (size_t d = 0; fits && d < from.size(); ++d) {
    const Extent &own = from[d], &result = to[to.size() - from.size() + d];
    fits = own.is(1) || !own.isKnown() || !result.isKnown() || sameExtent(own, result);
  }
  if (!fits)
    fail("shape ", shapeText(from), " does not broadcast to ", shapeText(to));
}

Tensor Emitter::mapTo(const Shape &shape, Type type, const Tensors &operands, const ElementBody &body) {
  for (const Tensor &operand : operands)
    checkBroadcasts(operand.shape(), shape);
  if (auto folded = foldMap(*this, type, operands, shape, body))
    return *folded;

  const auto rank = static_cast<unsigned>(shape.size());
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps;
  std::vector<bool> isInput;
  for (const Tensor &operand : operands) {
    llvm::SmallVector<mlir::AffineExpr> position;
    bool isClear = true;
    const size_t missing = shape.size() - operand.shape().size();
    for (size_t d = 0; d < operand.shape().size(); ++d) {
      const Read read = readOf(operand.shape()[d], shape[missing + d]);
      isClear = isClear && read != Read::Unclear;
      position.push_back(read == Read::Plain
                             ? impl_.builder.getAffineDimExpr(static_cast<unsigned>(missing + d))
                             : impl_.builder.getAffineConstantExpr(0));
    }
    isInput.push_back(isClear);
    if (!isClear)
      continue;
    inputs.push_back(valueOf(operand));
    maps.push_back(mlir::AffineMap::get(rank, 0, position, impl_.builder.getContext()));
  }
  // Values of operands that are read by position must stand before the operation.
  for (size_t k = 0; k < operands.size(); ++k)
    if (!isInput[k])
      operands[k].state().value = valueOf(operands[k]);
  maps.push_back(impl_.builder.getMultiDimIdentityMap(rank));
  const mlir::Value init = valueOf(empty(type, shape));
  Generic generic(*this, inputs, init, maps, llvm::SmallVector<IteratorType>(rank, IteratorType::parallel));
  Scalars arguments;
  unsigned next = 0;
  for (size_t k = 0; k < operands.size(); ++k) {
    const Tensor &operand = operands[k];
    if (isInput[k]) {
      arguments.push_back(scalarOf(*this, generic.body->getArgument(next++), operand.type()));
      continue;
    }
    Scalars position;
    const size_t missing = shape.size() - operand.shape().size();
    for (size_t d = 0; d < operand.shape().size(); ++d) {
      const Scalar here = scalarOf(
          *this, impl_.builder.create<linalg::IndexOp>(impl_.location, static_cast<int64_t>(missing + d)),
          Type::Index);
      const Read read = readOf(operand.shape()[d], shape[missing + d]);
      const Scalar zero = index(0);
      position.push_back(read == Read::Plain   ? here
                         : read == Read::First ? zero
                                               : select(index(operand.shape()[d]) == 1, zero, here));
    }
    arguments.push_back(operand.at(position));
  }
  generic.yield(valueOf(narrowed(body(arguments), type)));
  return tensorOf(*this, type, shape, generic.op.getResult(0));
}

Tensor Emitter::transpose(const Tensor &x, const std::vector<int64_t> &permutation) {
  Shape shape;
  bool isIdentity = true;
  for (size_t i = 0; i < permutation.size(); ++i) {
    shape.push_back(x.extent(permutation[i]));
    isIdentity = isIdentity && permutation[i] == static_cast<int64_t>(i);
  }
  if (isIdentity)
    return x;
  const auto rank = static_cast<unsigned>(shape.size());
  if (x.isStatic()) {
    std::vector<int64_t> strides(rank, 1), moved;
    for (size_t i = rank; i-- > 1;)
      strides[i - 1] = strides[i] * x.shape()[i].value();
    for (int64_t axis : permutation)
      moved.push_back(strides[static_cast<size_t>(axis)]);
    if (auto constant = pick(x, shape, [&](const std::vector<int64_t> &index) {
          int64_t position = 0;
          for (size_t i = 0; i < rank; ++i)
            position += index[i] * moved[i];
          return position;
        }))
      return *constant;
  }
  llvm::SmallVector<mlir::AffineExpr> source(rank);
  for (unsigned i = 0; i < rank; ++i)
    source[static_cast<size_t>(permutation[i])] = impl_.builder.getAffineDimExpr(i);
  const mlir::Value input = valueOf(x), init = valueOf(empty(x.type(), shape));
  Generic generic(*this, {input}, init,
                  {mlir::AffineMap::get(rank, 0, source, impl_.builder.getContext()),
                   impl_.builder.getMultiDimIdentityMap(rank)},
                  llvm::SmallVector<IteratorType>(rank, IteratorType::parallel));
  generic.yield(generic.body->getArgument(0));
  return tensorOf(*this, x.type(), shape, generic.op.getResult(0));
}

Tensor Emitter::generate(Type type, const Shape &shape, const ElementBody &body) {
  const auto rank = static_cast<unsigned>(shape.size());
  const mlir::Value init = valueOf(empty(type, shape));
  Generic generic(*this, {}, init, {impl_.builder.getMultiDimIdentityMap(rank)},
                  llvm::SmallVector<IteratorType>(rank, IteratorType::parallel));
  Scalars indices;
  for (unsigned d = 0; d < rank; ++d)
    indices.push_back(scalarOf(*this, impl_.builder.create<linalg::IndexOp>(impl_.location, d), Type::Index));
  generic.yield(valueOf(narrowed(body(indices), type)));
  return tensorOf(*this, type, shape, generic.op.getResult(0));
}

Position operator*(Position position, int64_t factor) {
  for (Position::Term &term : position.terms)
    term.factor *= factor;
  position.offset *= factor;
  return position;
}

Position operator+(Position a, const Position &b) {
  a.terms.insert(a.terms.end(), b.terms.begin(), b.terms.end());
  a.offset += b.offset;
  return a;
}

namespace {

mlir::AffineExpr expressionOf(mlir::Builder &builder, const Position &position) {
  mlir::AffineExpr sum = builder.getAffineConstantExpr(position.offset);
  for (const Position::Term &term : position.terms)
    sum = sum + builder.getAffineDimExpr(static_cast<unsigned>(term.loop)) * term.factor;
  return sum;
}

/// The loop that `position` is, and nothing more; -1 where it is more.
int plainLoop(const Position &position) {
  return position.terms.size() == 1 && position.terms[0].factor == 1 && position.offset == 0
             ? position.terms[0].loop
             : -1;
}

/// `initial` in memory that nobody else uses, of exactly this shape.
mlir::Value initialValue(Emitter &emitter, Type type, const Shape &shape, const Tensor &initial) {
  auto &impl = emitter.impl();
  const Extent count = productOf(initial.shape());
  if (initial.elements() && count.is(1)) {
    const Scalar value = narrowed(emitter.scalar(initial.type(), initial.elements()->front()), type);
    return impl.builder
        .create<linalg::FillOp>(impl.location, valueOf(value), valueOf(emitter.empty(type, shape)))
        .getResult(0);
  }
  return valueOf(emitter.expand(initial, shape));
}

} // namespace

Tensor Emitter::contract(Type type, const Shape &parallel, const Shape &folded,
                         const std::vector<Access> &operands, const Tensor &initial, const FoldBody &body) {
  const auto loops = static_cast<unsigned>(parallel.size() + folded.size());
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps;
  std::vector<bool> isCarried(loops, false);
  for (const Access &access : operands) {
    llvm::SmallVector<mlir::AffineExpr> position;
    for (const Position &dimension : access.position) {
      position.push_back(expressionOf(impl_.builder, dimension));
      if (const int loop = plainLoop(dimension); loop >= 0)
        isCarried[static_cast<size_t>(loop)] = true;
    }
    inputs.push_back(valueOf(access.tensor));
    maps.push_back(mlir::AffineMap::get(loops, 0, position, impl_.builder.getContext()));
  }
  // A loop whose extent no operand shows gets an operand that has nothing but a shape.
  Shape carrier;
  llvm::SmallVector<mlir::AffineExpr> carried;
  for (size_t i = parallel.size(); i < loops; ++i)
    if (!isCarried[i]) {
      carrier.push_back(folded[i - parallel.size()]);
      carried.push_back(impl_.builder.getAffineDimExpr(static_cast<unsigned>(i)));
    }
  if (!carrier.empty()) {
    inputs.push_back(valueOf(empty(Type::Int8, carrier)));
    maps.push_back(mlir::AffineMap::get(loops, 0, carried, impl_.builder.getContext()));
  }
  llvm::SmallVector<mlir::AffineExpr> target;
  for (unsigned i = 0; i < parallel.size(); ++i)
    target.push_back(impl_.builder.getAffineDimExpr(i));
  maps.push_back(mlir::AffineMap::get(loops, 0, target, impl_.builder.getContext()));
  llvm::SmallVector<IteratorType> iterators(parallel.size(), IteratorType::parallel);
  iterators.append(folded.size(), IteratorType::reduction);

  const mlir::Value init = initialValue(*this, type, parallel, initial);
  Generic generic(*this, inputs, init, maps, iterators);
  Scalars arguments;
  for (unsigned i = 0; i < operands.size(); ++i)
    arguments.push_back(scalarOf(*this, generic.body->getArgument(i), operands[i].tensor.type()));
  const Scalar accumulator =
      scalarOf(*this, generic.body->getArgument(generic.body->getNumArguments() - 1), type);
  generic.yield(valueOf(narrowed(body(accumulator, arguments), type)));
  return tensorOf(*this, type, parallel, generic.op.getResult(0));
}

Tensor Emitter::reduce(Type type, const Tensor &x, const std::vector<int64_t> &axes, Scalar initial,
                       const FoldBody &body) {
  for (int64_t axis : axes)
    (void)x.extent(axis); // an error where there is no such axis
  std::vector<bool> isFolded(static_cast<size_t>(x.rank()), false);
  for (int64_t axis : axes)
    isFolded[static_cast<size_t>(axis)] = true;
  Shape parallel, folded;
  for (size_t i = 0; i < isFolded.size(); ++i)
    (isFolded[i] ? folded : parallel).push_back(x.shape()[i]);
  Access access{x, {}};
  int nextParallel = 0, nextFolded = static_cast<int>(parallel.size());
  for (const bool isOne : isFolded)
    access.position.push_back(loopIndex(isOne ? nextFolded++ : nextParallel++));
  return contract(type, parallel, folded, {access}, scalarTensor(narrowed(initial, type)), body);
}

namespace {

Tensor combine(const Tensor &a, const Tensor &b, Scalar (*body)(Scalar, Scalar)) {
  return a.emitter().map(a.type(), {a, b}, [&](const Scalars &x) { return body(x[0], x[1]); });
}

} // namespace

Tensor operator+(const Tensor &a, const Tensor &b) {
  return combine(a, b, [](Scalar x, Scalar y) { return x + y; });
}
Tensor operator-(const Tensor &a, const Tensor &b) {
  return combine(a, b, [](Scalar x, Scalar y) { return x - y; });
}
Tensor operator*(const Tensor &a, const Tensor &b) {
  return combine(a, b, [](Scalar x, Scalar y) { return x * y; });
}
Tensor operator/(const Tensor &a, const Tensor &b) {
  return combine(a, b, [](Scalar x, Scalar y) { return x / y; });
}

} // namespace tessera::compiler::onnx_import
