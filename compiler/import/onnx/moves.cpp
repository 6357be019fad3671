// Moves: the same elements elsewhere. Constants are moved while importing.

#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <cstring>

namespace tessera::compiler::onnx_import {

namespace tensor = mlir::tensor;

namespace {

/// Constants above this are not moved while importing.
constexpr int64_t kMaxMovedElements = int64_t{1} << 27;

bool isKnown(const Shape &shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Extent &extent) { return extent.isKnown(); });
}

std::vector<int64_t> knownExtents(const Shape &shape) {
  std::vector<int64_t> result;
  for (const Extent &extent : shape)
    result.push_back(extent.value());
  return result;
}

bool sameShape(const Shape &a, const Shape &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), sameExtent);
}

/// Steps `index` through `extents`, last dimension first; false after the last one.
bool advance(std::vector<int64_t> &index, const std::vector<int64_t> &extents) {
  for (size_t i = index.size(); i-- > 0;) {
    if (++index[i] < extents[i])
      return true;
    index[i] = 0;
  }
  return false;
}

/// Consecutive dimensions of `from` that become one of `to`; nothing where that is not what happens.
std::optional<llvm::SmallVector<mlir::ReassociationIndices>> collapses(const Shape &from, const Shape &to) {
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  size_t next = 0;
  for (const Extent &extent : to) {
    if (next == from.size())
      return std::nullopt;
    mlir::ReassociationIndices group{static_cast<int64_t>(next)};
    Extent product = from[next++];
    while (!sameExtent(product, extent) && next < from.size()) {
      group.push_back(static_cast<int64_t>(next));
      product = product * from[next++];
    }
    if (!sameExtent(product, extent))
      return std::nullopt;
    groups.push_back(group);
  }
  for (; next < from.size(); ++next) {
    if (!from[next].is(1) || groups.empty())
      return std::nullopt;
    groups.back().push_back(static_cast<int64_t>(next));
  }
  return groups;
}

mlir::Value staticReshape(Emitter::Impl &impl, mlir::Value value, mlir::RankedTensorType to) {
  const auto from = mlir::cast<mlir::RankedTensorType>(value.getType());
  const auto step = [&](mlir::RankedTensorType type, const auto &groups) -> mlir::Value {
    const auto source = mlir::cast<mlir::RankedTensorType>(value.getType());
    if (type.getRank() < source.getRank())
      return impl.builder.create<tensor::CollapseShapeOp>(impl.location, type, value, groups);
    return impl.builder.create<tensor::ExpandShapeOp>(impl.location, type, value, groups);
  };
  if (from.getRank() != to.getRank())
    if (const auto groups = mlir::getReassociationIndicesForReshape(from, to))
      return step(to, *groups);
  // Through one dimension, or through none where there is one element.
  mlir::ReassociationIndices all;
  for (int64_t i = 0; i < from.getRank(); ++i)
    all.push_back(i);
  const auto flat = mlir::RankedTensorType::get({from.getNumElements()}, from.getElementType());
  if (from.getRank() > 1)
    value = step(flat, llvm::SmallVector<mlir::ReassociationIndices>{all});
  if (to.getRank() > 1) {
    all.clear();
    for (int64_t i = 0; i < to.getRank(); ++i)
      all.push_back(i);
    value = step(to, llvm::SmallVector<mlir::ReassociationIndices>{all});
  }
  return value;
}

} // namespace

std::optional<Tensor> Emitter::pick(const Tensor &x, const Shape &shape,
                                    const std::function<int64_t(const std::vector<int64_t> &)> &source) {
  if (!x.isStatic() || !isKnown(shape) || (!x.literal() && !x.elements()))
    return std::nullopt;
  const Extent count = productOf(shape);
  if (count.value() > (x.literal() ? kMaxMovedElements : kMaxElements))
    return std::nullopt;
  const std::vector<int64_t> extents = knownExtents(shape);
  if (x.literal() && x.literal()->isSplat)
    return literal(x.type(), extents, *x.literal());
  std::vector<int64_t> index(extents.size(), 0);
  if (!x.literal()) {
    std::vector<Element> elements;
    if (count.value() > 0)
      do
        elements.push_back((*x.elements())[static_cast<size_t>(source(index))]);
      while (advance(index, extents));
    return fromElements(x.type(), extents, std::move(elements));
  }
  const size_t width = storageBits(x.type()) / 8;
  auto bytes = std::make_shared<std::vector<uint8_t>>(static_cast<size_t>(count.value()) * width);
  uint8_t *to = bytes->data();
  if (count.value() > 0)
    do {
      std::memcpy(to, x.literal()->bytes.data() + static_cast<size_t>(source(index)) * width, width);
      to += width;
    } while (advance(index, extents));
  const std::span<const uint8_t> view = *bytes;
  return literal(x.type(), extents, {view, bytes, false});
}

