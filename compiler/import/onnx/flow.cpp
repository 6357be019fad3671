// Loops and branches, of scalars and of tensors, and checks when the network runs.

#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace tessera::compiler::onnx_import {

namespace scf = mlir::scf;

namespace {

Type loopType(Type type) { return type == Type::Float16 || isEncodedFloat(type) ? Type::Float32 : type; }

llvm::SmallVector<mlir::Value> valuesOf(const Scalars &scalars) {
  llvm::SmallVector<mlir::Value> values;
  for (Scalar scalar : scalars)
    values.push_back(valueOf(scalar));
  return values;
}

llvm::SmallVector<mlir::Value> valuesOf(const Tensors &tensors) {
  llvm::SmallVector<mlir::Value> values;
  for (const Tensor &tensor : tensors)
    values.push_back(valueOf(tensor));
  return values;
}

Scalars scalarsOf(Emitter &emitter, mlir::ValueRange values, const Scalars &like) {
  Scalars result;
  for (auto [value, origin] : llvm::zip(values, like))
    result.push_back(scalarOf(emitter, value, origin.type()));
  return result;
}

void checkCount(size_t given, size_t expected) {
  if (given != expected)
    fail("a loop's body gives ", given, " values for ", expected);
}

/// `value` is what an in-place change of `target` made.
bool isInPlace(mlir::Value value, mlir::Value target) {
  for (int depth = 0; depth < 1000; ++depth) {
    if (value == target)
      return true;
    auto result = mlir::dyn_cast<mlir::OpResult>(value);
    if (!result)
      return false;
    mlir::Operation *op = result.getOwner();
    if (auto loop = mlir::dyn_cast<scf::ForOp>(op))
      value = loop.getInitArgs()[result.getResultNumber()];
    else if (auto style = mlir::dyn_cast<mlir::DestinationStyleOpInterface>(op))
      value = style.getTiedOpOperand(result)->get();
    else if (auto cast = mlir::dyn_cast<mlir::tensor::CastOp>(op))
      value = cast.getSource();
    else
      return false;
  }
  return false;
}

/// The initial value of a state in memory that the loop may write: its steps do (a loop of one step that is folded away, too).
mlir::Value writable(Emitter::Impl &impl, mlir::Value value) {
  if (value.getDefiningOp<mlir::tensor::EmptyOp>())
    return value;
  return impl.builder
      .create<mlir::bufferization::AllocTensorOp>(
          impl.location, mlir::cast<mlir::RankedTensorType>(value.getType()), mlir::ValueRange{}, value)
      .getResult();
}

/// What a body yields for the state `target`: written into the state's own memory, so that loops allocate nothing.
mlir::Value inPlace(Emitter::Impl &impl, mlir::Value value, mlir::Value target) {
  if (value.getType() != target.getType())
    value = impl.builder.create<mlir::tensor::CastOp>(impl.location, target.getType(), value);
  if (isInPlace(value, target))
    return value;
  return impl.builder
      .create<mlir::bufferization::MaterializeInDestinationOp>(impl.location, value.getType(), value, target)
      .getResult();
}

} // namespace

// ---- scalars ----

Scalars Emitter::loop(Scalar from, Scalar to, const Scalars &initial, const ScalarLoopBody &body) {
  Scalars start;
  for (Scalar scalar : initial)
    start.push_back(onnx_import::cast(scalar, loopType(scalar.type())));
  auto op = impl_.builder.create<scf::ForOp>(impl_.location, valueOf(from), valueOf(to), valueOf(index(1)),
                                             valuesOf(start));
  {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    if (start.empty())
      impl_.builder.setInsertionPoint(op.getBody()->getTerminator());
    else
      impl_.builder.setInsertionPointToStart(op.getBody());
    Scalars next = body(scalarOf(*this, op.getInductionVar(), Type::Index),
                        scalarsOf(*this, op.getRegionIterArgs(), start));
    checkCount(next.size(), start.size());
    for (size_t i = 0; i < next.size(); ++i)
      next[i] = narrowed(next[i], start[i].type());
    if (!start.empty())
      impl_.builder.create<scf::YieldOp>(impl_.location, valuesOf(next));
  }
  return scalarsOf(*this, op.getResults(), start);
}

