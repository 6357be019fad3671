// Types, constants, and the values of tensors.

#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <cstring>

namespace tessera::compiler::onnx_import {

namespace arith = mlir::arith;

mlir::Type Emitter::Impl::mlirType(Type type) {
  switch (type) {
  case Type::Index:
    return builder.getIndexType();
  case Type::Float32:
    return builder.getF32Type();
  case Type::Float64:
    return builder.getF64Type();
  case Type::Float16:
    return builder.getF16Type();
  case Type::Bool:
    return builder.getI1Type();
  default:
    if (storageBits(type) == 0)
      fail(typeName(type), " tensors are not supported");
    return builder.getIntegerType(storageBits(type));
  }
}

mlir::RankedTensorType Emitter::Impl::mlirType(Type type, const Shape &shape) {
  llvm::SmallVector<int64_t> extents;
  int64_t room = kMaxTensorBytes / std::max<int64_t>(1, storageBits(type) / 8);
  for (const Extent &extent : shape) {
    if (extent.isKnown() && extent.value() < 0)
      fail("shape ", shapeText(shape), " has a negative extent");
    if (extent.isKnown() && extent.value() > room)
      fail("a tensor of shape ", shapeText(shape), " is larger than ", kMaxTensorBytes, " bytes");
    if (extent.isKnown() && extent.value() > 0)
      room /= extent.value();
    extents.push_back(extent.isKnown() ? extent.value() : mlir::ShapedType::kDynamic);
  }
  return mlir::RankedTensorType::get(extents, mlirType(type));
}

// ---- scalars ----

Scalar Emitter::constant(Type type, double value) {
  const auto floatType = mlir::dyn_cast<mlir::FloatType>(impl_.mlirType(type));
  if (!floatType)
    fail("a real constant of ", typeName(type), " is not possible");
  return scalarOf(
      *this,
      impl_.builder.create<arith::ConstantOp>(impl_.location, impl_.builder.getFloatAttr(floatType, value)),
      type);
}

Scalar Emitter::constant(Type type, int64_t value) {
  const mlir::Type mlir = impl_.mlirType(type);
  if (!mlir.isIntOrIndex())
    fail("a whole constant of ", typeName(type), " is not possible");
  const auto attribute = mlir.isIndex()
                             ? impl_.builder.getIndexAttr(value)
                             : mlir::IntegerAttr::get(mlir, llvm::APInt(mlir.getIntOrFloatBitWidth(),
                                                                        static_cast<uint64_t>(value), true));
  return scalarOf(*this, impl_.builder.create<arith::ConstantOp>(impl_.location, attribute), type);
}

Scalar Emitter::boolean(bool value) { return constant(Type::Bool, int64_t{value}); }

Scalar Emitter::index(const Extent &extent) {
  return extent.isKnown() ? constant(Type::Index, extent.value()) : extent.scalar();
}

Scalar Emitter::scalar(Type type, const Element &element) {
  switch (element.kind) {
  case Element::Kind::Integer:
    return constant(type, element.integer);
  case Element::Kind::Real:
    return constant(type, element.real);
  case Element::Kind::Program:
    break;
  }
  return element.scalar;
}

Element Emitter::element(Scalar scalar) {
  mlir::Attribute attribute;
  if (mlir::matchPattern(valueOf(scalar), mlir::m_Constant(&attribute))) {
    if (auto whole = mlir::dyn_cast<mlir::IntegerAttr>(attribute))
      return Element::of(scalar.type() == Type::Bool || isUnsigned(scalar.type())
                             ? static_cast<int64_t>(whole.getValue().getZExtValue())
                             : whole.getValue().getSExtValue());
    if (auto real = mlir::dyn_cast<mlir::FloatAttr>(attribute))
      return Element::of(real.getValueAsDouble());
  }
  return Element::of(scalar);
}

// ---- tensors from nothing ----

Tensor tensorOf(Emitter &emitter, Type type, Shape shape, mlir::Value value) {
  auto state = std::make_shared<Tensor::State>();
  state->emitter = &emitter;
  state->type = type;
  state->shape = std::move(shape);
  state->value = value;
  return Tensor(std::move(state));
}

Tensor tensorOf(Emitter &emitter, Type type, mlir::Value value) {
  auto &impl = emitter.impl();
  Shape shape;
  const auto mlirType = mlir::cast<mlir::RankedTensorType>(value.getType());
  for (int64_t i = 0; i < mlirType.getRank(); ++i)
    if (mlirType.isDynamicDim(static_cast<unsigned>(i)))
      shape.push_back(Extent(
          scalarOf(emitter, impl.builder.create<mlir::tensor::DimOp>(impl.location, value, i), Type::Index)));
    else
      shape.push_back(Extent(mlirType.getDimSize(static_cast<unsigned>(i))));
  return tensorOf(emitter, type, std::move(shape), value);
}

llvm::SmallVector<mlir::OpFoldResult> foldResults(Emitter &emitter, const Shape &shape) {
  llvm::SmallVector<mlir::OpFoldResult> result;
  for (const Extent &extent : shape)
    if (extent.isKnown())
      result.push_back(emitter.impl().builder.getIndexAttr(extent.value()));
    else
      result.push_back(valueOf(extent.scalar()));
  return result;
}

Tensor Emitter::literal(Type type, const std::vector<int64_t> &shape, Literal literal) {
  Tensor result = tensorOf(*this, type, Shape(shape.begin(), shape.end()), nullptr);
  const uint64_t elementBytes = storageBits(type) / 8;
  const Extent count = productOf(result.shape());
  if (!literal.isSplat && literal.bytes.size() == elementBytes && count.value() == 1)
    literal.isSplat = true;
  if (literal.bytes.size() != elementBytes * (literal.isSplat ? 1 : static_cast<uint64_t>(count.value())))
    fail("a constant of shape ", shapeText(result.shape()), " has ", literal.bytes.size(), " bytes");
  result.state().literal = std::move(literal);
  return result;
}

namespace {

/// Bytes that own themselves.
Literal owned(std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  const std::span<const uint8_t> view = *owner;
  return {view, owner, false};
}

void appendBytes(std::vector<uint8_t> &bytes, const void *from, size_t count) {
  const auto *data = static_cast<const uint8_t *>(from);
  bytes.insert(bytes.end(), data, data + count);
}

template <class T> int64_t readAs(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<int64_t>(value);
}

/// Element `i` of a literal of integers or Bool.
int64_t integerAt(Type type, const Literal &literal, size_t i) {
  const size_t width = storageBits(type) / 8;
  const uint8_t *bytes = literal.bytes.data() + (literal.isSplat ? 0 : i * width);
  const bool positive = isUnsigned(type);
  if (type == Type::Bool)
    return *bytes != 0;
  switch (width) {
  case 1:
    return positive ? readAs<uint8_t>(bytes) : readAs<int8_t>(bytes);
  case 2:
    return positive ? readAs<uint16_t>(bytes) : readAs<int16_t>(bytes);
  case 4:
    return positive ? readAs<uint32_t>(bytes) : readAs<int32_t>(bytes);
  default:
    return readAs<int64_t>(bytes);
  }
}

double realAt(Type type, const Literal &literal, size_t i) {
  const size_t width = storageBits(type) / 8;
  const uint8_t *bytes = literal.bytes.data() + (literal.isSplat ? 0 : i * width);
  if (type == Type::Float32) {
    float value;
    std::memcpy(&value, bytes, sizeof value);
    return static_cast<double>(value);
  }
  if (type == Type::Float16) {
    uint16_t value;
    std::memcpy(&value, bytes, sizeof value);
    return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, value)).convertToFloat();
  }
  double value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

bool hasRealLiteral(Type type) {
  return type == Type::Float32 || type == Type::Float64 || type == Type::Float16;
}

} // namespace

