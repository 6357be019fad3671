#include "random_layer.h"

#include "tessera/isa/numerics.h"

#include <algorithm>

namespace tessera::compiler::npu::test {
namespace {

uint32_t pick(std::mt19937_64 &random, uint32_t low, uint32_t high) {
  return low + uint32_t(random() % (high - low + 1));
}

std::vector<int8_t> randomBytes(size_t count, std::mt19937_64 &random) {
  std::vector<int8_t> bytes(count);
  for (int8_t &byte : bytes)
    byte = int8_t(random());
  return bytes;
}

isa::ExitSettings settings(const Exit &e) { return {e.mode, e.zeroPoint, e.clampMin, e.clampMax}; }

std::vector<int8_t> referenceAdd(const LayerCase &c) {
  const Layer &l = c.layer;
  isa::OperandSettings lhs{l.lhs.zeroPoint, l.lhs.multiplier, l.lhs.shift},
      rhs{l.rhs.zeroPoint, l.rhs.multiplier, l.rhs.shift};
  std::vector<int8_t> out(c.input.size());
  for (size_t i = 0; i < out.size(); ++i) {
    int32_t sum = isa::wrapAdd(isa::scaleOperand(c.input[i], lhs, l.exit.mode),
                               isa::scaleOperand(c.rhs[i], rhs, l.exit.mode));
    out[i] =
        isa::exitValue(sum, uint32_t(c.parameters.multiplier[0]), c.parameters.shift[0], 0, settings(l.exit));
  }
  return out;
}

// The weight at an index of one part: the sum of the parts.
int32_t weightAt(const LayerCase &c, size_t index) {
  size_t count = c.weights.size() / c.layer.weightParts;
  int32_t weight = 0;
  for (size_t part = 0; part < c.layer.weightParts; ++part)
    weight += c.weights[part * count + index];
  return weight;
}

// One output value of a window layer.
int8_t windowValue(const LayerCase &c, uint32_t y, uint32_t x, uint32_t o) {
  const Layer &l = c.layer;
  const Window &w = l.window;
  bool conv = l.kind == LayerKind::Conv, depthwise = l.kind == LayerKind::Depthwise;
  int64_t sum = conv || depthwise ? c.bias[o] : 0;
  int32_t most = INT8_MIN, count = 0;
  for (uint32_t ky = 0; ky < w.kernelHeight; ++ky)
    for (uint32_t kx = 0; kx < w.kernelWidth; ++kx) {
      int64_t iy = int64_t(y) * w.strideHeight + ky * w.dilationHeight - w.padTop;
      int64_t ix = int64_t(x) * w.strideWidth + kx * w.dilationWidth - w.padLeft;
      if (iy < 0 || ix < 0 || iy >= l.input.height || ix >= l.input.width)
        continue;
      const int8_t *pixel = &c.input[size_t(iy * l.input.width + ix) * l.input.channels];
      ++count;
      if (conv) {
        size_t row = ((size_t(o) * w.kernelHeight + ky) * w.kernelWidth + kx) * l.input.channels;
        for (uint32_t k = 0; k < l.input.channels; ++k)
          sum += (pixel[k] - l.padValue) * weightAt(c, row + k);
      } else if (depthwise) {
        sum +=
            (pixel[o] - l.padValue) * weightAt(c, (size_t(ky) * w.kernelWidth + kx) * l.input.channels + o);
      } else {
        sum += pixel[o];
        most = std::max<int32_t>(most, pixel[o]);
      }
    }
  if (l.kind == LayerKind::MaxPool)
    return int8_t(std::clamp(most, l.exit.clampMin, l.exit.clampMax));
  if (l.kind == LayerKind::AveragePool) {
    count = std::max(count, 1);
    int32_t average = int32_t(sum >= 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
    return int8_t(std::clamp(average, l.exit.clampMin, l.exit.clampMax));
  }
  return isa::exitValue(int32_t(sum), uint32_t(c.parameters.multiplier[o]), c.parameters.shift[o], 0,
                        settings(l.exit));
}

} // namespace

LayerCase caseOf(const Target &target, Layer l, std::mt19937_64 &random) {
  LayerCase c;
  bool conv = l.kind == LayerKind::Conv, depthwise = l.kind == LayerKind::Depthwise;
  size_t perChannel = size_t(l.window.kernelHeight) * l.window.kernelWidth * (conv ? l.input.channels : 1);
  c.input = randomBytes(size_t(l.input.height) * l.input.width * l.input.channels, random);
  l.exit.zeroPoint = l.kind == LayerKind::AveragePool || l.kind == LayerKind::MaxPool ? 0 : int8_t(random());
  if (random() % 2)
    l.exit.clampMin = -int32_t(pick(random, 0, 100)), l.exit.clampMax = int32_t(pick(random, 60, 127));
  if (conv || depthwise) {
    l.padValue = int8_t(random());
    l.exit.mode = random() % 4 ? isa::ExitMode::Tflite : isa::ExitMode::TfliteSingle;
    l.weightParts = random() % 4 ? 1 : 2 + uint32_t(random() % 2);
    c.layer.weightParts = l.weightParts;
    c.weights = randomBytes(l.weightParts * perChannel * l.output.channels, random);
    if (l.weightParts > 1) // some blocks need fewer
      for (uint32_t first = 0; first < l.output.channels; first += target.blockOut()) {
        l.blockParts.push_back(1 + uint32_t(random() % l.weightParts));
        for (uint32_t o = first; o < std::min(first + target.blockOut(), l.output.channels); ++o)
          for (size_t part = l.blockParts.back(); part < l.weightParts; ++part)
            for (size_t i = 0; i < perChannel; ++i)
              c.weights[part * perChannel * l.output.channels +
                        (depthwise ? i * l.output.channels + o : o * perChannel + i)] = 0;
      }
    for (uint32_t o = 0; o < l.output.channels; ++o) {
      c.bias.push_back(int32_t(random() % 20000) - 10000);
      int64_t sum = 0;
      for (size_t i = 0; i < perChannel; ++i)
        sum += weightAt(c, depthwise ? i * l.output.channels + o : o * perChannel + i);
      c.parameters.bias.push_back(foldZeroPoint(c.bias.back(), l.padValue, sum));
      c.parameters.multiplier.push_back(int32_t((1u << 30) + random() % (1u << 30)));
      c.parameters.shift.push_back(-int32_t(pick(random, 5, 12)));
    }
  } else if (l.kind == LayerKind::Add) {
    c.rhs = randomBytes(c.input.size(), random);
    l.exit.mode = random() % 4 ? isa::ExitMode::Tflite : isa::ExitMode::TfliteSingle;
    for (Operand *operand : {&l.lhs, &l.rhs})
      *operand = {int8_t(random()), uint32_t((1u << 30) + random() % (1u << 30)),
                  -int32_t(pick(random, 0, 3))};
    c.parameters.multiplier = {int32_t((1u << 30) + random() % (1u << 30))};
    c.parameters.shift = {-int32_t(pick(random, 17, 20))};
  } else {
    l.exit.mode = l.kind == LayerKind::AveragePool ? isa::ExitMode::Average : isa::ExitMode::None;
    l.padValue = l.kind == LayerKind::AveragePool ? 0 : INT8_MIN;
  }
  l.name = layerKindName(l.kind);
  c.layer = l;
  return c;
}

LayerCase vtaCaseOf(const Target &target, Layer l, std::mt19937_64 &random) {
  if (l.kind == LayerKind::AveragePool) { // whole windows
    Window &w = l.window;
    w.padTop = w.padBottom = w.padLeft = w.padRight = 0;
    if (random() % 2) // powers of two, or odd numbers, whose means are never a half
      w.kernelHeight = 1u << pick(random, 0, 2), w.kernelWidth = 1u << pick(random, 0, 1);
    else
      w.kernelHeight = 2 * pick(random, 0, 3) + 1, w.kernelWidth = 2 * pick(random, 0, 3) + 1;
    l.input.height = std::max(l.input.height, w.kernelHeight),
    l.input.width = std::max(l.input.width, w.kernelWidth);
    l.output.height = (l.input.height - w.kernelHeight) / w.strideHeight + 1;
    l.output.width = (l.input.width - w.kernelWidth) / w.strideWidth + 1;
  }
  LayerCase c = caseOf(target, l, random);
  if (l.kind == LayerKind::AveragePool || l.kind == LayerKind::MaxPool)
    return c;
  isa::ExitMode modes[] = {isa::ExitMode::Tflite, isa::ExitMode::TfliteSingle, isa::ExitMode::Onnx};
  isa::ExitMode mode = c.layer.exit.mode = modes[random() % 3];
  bool add = l.kind == LayerKind::Add;
  if (add)
    for (Operand *operand : {&c.layer.lhs, &c.layer.rhs})
      operand->multiplier = 1u << 30, operand->shift = -int32_t(pick(random, 0, 5));
  // An addition's sums have 20 bits below the common scale.
  int32_t shift = add ? int32_t(pick(random, 19, 23)) : int32_t(pick(random, 0, 18)) - 2;
  for (size_t i = 0; i < c.parameters.multiplier.size(); ++i) {
    c.parameters.multiplier[i] = mode == isa::ExitMode::Onnx ? (127 - shift) << 23 : 1 << 30;
    c.parameters.shift[i] = mode == isa::ExitMode::Onnx ? 0 : 1 - shift;
  }
  if (!add) {
    c.layer.padValue = 0;
    c.parameters.bias = c.bias;
  }
  return c;
}

LayerCase randomCase(const Target &target, LayerKind kind, uint32_t size, std::mt19937_64 &random) {
  Layer l;
  l.kind = kind;
  l.input = {pick(random, 1, size), pick(random, 1, size), pick(random, 1, 3 * target.blockOut() + 1)};
  Window &w = l.window;
  if (kind != LayerKind::Add) {
    w.kernelHeight = pick(random, 1, 5), w.kernelWidth = pick(random, 1, 7);
    w.strideHeight = pick(random, 1, 3), w.strideWidth = pick(random, 1, 3);
    if ((kind == LayerKind::Conv || kind == LayerKind::Depthwise) && random() % 4 == 0)
      w.dilationHeight = pick(random, 1, 2), w.dilationWidth = pick(random, 1, 3);
    uint32_t tall = (w.kernelHeight - 1) * w.dilationHeight, wide = (w.kernelWidth - 1) * w.dilationWidth;
    w.padTop = pick(random, 0, tall), w.padBottom = pick(random, 0, tall);
    w.padLeft = pick(random, 0, wide), w.padRight = pick(random, 0, wide);
    l.input.height = std::max(l.input.height, tall + 1), l.input.width = std::max(l.input.width, wide + 1);
    l.output.height = (l.input.height + w.padTop + w.padBottom - tall - 1) / w.strideHeight + 1;
    l.output.width = (l.input.width + w.padLeft + w.padRight - wide - 1) / w.strideWidth + 1;
    l.output.channels =
        kind == LayerKind::Conv ? pick(random, 1, 3 * target.blockOut() + 1) : l.input.channels;
  } else {
    l.output = l.input;
  }
  return target.isVta() ? vtaCaseOf(target, l, random) : caseOf(target, l, random);
}

std::vector<int8_t> reference(const LayerCase &c) {
  if (c.layer.kind == LayerKind::Add)
    return referenceAdd(c);
  const Shape &s = c.layer.output;
  std::vector<int8_t> out;
  for (uint32_t y = 0; y < s.height; ++y)
    for (uint32_t x = 0; x < s.width; ++x)
      for (uint32_t o = 0; o < s.channels; ++o)
        out.push_back(windowValue(c, y, x, o));
  return out;
}

std::string describe(const LayerCase &c) {
  const Layer &l = c.layer;
  const Window &w = l.window;
  auto n = [](auto v) { return std::to_string(v); };
  return std::string(layerKindName(l.kind)) + " " + n(l.input.height) + "x" + n(l.input.width) + "x" +
         n(l.input.channels) + " to " + n(l.output.height) + "x" + n(l.output.width) + "x" +
         n(l.output.channels) + " kernel " + n(w.kernelHeight) + "x" + n(w.kernelWidth) + " stride " +
         n(w.strideHeight) + "," + n(w.strideWidth) + " dilation " + n(w.dilationHeight) + "," +
         n(w.dilationWidth) + " pad " + n(w.padTop) + "," + n(w.padBottom) + "," + n(w.padLeft) + "," +
         n(w.padRight) + " weights of " + n(l.weightParts);
}

} // namespace tessera::compiler::npu::test
