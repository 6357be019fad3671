/// Small ONNX networks made in the test, and cases for them.
#ifndef TESSERA_TESTS_COMPILER_QUANTISE_TINY_ONNX_H
#define TESSERA_TESTS_COMPILER_QUANTISE_TINY_ONNX_H

#include "quantise/network.h"
#include "quantise/runner.h"

#include <initializer_list>
#include <random>

namespace tessera::compiler::quantise::tiny {

using Shape = std::vector<int64_t>;

/// Builds a file node by node. Weights are pseudo-random from a fixed seed, in [-1, 1].
class TinyOnnx {
public:
  explicit TinyOnnx(int64_t opset = 13);
  TinyOnnx &input(const std::string &name, const Shape &shape, int type = ::onnx::TensorProto::FLOAT);
  TinyOnnx &output(const std::string &name);
  TinyOnnx &constant(const std::string &name, const Shape &shape, const std::vector<float> &values);
  TinyOnnx &constant(const std::string &name, const std::vector<int64_t> &values);
  TinyOnnx &random(const std::string &name, const Shape &shape, float low = -1, float high = 1);
  /// The node, for attributes.
  TinyOnnx &node(const std::string &op, std::initializer_list<std::string> inputs, const std::string &output);
  TinyOnnx &ints(const std::string &name, const Shape &values);
  TinyOnnx &integer(const std::string &name, int64_t value);
  TinyOnnx &real(const std::string &name, float value);
  TinyOnnx &text(const std::string &name, const std::string &value);

  ::onnx::ModelProto model;
  std::vector<uint8_t> file() const;

private:
  ::onnx::AttributeProto &attribute(const std::string &name, int type);
  std::mt19937 random_{7};
};

/// Cases in memory.
class TinyCases : public CalibrationData {
public:
  /// `count` cases of pseudo-random values in [low, high].
  TinyCases(const std::vector<uint64_t> &shape, size_t count, float low = -1, float high = 1);
  isa::Expected<size_t> open(const std::vector<TensorInfo> &) override { return cases.size(); }
  isa::Expected<std::vector<TensorData>> at(size_t index) override {
    return std::vector<TensorData>{cases[index]};
  }

  std::vector<TensorData> cases;
};

/// Results of the network on one case, by the names of its outputs.
std::vector<float> resultOf(const ::onnx::ModelProto &model, const TensorData &input,
                            const std::string &output);

/// The prepared network as far as observe() takes it.
Network observed(const TinyOnnx &tiny, CalibrationData &data);

/// How many nodes of this type there are.
int countOf(const ::onnx::ModelProto &model, const std::string &op);

} // namespace tessera::compiler::quantise::tiny

#endif