Tensor Emitter::integers(const std::vector<int64_t> &values, Type type) {
  std::vector<Element> elements;
  for (int64_t value : values)
    elements.push_back(Element::of(value));
  return fromElements(type, {static_cast<int64_t>(values.size())}, std::move(elements));
}

Tensor Emitter::reals(const std::vector<double> &values, Type type, const std::vector<int64_t> &shape) {
  std::vector<uint8_t> bytes;
  for (double value : values) {
    const auto single = static_cast<float>(value);
    if (type == Type::Float32)
      appendBytes(bytes, &single, sizeof single);
    else if (type == Type::Float64)
      appendBytes(bytes, &value, sizeof value);
    else
      fail("a table of ", typeName(type), " is not possible");
  }
  return literal(type, shape, owned(std::move(bytes)));
}

Tensor Emitter::scalarTensor(Scalar value) { return fromElements(value.type(), {}, {element(value)}); }

Tensor Emitter::fromElements(Type type, const std::vector<int64_t> &shape, std::vector<Element> elements) {
  Tensor result = tensorOf(*this, type, Shape(shape.begin(), shape.end()), nullptr);
  result.state().elements = std::move(elements);
  return result;
}

Tensor Emitter::fromExtents(const Shape &extents) {
  std::vector<Element> elements;
  for (const Extent &extent : extents)
    elements.push_back(extent.isKnown() ? Element::of(extent.value())
                                        : Element::of(onnx_import::cast(extent.scalar(), Type::Int64)));
  return fromElements(Type::Int64, {static_cast<int64_t>(extents.size())}, std::move(elements));
}

