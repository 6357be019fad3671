/// C functions that host code calls for what is no loop over tensors: the work is isa/'s. Pointers are to dense data.
#ifndef TESSERA_COMPILER_HOST_KERNELS_H
#define TESSERA_COMPILER_HOST_KERNELS_H

#include <cstdint>

extern "C" {

/// isa::detect. `integers`: boxes, encodingStride, classes, scoresPerBox, maxDetections, perClass, isRegular, and the outputs' room in
/// detections (maxDetections or more, the rest zeros); `reals`: scoreThreshold, overlapThreshold, yScale, xScale, hScale, wScale. A box
/// without area ends the run.
void tsr_kernel_detections(const float *encodings, const float *scores, const float *anchors,
                           const int64_t *integers, const float *reals, float *boxes, float *classes,
                           float *foundScores, float *count);

/// isa::normalise of each row. `integers`: rows, numbers a row, the input's zero point, asUnsigned.
void tsr_kernel_normalise(const int8_t *input, const int64_t *integers, int8_t *output);
}

#endif
