// Control flow: If, Loop, Scan.

#include "import/onnx/operators/common.h"

namespace tessera::compiler::onnx_import {

namespace {

Tensors tensorsOf(const Values &values, const char *what) {
  Tensors result;
  for (const Value &value : values) {
    if (!value.isTensor())
      fail(what, " is ", value.isSequence() ? "a sequence" : "an empty optional",
           ", only tensors are supported here");
    result.push_back(value.tensor());
  }
  return result;
}

Values conditional(Call &call) {
  Emitter &emitter = call.emitter;
  const Tensor condition = call.in(0);
  // A branch that is known is not a branch.
  if (const auto known = condition.integers())
    return call.graph(known->at(0) ? "then_branch" : "else_branch", {});
  const Tensors results = emitter.branch(
      condition.item(), [&] { return tensorsOf(call.graph("then_branch", {}), "a branch's result"); },
      [&] { return tensorsOf(call.graph("else_branch", {}), "a branch's result"); });
  return Values(results.begin(), results.end());
}

/// A list of rows that grows: its memory doubles when it is full.
struct Growing {
  static constexpr int64_t kFirstRows = 8;

  static Shape shapeOf(const Extent &rows, const Tensor &row) {
    Shape shape = row.shape();
    shape.insert(shape.begin(), rows);
    return shape;
  }