Tensor Emitter::put(const Tensor &x, const Scalars &indices, Scalar value) {
  llvm::SmallVector<mlir::Value> positions;
  for (Scalar index : indices)
    positions.push_back(onnx_import::valueOf(onnx_import::cast(index, Type::Index)));
  const mlir::Value changed = impl_.builder.create<tensor::InsertOp>(
      impl_.location, onnx_import::valueOf(narrowed(value, x.type())), onnx_import::valueOf(x), positions);
  return tensorOf(*this, x.type(), x.shape(), changed);
}

Tensor Emitter::reshape(const Tensor &x, const Shape &shape) {
  if (sameShape(x.shape(), shape))
    return x;
  const Extent from = productOf(x.shape()), to = productOf(shape);
  if (from.isKnown() && to.isKnown() && from.value() != to.value())
    fail("shape ", shapeText(x.shape()), " cannot become ", shapeText(shape));
  if (isKnown(shape) && x.isStatic()) {
    if (x.literal())
      return literal(x.type(), knownExtents(shape), *x.literal());
    if (x.elements())
      return fromElements(x.type(), knownExtents(shape), *x.elements());
  }
  const auto type = impl_.mlirType(x.type(), shape);
  const mlir::Value value = valueOf(x);
  if (x.isStatic() && isKnown(shape) && to.value() != 0)
    return tensorOf(*this, x.type(), shape, staticReshape(impl_, value, type));
  if (shape.size() < x.shape().size() && !shape.empty())
    if (const auto groups = collapses(x.shape(), shape)) {
      const mlir::Value result =
          impl_.builder.create<tensor::CollapseShapeOp>(impl_.location, value, *groups);
      if (result.getType() == type)
        return tensorOf(*this, x.type(), shape, result);
    }
  requireEqual(from, to, "a shape cannot become another of a different count");
  // The count may agree where an extent is negative; the memory's size is checked when it is made, a view's is not.
  for (const Extent &extent : shape)
    if (!extent.isKnown())
      require(index(extent) >= 0, "an extent is negative");
  llvm::SmallVector<mlir::Value> extents;
  for (const Extent &extent : shape)
    extents.push_back(valueOf(index(extent)));
  const auto shapeType =
      mlir::RankedTensorType::get({static_cast<int64_t>(shape.size())}, impl_.builder.getIndexType());
  const mlir::Value extentsValue =
      extents.empty()
          ? impl_.builder
                .create<tensor::EmptyOp>(impl_.location, shapeType.getShape(), shapeType.getElementType())
                .getResult()
          : impl_.builder.create<tensor::FromElementsOp>(impl_.location, shapeType, extents).getResult();
  return tensorOf(*this, x.type(), shape,
                  impl_.builder.create<tensor::ReshapeOp>(impl_.location, type, value, extentsValue));
}

Tensor Emitter::slice(const Tensor &x, const Shape &offsets, const Shape &sizes,
                      const std::vector<int64_t> &strides) {
  const bool isWhole =
      sameShape(x.shape(), sizes) &&
      std::all_of(offsets.begin(), offsets.end(), [](const Extent &offset) { return offset.is(0); }) &&
      std::all_of(strides.begin(), strides.end(), [](int64_t stride) { return stride == 1; });
  if (isWhole)
    return x;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Extent &from = offsets[i], &count = sizes[i], &whole = x.shape()[i];
    if (!from.isKnown() || !count.isKnown() || !whole.isKnown())
      continue;
    if (from.value() < 0 || count.value() < 0 ||
        (count.value() > 0 && (from + (count - Extent(1)) * Extent(strides[i])).value() >= whole.value()))
      fail("a slice of ", count.value(), " from ", from.value(), " leaves a dimension of ", whole.value());
  }
  if (x.isStatic() && isKnown(offsets)) {
    std::vector<int64_t> steps(sizes.size(), 1);
    for (size_t i = sizes.size(); i-- > 1;)
      steps[i - 1] = steps[i] * x.shape()[i].value();
    if (auto constant = pick(x, sizes, [&](const std::vector<int64_t> &index) {
          int64_t position = 0;
          for (size_t i = 0; i < index.size(); ++i)
            position += (offsets[i].value() + index[i] * strides[i]) * steps[i];
          return position;
        }))
      return *constant;
  }
  llvm::SmallVector<mlir::OpFoldResult> steps;
  for (int64_t stride : strides)
    steps.push_back(impl_.builder.getIndexAttr(stride));
  const auto type = impl_.mlirType(x.type(), sizes);
  return tensorOf(*this, x.type(), sizes,
                  impl_.builder.create<tensor::ExtractSliceOp>(impl_.location, type, valueOf(x),
                                                               foldResults(*this, offsets),
                                                               foldResults(*this, sizes), steps));
}