Scalars Emitter::branch(Scalar condition, const ScalarBody &yes, const ScalarBody &no) {
  // The types are known after the bodies are made, so these are made in an operation without results first.
  auto draft = impl_.builder.create<scf::IfOp>(impl_.location, valueOf(condition), /*withElseRegion=*/true);
  Scalars results[2];
  for (int side = 0; side < 2; ++side) {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    mlir::Block *block = side == 0 ? draft.thenBlock() : draft.elseBlock();
    if (block->mightHaveTerminator())
      block->getTerminator()->erase();
    impl_.builder.setInsertionPointToEnd(block);
    results[side] = side == 0 ? yes() : no();
    for (Scalar &scalar : results[side])
      scalar = onnx_import::cast(scalar, loopType(scalar.type()));
    impl_.builder.create<scf::YieldOp>(impl_.location, valuesOf(results[side]));
  }
  checkCount(results[1].size(), results[0].size());
  llvm::SmallVector<mlir::Type> types;
  for (size_t i = 0; i < results[0].size(); ++i) {
    if (results[0][i].type() != results[1][i].type())
      fail("the sides of a branch give ", typeName(results[0][i].type()), " and ",
           typeName(results[1][i].type()));
    types.push_back(impl_.mlirType(results[0][i].type()));
  }
  auto op = impl_.builder.create<scf::IfOp>(impl_.location, types, valueOf(condition));
  op.getThenRegion().takeBody(draft.getThenRegion());
  op.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  return scalarsOf(*this, op.getResults(), results[0]);
}

// ---- tensors ----

Tensors Emitter::loop(const Extent &count, const Tensors &initial, const TensorLoopBody &body) {
  llvm::SmallVector<mlir::Value> start = valuesOf(initial);
  for (mlir::Value &value : start)
    value = writable(impl_, value);
  auto op = impl_.builder.create<scf::ForOp>(impl_.location, valueOf(index(0)), valueOf(index(count)),
                                             valueOf(index(1)), start);
  {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    impl_.builder.setInsertionPointToStart(op.getBody());
    if (initial.empty())
      impl_.builder.setInsertionPoint(op.getBody()->getTerminator());
    Tensors state;
    for (size_t i = 0; i < initial.size(); ++i)
      state.push_back(tensorOf(*this, initial[i].type(), initial[i].shape(),
                               op.getRegionIterArg(static_cast<unsigned>(i))));
    const Tensors next = body(scalarOf(*this, op.getInductionVar(), Type::Index), state);
    checkCount(next.size(), state.size());
    llvm::SmallVector<mlir::Value> values;
    for (size_t i = 0; i < next.size(); ++i)
      values.push_back(inPlace(impl_, valueOf(next[i]), valueOf(state[i])));
    if (!initial.empty())
      impl_.builder.create<scf::YieldOp>(impl_.location, values);
  }
  Tensors results;
  for (size_t i = 0; i < initial.size(); ++i)
    results.push_back(
        tensorOf(*this, initial[i].type(), initial[i].shape(), op.getResult(static_cast<unsigned>(i))));
  return results;
}

