#include "tessera/isa/detection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace tessera::isa {

namespace {

struct Box {
  float top, left, bottom, right;
};

/// A box of one class.
struct Candidate {
  int64_t box;
  int64_t label;
  float score;
};

/// Scores as numbers that can be put in order.
float ranked(float score) { return std::isnan(score) ? -std::numeric_limits<float>::infinity() : score; }

/// From centre and size, relative to an anchor; in float64 as the reference computes it. Nothing where one has no area.
std::optional<std::vector<Box>> decode(const DetectionOptions &options, const float *encodings,
                                       const float *anchors) {
  std::vector<Box> boxes;
  for (int64_t i = 0; i < options.boxes; ++i) {
    const float *code = encodings + i * options.encodingStride, *anchor = anchors + 4 * i;
    const auto centre = [&](int axis, float scale) {
      return static_cast<float>(static_cast<double>(code[axis]) / static_cast<double>(scale) *
                                    static_cast<double>(anchor[axis + 2]) +
                                static_cast<double>(anchor[axis]));
    };
    const auto half = [&](int axis, float scale) {
      return static_cast<float>(0.5 * std::exp(static_cast<double>(code[axis]) / static_cast<double>(scale)) *
                                static_cast<double>(anchor[axis]));
    };
    const float y = centre(0, options.yScale), x = centre(1, options.xScale);
    const float h = half(2, options.hScale), w = half(3, options.wScale);
    const Box box{y - h, x - w, y + h, x + w};
    if (box.top >= box.bottom || box.left >= box.right)
      return std::nullopt;
    boxes.push_back(box);
  }
  return boxes;
}

float overlap(const Box &a, const Box &b) {
  const float areaA = (a.bottom - a.top) * (a.right - a.left);
  const float areaB = (b.bottom - b.top) * (b.right - b.left);
  if (areaA <= 0 || areaB <= 0)
    return 0;
  const float height = std::max(std::min(a.bottom, b.bottom) - std::max(a.top, b.top), 0.0f);
  const float width = std::max(std::min(a.right, b.right) - std::max(a.left, b.left), 0.0f);
  const float both = height * width;
  return both / (areaA + areaB - both);
}

/// The boxes of one class whose score reaches the threshold, best first (of equal ones the first), without those that overlap a better
/// one too much; `most` at most.
std::vector<int64_t> suppress(const DetectionOptions &options, const std::vector<Box> &boxes,
                              const std::vector<float> &scores, int64_t most) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < options.boxes; ++i)
    if (scores[static_cast<size_t>(i)] >= options.scoreThreshold)
      order.push_back(i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const float first = scores[static_cast<size_t>(a)], second = scores[static_cast<size_t>(b)];
    return first > second || (first == second && a < b);
  });
  std::vector<int64_t> kept;
  for (int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= most)
      break;
    const bool isCovered = std::any_of(kept.begin(), kept.end(), [&](int64_t better) {
      return overlap(boxes[static_cast<size_t>(better)], boxes[static_cast<size_t>(candidate)]) >
             options.overlapThreshold;
    });
    if (!isCovered)
      kept.push_back(candidate);
  }
  return kept;
}

/// Each class for itself; the best of all classes so far are kept after each.
std::vector<Candidate> regular(const DetectionOptions &options, const std::vector<Box> &boxes,
                               const float *scores) {
  std::vector<Candidate> best;
  std::vector<float> column(boxes.size());
  for (int64_t label = 0; label < options.classes; ++label) {
    for (size_t i = 0; i < boxes.size(); ++i)
      column[i] = scores[static_cast<int64_t>(i) * options.scoresPerBox + label];
    for (int64_t box : suppress(options, boxes, column, options.perClass)) {
      const Candidate candidate{box, label, column[static_cast<size_t>(box)]};
      const auto place =
          std::upper_bound(best.begin(), best.end(), candidate,
                           [](const Candidate &a, const Candidate &b) { return a.score > b.score; });
      best.insert(place, candidate); // behind those of the same score
    }
    best.resize(std::min(best.size(), static_cast<size_t>(options.maxDetections)));
  }
  return best;
}

/// Each box with its best class, of equal ones the first.
std::vector<Candidate> fast(const DetectionOptions &options, const std::vector<Box> &boxes,
                            const float *scores) {
  std::vector<int64_t> labels;
  std::vector<float> most;
  for (size_t i = 0; i < boxes.size(); ++i) {
    const float *row = scores + static_cast<int64_t>(i) * options.scoresPerBox;
    const float *largest =
        std::max_element(row, row + options.classes, [](float a, float b) { return ranked(a) < ranked(b); });
    labels.push_back(largest - row);
    most.push_back(*largest);
  }
  std::vector<Candidate> best;
  for (int64_t box : suppress(options, boxes, most, options.maxDetections))
    best.push_back({box, labels[static_cast<size_t>(box)], most[static_cast<size_t>(box)]});
  return best;
}

} // namespace

bool detect(const DetectionOptions &options, const float *encodings, const float *scores,
            const float *anchors, const Detections &result) {
  const auto boxes = decode(options, encodings, anchors);
  if (!boxes)
    return false;
  const float *foreground = scores + (options.scoresPerBox - options.classes);
  const std::vector<Candidate> found =
      options.isRegular ? regular(options, *boxes, foreground) : fast(options, *boxes, foreground);
  for (int64_t i = 0; i < options.maxDetections; ++i) {
    const bool isFound = i < static_cast<int64_t>(found.size());
    const Candidate candidate = isFound ? found[static_cast<size_t>(i)] : Candidate{};
    const Box box = isFound ? (*boxes)[static_cast<size_t>(candidate.box)] : Box{};
    const float corners[] = {box.top, box.left, box.bottom, box.right};
    std::copy_n(corners, 4, result.boxes + 4 * i);
    result.classes[i] = static_cast<float>(candidate.label);
    result.scores[i] = candidate.score;
  }
  *result.count = static_cast<float>(found.size());
  return true;
}

} // namespace tessera::isa
