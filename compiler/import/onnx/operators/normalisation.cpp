// Normalisation: over batches, layers, groups, neighbours. And dropout, which does nothing when a network only infers.

#include "import/onnx/operators/common.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

std::vector<int64_t> axesFrom(int64_t first, int64_t rank) {
  std::vector<int64_t> axes;
  for (int64_t d = first; d < rank; ++d)
    axes.push_back(d);
  return axes;
}

/// A vector over the channels, in the shape that broadcasts to [N, C, ...].
Tensor perChannel(const Tensor &vector, int64_t rank) {
  Shape shape(static_cast<size_t>(std::max<int64_t>(rank, 2)), Extent(1));
  shape[1] = vector.extent(0);
  return vector.emitter().reshape(vector, shape);
}

Tensor inverseRoot(const Tensor &variance, double epsilon) {
  return mapUnary(variance, [&](Scalar v) { return 1.0 / sqrtOf(v + epsilon); });
}

/// (x - mean) / sqrt(variance + epsilon) over axes; the mean and the factor too.
struct Standardised {
  Tensor y, mean, factor;
};
Standardised standardised(const Tensor &x, const std::vector<int64_t> &axes, double epsilon) {
  const Tensor mean = meanOver(x, axes), centred = x - mean;
  const Tensor factor = inverseRoot(meanOver(centred * centred, axes), epsilon);
  return {centred * factor, mean, factor};
}

/// Statistics are inputs; in training mode they come from the batch and update the running ones.
Values batchNormalization(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const double epsilon = call.real("epsilon", 1e-5), momentum = call.real("momentum", 0.9);
  const auto vector = [&](size_t i) { return perChannel(emitter.cast(call.in(i), x.type()), x.rank()); };
  const Tensor scale = vector(1), bias = vector(2);
  Tensor mean = vector(3), variance = vector(4);
  Values results{Value()};
  if (call.opset() >= 14 && call.integer("training_mode", 0)) {
    std::vector<int64_t> axes = axesFrom(2, x.rank());
    axes.insert(axes.begin(), 0);
    const Tensor ownMean = meanOver(x, axes), centred = x - ownMean;
    const Tensor ownVariance = meanOver(centred * centred, axes);
    const auto running = [&](const Tensor &before, const Tensor &now, size_t input) {
      const Tensor mixed = emitter.map(
          x.type(), {before, now}, [&](const Scalars &s) { return s[0] * momentum + s[1] * (1 - momentum); });
      const Tensor old = call.in(input);
      return Value(emitter.cast(emitter.reshape(mixed, old.shape()), old.type()));
    };
    results.push_back(running(mean, ownMean, 3));
    results.push_back(running(variance, ownVariance, 4));
    mean = ownMean;
    variance = ownVariance;
  }
  const Tensor y = (x - mean) * inverseRoot(variance, epsilon) * scale + bias;
  results[0] = emitter.cast(y, given.type());
  return results;
}

Values instanceNormalization(Call &call) {
  const Tensor given = call.in(0), x = widened(given);
  const Tensor y = standardised(x, axesFrom(2, x.rank()), call.real("epsilon", 1e-5)).y;
  return {call.emitter.cast(y * perChannel(widened(call.in(1)), x.rank()) +
                                perChannel(widened(call.in(2)), x.rank()),
                            given.type())};
}

Values layerNormalization(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const int64_t axis = call.axis(-1, x.rank());
  const Standardised s = standardised(x, axesFrom(axis, x.rank()), call.real("epsilon", 1e-5));
  Tensor y = s.y * emitter.cast(call.in(1), x.type());
  if (call.has(2))
    y = y + emitter.cast(call.in(2), x.type());
  return {emitter.cast(y, given.type()), s.mean, s.factor};
}

Values rmsNormalization(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const auto axes = axesFrom(call.axis(-1, x.rank()), x.rank());
  const Tensor factor = inverseRoot(meanOver(x * x, axes), call.real("epsilon", 1e-5));
  const Tensor scale = call.in(1);
  return {emitter.cast(x * factor * emitter.cast(scale, x.type()), scale.type())};
}

/// Channels in groups are standardised together; scale and bias are one a channel, before version 21 one a group.
Values groupNormalization(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const int64_t groups = call.integer("num_groups", 0);
  if (groups < 1 || x.rank() < 2)
    fail("num_groups is ", groups, " for rank ", x.rank());
  const Extent channels = x.extent(1), each = floorDivide(channels, Extent(groups));
  emitter.requireEqual(each * Extent(groups), channels, "the channels are no multiple of the groups");
  Shape split = x.shape();
  split[1] = Extent(groups);
  split.insert(split.begin() + 2, each);
  const Tensor grouped = emitter.reshape(x, split);
  Tensor y = standardised(grouped, axesFrom(2, grouped.rank()), call.real("epsilon", 1e-5)).y;
  const auto parameter = [&](size_t i) {
    const Tensor vector = emitter.cast(call.in(i), x.type());
    Shape shape(split.size(), Extent(1));
    shape[1] = Extent(groups);
    if (call.opset() >= 21)
      shape[2] = each;
    return emitter.reshape(vector, shape);
  };
  y = y * parameter(1) + parameter(2);
  return {emitter.cast(emitter.reshape(y, x.shape()), given.type())};
}