Tensor Emitter::empty(Type type, const Shape &shape) {
  const mlir::Value value = impl_.builder.create<mlir::tensor::EmptyOp>(
      impl_.location, foldResults(*this, shape), impl_.mlirType(type, shape).getElementType());
  return tensorOf(*this, type, shape, value);
}

Tensor Emitter::full(Type type, const Shape &shape, Scalar value) {
  value = narrowed(value, type);
  // A constant of constant shape is a literal: nothing is filled when the network runs, and later folds see it.
  bool isKnown = true;
  for (const Extent &extent : shape)
    isKnown = isKnown && extent.isKnown();
  const Element single = element(value);
  if (isKnown && single.kind != Element::Kind::Program && (!isFloat(type) || hasRealLiteral(type))) {
    std::vector<uint8_t> bytes;
    if (isFloat(type)) {
      bool inexact = false;
      llvm::APFloat real(single.real);
      real.convert(type == Type::Float32   ? llvm::APFloat::IEEEsingle()
                   : type == Type::Float16 ? llvm::APFloat::IEEEhalf()
                                           : llvm::APFloat::IEEEdouble(),
                   llvm::APFloat::rmNearestTiesToEven, &inexact);
      const uint64_t bits = real.bitcastToAPInt().getZExtValue();
      appendBytes(bytes, &bits, storageBits(type) / 8);
    } else {
      appendBytes(bytes, &single.integer, storageBits(type) / 8);
    }
    std::vector<int64_t> extents;
    for (const Extent &extent : shape)
      extents.push_back(extent.value());
    Literal splat = owned(std::move(bytes));
    splat.isSplat = true;
    return literal(type, extents, std::move(splat));
  }
  const Tensor target = empty(type, shape);
  auto filled = impl_.builder.create<mlir::linalg::FillOp>(impl_.location, onnx_import::valueOf(value),
                                                           onnx_import::valueOf(target));
  return tensorOf(*this, type, shape, filled.getResult(0));
}

Shape Emitter::extentsIn(const Tensor &tensor) {
  if (!isInteger(tensor.type()) || tensor.rank() > 1 || !tensor.isStatic())
    fail("a shape is given as ", typeName(tensor.type()), " of shape ", shapeText(tensor.shape()),
         ", expected a list of integers of known length");
  if (tensor.count() > kMaxElements)
    fail("a shape has ", tensor.count(), " extents");
  Shape result;
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const Scalar scalar = tensor.elements()
                              ? this->scalar(tensor.type(), (*tensor.elements())[static_cast<size_t>(i)])
                              : tensor.at(tensor.rank() == 0 ? Scalars{} : Scalars{index(i)});
    result.push_back(Extent(scalar));
  }
  return result;
}

// ---- what is known of a tensor ----

Emitter &Tensor::emitter() const { return *state_->emitter; }
Type Tensor::type() const { return state_->type; }
const Shape &Tensor::shape() const { return state_->shape; }

bool Tensor::isStatic() const {
  for (const Extent &extent : shape())
    if (!extent.isKnown())
      return false;
  return true;
}

int64_t Tensor::count() const { return productOf(shape()).value(); }

const Literal *Tensor::literal() const { return state_->literal ? &*state_->literal : nullptr; }

const std::vector<Element> *Tensor::elements() const {
  if (state_->elements)
    return &*state_->elements;
  if (!state_->literal || count() > kMaxElements)
    return nullptr;
  const bool real = hasRealLiteral(type());
  if (!real && isFloat(type()))
    return nullptr;
  std::vector<Element> elements;
  for (size_t i = 0; i < static_cast<size_t>(count()); ++i)
    elements.push_back(real ? Element::of(realAt(type(), *state_->literal, i))
                            : Element::of(integerAt(type(), *state_->literal, i)));
  state_->elements = std::move(elements);
  return &*state_->elements;
}

