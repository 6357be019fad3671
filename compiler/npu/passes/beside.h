// What runs beside a launch.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {

// The function that a call of @main calls.
inline mlir::func::FuncOp calleeOf(mlir::func::CallOp call) {
  return mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(call, call.getCalleeAttr());
}

inline bool isLaunch(mlir::func::CallOp call) {
  auto callee = calleeOf(call);
  return callee && callee->hasAttr("npu.segment");
}

// The CPU's calls behind a launch that do not need it: up to the first call that uses one of its results, the next launch or @main's end. The host waits
// for the launch behind them.
inline llvm::SmallVector<mlir::func::CallOp> callsBeside(mlir::func::CallOp launch) {
  llvm::SmallVector<mlir::func::CallOp> beside;
  for (mlir::Operation *op = launch->getNextNode(); op; op = op->getNextNode()) {
    auto call = llvm::dyn_cast<mlir::func::CallOp>(op);
    if (!call || isLaunch(call) ||
        llvm::any_of(call.getOperands(), [&](mlir::Value v) { return v.getDefiningOp() == launch; }))
      break;
    beside.push_back(call);
  }
  return beside;
}

} // namespace tessera::compiler::npu
