#include "cpu/byte_dot.h"

#include "cpu/pack_constant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace tessera::compiler::cpu {

namespace {

/// out + sext(a) * sext(b) of int8 and int32, in any order.
bool isSumOfByteProducts(mlir::linalg::LinalgOp op) {
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<mlir::arith::AddIOp>();
  if (!sum || !sum.getType().isInteger(32))
    return false;
  const mlir::Value state = op.getBlock()->getArguments().back();
  const mlir::Value other = sum.getLhs() == state   ? sum.getRhs()
                            : sum.getRhs() == state ? sum.getLhs()
                                                    : nullptr;
  auto product = other ? other.getDefiningOp<mlir::arith::MulIOp>() : nullptr;
  if (!product)
    return false;
  const auto isByte = [](mlir::Value value) {
    auto wide = value.getDefiningOp<mlir::arith::ExtSIOp>();
    return wide && mlir::isa<mlir::BlockArgument>(wide.getIn()) && wide.getIn().getType().isInteger(8);
  };
  return isByte(product.getLhs()) && isByte(product.getRhs()) && product.getLhs() != product.getRhs();
}

} // namespace

std::optional<ByteDot> byteDotOf(mlir::linalg::LinalgOp op, const NestOf &source) {
  const LoopNest &nest = source.nest;
  if (source.inputs.size() != 2 || !source.inputs[0].array || !source.inputs[1].array ||
      !isSumOfByteProducts(op))
    return std::nullopt;
  ByteDot dot;
  dot.source = source;
  dot.weights = nest.inputs[0].isConstant ? 0 : 1;
  dot.picture = 1 - dot.weights;
  const Array &picture = nest.inputs[dot.picture], &weights = nest.inputs[dot.weights];
  if (!weights.isConstant || picture.isConstant)
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
  if (!run || !filters || nest.loops[*run].extent < 4)
    return std::nullopt;

  dot.run = *run;
  dot.filters = *filters;
  dot.bytes = nest.loops[*run].extent;
  LoopNest &grouped = dot.source.nest;
  grouped.lanes = filters;
  grouped.loops[*run].extent = (dot.bytes + 3) / 4;
  grouped.inputs[dot.picture].strides[*run] = 4;

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
  const ConstantData data = dataOf(constantOf(source.inputs[dot.weights].operand->get()));
  for (int64_t group = 0; group < size; ++group) {
    int64_t rest = group, element = source.inputs[dot.weights].offset, filter = 0, first = 0;
    for (const unsigned loop : loops) {
      const int64_t index = rest % grouped.loops[loop].extent;
      rest /= grouped.loops[loop].extent;
      if (loop == *run)
        first = 4 * index;
      else
        element += index * weights.strides[loop];
      if (loop == *filters)
        filter = index;
    }
    for (int64_t i = 0; i < 4 && first + i < dot.bytes; ++i) {
      const int64_t from = data.isSplat ? 0 : element + (first + i) * weights.strides[*run];
      const char weight = data.bytes[static_cast<size_t>(from)];
      dot.groups[static_cast<size_t>(4 * group + i)] = weight;
      dot.excess[static_cast<size_t>(filter)] +=
          128 * static_cast<uint32_t>(static_cast<int8_t>(weight)); // wraps
    }
  }
  dot.source.inputs[dot.weights].offset = 0;
  return dot;
}

} // namespace tessera::compiler::cpu