std::optional<std::vector<int64_t>> Tensor::integers() const {
  const auto *known = elements();
  if (!known)
    return std::nullopt;
  std::vector<int64_t> result;
  for (const Element &element : *known) {
    if (element.kind != Element::Kind::Integer)
      return std::nullopt;
    result.push_back(element.integer);
  }
  return result;
}

std::optional<std::vector<double>> Tensor::reals() const {
  const auto *known = elements();
  if (!known)
    return std::nullopt;
  std::vector<double> result;
  for (const Element &element : *known) {
    if (element.kind == Element::Kind::Program)
      return std::nullopt;
    result.push_back(element.kind == Element::Kind::Real ? element.real
                                                         : static_cast<double>(element.integer));
  }
  return result;
}

const Extent &Tensor::extent(int64_t axis) const {
  if (axis < 0 || axis >= rank())
    fail("a tensor of rank ", rank(), " has no dimension ", axis);
  return shape()[static_cast<size_t>(axis)];
}

Scalar Tensor::at(const Scalars &indices) const {
  auto &impl = emitter().impl();
  if (static_cast<int64_t>(indices.size()) != rank())
    fail(indices.size(), " indices for rank ", rank());
  llvm::SmallVector<mlir::Value> positions;
  for (Scalar index : indices)
    positions.push_back(onnx_import::valueOf(onnx_import::cast(index, Type::Index)));
  return scalarOf(emitter(),
                  impl.builder.createOrFold<mlir::tensor::ExtractOp>(impl.location,
                                                                     onnx_import::valueOf(*this), positions),
                  type());
}

Scalar Tensor::item() const {
  if (const auto *known = elements(); known && known->size() == 1)
    return emitter().scalar(type(), known->front());
  if (isStatic() && count() != 1)
    fail("a single value is expected, the tensor has shape ", shapeText(shape()));
  return at(Scalars(static_cast<size_t>(rank()), emitter().index(0)));
}

namespace {

/// Splats of more elements are filled when the network runs.
constexpr int64_t kMaxSplatElements = int64_t{1} << 14;

mlir::Value constantValue(Emitter &emitter, const Tensor &tensor) {
  auto &impl = emitter.impl();
  const Literal &literal = *tensor.literal();
  const auto type = impl.mlirType(tensor.type(), tensor.shape());
  mlir::DenseElementsAttr attribute;
  if (tensor.type() == Type::Bool) {
    // MLIR packs bits, files have bytes.
    llvm::SmallVector<bool> values;
    for (uint8_t byte : literal.bytes.first(type.getNumElements() == 0 ? 0 : literal.bytes.size()))
      values.push_back(byte != 0);
    attribute = mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(values));
  } else {
    const size_t bytes = type.getNumElements() == 0 ? 0 : literal.bytes.size();
    attribute = mlir::DenseElementsAttr::getFromRawBuffer(
        type, {reinterpret_cast<const char *>(literal.bytes.data()), bytes});
  }
  mlir::OpBuilder::InsertionGuard guard(impl.builder);
  impl.builder.setInsertionPointToStart(impl.entry);
  return impl.builder.create<arith::ConstantOp>(impl.location, attribute);
}

} // namespace

mlir::Value valueOf(const Tensor &tensor) {
  Tensor::State &state = tensor.state();
  if (state.value)
    return state.value;
  if (state.innerBytes)
    return state.value = plainBytes(tensor);
  Emitter &emitter = tensor.emitter();
  auto &impl = emitter.impl();
  if (state.literal && state.literal->isSplat && tensor.count() > kMaxSplatElements) {
    // Bytes that are all the same need not lie in the image.
    const Literal one{state.literal->bytes, state.literal->owner, true};
    const Tensor single = emitter.literal(state.type, {}, one);
    return impl.builder
        .create<mlir::linalg::FillOp>(impl.location, valueOf(single.item()),
                                      valueOf(emitter.empty(state.type, state.shape)))
        .getResult(0);
  }
  if (state.literal) {
    state.value = constantValue(emitter, tensor);
    return state.value;
  }
  // Made anew at each use: elements may belong to a region that another use is not in. What is equal is merged later.
  llvm::SmallVector<mlir::Value> values;
  for (const Element &element : *state.elements)
    values.push_back(valueOf(narrowed(emitter.scalar(state.type, element), state.type)));
  const auto type = impl.mlirType(state.type, state.shape);
  if (values.empty())
    return valueOf(emitter.empty(state.type, state.shape));
  return impl.builder.create<mlir::tensor::FromElementsOp>(impl.location, type, values);
}

} // namespace tessera::compiler::onnx_import
