#include "layer.h"

#include "average.h"
#include "target.h"

namespace tessera::compiler::npu {

const char *layerKindName(LayerKind kind) {
  switch (kind) {
  case LayerKind::Conv:
    return "conv";
  case LayerKind::Depthwise:
    return "depthwise";
  case LayerKind::AveragePool:
    return "average_pool";
  case LayerKind::MaxPool:
    return "max_pool";
  case LayerKind::Add:
    return "add";
  }
  return "unknown";
}

uint64_t Layer::macs() const {
  uint64_t positions = uint64_t(output.height) * output.width * output.channels;
  if (kind == LayerKind::Conv)
    return positions * window.kernelHeight * window.kernelWidth * input.channels;
  if (kind == LayerKind::Depthwise)
    return positions * window.kernelHeight * window.kernelWidth;
  return 0;
}

uint32_t packedInputElements(const Target &target, uint32_t channels) {
  uint32_t elements = target.inputElements(channels);
  uint32_t blocks = target.channelBlocks(channels);
  return blocks == 1 ? elements : blocks * target.inputsPerOutput();
}

TapChunks depthwiseChunks(const Target &target, const Window &window) {
  if (window.dilationWidth != 1)
    return {1, window.kernelWidth};
  uint32_t chunks = (window.kernelWidth + target.depthwiseTaps() - 1) / target.depthwiseTaps();
  return {(window.kernelWidth + chunks - 1) / chunks, chunks};
}

uint32_t parameterElements(const Target &target, const Layer &layer) {
  switch (layer.kind) {
  case LayerKind::Conv:
  case LayerKind::Depthwise:
    return target.channelBlocks(layer.output.channels);
  case LayerKind::AveragePool:
    return target.isVta() ? 1 : uint32_t(averageCounts(layer).size());
  case LayerKind::MaxPool:
    return 0;
  case LayerKind::Add:
    return 1;
  }
  return 0;
}

uint32_t weightElementsPerBlock(const Target &target, const Layer &layer) {
  const Window &window = layer.window;
  if (layer.kind == LayerKind::Conv)
    return layer.weightParts * window.kernelHeight * window.kernelWidth *
           packedInputElements(target, layer.input.channels);
  if (layer.kind == LayerKind::Depthwise && target.isVta())
    return layer.weightParts * window.kernelHeight * window.kernelWidth * target.inputsPerOutput();
  if (layer.kind == LayerKind::Depthwise)
    return layer.weightParts * window.kernelHeight * depthwiseChunks(target, window).chunks;
  if (target.isVta()) // the diagonal that carries INP to ACC; one each for the operands of an addition
    return (layer.kind == LayerKind::Add ? 2 : 1) * target.inputsPerOutput();
  return 0;
}

} // namespace tessera::compiler::npu
