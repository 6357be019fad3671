// CPU segments that use the arena's blocked layout as it is.
#pragma once

#include "passes/beside.h"

namespace tessera::compiler::npu {

// On a CPU segment whose arguments and results are blocked: its body begins and ends with casts from and to the types that @main knows.
inline constexpr llvm::StringLiteral kBlocked = "cpu.blocked";

// Host code of a blocked segment reads or writes the value of @main where it lies.
inline bool isBlocked(mlir::Value v) {
  auto blocked = [](mlir::Operation *op) {
    auto call = llvm::dyn_cast_or_null<mlir::func::CallOp>(op);
    return call && calleeOf(call) && calleeOf(call)->hasAttr(kBlocked);
  };
  return blocked(v.getDefiningOp()) || llvm::any_of(v.getUsers(), blocked);
}

// Takes the casts of a blocked segment away: its signature is of blocked tensors then.
void dropCasts(mlir::func::FuncOp segment);

} // namespace tessera::compiler::npu