  /// `list` with `row` at place `count`.
  static Tensor appended(Emitter &emitter, const Tensor &list, const Tensor &row, Scalar count) {
    const Scalar capacity = emitter.index(list.extent(0));
    const Tensor roomy = emitter.branch(
        count < capacity, [&]() -> Tensors { return {list}; },
        [&]() -> Tensors {
          const Shape doubled = shapeOf(list.extent(0) * Extent(2), row);
          return {emitter.insertSlice(emitter.empty(list.type(), doubled), list,
                                      Shape(doubled.size(), Extent(0)))};
        })[0];
    Shape one = row.shape(), offsets(row.shape().size() + 1, Extent(0));
    one.insert(one.begin(), Extent(1));
    offsets[0] = Extent(count);
    return emitter.insertSlice(roomy, emitter.reshape(row, one), offsets);
  }
};

/// M, condition, carried values; the body gets the step, the condition and the carried values.
Values loop(Call &call) {
  Emitter &emitter = call.emitter;
  const Scalar limit =
      call.has(0) ? cast(call.in(0).item(), Type::Int64) : emitter.constant(Type::Int64, INT64_MAX);
  const Scalar start = call.has(1) ? call.in(1).item() : emitter.boolean(true);
  Tensors carried;
  for (size_t i = 2; i < call.inputs(); ++i)
    carried.push_back(call.in(i));
  const size_t states = carried.size(), outputs = call.graphOutputs("body");
  if (outputs < 1 + states)
    fail("the body gives ", outputs, " values for ", states, " carried ones and the condition");
  const size_t scans = outputs - 1 - states;

  // What a row of each scan output looks like: the body is emitted once for that, and thrown away.
  Tensors rows;
  const auto body = [&](Scalar step, Scalar holds, const Tensors &state) {
    Values arguments{emitter.scalarTensor(step), emitter.scalarTensor(holds)};
    arguments.insert(arguments.end(), state.begin(), state.end());
    return tensorsOf(call.graph("body", arguments), "a loop's result");
  };
  if (scans > 0)
    emitter.tryOut([&] {
      const Tensors results = body(emitter.constant(Type::Int64, int64_t{0}), start, carried);
      for (size_t i = 0; i < scans; ++i)
        rows.push_back(results[1 + states + i]);
    });
  for (const Tensor &row : rows)
    if (!row.isStatic())
      fail("a scan output has rows of shape ", shapeText(row.shape()), ", their extents must be known");

  // State: step, condition, carried values, lists.
  const Scalar zero = emitter.constant(Type::Int64, int64_t{0});
  Tensors initial{emitter.full(Type::Int64, {}, zero), emitter.scalarTensor(start)};
  initial.insert(initial.end(), carried.begin(), carried.end());
  for (const Tensor &row : rows)
    initial.push_back(emitter.empty(row.type(), Growing::shapeOf(Extent(Growing::kFirstRows), row)));
  const Tensors final = emitter.whileLoop(
      initial, [&](const Tensors &state) { return (state[0].item() < limit) & state[1].item(); },
      [&](const Tensors &state) -> Tensors {
        const Scalar step = state[0].item();
        const Tensors own(state.begin() + 2, state.begin() + 2 + static_cast<std::ptrdiff_t>(states));
        const Tensors results = body(step, state[1].item(), own);
        Tensors next{emitter.scalarTensor(step + 1), results[0]};
        next.insert(next.end(), results.begin() + 1,
                    results.begin() + 1 + static_cast<std::ptrdiff_t>(states));
        for (size_t i = 0; i < scans; ++i)
          next.push_back(Growing::appended(emitter, state[2 + states + i], results[1 + states + i],
                                           cast(step, Type::Index)));
        return next;
      });
  Values outputsOfLoop(final.begin() + 2, final.begin() + 2 + static_cast<std::ptrdiff_t>(states));
  const Extent count(final[0].item());
  for (size_t i = 0; i < scans; ++i) {
    const Tensor &list = final[2 + states + i];
    Shape sizes = list.shape();
    sizes[0] = count;
    outputsOfLoop.push_back(
        emitter.slice(list, Shape(sizes.size(), Extent(0)), sizes, std::vector<int64_t>(sizes.size(), 1)));
  }
  return outputsOfLoop;
}

/// One scan over `inputs` along their axes; `states` are carried. Gives the states, then the outputs.
Values scanOver(Call &call, const Tensors &states, const Tensors &inputs) {
  Emitter &emitter = call.emitter;
  const size_t scans = call.graphOutputs("body") - states.size();
  const auto inputAxes = call.integers("scan_input_axes", std::vector<int64_t>(inputs.size(), 0));
  const auto outputAxes = call.integers("scan_output_axes", std::vector<int64_t>(scans, 0));
  const auto inputWays = call.integers(call.opset() < 9 ? "directions" : "scan_input_directions",
                                       std::vector<int64_t>(inputs.size(), 0));
  const auto outputWays = call.integers("scan_output_directions", std::vector<int64_t>(scans, 0));
  if (inputAxes.size() != inputs.size() || inputWays.size() != inputs.size() || outputAxes.size() != scans ||
      outputWays.size() != scans || inputs.empty())
    fail("axes or directions do not fit ", inputs.size(), " scanned inputs and ", scans, " outputs");
  std::vector<int64_t> axes;
  for (size_t i = 0; i < inputs.size(); ++i)
    axes.push_back(normalisedAxis(inputAxes[i], inputs[i].rank()));
  const Extent count = inputs[0].extent(axes[0]);
  for (size_t i = 1; i < inputs.size(); ++i)
    emitter.requireEqual(inputs[i].extent(axes[i]), count, "the scanned inputs have different lengths");
  const Scalar last = emitter.index(count) - 1;
  const auto body = [&](Scalar step, const Tensors &state) {
    Values arguments(state.begin(), state.end());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor &x = inputs[i];
      Shape shape = x.shape();
      shape.erase(shape.begin() + axes[i]);
      const Scalar at = inputWays[i] ? last - step : step;
      arguments.push_back(emitter.generate(x.type(), shape, [&](const Scalars &position) {
        Scalars whole = position;
        whole.insert(whole.begin() + axes[i], at);
        return x.at(whole);
      }));
    }
    return tensorsOf(call.graph("body", arguments), "a scan's result");
  };
  Tensors rows;
  emitter.tryOut([&] {
    const Tensors results = body(emitter.index(0), states);
    for (size_t i = 0; i < scans; ++i)
      rows.push_back(results[states.size() + i]);
  });
  Tensors initial = states;
  std::vector<int64_t> places;
  for (size_t i = 0; i < scans; ++i) {
    const int64_t axis = normalisedAxis(outputAxes[i], rows[i].rank() + 1);
    places.push_back(axis);
    Shape shape = rows[i].shape();
    shape.insert(shape.begin() + axis, count);
    initial.push_back(emitter.empty(rows[i].type(), shape));
  }
  const Tensors results = emitter.loop(count, initial, [&](Scalar step, const Tensors &state) -> Tensors {
    const Tensors own(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(states.size()));
    const Tensors made = body(step, own);
    Tensors next;
    for (size_t i = 0; i < states.size(); ++i) {
      for (int64_t d = 0; d < made[i].rank() && made[i].rank() == states[i].rank(); ++d)
        emitter.requireEqual(made[i].extent(d), states[i].extent(d), "a scan's state changes its shape");
      if (made[i].rank() != states[i].rank() || made[i].type() != states[i].type())
        fail("a scan's state changes from ", typeName(states[i].type()), " of rank ", states[i].rank(),
             " to ", typeName(made[i].type()), " of rank ", made[i].rank());
      next.push_back(made[i]);
    }
    for (size_t i = 0; i < scans; ++i) {
      const Tensor &list = state[states.size() + i], &row = made[states.size() + i];
      Shape one = list.shape(), offsets(list.shape().size(), Extent(0));
      one[static_cast<size_t>(places[i])] = Extent(1);
      offsets[static_cast<size_t>(places[i])] = Extent(outputWays[i] ? last - step : step);
      next.push_back(emitter.insertSlice(list, emitter.reshape(row, one), offsets));
    }
    return next;
  });
  return Values(results.begin(), results.end());
}

/// Version 8 has a batch dimension in front of everything and optional lengths; from 9 on there is none.
Values scan(Call &call) {
  Emitter &emitter = call.emitter;
  const bool isOld = call.opset() < 9;
  Tensors given;
  for (size_t i = isOld ? 1 : 0; i < call.inputs(); ++i)
    given.push_back(call.in(i));
  const int64_t scanned = call.integer("num_scan_inputs", 0);
  if (scanned < 1 || scanned > static_cast<int64_t>(given.size()))
    fail("num_scan_inputs is ", scanned, " of ", given.size(), " inputs");
  const auto states = static_cast<std::ptrdiff_t>(given.size()) - scanned;
  if (call.graphOutputs("body") < static_cast<size_t>(states))
    fail("the body gives fewer values than there are states");
  if (!isOld)
    return scanOver(call, Tensors(given.begin(), given.begin() + states),
                    Tensors(given.begin() + states, given.end()));
  if (call.has(0))
    fail("sequence lengths are not supported");
  if (given.empty() || !given[0].extent(0).is(1))
    fail("a batch other than 1 is not supported at version 8");
  Tensors single;
  for (const Tensor &x : given)
    single.push_back(emitter.reshape(x, Shape(x.shape().begin() + 1, x.shape().end())));
  Values results = scanOver(call, Tensors(single.begin(), single.begin() + states),
                            Tensors(single.begin() + states, single.end()));
  for (Value &value : results) {
    Shape shape = value.tensor().shape();
    shape.insert(shape.begin(), Extent(1));
    value = emitter.reshape(value.tensor(), shape);
  }
  return results;
}

} // namespace

OperatorTable controlOperators() {
  constexpr int now = kNewestOpset;
  return {
      {"If", 1, now, conditional},
      {"Loop", 1, now, loop},
      {"Scan", 8, now, scan},
  };
}

} // namespace tessera::compiler::onnx_import
