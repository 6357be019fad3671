/// Post-training quantisation: a float32 ONNX network and calibration data in, a QDQ ONNX network out (docs/quantisation.md).
///
/// Weights become int8 (symmetric, a scale an output channel), activations int8 with scale and zero point, biases int32. With
/// `powerOfTwo` every scale is a power of two, every zero point 0, and weights have one scale a tensor. Nodes without an integer form
/// stay float and are listed with the reason. Errors name the node, tensor or case. Thread safety: independent calls may run at the
/// same time.
#ifndef TESSERA_COMPILER_QUANTISE_H
#define TESSERA_COMPILER_QUANTISE_H

#include "tessera/compiler/session.h"

#include <functional>

namespace tessera::compiler {

/// How the range of an activation follows from its values.
enum class RangeRule : uint8_t { MinMax, Percentile, Entropy };

struct QuantiseOptions {
  RangeRule range = RangeRule::MinMax;
  double percentile = 99.99; ///< above 50, at most 100
  bool powerOfTwo = false;
  bool equalise = true;
  bool correctBias = true;
  /// Called with what is being done, if set.
  std::function<void(const std::string &what, size_t at, size_t of)> progress;
};

/// Where the cases come from. Cases are asked for several times, so that not all need be in memory.
class CalibrationData {
public:
  virtual ~CalibrationData() = default;
  /// Called once, before anything else: the inputs of the network. Gives the number of cases.
  virtual isa::Expected<size_t> open(const std::vector<TensorInfo> &inputs) = 0;
  /// The inputs of one case.
  virtual isa::Expected<std::vector<TensorData>> at(size_t index) = 0;
};

/// A quantised activation, and how much quantisation has changed it.
struct LayerNoise {
  std::string tensor;
  std::string node; ///< what computes it; empty for an input
  std::string op;
  double scale = 0;
  int64_t zeroPoint = 0;
  double low = 0, high = 0; ///< range of the float network
  double snrDb = 0; ///< 10 log10(sum of squares / sum of squared differences); infinity without difference
};

/// A node that stays float.
struct FloatNode {
  std::string node;
  std::string op;
  std::string why;
};

struct QuantiseReport {
  size_t cases = 0;
  size_t foldedNormalisations = 0;
  size_t equalisedPairs = 0;
  size_t absorbedActivations = 0; ///< Relu and Clip that the saturation does
  size_t correctedBiases = 0;     ///< layers
  std::vector<LayerNoise> layers; ///< worst first
  std::vector<LayerNoise> outputs;
  std::vector<FloatNode> floats;
};

struct QuantisedModel {
  std::vector<uint8_t> file;
  QuantiseReport report;
};

isa::Expected<QuantisedModel> quantiseOnnx(std::span<const uint8_t> model, CalibrationData &data,
                                           const QuantiseOptions &options);

} // namespace tessera::compiler

#endif
