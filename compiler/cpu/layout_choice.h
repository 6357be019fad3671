/// Which pictures of a function are better held with their channels last: from the cost of all loop nests that read and write them.
#ifndef TESSERA_COMPILER_CPU_LAYOUT_CHOICE_H
#define TESSERA_COMPILER_CPU_LAYOUT_CHOICE_H

#include "cpu/cpu_target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseSet.h"

namespace tessera::compiler::cpu {

/// (N, C, H, W) as (N, H, W, C).
inline constexpr int64_t kChannelsLast[] = {0, 2, 3, 1};

template <typename T> llvm::SmallVector<T> channelsLast(llvm::ArrayRef<T> values) {
  llvm::SmallVector<T> result;
  for (const int64_t from : kChannelsLast)
    result.push_back(values[static_cast<size_t>(from)]);
  return result;
}

/// A linalg.generic as it is when some of its operands have their channels last: the map of each operand, and the order of its loops in which
/// neighbours in memory are neighbours: parallel ones as the output has them, then reductions as the first input has them.
struct Relaid {
  llvm::SmallVector<mlir::AffineMap> maps;
  llvm::SmallVector<unsigned> loops;
};
Relaid relay(mlir::linalg::GenericOp op, llvm::function_ref<bool(mlir::OpOperand &)> isLast);

/// Whether the operation can be written for pictures with channels last: generic, fill, empty, pad, slices of rank 4.
bool canBeRelaid(mlir::Operation *op);

/// Tensors (N, C, H, W) of floats, results of operations at the top of the function, that are to have their channels last. A convolution or pooling says which
/// dimension the channels are; what is connected by element-wise operations, pads and slices has one layout; of all choices that one flip at a time
/// finds the cheapest is taken, transposes at the borders included.
llvm::DenseSet<mlir::Value> chooseChannelsLast(mlir::func::FuncOp function, const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