Tensor Emitter::insertSlice(const Tensor &into, const Tensor &part, const Shape &offsets) {
  const llvm::SmallVector<mlir::OpFoldResult> steps(offsets.size(), impl_.builder.getIndexAttr(1));
  return tensorOf(*this, into.type(), into.shape(),
                  impl_.builder.create<tensor::InsertSliceOp>(impl_.location, valueOf(part), valueOf(into),
                                                              foldResults(*this, offsets),
                                                              foldResults(*this, part.shape()), steps));
}

Tensor Emitter::concatenate(const Tensors &parts, int64_t axis) {
  const auto at = static_cast<size_t>(axis);
  Tensors whole;
  for (const Tensor &part : parts) {
    if (part.rank() != parts.front().rank() || part.type() != parts.front().type())
      fail("concatenation of ", typeName(parts.front().type()), " ", shapeText(parts.front().shape()),
           " and ", typeName(part.type()), " ", shapeText(part.shape()));
    for (size_t i = 0; i < part.shape().size(); ++i)
      if (i != at)
        requireEqual(part.shape()[i], parts.front().shape()[i], "extents of a concatenation differ");
    if (!part.shape()[at].is(0))
      whole.push_back(part);
  }
  if (whole.empty())
    return parts.front();
  if (whole.size() == 1)
    return whole.front();
  Shape shape = whole.front().shape();
  for (size_t i = 1; i < whole.size(); ++i) {
    shape[at] = shape[at] + whole[i].shape()[at];
    for (size_t d = 0; d < shape.size(); ++d)
      if (d != at && !shape[d].isKnown())
        shape[d] = whole[i].shape()[d];
  }
  if (shape.size() == 1 && shape[0].isKnown() && shape[0].value() <= kMaxElements) {
    std::vector<Element> elements;
    bool isElementwise = true;
    for (const Tensor &part : whole) {
      isElementwise = isElementwise && part.elements();
      if (isElementwise)
        elements.insert(elements.end(), part.elements()->begin(), part.elements()->end());
    }
    if (isElementwise)
      return fromElements(whole.front().type(), knownExtents(shape), std::move(elements));
  }
  Tensor result = empty(whole.front().type(), shape);
  Shape offsets(shape.size(), Extent(0));
  for (const Tensor &part : whole) {
    result = insertSlice(result, part, offsets);
    offsets[at] = offsets[at] + part.shape()[at];
  }
  return result;
}

Tensor Emitter::expand(const Tensor &x, const Shape &shape) {
  if (sameShape(x.shape(), shape))
    return x;
  if (x.literal() && x.literal()->isSplat && isKnown(shape))
    return literal(x.type(), knownExtents(shape), *x.literal());
  return mapTo(shape, x.type(), {x}, [](const Scalars &element) { return element[0]; });
}

Tensor Emitter::cast(const Tensor &x, Type type) {
  if (x.type() == type)
    return x;
  return map(type, {x}, [&](const Scalars &element) { return onnx_import::cast(element[0], type); });
}

Tensor Emitter::retype(const Tensor &x, Type type) {
  if (storageBits(x.type()) != storageBits(type))
    fail("the bits of ", typeName(x.type()), " cannot be those of ", typeName(type));
  if (x.literal())
    return literal(type, knownExtents(x.shape()), *x.literal());
  if (!x.state().elements && impl_.mlirType(x.type()) == impl_.mlirType(type))
    return tensorOf(*this, type, x.shape(), valueOf(x));
  return map(type, {x}, [&](const Scalars &element) { return bitcast(element[0], type); });
}

void Emitter::countMacs(const Shape &loops) {
  const Extent product = productOf(loops);
  if (product.isKnown())
    impl_.macs += product.value();
}

} // namespace tessera::compiler::onnx_import
