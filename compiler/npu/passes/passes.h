// The passes of the NPU half, in the order in which npu.cpp runs them. Each is one file; its opening paragraph says what it
// does and what it refuses.
#pragma once

#include "core/target.h"
#include "core/task.h"

#include "mlir/Pass/Pass.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace tessera::compiler::npu {

std::unique_ptr<mlir::Pass> createPlacePass(const Target *target); // null: everything on the CPU
std::unique_ptr<mlir::Pass> createFusePass();
std::unique_ptr<mlir::Pass> createConcatPass(const Target *target);
std::unique_ptr<mlir::Pass> createSegmentPass();
std::unique_ptr<mlir::Pass> createGatherPass(const Target *target);
std::unique_ptr<mlir::Pass> createBlockedPass(const Target *target);
std::unique_ptr<mlir::Pass> createLayoutPass(const Target *target, std::vector<uint8_t> *constants);
std::unique_ptr<mlir::Pass> createTilePass(const Target *target, const Tuning *tuning);
std::unique_ptr<mlir::Pass> createTensorizePass(const Target *target);
std::unique_ptr<mlir::Pass> createHoistPass(const Target *target);
std::unique_ptr<mlir::Pass> createTokenPass(const Target *target);
std::unique_ptr<mlir::Pass> createCheckOrderPass(const Target *target);
std::unique_ptr<mlir::Pass> createHostPass();

} // namespace tessera::compiler::npu
