// Average pooling divides by how many input pixels a window really covers, which padding makes smaller at the borders; a maximum on a machine
// that cannot pad with the least byte reads those alone. The output is cut into spans of rows and columns that cover the same taps.
#pragma once

#include "layer.h"

#include <vector>

namespace tessera::compiler::npu {

// A run [begin, end) of output positions along one axis, of whose windows `covered` taps from tap `tap` on lie in the picture.
struct Span {
  uint32_t begin, end, tap, covered;
};
std::vector<Span> coverageSpans(uint32_t outputs, uint32_t inputs, uint32_t kernel, uint32_t stride,
                                uint32_t padBefore);
std::vector<Span> rowSpans(const Layer &layer);
std::vector<Span> columnSpans(const Layer &layer);

// The distinct counts in ascending order: PAR element i of the layer divides by averageCounts()[i].
std::vector<uint32_t> averageCounts(const Layer &layer);

} // namespace tessera::compiler::npu
