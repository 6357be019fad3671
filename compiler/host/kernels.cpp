#include "kernels.h"

#include "tessera/isa/detection.h"
#include "tessera/isa/normalise.h"
#include "tessera/runtime.h"

#include <algorithm>

void tsr_kernel_detections(const float *encodings, const float *scores, const float *anchors,
                           const int64_t *integers, const float *reals, float *boxes, float *classes,
                           float *foundScores, float *count) {
  tessera::isa::DetectionOptions options;
  options.boxes = integers[0];
  options.encodingStride = integers[1];
  options.classes = integers[2];
  options.scoresPerBox = integers[3];
  options.maxDetections = integers[4];
  options.perClass = integers[5];
  options.isRegular = integers[6] != 0;
  options.scoreThreshold = reals[0];
  options.overlapThreshold = reals[1];
  options.yScale = reals[2];
  options.xScale = reals[3];
  options.hScale = reals[4];
  options.wScale = reals[5];
  const int64_t room = integers[7];
  std::fill_n(boxes, 4 * room, 0.0f);
  std::fill_n(classes, room, 0.0f);
  std::fill_n(foundScores, room, 0.0f);
  // Nothing may be left to destroy where the run ends.
  const bool isFine =
      tessera::isa::detect(options, encodings, scores, anchors, {boxes, classes, foundScores, count});
  if (!isFine)
    tsr_host_fail("TFLite_Detection_PostProcess: a decoded box has no area");
}

void tsr_kernel_normalise(const int8_t *input, const int64_t *integers, int8_t *output) {
  const auto depth = static_cast<size_t>(integers[1]);
  for (int64_t row = 0; row < integers[0]; ++row, input += depth, output += depth)
    tessera::isa::normalise({input, depth}, static_cast<int32_t>(integers[2]), integers[3] != 0,
                            {output, depth});
}
