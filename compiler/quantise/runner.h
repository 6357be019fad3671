/// The network on the host, with tensors of one's choice as its results.
#ifndef TESSERA_COMPILER_QUANTISE_RUNNER_H
#define TESSERA_COMPILER_QUANTISE_RUNNER_H

#include "quantise/network.h"

#include "tessera/compiler/quantise.h"

#include <memory>

namespace tessera::compiler::quantise {

class Runner {
public:
  /// Compiles the network. `what` stands before an error's message.
  Runner(::onnx::ModelProto model, const std::vector<std::string> &results, const std::string &what);

  const std::vector<TensorInfo> &inputs() const { return session_->inputs(); }
  const std::vector<TensorInfo> &results() const { return session_->outputs(); }
  /// The results, in the order of their names.
  std::vector<TensorData> run(std::span<const TensorData> inputs);

private:
  std::unique_ptr<Session> session_;
  std::string what_;
};

/// The calibration data: errors become exceptions, and what is read is checked for NaN and infinity.
class Cases {
public:
  Cases(CalibrationData &data, const std::vector<TensorInfo> &inputs);
  size_t count() const { return count_; }
  std::vector<TensorData> at(size_t index) const;

private:
  CalibrationData &data_;
  std::vector<TensorInfo> inputs_;
  size_t count_;
};

/// float32 numbers of a tensor; the view is valid as long as the tensor.
std::span<const float> floatsOf(const TensorData &tensor);

} // namespace tessera::compiler::quantise

#endif
