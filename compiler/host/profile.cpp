#include "profile.h"

#include <algorithm>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

constexpr uint32_t kMaxIntervals = 257; // a mark each, and the end

ProfileRow rowOf(const tsr_interval &interval, uint32_t segment) {
  ProfileRow row;
  row.segment = segment;
  row.cycles = interval.cycles;
  std::copy(std::begin(interval.classes), std::end(interval.classes), row.classes.begin());
  row.readBytes = interval.readBytes;
  row.writtenBytes = interval.writtenBytes;
  row.instructionBytes = interval.instructionBytes;
  row.leastBytes = interval.leastBytes;
  return row;
}

/// Names the row of mark `mark` after its layers.
void describe(ProfileRow &row, const Metadata &metadata, uint32_t mark) {
  for (const LayerInfo &layer : metadata.layers) {
    if (layer.segment != row.segment || layer.mark != mark)
      continue;
    if (row.layers++ == 0) {
      row.name = layer.report.name;
      row.op = layer.report.op;
    }
    row.macs += layer.report.macs;
  }
}

} // namespace

Expected<std::vector<ProfileRow>> profileRows(tsr_runtime *runtime, const Metadata &metadata) {
  std::vector<ProfileRow> rows;
  for (uint32_t segment = 0; segment < metadata.segments; ++segment) {
    std::vector<tsr_interval> intervals(kMaxIntervals);
    uint32_t count = 0;
    if (tsr_runtime_profile(runtime, segment, intervals.data(), kMaxIntervals, &count) != TSR_OK)
      return Error{tsr_runtime_message(runtime)};
    for (uint32_t i = 0; i < std::min(count, kMaxIntervals); ++i) {
      rows.push_back(rowOf(intervals[i], segment));
      if (i + 1 < count)
        describe(rows.back(), metadata, i);
      if (rows.back().layers == 0)
        rows.back().name = i + 1 < count ? "(mark " + std::to_string(i) + ")" : "(end)";
    }
  }
  return rows;
}

} // namespace tessera::compiler
