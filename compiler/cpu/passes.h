/// The passes of the CPU half, in the order in which lower_cpu.cpp runs them (the first two once more behind Winograd's). Each is one
/// file; its opening paragraph says what it does and what it refuses.
#ifndef TESSERA_COMPILER_CPU_PASSES_H
#define TESSERA_COMPILER_CPU_PASSES_H

#include "cpu/cpu_target.h"
#include "cpu/tile_choice.h"

#include "mlir/Pass/Pass.h"

#include <memory>

namespace tessera::compiler::cpu {

std::unique_ptr<mlir::Pass> createFuseElementwisePass();
std::unique_ptr<mlir::Pass> createOrderReductionsPass();
std::unique_ptr<mlir::Pass> createFlushConstantsPass();
std::unique_ptr<mlir::Pass> createChannelsLastPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createWinogradPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createTurnOperandsPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createUnsignedBytesPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createFuseRowsPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createJoinInPlacePass();
std::unique_ptr<mlir::Pass> createEarlyFillsPass();
std::unique_ptr<mlir::Pass> createFillBordersPass();
/// `anyShape`: functions take descriptors of their buffers, no plain pointers.
std::unique_ptr<mlir::Pass> createOutlineRowsPass(const CpuTarget &target, bool anyShape);
/// `anyShape`: functions take dynamic shapes too, as descriptors.
std::unique_ptr<mlir::Pass> createOutlinePass(bool anyShape);
/// Tiles come from `choices` where it has some; it must outlive the pass.
std::unique_ptr<mlir::Pass> createRegisterTilePass(const CpuTarget &target, const TileChoices &choices);
std::unique_ptr<mlir::Pass> createReduceRowsPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createSplitPass(const CpuTarget &target);
std::unique_ptr<mlir::Pass> createApproximateMathPass(const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
