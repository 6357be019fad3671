// Recurrent layers: RNN, GRU, LSTM, in one or both directions.

#include "import/onnx/operators/common.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace tessera::compiler::onnx_import {

namespace {

using Activation = std::function<Scalar(Scalar)>;

/// A gate's function by its name in the file, with its parameters.
Activation activationOf(std::string name, double alpha, double beta, bool hasAlpha, bool hasBeta) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto zero = [](Scalar x) { return constantLike(x, 0.0); };
  if (name == "sigmoid")
    return sigmoidOf;
  if (name == "tanh")
    return tanhOf;
  if (name == "relu")
    return [zero](Scalar x) { return maximum(x, zero(x)); };
  if (name == "affine")
    return [=](Scalar x) { return x * (hasAlpha ? alpha : 1.0) + (hasBeta ? beta : 0.0); };
  if (name == "leakyrelu")
    return [=](Scalar x) { return select(x < zero(x), x * (hasAlpha ? alpha : 0.01), x); };
  if (name == "thresholdedrelu")
    return [=](Scalar x) { return select(x > (hasAlpha ? alpha : 1.0), x, zero(x)); };
  if (name == "scaledtanh")
    return [=](Scalar x) { return tanhOf(x * (hasBeta ? beta : 1.0)) * (hasAlpha ? alpha : 1.0); };
  if (name == "hardsigmoid")
    return [=](Scalar x) {
      return clamp(x * (hasAlpha ? alpha : 0.2) + (hasBeta ? beta : 0.5), zero(x), constantLike(x, 1.0));
    };
  if (name == "elu")
    return [=](Scalar x) { return select(x < zero(x), apply(Real::Expm1, x) * (hasAlpha ? alpha : 1.0), x); };
  if (name == "softsign")
    return [](Scalar x) { return x / (absolute(x) + 1.0); };
  if (name == "softplus")
    return [zero](Scalar x) { return maximum(x, zero(x)) + apply(Real::Log1p, expOf(-absolute(x))); };
  fail("activation '", name, "' is not supported");
}

/// What all three layers have: extents, weights of a direction, activations, lengths.
struct Layer {
  Layer(Call &owner, int64_t gateCount, const std::vector<std::string> &defaults)
      : call(owner), gates(gateCount) {
    Emitter &emitter = call.emitter;
    isBatchFirst = call.integer("layout", 0) != 0;
    given = call.in(0);
    x = widened(given);
    if (x.rank() != 3)
      fail("the input has rank ", x.rank(), ", expected 3");
    if (isBatchFirst)
      x = emitter.transpose(x, {1, 0, 2});
    weights = widened(call.in(1));
    recurrence = widened(call.in(2));
    if (weights.rank() != 3 || recurrence.rank() != 3)
      fail("weights of rank ", weights.rank(), " and ", recurrence.rank(), ", expected 3");
    hidden = recurrence.extent(2);
    const std::string direction = call.text("direction", "forward");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      fail("direction '", direction, "' is not supported");
    directions = direction == "bidirectional" ? 2 : 1;
    isReverse = direction == "reverse";
    emitter.requireEqual(weights.extent(0), Extent(directions), "the weights do not fit the directions");
    emitter.requireEqual(recurrence.extent(0), Extent(directions), "the weights do not fit the directions");
    emitter.requireEqual(weights.extent(1), hidden * Extent(gates), "the weights do not fit the gates");
    emitter.requireEqual(recurrence.extent(1), hidden * Extent(gates), "the weights do not fit the gates");
    emitter.requireEqual(weights.extent(2), x.extent(2), "the weights do not fit the input");
    std::vector<std::string> names = call.texts("activations");
    const auto alphas = call.reals("activation_alpha"), betas = call.reals("activation_beta");
    if (names.empty())
      for (int64_t d = 0; d < directions; ++d)
        names.insert(names.end(), defaults.begin(), defaults.end());
    if (names.size() != defaults.size() * static_cast<size_t>(directions))
      fail(names.size(), " activations, expected ", defaults.size() * static_cast<size_t>(directions));
    for (size_t i = 0; i < names.size(); ++i)
      activations.push_back(activationOf(names[i], i < alphas.size() ? alphas[i] : 0,
                                         i < betas.size() ? betas[i] : 0, i < alphas.size(),
                                         i < betas.size()));
    perDirection = defaults.size();
    if (call.hasAttribute("clip"))
      bound = call.real("clip", 0);
  }

