#include "quantise/runner.h"

#include <cmath>

namespace tessera::compiler::quantise {

Runner::Runner(::onnx::ModelProto model, const std::vector<std::string> &results, const std::string &what)
    : what_(what) {
  model.mutable_graph()->clear_output();
  for (const std::string &name : results)
    model.mutable_graph()->add_output()->set_name(name);
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    fail(what, ": the network is too large for one file");
  SessionOptions options;
  options.device = "cpu";
  auto session = Session::open({reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, options);
  if (!session)
    fail(what, ": ", session.error().message);
  session_ = std::move(*session);
}

std::vector<TensorData> Runner::run(std::span<const TensorData> inputs) {
  auto results = session_->run(inputs);
  if (!results)
    fail(what_, ": ", results.error().message);
  return std::move(*results);
}

Cases::Cases(CalibrationData &data, const std::vector<TensorInfo> &inputs) : data_(data), inputs_(inputs) {
  auto count = data.open(inputs);
  if (!count)
    fail(count.error().message);
  if (*count == 0)
    fail("no calibration cases");
  count_ = *count;
}

std::vector<TensorData> Cases::at(size_t index) const {
  auto inputs = data_.at(index);
  if (!inputs)
    fail(inputs.error().message);
  for (size_t i = 0; i < inputs->size() && i < inputs_.size(); ++i) {
    if (inputs_[i].type != "float32")
      continue;
    const std::span<const float> values = floatsOf((*inputs)[i]);
    for (size_t k = 0; k < values.size(); ++k)
      if (!std::isfinite(values[k]))
        fail("case ", index, ": input '", inputs_[i].name, "' has ",
             std::isnan(values[k]) ? "a NaN" : "an infinity", " at element ", k);
  }
  return std::move(*inputs);
}

std::span<const float> floatsOf(const TensorData &tensor) {
  return {reinterpret_cast<const float *>(tensor.data.data()), tensor.data.size() / sizeof(float)};
}

} // namespace tessera::compiler::quantise
