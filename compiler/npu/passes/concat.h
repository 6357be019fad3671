// Concatenations on the NPU: as the parts' slices of one tensor, which moves no byte, and where that leaves gaps between the parts'
// channels as a convolution behind it that takes each channel to its place.
#pragma once

#include "core/target.h"

#include "mlir/IR/Operation.h"

#include <string>

namespace tessera::compiler::npu {

// Why the target cannot run the operation as a concatenation; empty if it can. `weights` counts those of the convolutions that the module's
// concatenations have behind them so far; their number is bounded.
std::string concatRefusal(const Target &target, mlir::Operation *op, uint64_t &weights);

} // namespace tessera::compiler::npu
