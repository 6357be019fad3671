/// TOSA to Linalg on tensors, where upstream's own lowering is slower than it need be or means something else.
///
/// Every pattern makes linalg.generic operations whose reductions stand last, so that loops.cpp can keep their sums in
/// registers. Zero points of convolutions are folded into the bias (wrapping int32, so the sum is the same).
#ifndef TESSERA_COMPILER_CPU_PATTERNS_H
#define TESSERA_COMPILER_CPU_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace tessera::compiler::cpu {

/// tosa.conv2d, tosa.depthwise_conv2d and tosa.fully_connected on int8 and int16 with constant int8 weights.
void populateConvolutionPatterns(mlir::RewritePatternSet &patterns);

/// tosa.avg_pool2d with tessera.rounding, and the custom operations softmax, quantize, dequantize.
void populateCustomPatterns(mlir::RewritePatternSet &patterns);

/// The custom operations resize_bilinear and resize_nearest.
void populateResizePatterns(mlir::RewritePatternSet &patterns);

/// The custom operation requantise (form/requantise.h).
void populateRequantisePattern(mlir::RewritePatternSet &patterns);

/// The custom operations rescale_wide, quantize_rows and dequantize_sum.
void populateSumPatterns(mlir::RewritePatternSet &patterns);

/// The custom operation kernel: a call of a function that the loader gives (compiler/host/kernels.h).
void populateKernelPattern(mlir::RewritePatternSet &patterns);

/// The custom operation lstm.
void populateLstmPattern(mlir::RewritePatternSet &patterns);

} // namespace tessera::compiler::cpu

#endif
