// Nagel et al. 2019, section 4.1. With r1 and r2 the largest weights of a channel on its two sides, dividing the first side by
// s = sqrt(r1 / r2) and multiplying the second by it makes both sqrt(r1 r2). Here s is rounded to a power of two.

#include "quantise/layer.h"
#include "quantise/prepare.h"

#include <cmath>

namespace tessera::compiler::quantise {

namespace {

constexpr int kRounds = 40;
constexpr int kMaxExponent = 20; ///< of one scale: what lies beyond is a channel that nothing uses

/// Two nodes.
struct Pair {
  int first, second;
};

std::vector<Pair> pairsOf(const Network &network) {
  std::vector<Pair> pairs;
  for (int i = 0; i < network.nodeCount(); ++i) {
    const auto first = layerOf(network, i);
    if (!first)
      continue;
    const std::string between = scalingResult(network, i);
    const int user = network.onlyUser(between);
    const auto second = user < 0 ? std::nullopt : layerOf(network, user);
    if (second && network.uses(between)[0].input == 0 && second->inputs == first->outputs &&
        second->channelAxis == first->channelAxis)
      pairs.push_back({i, user});
  }
  return pairs;
}

std::vector<float> largest(const Network &network, const Layer &layer, bool byInput) {
  std::vector<float> result(static_cast<size_t>(byInput ? layer.inputs : layer.outputs), 0);
  forEachWeight(network, layer, [&](size_t at, int64_t in, int64_t out) {
    float &channel = result[static_cast<size_t>(byInput ? in : out)];
    channel = std::max(channel, std::abs(layer.weights.values[at]));
  });
  return result;
}

/// Weights and biases times 2^exponent of their channel.
void scale(const Network &network, Layer &layer, bool byInput, const std::vector<int> &exponents, int sign) {
  forEachWeight(network, layer, [&](size_t at, int64_t in, int64_t out) {
    float &weight = layer.weights.values[at];
    weight = std::ldexp(weight, sign * exponents[static_cast<size_t>(byInput ? in : out)]);
  });
  if (!byInput)
    for (size_t c = 0; c < layer.bias.size(); ++c)
      layer.bias[c] = std::ldexp(layer.bias[c], sign * exponents[c]);
}

bool equalisePair(Network &network, int first, int second) {
  Layer one = *layerOf(network, first), two = *layerOf(network, second);
  const std::vector<float> before = largest(network, one, false), after = largest(network, two, true);
  std::vector<int> exponents(before.size(), 0);
  bool changes = false;
  for (size_t c = 0; c < before.size(); ++c) {
    if (!(before[c] > 0) || !(after[c] > 0))
      continue;
    const double exact = 0.5 * std::log2(static_cast<double>(before[c]) / static_cast<double>(after[c]));
    // Half a step and no more is left as it is, so that the rounds end.
    const auto exponent = static_cast<int>(std::abs(exact) <= 0.5 ? 0 : std::nearbyint(exact));
    exponents[c] = std::abs(exponent) <= kMaxExponent ? exponent : 0;
    changes = changes || exponents[c] != 0;
  }
  if (!changes)
    return false;
  scale(network, one, false, exponents, -1);
  scale(network, two, true, exponents, 1);
  writeLayer(network, one);
  writeLayer(network, two);
  return true;
}

} // namespace

size_t equalise(Network &network) {
  const std::vector<Pair> pairs = pairsOf(network);
  std::vector<bool> changed(pairs.size(), false);
  bool goesOn = true;
  for (int round = 0; round < kRounds && goesOn; ++round) {
    goesOn = false;
    for (size_t i = 0; i < pairs.size(); ++i)
      if (equalisePair(network, pairs[i].first, pairs[i].second)) {
        changed[i] = true;
        goesOn = true;
      }
  }
  size_t count = 0;
  for (bool isChanged : changed)
    count += isChanged;
  return count;
}

} // namespace tessera::compiler::quantise
