#include "tensor_instructions.h"

#include "tessera/isa/encoding.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

using isa::Feature;
using isa::ReduceOp;
using isa::VecOp;
using enum Lane::Extent;
using enum Lane::Place;

template <class E> constexpr uint32_t code(E value) { return static_cast<uint32_t>(value); }

// name, unit, code, function, feature, lanes {operands it moves, reduction, reach, place in the source}
const std::vector<TensorInstruction> kTable = {
    {"MATMUL",
     false,
     code(ReduceOp::Matmul),
     Combine::MultiplyAdd,
     Feature::Requantise,
     {{kDst | kWgt, false, BlockOut, NotInSource}, {kSrc | kWgt, true, BlockIn, WithinElement}}},
    {"DEPTHWISE",
     false,
     code(ReduceOp::Depthwise),
     Combine::MultiplyAdd,
     Feature::Depthwise,
     {{kDst | kSrc | kWgt, false, BlockOut, WithinElement}, {kSrc | kWgt, true, Taps, AcrossPixels}}},
    {"SUM",
     false,
     code(ReduceOp::Sum),
     Combine::Add,
     Feature::Pool,
     {{kDst | kSrc, false, BlockOut, WithinElement}, {kSrc, true, Taps, AcrossPixels}}},
    {"MAX",
     false,
     code(ReduceOp::Max),
     Combine::Max,
     Feature::Pool,
     {{kDst | kSrc, false, BlockOut, WithinElement}, {kSrc, true, Taps, AcrossPixels}}},
    {"ADD",
     true,
     code(VecOp::Add),
     Combine::ScaledAdd,
     Feature::RescaledAdd,
     {{kDst | kSrc, false, BlockOut, WithinElement}}},
    {"REQUANTISE",
     true,
     code(VecOp::Requantise),
     Combine::Requantise,
     Feature::Requantise,
     {{kDst, false, BlockOut, NotInSource}}},
    {"GEMM",
     false,
     code(ReduceOp::Matmul),
     Combine::MultiplyAdd,
     std::nullopt,
     {{kDst | kWgt, false, BlockOut, NotInSource}, {kSrc | kWgt, true, BlockIn, WithinElement}}},
    {"GEMM and ALU MAX",
     false,
     code(ReduceOp::Max),
     Combine::Max,
     std::nullopt,
     {{kDst | kSrc, false, BlockOut, WithinElement}}},
};

// Pixels a micro-op covers of `extent` adjacent ones. Weights can be zero, so a product may read past the window; a plain
// sum or maximum may not and takes a divisor.
uint32_t chooseTaps(const Target &target, Combine combine, uint32_t extent) {
  uint32_t most = target.depthwiseTaps();
  if (combine == Combine::MultiplyAdd) {
    uint32_t chunks = (extent + most - 1) / most;
    return (extent + chunks - 1) / chunks;
  }
  uint32_t taps = std::min(most, extent);
  while (extent % taps != 0)
    --taps;
  return taps;
}

// Tries to give each lane a dimension; `lanes[i]` is then its index, or -1 for taps that found none.
bool assignLanes(const Target &target, const TensorInstruction &instruction, const Computation &computation,
                 std::vector<int> &lanes, std::string &why) {
  std::vector<bool> taken(computation.dimensions.size(), false);
  lanes.clear();
  for (const Lane &lane : instruction.lanes) {
    int found = -1;
    for (size_t d = 0; d < computation.dimensions.size() && found < 0; ++d) {
      const Dimension &dim = computation.dimensions[d];
      if (taken[d] || dim.operands != lane.operands || dim.reduction != lane.reduction)
        continue;
      if (lane.place == AcrossPixels ? dim.withinSource || dim.src != target.inputsPerOutput()
                                     : dim.withinSource != (lane.place == WithinElement))
        continue;
      found = int(d);
    }
    if (found < 0 && lane.place != AcrossPixels) {
      why += std::string(instruction.name) + ": no dimension for lane " + std::to_string(lanes.size()) + "; ";
      return false;
    }
    if (found >= 0)
      taken[size_t(found)] = true;
    lanes.push_back(found);
  }
  for (size_t d = 0; d < computation.dimensions.size(); ++d)
    if (!taken[d] && computation.dimensions[d].withinSource) {
      why +=
          std::string(instruction.name) + ": no lane for dimension " + computation.dimensions[d].name + "; ";
      return false;
    }
  return true;
}

} // namespace

TensorMatch matchComputation(const Target &target, const Computation &computation, std::string *why) {
  std::string reasons;
  for (const TensorInstruction &instruction : kTable) {
    if (instruction.combine != computation.combine)
      continue;
    if (instruction.feature ? !target.has(*instruction.feature) : !target.isVta()) {
      reasons += std::string(instruction.name) + ": the machine lacks its feature; ";
      continue;
    }
    std::vector<int> lanes;
    if (!assignLanes(target, instruction, computation, lanes, reasons))
      continue;
    TensorMatch match;
    match.instruction = &instruction;
    for (size_t d = 0; d < computation.dimensions.size(); ++d) {
      Dimension dim = computation.dimensions[d];
      auto lane = std::find(lanes.begin(), lanes.end(), int(d));
      if (lane != lanes.end()) {
        const Lane &as = instruction.lanes[size_t(lane - lanes.begin())];
        uint32_t step = as.extent == BlockOut ? target.blockOut() : target.blockIn();
        if (as.extent == Taps) {
          step = match.taps = chooseTaps(target, computation.combine, dim.extent);
          dim.src *= step;
        }
        uint32_t steps = (dim.extent + step - 1) / step;
        if (as.extent == Taps)
          match.overread = steps * step - dim.extent;
        dim.extent = steps;
      }
      if (dim.extent == 1)
        continue;
      match.kernel.loops.push_back({dim.extent, dim.dst, dim.src, dim.wgt});
      match.kernel.reduceLoops += dim.reduction;
    }
    return match;
  }
  if (why)
    *why = reasons.empty() ? "no tensor instruction combines like this" : reasons;
  return {};
}

} // namespace tessera::compiler::npu
