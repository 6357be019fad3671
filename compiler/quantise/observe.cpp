#include "quantise/calibrate.h"

#include "import/onnx/model.h"

namespace tessera::compiler::quantise {

std::vector<TensorInfo> observe(Network &network, CalibrationData &data, std::optional<Cases> &cases) {
  std::vector<std::string> names;
  for (int i = 0; i < network.nodeCount(); ++i)
    for (const std::string &output : network.node(i).output())
      if (!output.empty())
        names.push_back(output);
  Runner runner(network.model(), names, "float network");
  for (const TensorInfo &input : runner.inputs())
    for (const auto &other : runner.inputs())
      if (&input != &other && input.name == other.name)
        fail("two inputs are named '", input.name, "'");
  cases.emplace(data, runner.inputs());
  const std::vector<TensorData> inputs = cases->at(0);
  const std::vector<TensorData> values = runner.run(inputs);
  network.reals.clear();
  // Sessions print names; the file's own ones are those of the graph.
  size_t at = 0;
  for (const auto &input : network.graph().input()) {
    if (at < runner.inputs().size() && runner.inputs()[at].type == "float32")
      network.reals[input.name()] = inputs[at].shape;
    ++at;
  }
  for (size_t i = 0; i < names.size(); ++i)
    if (runner.results()[i].type == "float32")
      network.reals[names[i]] = values[i].shape;
  return runner.inputs();
}

} // namespace tessera::compiler::quantise
