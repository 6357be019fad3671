/// Writes a tiled reduction (loop_nest.h) as loops of vector operations.
#ifndef TESSERA_COMPILER_CPU_TILE_KERNEL_H
#define TESSERA_COMPILER_CPU_TILE_KERNEL_H

#include "cpu/byte_dot.h"
#include "cpu/nest_of.h"

namespace tessera::compiler::cpu {

/// Puts loops over tiles before `op`, whose nest is `source`. In each tile the sums stand in vector registers while the reductions run. `op` stays.
void writeTiles(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op, const NestOf &source, const Tile &tile,
                const CpuTarget &target);

/// The same for a nest of dots of four bytes, with the target's byteDot.
void writeByteDots(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op, const ByteDot &dot, const Tile &tile,
                   const CpuTarget &target);

/// The same for a nest of products, with the target's wordDot.
void writeWordProducts(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op, const WordProducts &products,
                       const Tile &tile, const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
