/// Loop nests that threads share: the marks that the passes leave for one another, and the calls in the end.
#ifndef TESSERA_COMPILER_CPU_PARTS_H
#define TESSERA_COMPILER_CPU_PARTS_H

#include "cpu/cpu_target.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tessera::compiler::cpu {

/// On a scf.for whose steps may run at the same time.
inline constexpr llvm::StringLiteral kParallelLoop = "cpu.parallel";
/// On a scf.for whose steps are blocks of rows (fuse_rows.cpp): the number of its chain, which a second loop may have too; and on the function that such loops become.
inline constexpr llvm::StringLiteral kRowLoop = "cpu.rows";
/// Beside it, where it is known: bytes that threads fetch from one another where they share out the steps of this loop.
inline constexpr llvm::StringLiteral kExchange = "cpu.exchange";
/// On a function that is one loop nest.
inline constexpr llvm::StringLiteral kSplittable = "cpu.split";
/// On a function whose last two arguments are its part and how many there are: its work in vector operations.
inline constexpr llvm::StringLiteral kWork = "cpu.work";

/// LLVM's attribute of a function, for its `passthrough`: what it vectorises itself may be as wide as the target's registers. Of what approximates functions (exp, tanh) that is
/// most of the time; LLVM's own choice for some processors is half of that.
mlir::Attribute widestVectors(mlir::Builder &builder, const CpuTarget &target);

/// In LLVM dialect: every call of a function with kWork becomes tsr_host_parallel(work, PART, arguments), where PART, a new function, takes the arguments'
/// address, the part and the number of parts.
void callInParts(mlir::ModuleOp module);

} // namespace tessera::compiler::cpu

#endif
