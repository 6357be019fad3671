/// Functions of chains that go row by row (row_functions.cpp).
#ifndef TESSERA_COMPILER_CPU_ROW_FUNCTIONS_H
#define TESSERA_COMPILER_CPU_ROW_FUNCTIONS_H

#include "mlir/IR/BuiltinOps.h"

namespace tessera::compiler::cpu {

/// Makes each function of cpu-outline-rows, lowered to loops, ready for cpu-split: its blocks' buffers lie on the stack, and threads share its loops over blocks alone.
void finishRows(mlir::ModuleOp module);

} // namespace tessera::compiler::cpu

#endif
