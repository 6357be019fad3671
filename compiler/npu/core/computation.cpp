#include "computation.h"

namespace tessera::compiler::npu {

uint32_t kElements(const Target &target, const Layer &layer, uint32_t kBlocks) {
  return target.channelBlocks(layer.input.channels) == 1 ? target.inputElements(layer.input.channels)
                                                         : kBlocks * target.inputsPerOutput();
}

// At level vta channels that do not mix are a convolution of one block with diagonal weights.
static Computation diagonalComputation(const Target &target, const Layer &layer, const TileLayout &tile) {
  const Window &w = layer.window;
  uint32_t r = target.inputsPerOutput();
  bool depthwise = layer.kind == LayerKind::Depthwise;
  uint8_t tap = depthwise ? kSrc | kWgt : kSrc;
  uint32_t columnStep = w.kernelWidth == 1 ? 1 : w.dilationWidth;
  return {Combine::MultiplyAdd,
          {{"channel", target.blockOut(), kDst | kWgt, false, false, 0, 0, 0},
           {"row", tile.rows, kDst | kSrc, false, false, tile.resultColumns,
            w.strideHeight * tile.inputWidth * r, 0},
           {"column", tile.columns, kDst | kSrc, false, false, 1, w.strideWidth * r, 0},
           {"weight part", tile.weightParts ? tile.weightParts : layer.weightParts, kWgt, true, false, 0, 0,
            w.kernelHeight * w.kernelWidth * r},
           {"kernel row", w.kernelHeight, tap, true, false, 0, w.dilationHeight * tile.inputWidth * r,
            depthwise ? w.kernelWidth * r : 0},
           {"kernel column", w.kernelWidth, tap, true, false, 0, columnStep * r, depthwise ? r : 0},
           {"input channel", r * target.blockIn(), kSrc | kWgt, true, true, 0, 1, 1}}};
}

Computation windowComputation(const Target &target, const Layer &layer, const TileLayout &tile) {
  const Window &w = layer.window;
  uint32_t r = target.inputsPerOutput();
  if (target.isVta() && layer.kind != LayerKind::Conv && layer.kind != LayerKind::MaxPool)
    return diagonalComputation(target, layer, tile);
  bool conv = layer.kind == LayerKind::Conv, depthwise = layer.kind == LayerKind::Depthwise;
  uint8_t channel = conv ? kDst | kWgt : depthwise ? kDst | kSrc | kWgt : kDst | kSrc;
  uint8_t tap = conv || depthwise ? kSrc | kWgt : kSrc;
  uint32_t elements = kElements(target, layer, tile.kBlocks);
  // Weight elements of one kernel column and of one kernel row.
  uint32_t weightColumn = conv ? elements : 1;
  uint32_t weightRow = conv ? w.kernelWidth * elements : depthwise ? depthwiseChunks(target, w).chunks : 0;
  uint32_t columnStep = w.kernelWidth == 1 ? 1 : w.dilationWidth;

  Computation c;
  c.combine = layer.kind == LayerKind::MaxPool       ? Combine::Max
              : layer.kind == LayerKind::AveragePool ? Combine::Add
                                                     : Combine::MultiplyAdd;
  c.dimensions = {
      {"channel", target.blockOut(), channel, false, !conv, 0, 0, 0},
      {"row", tile.rows, kDst | kSrc, false, false, tile.resultColumns, w.strideHeight * tile.inputWidth * r,
       0},
      {"column", tile.columns, kDst | kSrc, false, false, 1, w.strideWidth * r, 0},
      {"weight part", tile.weightParts ? tile.weightParts : layer.weightParts, kWgt, true, false, 0, 0,
       w.kernelHeight * weightRow},
      // Columns before rows: taps are sought in this order, and weights of taps are packed along columns.
      {"kernel column", w.kernelWidth, tap, true, false, 0, columnStep * r,
       conv || depthwise ? weightColumn : 0},
      {"kernel row", w.kernelHeight, tap, true, false, 0, w.dilationHeight * tile.inputWidth * r, weightRow},
  };
  if (conv) {
    bool single = target.channelBlocks(layer.input.channels) == 1;
    uint32_t outer = single ? 1 : tile.kBlocks, inner = single ? elements : r;
    c.dimensions.push_back(
        {"input block", outer, kSrc | kWgt, true, false, 0, tile.inputBlockPixels * r, inner});
    c.dimensions.push_back({"input channel", inner * target.blockIn(), kSrc | kWgt, true, true, 0, 1, 1});
  }
  return c;
}

Computation addComputation(const Target &target, uint32_t elements) {
  uint32_t r = target.inputsPerOutput();
  if (target.isVta()) // one operand: its steps times its weight
    return {Combine::MultiplyAdd,
            {{"channel", target.blockOut(), kDst | kWgt, false, false, 0, 0, 0},
             {"position", elements, kDst | kSrc, false, false, 1, r, 0},
             {"input channel", r * target.blockIn(), kSrc | kWgt, true, true, 0, 1, 1}}};
  return {Combine::ScaledAdd,
          {{"channel", target.blockOut(), kDst | kSrc, false, true, 0, 0, 0},
           {"position", elements, kDst | kSrc, false, false, 1, 1, 0}}};
}

uint64_t microOpsPerPosition(const Target &target, const Layer &layer) {
  if (layer.kind == LayerKind::Add)
    return 1;
  TensorMatch match = matchComputation(
      target, windowComputation(target, layer, {1, 1, 1, 1, 1, target.channelBlocks(layer.input.channels)}));
  uint64_t count = match.instruction ? 1 : 0;
  for (const Kernel::Loop &loop : match.kernel.loops)
    count *= loop.extent;
  return count;
}

} // namespace tessera::compiler::npu
