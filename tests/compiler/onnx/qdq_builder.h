// Writes quantised ONNX networks with seeded weights, in the form that quantisers leave: DequantizeLinear, operator, QuantizeLinear.
//
// Weights are int8, one scale a channel; biases are int32 in steps of the sums. Scales follow from the layers' sizes, so that activations
// fill their range and few saturate: the root mean square of each tensor, in steps, is tracked. The same seed gives the same file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace onnx {
class GraphProto;
class ModelProto;
class NodeProto;
} // namespace onnx

namespace tessera::test {

/// A quantised tensor of the network under construction.
struct QdqTensor {
  std::string name;           ///< of its bytes
  std::vector<int64_t> shape; ///< NCHW, or [N, C]
  float scale = 1;
  int zeroPoint = 0;
  double rms = 40; ///< of byte - zero point
};

struct QdqConv {
  int64_t outputs = 1, kernel = 1, stride = 1, pad = 0, groups = 1;
  enum class Activation { None, Relu, Clip } activation = Activation::None;
  int clipSteps =
      200;            ///< upper bound of Clip; 255 is the end of the range, where QuantizeLinear cuts as well
  int weightZero = 0; ///< other than 0: uint8 weights with this zero point, one for all
};

class QdqBuilder {
public:
  enum class Kind {
    Uint8,       ///< activations
    Int8,        ///< activations
    PowersOfTwo, ///< int8 activations; scales are powers of two, one for all weights of a layer, zero points 0
  };
  QdqBuilder(uint64_t seed, Kind kind);
  QdqBuilder(uint64_t seed, bool isUnsigned) : QdqBuilder(seed, isUnsigned ? Kind::Uint8 : Kind::Int8) {}
  ~QdqBuilder();

  QdqTensor input(const std::vector<int64_t> &shape); ///< float32, quantised at once
  QdqTensor conv(const QdqTensor &x, const QdqConv &options);
  QdqTensor add(const QdqTensor &a, const QdqTensor &b, bool isRelu);
  QdqTensor multiply(const QdqTensor &a, const QdqTensor &b);
  QdqTensor maxPool(const QdqTensor &x, int64_t kernel, int64_t stride, int64_t pad);
  QdqTensor averagePool(const QdqTensor &x, int64_t kernel, int64_t stride);
  QdqTensor globalAverage(const QdqTensor &x);
  QdqTensor flatten(const QdqTensor &x);
  QdqTensor
  rowsOf(const QdqTensor &x,
         int64_t last); ///< a picture's pixels in order, their channels in runs of `last`: [1, rows, last]
  QdqTensor gemm(const QdqTensor &x, int64_t outputs);
  QdqTensor matMul(const QdqTensor &x, int64_t outputs); ///< and the addition of a bias
  QdqTensor concat(const std::vector<QdqTensor> &parts); ///< along axis 1, at the first part's scale
  QdqTensor relu(const QdqTensor &x);
  QdqTensor requantise(const QdqTensor &x, float factor); ///< to a scale `factor` times its own

  void output(const QdqTensor &x);        ///< its bytes
  void outputReal(const QdqTensor &x);    ///< the real tensor that became x's bytes
  void outputSoftmax(const QdqTensor &x); ///< dequantised, then Softmax

  /// The ONNX file.
  std::vector<uint8_t> file() const;

private:
  std::string fresh(const std::string &stem);
  float scaleOf(double wanted) const; ///< the nearest that the kind has
  int zeroOf(int ofUint8, int ofInt8) const;
  double random(); ///< in [0, 1)
  void scalar(const std::string &name, float value);
  void zero(const std::string &name, int value);
  onnx::NodeProto &node(const std::string &op, const std::vector<std::string> &inputs,
                        const std::string &output);
  std::string real(const QdqTensor &x); ///< DequantizeLinear of it
  QdqTensor quantised(const std::string &real, QdqTensor x);
  std::string weights(const std::vector<int64_t> &shape, size_t axis, const std::vector<float> &scale,
                      int zeroPoint = 0);
  std::string bias(int64_t count, float xScale, const std::vector<float> &wScale, double rms);
  std::vector<float> weightScales(const QdqTensor &x, double products, bool isCut, int64_t count);
  QdqTensor weighted(const std::string &realName, std::vector<int64_t> shape, QdqConv::Activation activation,
                     int clipSteps = 255);

  std::unique_ptr<onnx::ModelProto> model_;
  onnx::GraphProto *graph_;
  uint64_t state_;
  bool isUnsigned_, isPowers_;
  double sumRms_ = 0; ///< of the sums, in steps of the output, that the last weightScales() leads to
  int count_ = 0;
};

/// Networks of 224x224 pictures and 1,000 classes: "resnet18", "resnet18_convolutions" (of it those of VTA's publications, without a softmax),
/// "resnet50", "mobilenet_v1", "mobilenet_v2", "squeezenet" (1.1); and "ssd_mobilenet_v1", whose results are boxes and scores of 6 maps one
/// behind the other; empty for another name. A name with "_vta" in it is that network with powers of two as scales. They take float32
/// pictures, and all but two end in a Softmax. `size` makes a smaller one of the picture.
std::vector<uint8_t> qdqNetwork(const std::string &name, uint64_t seed, int64_t size = 224);

} // namespace tessera::test
