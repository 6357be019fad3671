// Boxes of a single-shot detector chosen from its scores, as TensorFlow Lite's reference kernel TFLite_Detection_PostProcess does.
#pragma once

#include <cstdint>

namespace tessera::isa {

struct DetectionOptions {
  int64_t boxes = 0;          ///< 1 or more
  int64_t encodingStride = 4; ///< numbers an encoded box has, of which the first 4 are taken
  int64_t classes = 0;        ///< 1 or more, without the background
  int64_t scoresPerBox = 0;   ///< classes, or one more where the background stands first
  int64_t maxDetections = 0;  ///< 1 or more
  int64_t perClass = 0;       ///< 1 or more; of the regular form
  bool isRegular = false;     ///< each class for itself; else each box with its best class alone
  float scoreThreshold = 0;
  float overlapThreshold = 0; ///< intersection over union above which the box of the lower score goes
  float yScale = 1, xScale = 1, hScale = 1, wScale = 1;
};

/// What is found, best first, and zeros behind it.
struct Detections {
  float *boxes;   ///< maxDetections times top, left, bottom, right
  float *classes; ///< maxDetections
  float *scores;  ///< maxDetections
  float *count;   ///< one number
};

/// `encodings`: boxes rows of y, x, height, width relative to `anchors` (boxes rows of the same 4); `scores`: boxes rows. A score that is
/// no number is below every other. False, and nothing written, where a box has no area.
bool detect(const DetectionOptions &options, const float *encodings, const float *scores,
            const float *anchors, const Detections &result);

} // namespace tessera::isa
