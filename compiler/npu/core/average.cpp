#include "average.h"

#include <algorithm>
#include <set>

namespace tessera::compiler::npu {

std::vector<Span> coverageSpans(uint32_t outputs, uint32_t inputs, uint32_t kernel, uint32_t stride,
                                uint32_t padBefore) {
  std::vector<Span> spans;
  for (uint32_t position = 0; position < outputs; ++position) {
    int64_t first = int64_t(position) * stride - padBefore;
    int64_t begin = std::max<int64_t>(first, 0), end = std::min<int64_t>(first + kernel, inputs);
    uint32_t covered = end > begin ? uint32_t(end - begin) : 0, tap = uint32_t(begin - first);
    if (!spans.empty() && spans.back().covered == covered && spans.back().tap == tap)
      spans.back().end = position + 1;
    else
      spans.push_back({position, position + 1, tap, covered});
  }
  return spans;
}

std::vector<Span> rowSpans(const Layer &layer) {
  const Window &w = layer.window;
  return coverageSpans(layer.output.height, layer.input.height, w.kernelHeight, w.strideHeight, w.padTop);
}

std::vector<Span> columnSpans(const Layer &layer) {
  const Window &w = layer.window;
  return coverageSpans(layer.output.width, layer.input.width, w.kernelWidth, w.strideWidth, w.padLeft);
}

std::vector<uint32_t> averageCounts(const Layer &layer) {
  std::set<uint32_t> counts;
  for (const Span &row : rowSpans(layer))
    for (const Span &column : columnSpans(layer))
      counts.insert(std::max(1u, row.covered * column.covered));
  return {counts.begin(), counts.end()};
}

} // namespace tessera::compiler::npu
