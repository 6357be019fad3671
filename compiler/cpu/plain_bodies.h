/// What TOSA leaves in generic operations on tensors and upstream does not simplify, so that neighbours can be fused: constants of float16 that are widened when it runs,
/// dimensions of one element that a map reads at 0 (broadcasts to one element), and bounds that bound nothing.
#ifndef TESSERA_COMPILER_CPU_PLAIN_BODIES_H
#define TESSERA_COMPILER_CPU_PLAIN_BODIES_H

#include "mlir/IR/PatternMatch.h"

namespace tessera::compiler::cpu {

void populatePlainBodyPatterns(mlir::RewritePatternSet &patterns);

} // namespace tessera::compiler::cpu

#endif