  /// Slice `d` of a tensor of directions; a row of zeros of `extent` where the input is absent.
  Tensor slice(size_t input, int64_t d, const Shape &shape) const {
    Emitter &emitter = call.emitter;
    if (!call.has(input))
      return emitter.full(x.type(), shape, emitter.constant(x.type(), 0.0));
    Tensor whole = emitter.cast(call.in(input), x.type());
    if (isBatchFirst && whole.rank() == 3)
      whole = emitter.transpose(whole, {1, 0, 2});
    return pick(whole, d);
  }
  Tensor pick(const Tensor &whole, int64_t d) const {
    Shape sizes = whole.shape(), offsets(sizes.size(), Extent(0));
    sizes[0] = Extent(1);
    offsets[0] = Extent(d);
    const Tensor part = call.emitter.slice(whole, offsets, sizes, std::vector<int64_t>(sizes.size(), 1));
    return call.emitter.reshape(part, Shape(sizes.begin() + 1, sizes.end()));
  }
  Scalar clipped(Scalar v) const {
    return bound ? clamp(v, constantLike(v, -*bound), constantLike(v, *bound)) : v;
  }
  Scalar activated(int64_t d, size_t i, Scalar v) const {
    return activations[static_cast<size_t>(d) * perDirection + i](clipped(v));
  }

  Call &call;
  int64_t gates;
  Tensor given, x, weights, recurrence;
  Extent hidden;
  int64_t directions = 1;
  bool isReverse = false, isBatchFirst = false;
  std::vector<Activation> activations;
  size_t perDirection = 1;
  std::optional<double> bound;
};

/// One step: the projected input [batch, gates * hidden] at this time, and the states; gives the next states, the first is the output.
using Step = std::function<Tensors(int64_t direction, const Tensor &projected, const Tensors &states)>;

/// Runs the layer. `stateInputs` are the inputs with the initial states.
Values run(const Layer &layer, const std::vector<size_t> &stateInputs, const Step &step) {
  Call &call = layer.call;
  Emitter &emitter = call.emitter;
  const Tensor &x = layer.x;
  const Extent length = x.extent(0), batch = x.extent(1), width = layer.hidden * Extent(layer.gates);
  const bool hasLengths = call.has(4);
  const Tensor lengths = hasLengths ? call.in(4) : x;
  if (hasLengths)
    emitter.requireEqual(lengths.extent(0), batch, "one length a batch entry is needed");
  const Scalar zero = emitter.constant(x.type(), 0.0);
  Tensors outputs; // [length, batch, hidden] a direction
  std::vector<Tensors> lasts(stateInputs.size());
  for (int64_t d = 0; d < layer.directions; ++d) {
    const bool isReverse = layer.isReverse || d == 1;
    // x * W' for all times at once, with both biases that do not depend on the state.
    const Tensor projected =
        matrixProduct(x, emitter.transpose(layer.pick(layer.weights, d), {1, 0}), x.type());
    Tensors initial;
    for (size_t input : stateInputs)
      initial.push_back(layer.slice(input, d, {batch, layer.hidden}));
    initial.push_back(emitter.full(x.type(), {length, batch, layer.hidden}, zero));
    const Scalar last = emitter.index(length) - 1;
    const Tensors final = emitter.loop(length, initial, [&](Scalar t, const Tensors &state) -> Tensors {
      const Scalar time = isReverse ? last - t : t;
      const Tensor now = emitter.generate(
          x.type(), {batch, width}, [&](const Scalars &at) { return projected.at({time, at[0], at[1]}); });
      const Tensors before(state.begin(), state.end() - 1);
      Tensors next = step(d, now, before);
      Tensor shown = next[0];
      if (hasLengths) {
        // Behind its end a sequence keeps its state and shows zeros.
        const auto isInside = [&](const Scalars &at) {
          return time < cast(lengths.at({at[0]}), Type::Index);
        };
        shown = emitter.generate(x.type(), shown.shape(), [&](const Scalars &at) {
          return select(isInside(at), next[0].at(at), zero);
        });
        for (size_t i = 0; i < next.size(); ++i) {
          const Tensor made = next[i];
          next[i] = emitter.generate(x.type(), made.shape(), [&](const Scalars &at) {
            return select(isInside(at), made.at(at), before[i].at(at));
          });
        }
      }
      next.push_back(emitter.insertSlice(state.back(),
                                         emitter.reshape(shown, {Extent(1), batch, layer.hidden}),
                                         {Extent(time), Extent(0), Extent(0)}));
      return next;
    });
    outputs.push_back(emitter.reshape(final.back(), {length, Extent(1), batch, layer.hidden}));
    for (size_t i = 0; i < stateInputs.size(); ++i)
      lasts[i].push_back(emitter.reshape(final[i], {Extent(1), batch, layer.hidden}));
  }
  const auto narrowed = [&](const Tensor &t) { return emitter.cast(t, layer.given.type()); };
  Tensor y = emitter.concatenate(outputs, 1);
  if (layer.isBatchFirst)
    y = emitter.transpose(y, {2, 0, 1, 3});
  Values results{narrowed(y)};
  for (const Tensors &last : lasts) {
    Tensor state = emitter.concatenate(last, 0);
    if (layer.isBatchFirst)
      state = emitter.transpose(state, {1, 0, 2});
    results.push_back(narrowed(state));
  }
  return results;
}