namespace {

/// Extents of a loop's state: those that the body keeps, by name; -1 for those that change from step to step.
using States = std::vector<std::vector<std::optional<Extent>>>;

/// The state's tensors as block arguments.
Tensors argumentsOf(Emitter &emitter, const Tensors &initial, const States &kept, mlir::ValueRange values) {
  auto &impl = emitter.impl();
  Tensors result;
  for (size_t i = 0; i < initial.size(); ++i) {
    Shape shape;
    for (size_t d = 0; d < kept[i].size(); ++d)
      shape.push_back(kept[i][d] ? *kept[i][d]
                                 : Extent(scalarOf(emitter,
                                                   impl.builder.create<mlir::tensor::DimOp>(
                                                       impl.location, values[i], static_cast<int64_t>(d)),
                                                   Type::Index)));
    result.push_back(tensorOf(emitter, initial[i].type(), shape, values[i]));
  }
  return result;
}

mlir::RankedTensorType stateType(Emitter::Impl &impl, Type type,
                                 const std::vector<std::optional<Extent>> &kept) {
  llvm::SmallVector<int64_t> extents;
  for (const auto &extent : kept)
    extents.push_back(extent && extent->isKnown() ? extent->value() : mlir::ShapedType::kDynamic);
  return mlir::RankedTensorType::get(extents, impl.mlirType(type));
}

mlir::Value castTo(Emitter::Impl &impl, mlir::Value value, mlir::Type type) {
  return value.getType() == type ? value
                                 : impl.builder.create<mlir::tensor::CastOp>(impl.location, type, value);
}

} // namespace

Tensors Emitter::whileLoop(const Tensors &initial, const ConditionBody &condition, const StateBody &body) {
  States kept;
  for (const Tensor &tensor : initial)
    kept.emplace_back(tensor.shape().begin(), tensor.shape().end());
  auto startValues = valuesOf(initial);
  for (mlir::Value &value : startValues)
    value = writable(impl_, value);
  while (true) {
    llvm::SmallVector<mlir::Type> types;
    llvm::SmallVector<mlir::Value> start;
    for (size_t i = 0; i < initial.size(); ++i) {
      types.push_back(stateType(impl_, initial[i].type(), kept[i]));
      start.push_back(castTo(impl_, startValues[i], types[i]));
    }
    const int64_t macsBefore = impl_.macs;
    auto op = impl_.builder.create<scf::WhileOp>(impl_.location, types, start);
    bool isStable = true;
    {
      mlir::OpBuilder::InsertionGuard guard(impl_.builder);
      const llvm::SmallVector<mlir::Location> locations(types.size(), impl_.location);
      mlir::Block *before = impl_.builder.createBlock(&op.getBefore(), {}, types, locations);
      const Scalar holds = condition(argumentsOf(*this, initial, kept, before->getArguments()));
      impl_.builder.create<scf::ConditionOp>(impl_.location, valueOf(holds), before->getArguments());
      mlir::Block *after = impl_.builder.createBlock(&op.getAfter(), {}, types, locations);
      const Tensors state = argumentsOf(*this, initial, kept, after->getArguments());
      const Tensors next = body(state);
      checkCount(next.size(), initial.size());
      llvm::SmallVector<mlir::Value> values;
      for (size_t i = 0; i < next.size(); ++i) {
        if (next[i].type() != initial[i].type() || next[i].rank() != initial[i].rank())
          fail("a loop's state changes from ", typeName(initial[i].type()), " of rank ", initial[i].rank(),
               " to ", typeName(next[i].type()), " of rank ", next[i].rank());
        bool isFixed = true;
        for (size_t d = 0; d < kept[i].size(); ++d) {
          if (kept[i][d] && !sameExtent(*kept[i][d], next[i].shape()[d])) {
            kept[i][d].reset();
            isStable = false;
          }
          isFixed = isFixed && kept[i][d];
        }
        if (isStable)
          values.push_back(isFixed ? inPlace(impl_, valueOf(next[i]), valueOf(state[i]))
                                   : castTo(impl_, valueOf(next[i]), types[i]));
      }
      if (isStable)
        impl_.builder.create<scf::YieldOp>(impl_.location, values);
    }
    if (isStable)
      return argumentsOf(*this, initial, kept, op.getResults());
    // Some extent is not what it was before the step: once more, without believing in it.
    op.erase();
    impl_.macs = macsBefore;
  }
}

