#include "quantise/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::compiler::quantise {

namespace {

constexpr double kLargest = 127;
constexpr double kBiasLimit = 1 << 30; ///< steps of a bias: half of int32 is left to the sum

int8_t steps(float value, double scale) {
  return static_cast<int8_t>(
      std::clamp(std::nearbyint(static_cast<double>(value) / scale), -kLargest, kLargest));
}

double squaredError(const std::vector<float> &values, double scale) {
  double error = 0;
  for (float value : values) {
    const double difference = static_cast<double>(value) - steps(value, scale) * scale;
    error += difference * difference;
  }
  return error;
}

/// The power of two from the one that holds all weights to the fourth below it that is nearest to the weights.
double bestPowerOfTwo(const std::vector<float> &values, double largest) {
  const auto first = static_cast<int>(std::ceil(std::log2(largest / kLargest)));
  double best = std::ldexp(1.0, first), least = squaredError(values, best);
  for (int exponent = first - 1; exponent >= first - 4; --exponent) {
    const double scale = std::ldexp(1.0, exponent), error = squaredError(values, scale);
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

/// The smallest scale that keeps the bias within its limit.
double leastScale(double bias, double inputScale) {
  const double tiny = static_cast<double>(std::numeric_limits<float>::min());
  if (!(inputScale > 0))
    return tiny;
  // Their product must be a float32 too.
  return std::max(tiny / std::min(inputScale, 1.0), std::abs(bias) / (inputScale * kBiasLimit));
}

} // namespace

QuantisedWeights quantiseWeights(const Network &network, const Layer &layer, bool powerOfTwo,
                                 float inputScale) {
  std::vector<double> largest(powerOfTwo ? 1 : static_cast<size_t>(layer.outputs), 0);
  const auto channel = [&](int64_t out) { return powerOfTwo ? 0 : static_cast<size_t>(out); };
  forEachWeight(network, layer, [&](size_t at, int64_t, int64_t out) {
    double &value = largest[channel(out)];
    value = std::max(value, std::abs(static_cast<double>(layer.weights.values[at])));
  });
  std::vector<double> least(largest.size(), leastScale(0, static_cast<double>(inputScale)));
  for (size_t c = 0; c < layer.bias.size(); ++c) {
    double &value = least[channel(static_cast<int64_t>(c))];
    value = std::max(value, leastScale(static_cast<double>(layer.bias[c]), static_cast<double>(inputScale)));
  }
  QuantisedWeights result;
  for (size_t c = 0; c < largest.size(); ++c) {
    double scale = largest[c] > 0 ? largest[c] / kLargest : 1;
    if (powerOfTwo && largest[c] > 0)
      scale = bestPowerOfTwo(layer.weights.values, largest[c]);
    if (scale < least[c])
      scale = powerOfTwo ? std::exp2(std::ceil(std::log2(least[c]))) : least[c];
    result.scales.push_back(static_cast<float>(scale));
  }
  result.values.resize(layer.weights.values.size());
  forEachWeight(network, layer, [&](size_t at, int64_t, int64_t out) {
    result.values[at] = steps(layer.weights.values[at], static_cast<double>(result.scales[channel(out)]));
  });
  return result;
}

std::vector<int32_t> quantiseBias(const std::vector<float> &bias, const std::vector<float> &scales,
                                  float inputScale) {
  std::vector<int32_t> result;
  for (size_t c = 0; c < bias.size(); ++c) {
    const float step = inputScale * scales[scales.size() == 1 ? 0 : c]; // the product of the file, a float32
    const double count = std::nearbyint(static_cast<double>(bias[c]) / static_cast<double>(step));
    result.push_back(static_cast<int32_t>(std::clamp(count, -2 * kBiasLimit + 1, 2 * kBiasLimit - 1)));
  }
  return result;
}

Floats weightError(const Network &network, const Layer &layer, const QuantisedWeights &quantised) {
  Floats error = layer.weights;
  forEachWeight(network, layer, [&](size_t at, int64_t, int64_t out) {
    const float scale = quantised.scales[quantised.scales.size() == 1 ? 0 : static_cast<size_t>(out)];
    error.values[at] = static_cast<float>(quantised.values[at]) * scale - error.values[at];
  });
  return error;
}

} // namespace tessera::compiler::quantise
