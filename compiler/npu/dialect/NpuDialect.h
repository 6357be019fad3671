// The npu dialect (see NpuDialect.td) and the plain structs that its operations stand for.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "NpuDialect.h.inc"

#define GET_OP_CLASSES
#include "NpuOps.h.inc"
