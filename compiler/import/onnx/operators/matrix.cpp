// Matrix products, determinants, and sums in Einstein's notation.

#include "import/onnx/operators/quantisation.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace tessera::compiler::onnx_import {

namespace {

Values matMul(Call &call) {
  const Tensor x = call.in(0), y = call.in(1);
  return {call.emitter.cast(matrixProduct(widened(x), widened(y), widened(x).type()), x.type())};
}

/// alpha * A' * B' + beta * C
Values gemm(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0);
  Tensor a = widened(given), b = widened(call.in(1));
  if (a.rank() != 2 || b.rank() != 2)
    fail("operands of rank ", a.rank(), " and ", b.rank(), ", expected 2");
  if (call.integer("transA", 0))
    a = emitter.transpose(a, {1, 0});
  if (call.integer("transB", 0))
    b = emitter.transpose(b, {1, 0});
  const double alpha = call.real("alpha", 1), beta = call.real("beta", 1);
  Tensor y = matrixProduct(a, b, a.type());
  const auto scaled = [](Scalar x, double factor) {
    return factor == 1 ? x : isFloat(x.type()) ? x * factor : cast(cast(x, Type::Float64) * factor, x.type());
  };
  Tensors operands{y};
  if (call.has(2) && beta != 0)
    operands.push_back(widened(call.in(2)));
  y = emitter.mapTo(y.shape(), a.type(), operands, [&](const Scalars &s) {
    return s.size() > 1 ? scaled(s[0], alpha) + scaled(s[1], beta) : scaled(s[0], alpha);
  });
  return {emitter.cast(y, given.type())};
}

/// x - zero point as int32; a vector of zero points belongs to the rows of the left factor and to the columns of the right one.
Tensor centred(Call &call, const Tensor &x, size_t zeroInput, bool isLeft) {
  Emitter &emitter = call.emitter;
  if (!call.has(zeroInput))
    return emitter.cast(x, Type::Int32);
  Tensor zero = call.in(zeroInput);
  if (zero.rank() == 1 && !zero.extent(0).is(1) && isLeft)
    zero = emitter.reshape(zero, {zero.extent(0), Extent(1)});
  return emitter.mapTo(x.shape(), Type::Int32, {x, zero},
                       [](const Scalars &s) { return cast(s[0], Type::Int32) - cast(s[1], Type::Int32); });
}

Values matMulInteger(Call &call) {
  return {
      matrixProduct(centred(call, call.in(0), 2, true), centred(call, call.in(1), 3, false), Type::Int32)};
}

/// a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero.
Values qLinearMatMul(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor sums =
      matrixProduct(centred(call, call.in(0), 2, true), centred(call, call.in(3), 5, false), Type::Int32);
  Tensor aScale = call.in(1);
  if (aScale.rank() == 1 && !aScale.extent(0).is(1))
    aScale = emitter.reshape(aScale, {aScale.extent(0), Extent(1)});
  return {requantised(sums, aScale, call.in(4), call.in(6), call.in(7))};
}

/// Gaussian elimination with the largest pivot of each column, on a copy.
Values determinant(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor given = call.in(0), x = widened(given);
  if (x.rank() < 2)
    fail("rank ", x.rank(), ", expected 2 or more");
  const Extent n = x.extent(x.rank() - 1);
  emitter.requireEqual(n, x.extent(x.rank() - 2), "the matrix is not square");
  const Shape batch(x.shape().begin(), x.shape().end() - 2);
  const Extent count = productOf(batch);
  const Tensor flat = emitter.reshape(x, {count, n, n});
  const Scalar size = emitter.index(n);
  const Scalar one = emitter.constant(x.type(), 1.0), zero = emitter.constant(x.type(), 0.0);
  const Tensor results = emitter.loop(
      count, {emitter.full(x.type(), {count}, one)}, [&](Scalar which, const Tensors &done) -> Tensors {
        const Tensor copy = emitter.generate(
            x.type(), {n, n}, [&](const Scalars &at) { return flat.at({which, at[0], at[1]}); });
        const Tensors state = emitter.loop(
            n, {copy, emitter.full(x.type(), {}, one)}, [&](Scalar k, const Tensors &s) -> Tensors {
              const Tensor &m = s[0];
              const Scalars pivot = emitter.loop(
                  k + 1, size, {k, absolute(m.at({k, k}))}, [&](Scalar row, const Scalars &best) -> Scalars {
                    const Scalar value = absolute(m.at({row, k}));
                    const Scalar isBetter = value > best[1];
                    return {select(isBetter, row, best[0]), select(isBetter, value, best[1])};
                  });
              const Scalar isSwapped = pivot[0] != k;
              const Tensor swapped = emitter.generate(x.type(), {n, n}, [&](const Scalars &at) {
                const Scalar row = select(at[0] == k, pivot[0], select(at[0] == pivot[0], k, at[0]));
                return m.at({row, at[1]});
              });
              const Scalar head = swapped.at({k, k});
              const Scalar next = s[1].item() * select(isSwapped, zero - head, head);
              const Scalar divisor = select(head == zero, one, head);
              const Tensor reduced = emitter.generate(x.type(), {n, n}, [&](const Scalars &at) {
                const Scalar own = swapped.at(at);
                const Scalar changed = own - swapped.at({at[0], k}) / divisor * swapped.at({k, at[1]});
                return select(at[0] > k, changed, own);
              });
              return {reduced, emitter.full(x.type(), {}, next)};
            });
        return {emitter.put(done[0], {which}, state[1].item())};
      })[0];
  return {emitter.cast(emitter.reshape(results, batch), given.type())};
}