Tensors Emitter::branch(Scalar condition, const TensorBody &yes, const TensorBody &no) {
  auto draft = impl_.builder.create<scf::IfOp>(impl_.location, valueOf(condition), /*withElseRegion=*/true);
  Tensors results[2];
  for (int side = 0; side < 2; ++side) {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    mlir::Block *block = side == 0 ? draft.thenBlock() : draft.elseBlock();
    if (block->mightHaveTerminator())
      block->getTerminator()->erase();
    impl_.builder.setInsertionPointToEnd(block);
    results[side] = side == 0 ? yes() : no();
  }
  checkCount(results[1].size(), results[0].size());
  // An extent is the result's where both sides have it and it is known outside: a number, or a value from before.
  States kept;
  llvm::SmallVector<mlir::Type> types;
  const auto isOutside = [&](const Extent &extent) {
    return extent.isKnown() || !draft->isAncestor(valueOf(extent.scalar()).getParentBlock()->getParentOp());
  };
  for (size_t i = 0; i < results[0].size(); ++i) {
    const Tensor &a = results[0][i], &b = results[1][i];
    if (a.type() != b.type() || a.rank() != b.rank())
      fail("the branches give ", typeName(a.type()), " of shape ", shapeText(a.shape()), " and ",
           typeName(b.type()), " of shape ", shapeText(b.shape()));
    kept.emplace_back();
    for (size_t d = 0; d < a.shape().size(); ++d)
      kept.back().push_back(sameExtent(a.shape()[d], b.shape()[d]) && isOutside(a.shape()[d])
                                ? std::optional<Extent>(a.shape()[d])
                                : std::nullopt);
    types.push_back(stateType(impl_, a.type(), kept.back()));
  }
  for (int side = 0; side < 2; ++side) {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    impl_.builder.setInsertionPointToEnd(side == 0 ? draft.thenBlock() : draft.elseBlock());
    llvm::SmallVector<mlir::Value> values;
    for (size_t i = 0; i < types.size(); ++i)
      values.push_back(castTo(impl_, valueOf(results[side][i]), types[i]));
    impl_.builder.create<scf::YieldOp>(impl_.location, values);
  }
  auto op = impl_.builder.create<scf::IfOp>(impl_.location, types, valueOf(condition));
  op.getThenRegion().takeBody(draft.getThenRegion());
  op.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  return argumentsOf(*this, results[0], kept, op.getResults());
}

void Emitter::tryOut(const std::function<void()> &body) {
  const int64_t macsBefore = impl_.macs;
  auto draft =
      impl_.builder.create<scf::IfOp>(impl_.location, valueOf(boolean(true)), /*withElseRegion=*/false);
  {
    mlir::OpBuilder::InsertionGuard guard(impl_.builder);
    impl_.builder.setInsertionPointToStart(draft.thenBlock());
    body();
  }
  draft.erase();
  impl_.macs = macsBefore;
}

// ---- checks ----

void Emitter::require(Scalar condition, const std::string &message) {
  mlir::IntegerAttr constant;
  if (mlir::matchPattern(valueOf(condition), mlir::m_Constant(&constant))) {
    if (constant.getValue().isZero())
      fail(message);
    return;
  }
  impl_.builder.create<mlir::cf::AssertOp>(impl_.location, valueOf(condition), impl_.place + message);
}

void Emitter::requireEqual(const Extent &a, const Extent &b, const std::string &message) {
  if (sameExtent(a, b))
    return;
  if (a.isKnown() && b.isKnown())
    fail(message, ": ", a.value(), " and ", b.value());
  require(index(a) == index(b), message);
}

void Emitter::requireIndices(const Tensor &indices, const Extent &extent) {
  const std::string message = "an index is outside the dimension";
  if (const auto known = indices.integers(); known && extent.isKnown()) {
    for (int64_t i : *known)
      if (i < -extent.value() || i >= extent.value())
        fail("index ", i, " is outside a dimension of ", extent.value());
    return;
  }
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < indices.rank(); ++i)
    axes.push_back(i);
  const Scalar size = onnx_import::cast(index(extent), Type::Int64);
  const Tensor ok =
      reduce(Type::Bool, indices, axes, boolean(true), [&](Scalar sum, const Scalars &x) -> Scalar {
        const Scalar i = onnx_import::cast(x[0], Type::Int64);
        return sum & (i < size) & (i >= -size);
      });
  require(ok.item(), message);
}

} // namespace tessera::compiler::onnx_import