/// x / (bias + alpha / size * sum of squares of neighbouring channels) ^ beta
Values localResponse(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const int64_t size = call.integer("size", 0);
  if (size < 1 || x.rank() < 2)
    fail("size ", size, " for rank ", x.rank());
  const double alpha = call.real("alpha", 1e-4), beta = call.real("beta", 0.75), bias = call.real("bias", 1);
  const Scalar channels = emitter.index(x.extent(1));
  const Tensor y = emitter.generate(x.type(), x.shape(), [&](const Scalars &at) {
    const Scalar from = maximum(at[1] - (size - 1) / 2, emitter.index(0));
    const Scalar to = minimum(at[1] + (size / 2 + 1), channels);
    const Scalar sum = emitter.loop(from, to, {emitter.constant(x.type(), 0.0)},
                                    [&](Scalar c, const Scalars &state) -> Scalars {
                                      Scalars position = at;
                                      position[1] = c;
                                      const Scalar value = x.at(position);
                                      return {state[0] + value * value};
                                    })[0];
    const Scalar base = sum * (alpha / static_cast<double>(size)) + bias;
    return x.at(at) / power(base, constantLike(base, beta));
  });
  return {emitter.cast(y, given.type())};
}

Values lpNormalization(Call &call) {
  const Tensor given = call.in(0), x = widened(given);
  const int64_t p = call.integer("p", 2);
  const std::vector<int64_t> axes{call.axis(-1, x.rank())};
  if (p != 1 && p != 2)
    fail("p is ", p, ", expected 1 or 2");
  Tensor norm = sumOver(mapUnary(x, [&](Scalar s) { return p == 1 ? absolute(s) : s * s; }), axes);
  if (p == 2)
    norm = mapUnary(norm, sqrtOf);
  const Tensor y = call.emitter.map(x.type(), {x, norm}, [](const Scalars &s) {
    const Scalar zero = constantLike(s[1], 0.0);
    return select(s[1] == zero, zero, s[0] / s[1]);
  });
  return {call.emitter.cast(y, given.type())};
}

Values meanVariance(Call &call) {
  const Tensor given = call.in(0), x = widened(given);
  const auto axes = normalisedAxes(call.integers("axes", {0, 2, 3}), x.rank());
  const Tensor centred = x - meanOver(x, axes);
  const Tensor deviation = mapUnary(meanOver(centred * centred, axes), sqrtOf);
  const Tensor y =
      call.emitter.map(x.type(), {centred, deviation}, [](const Scalars &s) { return s[0] / (s[1] + 1e-9); });
  return {call.emitter.cast(y, given.type())};
}

/// The input, and a mask of all ones. With training_mode set and a ratio above 0 elements would be dropped at random.
Values dropout(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor x = call.in(0);
  if (call.has(2)) {
    const Tensor training = call.in(2);
    const auto isTraining = training.integers();
    const auto ratio = call.has(1) ? call.in(1).reals() : std::vector<double>{0.5};
    const bool dropsNothing = (isTraining && isTraining->at(0) == 0) || (ratio && ratio->at(0) == 0);
    if (!dropsNothing) {
      // What the run decides may still be harmless; random numbers are not made here.
      const Scalar isOff = ~training.item();
      const Scalar isZero = call.has(1) ? widenedScalar(call.in(1).item()) == 0.0 : emitter.boolean(false);
      emitter.require(isOff | isZero, "dropout in training mode is not supported");
    }
  }
  const Type maskType = call.opset() >= 10 ? Type::Bool : x.type();
  const Scalar one = maskType == Type::Bool ? emitter.boolean(true) : emitter.constant(maskType, 1.0);
  return {x, emitter.full(maskType, x.shape(), one)};
}

} // namespace

OperatorTable normalisationOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"BatchNormalization", 1, now, batchNormalization},
      {"Dropout", 1, now, dropout},
      {"GroupNormalization", 18, now, groupNormalization},
      {"InstanceNormalization", 1, now, instanceNormalization},
      {"LRN", 1, now, localResponse},
      {"LayerNormalization", 1, now,
       layerNormalization}, // of 17, but ONNX Runtime takes it in files of any version
      {"LpNormalization", 1, now, lpNormalization},
      {"MeanVarianceNormalization", 9, now, meanVariance},
      {"RMSNormalization", 23, now, rmsNormalization},
  };
}

} // namespace tessera::compiler::onnx_import
