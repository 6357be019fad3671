#include "tiny_onnx.h"

#include "quantise/calibrate.h"
#include "quantise/read.h"

#include <cstring>
#include <stdexcept>

namespace tessera::compiler::quantise::tiny {

using ::onnx::AttributeProto;

TinyOnnx::TinyOnnx(int64_t opset) {
  model.set_ir_version(4);
  model.mutable_graph()->set_name("tiny");
  model.add_opset_import()->set_version(opset);
}

TinyOnnx &TinyOnnx::input(const std::string &name, const Shape &shape, int type) {
  auto *info = model.mutable_graph()->add_input();
  info->set_name(name);
  auto *tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (int64_t extent : shape)
    tensor->mutable_shape()->add_dim()->set_dim_value(extent);
  return *this;
}

TinyOnnx &TinyOnnx::output(const std::string &name) {
  auto *info = model.mutable_graph()->add_output();
  info->set_name(name);
  info->mutable_type()->mutable_tensor_type()->set_elem_type(::onnx::TensorProto::FLOAT);
  return *this;
}

TinyOnnx &TinyOnnx::constant(const std::string &name, const Shape &shape, const std::vector<float> &values) {
  fillTensor(*model.mutable_graph()->add_initializer(), name, shape, values);
  return *this;
}

TinyOnnx &TinyOnnx::constant(const std::string &name, const std::vector<int64_t> &values) {
  fillTensor(*model.mutable_graph()->add_initializer(), name, {static_cast<int64_t>(values.size())}, values);
  return *this;
}

TinyOnnx &TinyOnnx::random(const std::string &name, const Shape &shape, float low, float high) {
  std::vector<float> values(static_cast<size_t>(quantise::countOf(shape)));
  for (float &value : values)
    value = low + (high - low) * static_cast<float>(random_() % 65536) / 65535.0f;
  return constant(name, shape, values);
}

TinyOnnx &TinyOnnx::node(const std::string &op, std::initializer_list<std::string> inputs,
                         const std::string &output) {
  auto *node = model.mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(output + "_node");
  for (const std::string &input : inputs)
    node->add_input(input);
  node->add_output(output);
  return *this;
}

AttributeProto &TinyOnnx::attribute(const std::string &name, int type) {
  auto *nodes = model.mutable_graph()->mutable_node();
  AttributeProto *added = nodes->Mutable(nodes->size() - 1)->add_attribute();
  added->set_name(name);
  added->set_type(static_cast<AttributeProto::AttributeType>(type));
  return *added;
}

TinyOnnx &TinyOnnx::ints(const std::string &name, const Shape &values) {
  AttributeProto &added = attribute(name, AttributeProto::INTS);
  for (int64_t value : values)
    added.add_ints(value);
  return *this;
}
TinyOnnx &TinyOnnx::integer(const std::string &name, int64_t value) {
  attribute(name, AttributeProto::INT).set_i(value);
  return *this;
}
TinyOnnx &TinyOnnx::real(const std::string &name, float value) {
  attribute(name, AttributeProto::FLOAT).set_f(value);
  return *this;
}
TinyOnnx &TinyOnnx::text(const std::string &name, const std::string &value) {
  attribute(name, AttributeProto::STRING).set_s(value);
  return *this;
}

std::vector<uint8_t> TinyOnnx::file() const {
  const std::string bytes = model.SerializeAsString();
  return {bytes.begin(), bytes.end()};
}

TinyCases::TinyCases(const std::vector<uint64_t> &shape, size_t count, float low, float high) {
  std::mt19937 random(11);
  size_t values = 1;
  for (uint64_t extent : shape)
    values *= extent;
  for (size_t i = 0; i < count; ++i) {
    TensorData data{shape, std::vector<uint8_t>(values * sizeof(float))};
    for (size_t k = 0; k < values; ++k) {
      const float value = low + (high - low) * static_cast<float>(random() % 65536) / 65535.0f;
      std::memcpy(data.data.data() + k * sizeof value, &value, sizeof value);
    }
    cases.push_back(std::move(data));
  }
}

std::vector<float> resultOf(const ::onnx::ModelProto &model, const TensorData &input,
                            const std::string &output) {
  Runner runner(model, {output}, "test");
  const std::vector<TensorData> inputs{input};
  const std::vector<TensorData> results = runner.run(inputs);
  const std::span<const float> values = floatsOf(results[0]);
  return {values.begin(), values.end()};
}

Network observed(const TinyOnnx &tiny, CalibrationData &data) try {
  Network network = readNetwork(tiny.file());
  foldConstants(network);
  std::optional<Cases> cases;
  observe(network, data, cases);
  return network;
} catch (const onnx_import::ImportError &error) {
  throw std::runtime_error(error.message); // GoogleTest prints it
}

int countOf(const ::onnx::ModelProto &model, const std::string &op) {
  int count = 0;
  for (const auto &node : model.graph().node())
    count += node.op_type() == op;
  return count;
}

} // namespace tessera::compiler::quantise::tiny