/// One letter of an equation, or a dimension of its ellipsis (counted from the right, as they broadcast).
using Label = int;
constexpr Label kEllipsis = 1000;

std::vector<Label> labelsOf(const std::string &term, int64_t rank) {
  std::vector<Label> labels;
  const size_t dots = term.find("...");
  const auto letters = static_cast<int64_t>(term.size()) - (dots == std::string::npos ? 0 : 3);
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int64_t k = rank - letters; k-- > 0;)
        labels.push_back(kEllipsis + static_cast<Label>(k));
      i += 2;
      continue;
    }
    if (!std::isalpha(static_cast<unsigned char>(term[i])))
      fail("the equation has the character '", std::string(1, term[i]), "'");
    labels.push_back(static_cast<unsigned char>(term[i]));
  }
  if (static_cast<int64_t>(labels.size()) != rank)
    fail("the term '", term, "' does not fit an operand of rank ", rank);
  return labels;
}

Values einsum(Call &call) {
  Emitter &emitter = call.emitter;
  std::string equation = call.text("equation", "");
  std::erase(equation, ' ');
  const size_t arrow = equation.find("->");
  std::vector<std::string> terms(1);
  for (char c : equation.substr(0, arrow))
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  if (terms.size() != call.inputs())
    fail("the equation has ", terms.size(), " terms for ", call.inputs(), " operands");
  Tensors operands;
  std::vector<std::vector<Label>> labels;
  std::map<Label, int> uses;
  for (size_t i = 0; i < terms.size(); ++i) {
    operands.push_back(widened(call.in(i)));
    labels.push_back(labelsOf(terms[i], operands.back().rank()));
    for (Label label : labels.back())
      ++uses[label];
  }
  std::vector<Label> output;
  if (arrow != std::string::npos) {
    int64_t dots = 0;
    for (const auto &[label, count] : uses)
      dots += label >= kEllipsis;
    const std::string term = equation.substr(arrow + 2);
    const bool hasDots = term.find("...") != std::string::npos;
    output = labelsOf(term, static_cast<int64_t>(term.size()) - (hasDots ? 3 : 0) + (hasDots ? dots : 0));
  } else {
    // Ellipsis first, then the letters that occur once, in order.
    for (auto entry = uses.rbegin(); entry != uses.rend(); ++entry)
      if (entry->first >= kEllipsis)
        output.push_back(entry->first);
    for (const auto &[label, count] : uses)
      if (label < kEllipsis && count == 1)
        output.push_back(label);
  }
  // The extent of each label: what its operands broadcast to.
  std::map<Label, Extent> extents;
  std::map<Label, int> loops;
  for (size_t i = 0; i < operands.size(); ++i)
    for (size_t d = 0; d < labels[i].size(); ++d) {
      const auto [entry, isNew] = extents.try_emplace(labels[i][d], operands[i].shape()[d]);
      if (!isNew)
        entry->second = broadcastShapes(emitter, {{entry->second}, {operands[i].shape()[d]}})[0];
    }
  Shape parallel, folded;
  for (Label label : output) {
    if (!extents.count(label) || !loops.emplace(label, static_cast<int>(loops.size())).second)
      fail("the result names a label that no operand has, or one twice");
    parallel.push_back(extents[label]);
  }
  for (const auto &[label, extent] : extents)
    if (loops.emplace(label, static_cast<int>(loops.size())).second)
      folded.push_back(extent);
  const Type type = operands.front().type();
  const Scalar zero = isFloat(type) ? emitter.constant(type, 0.0) : emitter.constant(type, int64_t{0});
  std::vector<Access> accesses;
  for (size_t i = 0; i < operands.size(); ++i) {
    Access access{operands[i], {}};
    for (size_t d = 0; d < labels[i].size(); ++d) {
      const Extent &own = operands[i].shape()[d];
      const bool isWhole = sameExtent(own, extents[labels[i][d]]);
      if (!isWhole && !own.is(1))
        fail("the extents of a label cannot be told apart before the run");
      access.position.push_back(isWhole ? loopIndex(loops[labels[i][d]]) : Position{});
    }
    accesses.push_back(access);
  }
  const Tensor y = emitter.contract(type, parallel, folded, accesses, emitter.scalarTensor(zero),
                                    [](Scalar sum, const Scalars &s) {
                                      Scalar product = s[0];
                                      for (size_t i = 1; i < s.size(); ++i)
                                        product = product * s[i];
                                      return sum + product;
                                    });
  Shape all = parallel;
  all.insert(all.end(), folded.begin(), folded.end());
  emitter.countMacs(all);
  return {emitter.cast(y, call.in(0).type())};
}

} // namespace

OperatorTable matrixOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"Det", 11, now, determinant},
      {"Einsum", 12, now, einsum},
      {"Gemm", 1, now, gemm},
      {"MatMul", 1, now, matMul},
      {"MatMulInteger", 10, now, matMulInteger},
      {"QLinearMatMul", 10, now, qLinearMatMul},
  };
}

} // namespace tessera::compiler::onnx_import
