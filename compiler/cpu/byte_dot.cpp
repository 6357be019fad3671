#include "cpu/byte_dot.h"

#include "cpu/pack_constant.h"
#include "cpu/sum_of_products.h"

#include <algorithm>
#include <cstring>

namespace tessera::compiler::cpu {

namespace {

/// out + ext(a) * ext(b) of int8 or int16 and int32, in any order.
bool isSumOfProducts(mlir::linalg::LinalgOp op) {
  const auto factors = factorsOf<mlir::arith::AddIOp, mlir::arith::MulIOp>(op);
  return factors && llvm::all_of(*factors, [](const Factor &factor) {
           return factor.extension && factor.extension->getResult(0).getType().isInteger(32) &&
                  (factor.type().isInteger(8) || (factor.type().isInteger(16) && factor.isSigned()));
         });
}

/// Whether the elements of an input of a sum of products are extended with zeros.
bool isUnsigned(mlir::linalg::LinalgOp op, const NestInput &input) {
  return llvm::any_of(op.getMatchingBlockArgument(input.operand).getUsers(),
                      [](mlir::Operation *user) { return mlir::isa<mlir::arith::ExtUIOp>(user); });
}

/// The constant's elements, a splat's as often as they are there.
std::vector<int32_t> valuesOf(const ConstantData &data, int64_t elementBytes, int64_t count) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    const char *from = data.bytes.data() + (data.isSplat ? 0 : i * static_cast<size_t>(elementBytes));
    int16_t word = static_cast<int8_t>(*from);
    if (elementBytes == 2)
      std::memcpy(&word, from, 2);
    values[i] = word;
  }
  return values;
}

/// What the values are to be less so that they are bytes, 0 where they are; nothing where they lie too far apart.
std::optional<int32_t> zeroPointOf(const std::vector<int32_t> &values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*least >= INT8_MIN && *most <= INT8_MAX)
    return 0;
  return *most - *least <= UINT8_MAX ? std::optional(*most - INT8_MAX) : std::nullopt;
}

} // namespace

std::optional<ByteDot> byteDotOf(mlir::linalg::LinalgOp op, const NestOf &source, const CpuTarget &target) {
  const LoopNest &nest = source.nest;
  if (source.inputs.size() != 2 || !source.inputs[0].array || !source.inputs[1].array || !isSumOfProducts(op))
    return std::nullopt;
  ByteDot dot;
  dot.source = source;
  dot.weights = nest.inputs[0].isConstant ? 0 : 1;
  dot.picture = 1 - dot.weights;
  const Array &picture = nest.inputs[dot.picture], &weights = nest.inputs[dot.weights];
  if (!weights.isConstant || picture.isConstant)
    return std::nullopt;
  dot.group = 4 / picture.elementBytes;
  dot.isUnsigned = isUnsigned(op, source.inputs[dot.picture]);
  if (isUnsigned(op, source.inputs[dot.weights]) || (dot.isUnsigned && target.byteDotIsSigned))
    return std::nullopt;
  if ((dot.group == 4 ? target.byteDot : target.wordDot).empty())
    return std::nullopt;
  std::optional<unsigned> run, filters;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (nest.loops[loop].isReduction && picture.strides[loop] == 1 && weights.strides[loop] != 0)
      run = loop;
    if (nest.loops[loop].isReduction || weights.strides[loop] == 0)
      continue;
    if (filters || picture.strides[loop] != 0)
      return std::nullopt;
    filters = loop;
  }
  if (!run || !filters || nest.loops[*run].extent < dot.group)
    return std::nullopt;
  mlir::memref::GlobalOp constant = constantOf(source.inputs[dot.weights].operand->get());
  const std::vector<int32_t> values =
      valuesOf(dataOf(constant), weights.elementBytes, constant.getType().getNumElements());
  if (dot.group == 4) {
    const auto zeroPoint = zeroPointOf(values);
    if (!zeroPoint)
      return std::nullopt;
    dot.zeroPoint = *zeroPoint;
  }

  dot.run = *run;
  dot.filters = *filters;
  dot.elements = nest.loops[*run].extent;
  LoopNest &grouped = dot.source.nest;
  grouped.lanes = filters;
  grouped.hasPictureSums = dot.zeroPoint != 0;
  grouped.loops[*run].extent = (dot.elements + dot.group - 1) / dot.group;
  grouped.inputs[dot.picture].strides[*run] = dot.group;

  // The weights anew: the loops that move in them, dense, the groups innermost.
  Array &packed = grouped.inputs[dot.weights];
  packed.elementBytes = 4;
  packed.strides.assign(nest.loops.size(), 0);
  std::vector<unsigned> loops{*run};
  for (unsigned loop = static_cast<unsigned>(nest.loops.size()); loop-- > 0;)
    if (loop != *run && weights.strides[loop] != 0)
      loops.push_back(loop);
  int64_t size = 1;
  for (const unsigned loop : loops) {
    packed.strides[loop] = size;
    size *= grouped.loops[loop].extent;
  }
  dot.groups.assign(static_cast<size_t>(size) * 4, 0);
  dot.excess.assign(static_cast<size_t>(nest.loops[*filters].extent), 0);
  for (int64_t group = 0; group < size; ++group) {
    int64_t rest = group, element = source.inputs[dot.weights].offset, filter = 0, first = 0;
    for (const unsigned loop : loops) {
      const int64_t index = rest % grouped.loops[loop].extent;
      rest /= grouped.loops[loop].extent;
      if (loop == *run)
        first = dot.group * index;
      else
        element += index * weights.strides[loop];
      if (loop == *filters)
        filter = index;
    }
    for (int64_t i = 0; i < dot.group && first + i < dot.elements; ++i) {
      const int32_t weight = values[static_cast<size_t>(element + (first + i) * weights.strides[*run])];
      const int32_t held = weight - dot.zeroPoint;
      std::memcpy(&dot.groups[static_cast<size_t>(4 * group + i * picture.elementBytes)], &held,
                  static_cast<size_t>(picture.elementBytes));
      dot.excess[static_cast<size_t>(filter)] += 128 * static_cast<uint32_t>(weight); // wraps
    }
  }
  dot.source.inputs[dot.weights].offset = 0;
  return dot;
}

std::optional<WordProducts> wordProductsOf(mlir::linalg::LinalgOp op, const NestOf &source,
                                           const CpuTarget &target) {
  if (target.wordDot.empty() || source.inputs.size() != 2 || !source.inputs[0].array ||
      !source.inputs[1].array || !isSumOfProducts(op))
    return std::nullopt;
  WordProducts products{source, 0, 0, false, {}};
  products.weights = source.nest.inputs[0].isConstant ? 0 : 1;
  products.picture = 1 - products.weights;
  Array &weights = products.source.nest.inputs[products.weights];
  if (!weights.isConstant || source.nest.inputs[products.picture].isConstant)
    return std::nullopt;
  products.isUnsigned = isUnsigned(op, source.inputs[products.picture]);
  if (isUnsigned(op, source.inputs[products.weights]))
    return std::nullopt;
  mlir::memref::GlobalOp constant = constantOf(source.inputs[products.weights].operand->get());
  for (const int32_t value :
       valuesOf(dataOf(constant), weights.elementBytes, constant.getType().getNumElements()))
    products.values.push_back(static_cast<uint32_t>(value) & UINT16_MAX);
  weights.elementBytes = 4;
  return products;
}

} // namespace tessera::compiler::cpu
