#include "import/onnx/emitter_impl.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tessera::compiler::onnx_import {

namespace {

/// Computed in the same way from the same values, as far as `depth` operations back.
bool sameValue(mlir::Value a, mlir::Value b, int depth) {
  if (a == b)
    return true;
  mlir::Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
  if (depth == 0 || !x || !y || x->getName() != y->getName() || x->getNumOperands() != y->getNumOperands() ||
      x->getNumRegions() != 0 || y->getNumRegions() != 0 || !mlir::isMemoryEffectFree(x) ||
      x->getAttrDictionary() != y->getAttrDictionary() ||
      mlir::cast<mlir::OpResult>(a).getResultNumber() != mlir::cast<mlir::OpResult>(b).getResultNumber())
    return false;
  for (unsigned i = 0; i < x->getNumOperands(); ++i)
    if (!sameValue(x->getOperand(i), y->getOperand(i), depth - 1))
      return false;
  return true;
}

int64_t checked(bool overflows, int64_t value) {
  if (overflows)
    fail("extents overflow 64 bits");
  return value;
}

Emitter &emitterOf(const Extent &a, const Extent &b) { return (a.isKnown() ? b : a).scalar().emitter(); }

template <class Known, class Dynamic>
Extent combine(const Extent &a, const Extent &b, Known known, Dynamic dynamic) {
  if (a.isKnown() && b.isKnown())
    return known(a.value(), b.value());
  Emitter &emitter = emitterOf(a, b);
  return Extent(dynamic(emitter.index(a), emitter.index(b)));
}

} // namespace

Extent::Extent(Scalar scalar) {
  const Scalar index = cast(scalar, Type::Index);
  mlir::IntegerAttr constant;
  if (mlir::matchPattern(valueOf(index), mlir::m_Constant(&constant))) {
    known_ = constant.getInt();
    return;
  }
  isDynamic_ = true;
  scalar_ = index;
}

Extent operator+(const Extent &a, const Extent &b) {
  if (a.is(0))
    return b;
  if (b.is(0))
    return a;
  return combine(
      a, b,
      [](int64_t x, int64_t y) {
        int64_t r = 0;
        return checked(__builtin_add_overflow(x, y, &r), r);
      },
      [](Scalar x, Scalar y) { return x + y; });
}

Extent operator-(const Extent &a, const Extent &b) {
  if (b.is(0))
    return a;
  return combine(
      a, b,
      [](int64_t x, int64_t y) {
        int64_t r = 0;
        return checked(__builtin_sub_overflow(x, y, &r), r);
      },
      [](Scalar x, Scalar y) { return x - y; });
}

Extent operator*(const Extent &a, const Extent &b) {
  if (a.is(1))
    return b;
  if (b.is(1))
    return a;
  return combine(
      a, b,
      [](int64_t x, int64_t y) {
        int64_t r = 0;
        return checked(__builtin_mul_overflow(x, y, &r), r);
      },
      [](Scalar x, Scalar y) { return x * y; });
}

Extent floorDivide(const Extent &a, const Extent &b) {
  if (b.is(1))
    return a;
  if (b.is(0))
    fail("an extent is divided by zero");
  return combine(
      a, b,
      [](int64_t x, int64_t y) {
        const int64_t quotient = x / y;
        return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
      },
      // Extents are not negative when the network runs; whoever subtracts checks.
      [](Scalar x, Scalar y) { return x / y; });
}

Extent ceilDivide(const Extent &a, const Extent &b) { return floorDivide(a + b - Extent(1), b); }

Extent minimum(const Extent &a, const Extent &b) {
  if (sameExtent(a, b))
    return a;
  return combine(
      a, b, [](int64_t x, int64_t y) { return std::min(x, y); },
      [](Scalar x, Scalar y) { return minimum(x, y); });
}

Extent maximum(const Extent &a, const Extent &b) {
  if (sameExtent(a, b))
    return a;
  return combine(
      a, b, [](int64_t x, int64_t y) { return std::max(x, y); },
      [](Scalar x, Scalar y) { return maximum(x, y); });
}

bool sameExtent(const Extent &a, const Extent &b) {
  if (a.isKnown() != b.isKnown())
    return false;
  return a.isKnown() ? a.value() == b.value() : sameValue(valueOf(a.scalar()), valueOf(b.scalar()), 12);
}

Extent productOf(std::span<const Extent> extents) {
  Extent product(1);
  bool isEmpty = false;
  for (const Extent &extent : extents)
    isEmpty = isEmpty || extent.is(0);
  if (isEmpty)
    return Extent(0); // however large the others are
  for (const Extent &extent : extents)
    product = product * extent;
  return product;
}

Extent quotientOf(std::span<const Extent> shape, std::span<const Extent> divisors, size_t skipped) {
  std::vector<Extent> above(shape.begin(), shape.end()), below;
  for (size_t i = 0; i < divisors.size(); ++i) {
    if (i == skipped)
      continue;
    const auto same = std::find_if(above.begin(), above.end(),
                                   [&](const Extent &extent) { return sameExtent(extent, divisors[i]); });
    if (same != above.end() && !divisors[i].is(0))
      above.erase(same);
    else
      below.push_back(divisors[i]);
  }
  const Extent product = productOf(above), divisor = productOf(below);
  if (product.isKnown() && divisor.isKnown() && divisor.value() != 0 &&
      product.value() % divisor.value() != 0)
    fail("shape ", shapeText(shape), " cannot become one with ", divisor.value(),
         " elements beside the open extent");
  return floorDivide(product, divisor);
}

bool isComputedExtent(const Extent &extent) {
  if (extent.isKnown())
    return false;
  llvm::SmallVector<mlir::Value> work{valueOf(extent.scalar())};
  for (int steps = 0; !work.empty(); ++steps) {
    mlir::Operation *op = work.pop_back_val().getDefiningOp();
    if (!op || steps > 1000)
      return false;
    if (mlir::isa<mlir::tensor::DimOp>(op))
      continue;
    if (op->getName().getDialectNamespace() != "arith")
      return false;
    work.append(op->operand_begin(), op->operand_end());
  }
  return true;
}

std::string shapeText(std::span<const Extent> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (const Extent &extent : shape)
    text += (text.empty() ? "" : "x") + (extent.isKnown() ? std::to_string(extent.value()) : "?");
  return text;
}

} // namespace tessera::compiler::onnx_import
