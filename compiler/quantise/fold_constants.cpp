#include "quantise/read.h"

#include "quantise/runner.h"

#include <algorithm>

namespace tessera::compiler::quantise {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

namespace {

bool isRandom(const NodeProto &node) {
  return node.op_type().rfind("Random", 0) == 0 || isOp(node, "Multinomial") || isOp(node, "Bernoulli");
}

/// ONNX types of what a session gives.
int dataType(const std::string &type) {
  static const std::map<std::string, int> known{
      {"float32", TensorProto::FLOAT}, {"float64", TensorProto::DOUBLE}, {"int32", TensorProto::INT32},
      {"int64", TensorProto::INT64},   {"bool", TensorProto::BOOL},      {"uint8", TensorProto::UINT8},
      {"int8", TensorProto::INT8},     {"float16", TensorProto::FLOAT16}};
  const auto found = known.find(type);
  return found == known.end() ? TensorProto::UNDEFINED : found->second;
}

} // namespace

void foldConstants(Network &network) {
  std::set<int> foldable;
  for (int i = 0; i < network.nodeCount(); ++i) {
    const NodeProto &node = network.node(i);
    const bool isConstant =
        node.input_size() > 0 && !isRandom(node) &&
        std::none_of(node.output().begin(), node.output().end(),
                     [&](const std::string &name) { return network.isOutput(name); }) &&
        std::all_of(node.input().begin(), node.input().end(), [&](const std::string &name) {
          return name.empty() || network.isConstant(name) || foldable.count(network.producer(name));
        });
    if (isConstant)
      foldable.insert(i);
  }
  // What others need of them.
  std::vector<std::string> wanted;
  for (int i : foldable)
    for (const std::string &output : network.node(i).output())
      if (std::any_of(network.uses(output).begin(), network.uses(output).end(),
                      [&](const Use &use) { return !foldable.count(use.node); }))
        wanted.push_back(output);
  if (wanted.empty())
    return;

  ::onnx::ModelProto part = network.model();
  part.mutable_graph()->clear_input();
  Runner runner(part, wanted, "constants");
  const std::vector<TensorData> values = runner.run({});
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int type = dataType(runner.results()[i].type);
    if (type == TensorProto::UNDEFINED)
      fail("constant '", wanted[i], "' has the type ", runner.results()[i].type);
    TensorProto *constant = network.graph().add_initializer();
    constant->set_name(wanted[i]);
    constant->set_data_type(type);
    for (uint64_t extent : values[i].shape)
      constant->add_dims(static_cast<int64_t>(extent));
    constant->set_raw_data(values[i].data.data(), values[i].data.size());
  }
  network.remove(foldable);
}

} // namespace tessera::compiler::quantise