/// state * R' for the gates of a direction.
Tensor recurred(const Layer &layer, int64_t d, const Tensor &state) {
  return matrixProduct(state, layer.call.emitter.transpose(layer.pick(layer.recurrence, d), {1, 0}),
                       state.type());
}

/// The bias of a direction: input part, then recurrent part.
Tensor biasOf(const Layer &layer, int64_t d) {
  return layer.slice(3, d, {layer.hidden * Extent(2 * layer.gates)});
}

Values rnn(Call &call) {
  const Layer layer(call, 1, {"Tanh"});
  Emitter &emitter = call.emitter;
  return run(layer, {5}, [&](int64_t d, const Tensor &now, const Tensors &state) -> Tensors {
    const Tensor back = recurred(layer, d, state[0]), bias = biasOf(layer, d);
    const Scalar width = emitter.index(layer.hidden);
    return {emitter.generate(now.type(), state[0].shape(), [&](const Scalars &at) {
      return layer.activated(d, 0, now.at(at) + back.at(at) + bias.at({at[1]}) + bias.at({at[1] + width}));
    })};
  });
}

/// Gates z, r, h. With linear_before_reset the reset gate acts on the recurrent product and its bias.
Values gru(Call &call) {
  const Layer layer(call, 3, {"Sigmoid", "Tanh"});
  Emitter &emitter = call.emitter;
  const bool isLinear = call.integer("linear_before_reset", 0) != 0;
  return run(layer, {5}, [&](int64_t d, const Tensor &now, const Tensors &state) -> Tensors {
    const Tensor &h = state[0];
    const Tensor back = recurred(layer, d, h), bias = biasOf(layer, d);
    const Scalar width = emitter.index(layer.hidden);
    const auto gate = [&](int64_t i, const Scalars &at) {
      const Scalar column = width * i + at[1];
      return layer.activated(d, 0,
                             now.at({at[0], column}) + back.at({at[0], column}) + bias.at({column}) +
                                 bias.at({column + width * 3}));
    };
    Tensor inner;
    if (!isLinear) {
      const Tensor reset =
          emitter.generate(h.type(), h.shape(), [&](const Scalars &at) { return gate(1, at) * h.at(at); });
      inner = recurred(layer, d, reset);
    }
    return {emitter.generate(h.type(), h.shape(), [&](const Scalars &at) {
      const Scalar column = width * 2 + at[1];
      const Scalar recurrentBias = bias.at({column + width * 3});
      const Scalar recurrent = isLinear ? gate(1, at) * (back.at({at[0], column}) + recurrentBias)
                                        : inner.at({at[0], column}) + recurrentBias;
      const Scalar candidate = layer.activated(d, 1, now.at({at[0], column}) + recurrent + bias.at({column}));
      const Scalar update = gate(0, at);
      return (1.0 - update) * candidate + update * h.at(at);
    })};
  });
}

/// Gates i, o, f, c; peepholes P look at the cell in the order i, o, f.
Values lstm(Call &call) {
  const Layer layer(call, 4, {"Sigmoid", "Tanh", "Tanh"});
  Emitter &emitter = call.emitter;
  const bool isCoupled = call.integer("input_forget", 0) != 0;
  return run(layer, {5, 6}, [&](int64_t d, const Tensor &now, const Tensors &state) -> Tensors {
    const Tensor &h = state[0], &c = state[1];
    const Tensor back = recurred(layer, d, h), bias = biasOf(layer, d);
    const Tensor peephole = layer.slice(7, d, {layer.hidden * Extent(3)});
    const Scalar width = emitter.index(layer.hidden);
    const auto sum = [&](int64_t i, const Scalars &at) {
      const Scalar column = width * i + at[1];
      return now.at({at[0], column}) + back.at({at[0], column}) + bias.at({column}) +
             bias.at({column + width * 4});
    };
    const auto seen = [&](int64_t i, const Scalars &at, Scalar cell) {
      return peephole.at({width * i + at[1]}) * cell;
    };
    const Tensor cell = emitter.generate(c.type(), c.shape(), [&](const Scalars &at) {
      const Scalar before = c.at(at);
      const Scalar in = layer.activated(d, 0, sum(0, at) + seen(0, at, before));
      const Scalar forget = isCoupled ? 1.0 - in : layer.activated(d, 0, sum(2, at) + seen(2, at, before));
      return forget * before + in * layer.activated(d, 1, sum(3, at));
    });
    const Tensor out = emitter.generate(h.type(), h.shape(), [&](const Scalars &at) {
      const Scalar value = cell.at(at);
      return layer.activated(d, 0, sum(1, at) + seen(1, at, value)) *
             layer.activations[static_cast<size_t>(d) * layer.perDirection + 2](value);
    });
    return {out, cell};
  });
}

} // namespace

OperatorTable recurrentOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"GRU", 7, now, gru},
      {"LSTM", 7, now, lstm},
      {"RNN", 7, now, rnn},
  };
}

} // namespace tessera::compiler::onnx_import
