/// Constants in the order in which a register-tiled kernel reads them.
#ifndef TESSERA_COMPILER_CPU_PACK_CONSTANT_H
#define TESSERA_COMPILER_CPU_PACK_CONSTANT_H

#include "cpu/loop_nest.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tessera::compiler::cpu {

/// A constant's elements, dense; a splat has one.
struct ConstantData {
  llvm::ArrayRef<char> bytes;
  bool isSplat = false;
  mlir::Type element;
};
ConstantData dataOf(mlir::memref::GlobalOp global);

/// Where the elements of a packed constant stand: [outer parallel loops][tiles][reductions][size of the tile], dense.
struct Packed {
  mlir::memref::GlobalOp global;
  unsigned loop = 0; ///< that is tiled
  std::vector<int64_t>
      strides; ///< a step of each loop; of the tiled one, a step of its tiles divided by their size
  int64_t elements = 0;
};

/// A new constant of one dimension, of elements of `type`, beside `from`.
mlir::memref::GlobalOp makeConstant(mlir::memref::GlobalOp from, mlir::Type type, llvm::ArrayRef<char> bytes);

/// A new constant beside `from` of the elements `data`, which stand as `array` says, `offset` elements in. What the last tile has more than the loop is 0.
/// `reductions` are the nest's reduction loops from the outermost to the innermost.
Packed packConstant(mlir::memref::GlobalOp from, const ConstantData &data, const LoopNest &nest,
                    const Array &array, int64_t offset, const Tile &tile,
                    const std::vector<unsigned> &reductions);

} // namespace tessera::compiler::cpu

#endif
