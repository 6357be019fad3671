// Small TFLite files, built by hand: what the importer's tests and its fuzzer start from.
#pragma once

#include "tflite_generated.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::test {

namespace tfl = tessera::tflite;

struct TinyTensor {
  std::string name;
  std::vector<int32_t> shape;
  tfl::TensorType type = tfl::TensorType::INT8;
  std::vector<float> scales = {0.5f};
  std::vector<int64_t> zeroPoints = {0};
  std::vector<uint8_t> data = {}; ///< empty: computed
  int32_t dimension = 0;
  uint32_t buffer = 0; ///< with no data: a buffer index to write as it is
  bool isVariable = false;
};

struct TinyOperator {
  tfl::BuiltinOperator code = tfl::BuiltinOperator::ADD;
  std::vector<int32_t> inputs = {};
  std::vector<int32_t> outputs = {};
  tfl::BuiltinOptions optionsType = tfl::BuiltinOptions::NONE;
  /// Makes the options table, if any.
  flatbuffers::Offset<void> (*options)(flatbuffers::FlatBufferBuilder &) = nullptr;
  std::string custom = {}; ///< name and options of a custom operator
  std::vector<uint8_t> customOptions = {};
};

struct TinyModel {
  std::vector<TinyTensor> tensors;
  std::vector<TinyOperator> operators;
  std::vector<int32_t> inputs = {0};
  std::vector<int32_t> outputs = {1};
  uint32_t version = 3;

  std::vector<uint8_t> build() const;
};

/// 8x8x3 picture: convolution, depthwise, add, max pool, average pool, reshape, dense, softmax; 4 classes.
TinyModel tinyNetwork(uint32_t seed = 1);

/// One operator each: MUL, PAD, MEAN, QUANTIZE, RELU, CONCATENATION, SUB.
std::vector<TinyModel> tinyOperators();

} // namespace tessera::test
