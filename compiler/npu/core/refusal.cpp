#include "average.h"
#include "computation.h"
#include "emit.h"
#include "shift_exit.h"
#include "tiling.h"

namespace tessera::compiler::npu {
namespace {

std::string windowRefusal(const Target &target, const Layer &layer) {
  const Window &w = layer.window;
  if (!layer.output.height || !layer.output.width || !layer.output.channels || !layer.input.channels)
    return "a dimension is 0";
  for (uint32_t number : {w.kernelHeight, w.kernelWidth, w.strideHeight, w.strideWidth, w.dilationHeight,
                          w.dilationWidth, w.padTop, w.padBottom, w.padLeft, w.padRight})
    if (number > target.maxWindow())
      return "a window number of " + std::to_string(number) + " is above " +
             std::to_string(target.maxWindow());
  for (const Shape &s : {layer.input, layer.output})
    if (target.activationBytes(s.height, s.width, s.channels) > UINT32_MAX)
      return "a tensor is larger than 32-bit addresses reach";
  uint64_t lastRow = uint64_t(layer.output.height - 1) * w.strideHeight;
  uint64_t lastColumn = uint64_t(layer.output.width - 1) * w.strideWidth;
  if (w.padTop >= inputExtent(1, w.kernelHeight, 1, w.dilationHeight) ||
      lastRow >= uint64_t(layer.input.height) + w.padTop ||
      w.padLeft >= inputExtent(1, w.kernelWidth, 1, w.dilationWidth) ||
      lastColumn >= uint64_t(layer.input.width) + w.padLeft)
    return "a window lies wholly in the padding";
  if (uint64_t(layer.input.width) * target.inputsPerOutput() > target.maxTransferElements())
    return "a row of " + std::to_string(layer.input.width) + " pixels is longer than a transfer's stride";
  bool padded = w.padTop || w.padBottom || w.padLeft || w.padRight;
  if (padded && layer.padValue != 0 && layer.kind != LayerKind::MaxPool &&
      !target.has(isa::Feature::PadValue))
    return "the machine pads with zeros only";
  std::string why;
  if (!matchComputation(target, windowComputation(target, layer, {1, 1, 1, 1, 1, 1}), &why).instruction)
    return "no tensor instruction: " + why;
  if (parameterElements(target, layer) > target.depth(MemoryType::Par) &&
      layer.kind == LayerKind::AveragePool)
    return "padding makes more window sizes than the machine has parameter elements";
  auto tiling = chooseTiling(target, layer);
  return tiling ? "" : tiling.error().message;
}

} // namespace

std::string refusal(const Target &target, const Layer &layer) {
  if (target.isVta() && !layer.shiftExit)
    return "the machine is of level vta, which requantises by shifts, and the scales are no power of two "
           "that all channels share";
  if (std::string why = target.isVta() ? sumRefusal(layer) : ""; !why.empty())
    return why;
  if (!target.isVta() && layer.exit.mode == isa::ExitMode::Onnx && !target.has(isa::Feature::RequantiseOnnx))
    return "the machine has no requantisation with float32 scales";
  if (layer.kind != LayerKind::Add)
    return windowRefusal(target, layer);
  if (target.activationBytes(layer.input.height, layer.input.width, layer.input.channels) > UINT32_MAX)
    return "a tensor is larger than 32-bit addresses reach";
  if (mostAddElements(target) == 0)
    return "the memories do not hold one element of an addition";
  std::string why;
  return matchComputation(target, addComputation(target, 1), &why).instruction
             ? ""
             : "no tensor instruction: " + why;
}

} // namespace tessera::compiler::npu
