// Losses: what a network's answer costs against the right one.

#include "import/onnx/operators/common.h"

#include <algorithm>

namespace tessera::compiler::onnx_import {

namespace {

/// -log probability of the right class, weighted, for each position; positions of the ignored class count nothing.
Value negativeLikelihood(Call &call, const Tensor &logs) {
  Emitter &emitter = call.emitter;
  const Tensor target = call.in(1);
  const Tensor weight = call.has(2) ? widened(call.in(2)) : logs;
  const bool hasWeight = call.has(2), ignores = call.hasAttribute("ignore_index");
  const int64_t ignored = call.integer("ignore_index", 0);
  const std::string reduction = call.text("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean")
    fail("reduction '", reduction, "' is not supported");
  if (target.rank() != logs.rank() - 1)
    fail("targets of rank ", target.rank(), " for scores of rank ", logs.rank());
  for (size_t d = 0; d < target.shape().size(); ++d)
    emitter.requireEqual(target.shape()[d], logs.shape()[d == 0 ? 0 : d + 1],
                         "targets and scores differ in shape");
  const Scalar classes = emitter.index(logs.extent(1));
  if (hasWeight)
    emitter.requireEqual(weight.extent(0), logs.extent(1), "one weight a class is needed");
  const auto isIgnored = [&](Scalar t) { return ignores ? t == ignored : emitter.boolean(false); };
  // Every target is a class or the ignored one; -1 stands for the last class nowhere.
  const Tensor fine = emitter.reduce(
      Type::Bool, target, allAxes(target.rank()), emitter.boolean(true), [&](Scalar sum, const Scalars &s) {
        const Scalar t = cast(s[0], Type::Int64);
        return sum & (isIgnored(t) | ((t >= 0) & (cast(t, Type::Index) < classes)));
      });
  emitter.require(fine.item(), "a target is no class");
  const auto at = [&](const Scalars &position) {
    const Scalar t = cast(target.at(position), Type::Int64);
    return std::pair(isIgnored(t), select(isIgnored(t), emitter.index(0), cast(t, Type::Index)));
  };
  const Scalar zero = emitter.constant(logs.type(), 0.0), one = emitter.constant(logs.type(), 1.0);
  const Tensor weights = emitter.generate(logs.type(), target.shape(), [&](const Scalars &position) {
    const auto [skip, which] = at(position);
    return select(skip, zero, hasWeight ? weight.at({which}) : one);
  });
  const Tensor costs = emitter.generate(logs.type(), target.shape(), [&](const Scalars &position) {
    const auto [skip, which] = at(position);
    Scalars place = position;
    place.insert(place.begin() + 1, which);
    return select(skip, zero, -logs.at(place));
  });
  const Tensor loss = costs * weights;
  if (reduction == "none")
    return loss;
  const auto total = [&](const Tensor &t) {
    return emitter.reduce(t.type(), t, allAxes(t.rank()), zero,
                          [](Scalar sum, const Scalars &s) { return sum + s[0]; });
  };
  return reduction == "sum" ? total(loss) : total(loss) / total(weights);
}

Values nllLoss(Call &call) {
  const Tensor given = call.in(0);
  return {call.emitter.cast(negativeLikelihood(call, widened(given)).tensor(), given.type())};
}

/// The same on the logarithm of a softmax over the classes, which is the second output.
Values crossEntropy(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  const Tensor shifted = x - maximumOver(x, {1});
  const Tensor logs = shifted - mapUnary(sumOver(mapUnary(shifted, expOf), {1}), logOf);
  return {emitter.cast(negativeLikelihood(call, logs).tensor(), given.type()),
          emitter.cast(logs, given.type())};
}

} // namespace

OperatorTable lossOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"NegativeLogLikelihoodLoss", 12, now, nllLoss},
      {"SoftmaxCrossEntropyLoss", 12, now, crossEntropy},
  };
}

} // namespace tessera::compiler::onnx_import
