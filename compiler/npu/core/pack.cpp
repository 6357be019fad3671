#include "pack.h"

#include "average.h"

#include "tessera/isa/numerics.h"

namespace tessera::compiler::npu {
namespace {

void appendWord(std::vector<uint8_t> &out, uint32_t word) {
  for (int byte = 0; byte < 4; ++byte)
    out.push_back(uint8_t(word >> (8 * byte)));
}

// One PAR element: three rows of blockOut words, given by a function of (row, lane).
template <class Word> void appendParameter(const Target &target, std::vector<uint8_t> &out, Word word) {
  for (uint32_t row = 0; row < 3; ++row)
    for (uint32_t lane = 0; lane < target.blockOut(); ++lane)
      appendWord(out, word(row, lane));
}

} // namespace

void packConvWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                     std::vector<uint8_t> &out) {
  const Window &w = layer.window;
  uint32_t inputs = layer.input.channels, outputs = layer.output.channels;
  uint32_t elements = packedInputElements(target, inputs), taps = w.kernelHeight * w.kernelWidth;
  uint32_t blockOut = target.blockOut(), blockIn = target.blockIn();
  for (uint32_t block = 0; block < target.channelBlocks(outputs); ++block)
    for (uint32_t tap = 0; tap < layer.weightParts * taps; ++tap)
      for (uint32_t element = 0; element < elements; ++element)
        for (uint32_t o = block * blockOut; o < (block + 1) * blockOut; ++o)
          for (uint32_t k = element * blockIn; k < (element + 1) * blockIn; ++k) {
            bool inside = o < outputs && k < inputs;
            size_t filter = size_t(tap / taps) * outputs + o;
            size_t index = (filter * taps + tap % taps) * inputs + k;
            out.push_back(inside ? uint8_t(weights[index]) : 0);
          }
}

void packDepthwiseWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                          std::vector<uint8_t> &out) {
  const Window &w = layer.window;
  uint32_t channels = layer.output.channels, blockOut = target.blockOut();
  TapChunks chunks = depthwiseChunks(target, w);
  for (uint32_t block = 0; block < target.channelBlocks(channels); ++block)
    for (uint32_t y = 0; y < layer.weightParts * w.kernelHeight; ++y) // a part's rows behind the one's before
      for (uint32_t chunk = 0; chunk < chunks.chunks; ++chunk)
        for (uint32_t c = block * blockOut; c < (block + 1) * blockOut; ++c)
          for (uint32_t t = 0; t < target.blockIn(); ++t) {
            uint32_t x = chunk * chunks.taps + t;
            bool inside = c < channels && t < chunks.taps && x < w.kernelWidth;
            out.push_back(inside ? uint8_t(weights[(size_t(y) * w.kernelWidth + x) * channels + c]) : 0);
          }
}

void packBiases(const Target &target, std::span<const int32_t> bias, int32_t more,
                std::vector<uint8_t> &out) {
  for (uint32_t block = 0; block < target.channelBlocks(uint32_t(bias.size())); ++block)
    for (uint32_t row = 0; row < target.batch(); ++row)
      for (uint32_t lane = 0; lane < target.blockOut(); ++lane) {
        size_t channel = size_t(block) * target.blockOut() + lane;
        appendWord(out, channel < bias.size() ? uint32_t(bias[channel]) + uint32_t(more) : 0u);
      }
}

namespace {

// The elements of one diagonal: element h holds the products of input lanes h * blockIn and up.
template <class Value> void appendDiagonal(const Target &target, std::vector<uint8_t> &out, Value value) {
  for (uint32_t h = 0; h < target.inputsPerOutput(); ++h)
    for (uint32_t o = 0; o < target.blockOut(); ++o)
      for (uint32_t k = 0; k < target.blockIn(); ++k)
        out.push_back(h * target.blockIn() + k == o ? uint8_t(value(o)) : 0);
}

} // namespace

void packDiagonalWeights(const Target &target, const Layer &layer, std::span<const int8_t> weights,
                         std::vector<uint8_t> &out) {
  const Window &w = layer.window;
  uint32_t channels = layer.output.channels;
  for (uint32_t block = 0; block < target.channelBlocks(channels); ++block)
    for (uint32_t tap = 0; tap < layer.weightParts * w.kernelHeight * w.kernelWidth; ++tap)
      appendDiagonal(target, out, [&](uint32_t lane) {
        uint32_t c = block * target.blockOut() + lane;
        return c < channels ? weights[size_t(tap) * channels + c] : int8_t(0);
      });
}

void packUniformDiagonal(const Target &target, int8_t value, std::vector<uint8_t> &out) {
  appendDiagonal(target, out, [&](uint32_t) { return value; });
}

void packParameters(const Target &target, const ChannelParameters &p, std::vector<uint8_t> &out) {
  const std::vector<int32_t> *rows[3] = {&p.bias, &p.multiplier, &p.shift};
  for (uint32_t block = 0; block < target.channelBlocks(uint32_t(p.bias.size())); ++block)
    appendParameter(target, out, [&](uint32_t row, uint32_t lane) {
      size_t channel = size_t(block) * target.blockOut() + lane;
      return channel < rows[row]->size() ? uint32_t((*rows[row])[channel]) : 0u;
    });
}

void packUniformParameters(const Target &target, uint32_t multiplier, int32_t shift,
                           std::vector<uint8_t> &out) {
  appendParameter(target, out, [&](uint32_t row, uint32_t) {
    return row == 0 ? 0u : row == 1 ? multiplier : uint32_t(shift);
  });
}

void packAverageParameters(const Target &target, const Layer &layer, std::vector<uint8_t> &out) {
  for (uint32_t count : averageCounts(layer)) {
    auto reciprocal = isa::averageReciprocal(count);
    appendParameter(target, out, [&](uint32_t row, uint32_t) {
      return row == 0   ? uint32_t(reciprocal.bias)
             : row == 1 ? uint32_t(reciprocal.multiplier)
                        : uint32_t(reciprocal.shift);
    });
  }
}

int32_t foldZeroPoint(int32_t bias, int32_t zeroPoint, int64_t weightSum) {
  return int32_t(uint32_t(bias) - uint32_t(int64_t(zeroPoint) * weightSum));
}

} // namespace tessera::compiler::npu
