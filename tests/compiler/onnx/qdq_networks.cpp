// Known networks, by qdq_builder.h.

#include "qdq_builder.h"

namespace tessera::test {

namespace {

using Activation = QdqConv::Activation;

QdqTensor convRelu(QdqBuilder &b, const QdqTensor &x, int64_t outputs, int64_t kernel, int64_t stride) {
  return b.conv(x, {outputs, kernel, stride, kernel / 2, 1, Activation::Relu});
}

QdqTensor projected(QdqBuilder &b, const QdqTensor &x, int64_t outputs, int64_t stride) {
  if (x.shape[1] == outputs && stride == 1)
    return x;
  return b.conv(x, {outputs, 1, stride, 0, 1, Activation::None});
}

void classifier(QdqBuilder &b, const QdqTensor &x) {
  b.outputSoftmax(b.gemm(b.flatten(b.globalAverage(x)), 1000));
}

/// He et al., "Deep residual learning": blocks of two 3x3 convolutions, or of 1x1, 3x3 (with the stride), 1x1.
void residual(QdqBuilder &b, int64_t size, const std::vector<int> &blocks, bool isBottleneck) {
  QdqTensor x = b.input({1, 3, size, size});
  x = b.maxPool(convRelu(b, x, 64, 7, 2), 3, 2, 1);
  for (size_t stage = 0; stage < blocks.size(); ++stage) {
    const int64_t width = int64_t{64} << stage, outputs = isBottleneck ? 4 * width : width;
    for (int block = 0; block < blocks[stage]; ++block) {
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      QdqTensor y = isBottleneck ? convRelu(b, convRelu(b, x, width, 1, 1), width, 3, stride)
                                 : convRelu(b, x, width, 3, stride);
      y = b.conv(y, {outputs, isBottleneck ? 1 : 3, 1, isBottleneck ? 0 : 1, 1, Activation::None});
      x = b.add(y, projected(b, x, outputs, stride), true);
    }
  }
  classifier(b, x);
}

/// The convolutions C2 to C11 of ResNet-18 in VTA's publications, each as often as the network has it (19), and nothing else: all but the first, one behind
/// the other without additions, the 1x1 ones beside the first of their stage. C2 is 64 channels on 56x56; C3, C6 and C9 the first 3x3 ones of 128, 256 and
/// 512 channels, with stride 2; C4, C7 and C10 the 1x1 ones beside them; C5, C8 and C11 the 3x3 ones behind them.
void residualConvolutions(QdqBuilder &b, int64_t size) {
  QdqTensor x = b.input({1, 64, size / 4, size / 4});
  for (const int64_t width : {64, 128, 256, 512}) {
    const int64_t stride = width == 64 ? 1 : 2;
    if (stride == 2)
      b.output(projected(b, x, width, stride));
    for (int layer = 0; layer < 4; ++layer)
      x = convRelu(b, x, width, 3, layer == 0 ? stride : 1);
  }
  b.output(x);
}

/// Sandler et al., "MobileNetV2", width 1.0.
void invertedResidual(QdqBuilder &b, int64_t size) {
  struct Stage {
    int64_t expansion, outputs;
    int blocks;
    int64_t stride;
  };
  QdqTensor x = b.input({1, 3, size, size});
  x = b.conv(x, {32, 3, 2, 1, 1, Activation::Clip, 255});
  for (const Stage &stage : {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
                             Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}})
    for (int block = 0; block < stage.blocks; ++block) {
      const int64_t stride = block == 0 ? stage.stride : 1, wide = x.shape[1] * stage.expansion;
      QdqTensor y = x;
      if (stage.expansion != 1)
        y = b.conv(y, {wide, 1, 1, 0, 1, Activation::Clip, 255});
      y = b.conv(y, {wide, 3, stride, 1, wide, Activation::Clip, 255});
      y = b.conv(y, {stage.outputs, 1, 1, 0, 1, Activation::None});
      x = stride == 1 && x.shape[1] == stage.outputs ? b.add(y, x, false) : y;
    }
  x = b.conv(x, {1280, 1, 1, 0, 1, Activation::Clip, 255});
  classifier(b, x);
}

/// Iandola et al., "SqueezeNet", version 1.1: modules of a narrow 1x1 convolution and, on it, a 1x1 and a 3x3 one side by side.
void squeezed(QdqBuilder &b, int64_t size) {
  QdqTensor x = b.input({1, 3, size, size});
  x = b.maxPool(b.conv(x, {64, 3, 2, 0, 1, Activation::Relu}), 3, 2, 0);
  const auto fire = [&](int64_t narrow, int64_t wide) {
    const QdqTensor s = convRelu(b, x, narrow, 1, 1);
    x = b.concat({convRelu(b, s, wide, 1, 1), convRelu(b, s, wide, 3, 1)});
  };
  fire(16, 64), fire(16, 64);
  x = b.maxPool(x, 3, 2, 0);
  fire(32, 128), fire(32, 128);
  x = b.maxPool(x, 3, 2, 0);
  fire(48, 192), fire(48, 192), fire(64, 256), fire(64, 256);
  b.outputSoftmax(b.flatten(b.globalAverage(convRelu(b, x, 1000, 1, 1))));
}

QdqTensor clipped(QdqBuilder &b, const QdqTensor &x, int64_t outputs, int64_t kernel, int64_t stride,
                  int64_t groups = 1) {
  return b.conv(x, {outputs, kernel, stride, kernel / 2, groups, Activation::Clip, 255});
}

/// Howard et al., "MobileNet", width 1.0: what its 12th and its last layer give.
std::vector<QdqTensor> separable(QdqBuilder &b, int64_t size) {
  QdqTensor x = clipped(b, b.input({1, 3, size, size}), 32, 3, 2);
  std::vector<QdqTensor> maps;
  int layer = 0;
  for (const int64_t outputs : {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024}) {
    const bool isHalved = layer == 1 || layer == 3 || layer == 5 || layer == 11;
    x = clipped(b, clipped(b, x, x.shape[1], 3, isHalved ? 2 : 1, x.shape[1]), outputs, 1, 1);
    if (layer == 10)
      maps.push_back(x);
    ++layer;
  }
  maps.push_back(x);
  return maps;
}

/// Liu et al., "SSD", over that MobileNet, as TensorFlow's detection models have it: boxes and scores of 91 classes from six maps, 3 anchors on
/// the first and 6 on the others. The joined boxes are one result, the joined scores the other.
void singleShot(QdqBuilder &b, int64_t size) {
  std::vector<QdqTensor> maps = separable(b, size);
  QdqTensor x = maps.back();
  for (const int64_t outputs : {512, 256, 256, 128}) {
    x = clipped(b, clipped(b, x, outputs / 2, 1, 1), outputs, 3, 2);
    maps.push_back(x);
  }
  std::vector<QdqTensor> boxes, scores;
  for (const QdqTensor &map : maps) {
    const int64_t anchors = boxes.empty() ? 3 : 6;
    boxes.push_back(b.rowsOf(b.conv(map, {anchors * 4, 1}), 4));
    scores.push_back(b.rowsOf(b.conv(map, {anchors * 91, 1}), 91));
  }
  b.output(b.concat(boxes));
  b.output(b.concat(scores));
}

} // namespace

std::vector<uint8_t> qdqNetwork(const std::string &name, uint64_t seed, int64_t size) {
  using Kind = QdqBuilder::Kind;
  const std::string powers = "_vta";
  std::string network = name;
  const size_t at = name.find(powers);
  if (at != std::string::npos)
    network.erase(at, powers.size());
  QdqBuilder builder(seed, at != std::string::npos     ? Kind::PowersOfTwo
                           : network == "mobilenet_v2" ? Kind::Int8
                                                       : Kind::Uint8);
  if (network == "resnet18")
    residual(builder, size, {2, 2, 2, 2}, false);
  else if (network == "resnet18_convolutions")
    residualConvolutions(builder, size);
  else if (network == "resnet50")
    residual(builder, size, {3, 4, 6, 3}, true);
  else if (network == "mobilenet_v1")
    classifier(builder, separable(builder, size).back());
  else if (network == "mobilenet_v2")
    invertedResidual(builder, size);
  else if (network == "ssd_mobilenet_v1")
    singleShot(builder, size);
  else if (network == "squeezenet")
    squeezed(builder, size);
  else
    return {};
  return builder.file();
}

} // namespace tessera::test
