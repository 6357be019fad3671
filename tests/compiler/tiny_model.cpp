#include "tiny_model.h"

#include <flatbuffers/flexbuffers.h>

#include <algorithm>
#include <random>

namespace tessera::test {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using Offset = flatbuffers::Offset<void>;
using tfl::Activation;
using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::Padding;
using tfl::TensorType;

std::vector<uint8_t> randomBytes(size_t count, std::mt19937 &random) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  return bytes;
}

std::vector<uint8_t> wordsOf(const std::vector<int32_t> &words) {
  std::vector<uint8_t> bytes;
  for (int32_t word : words)
    for (int shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(word) >> shift));
  return bytes;
}

TinyTensor activation(const char *name, std::vector<int32_t> shape, float scale, int64_t zeroPoint) {
  return {name, std::move(shape), TensorType::INT8, {scale}, {zeroPoint}};
}

TinyTensor weights(const char *name, std::vector<int32_t> shape, size_t channels, int32_t dimension,
                   std::mt19937 &random) {
  size_t count = 1;
  for (int32_t extent : shape)
    count *= static_cast<size_t>(extent);
  std::vector<float> scales;
  for (size_t i = 0; i < channels; ++i)
    scales.push_back(0.005f + 0.001f * static_cast<float>(i));
  return {name,
          std::move(shape),
          TensorType::INT8,
          scales,
          std::vector<int64_t>(channels, 0),
          randomBytes(count, random),
          dimension};
}

TinyTensor biases(const char *name, int32_t channels, std::mt19937 &random) {
  std::vector<int32_t> values;
  for (int32_t i = 0; i < channels; ++i)
    values.push_back(static_cast<int32_t>(random() % 4096) - 2048);
  return {name, {channels}, TensorType::INT32, {}, {}, wordsOf(values)};
}

TinyTensor integers(const char *name, std::vector<int32_t> shape, const std::vector<int32_t> &values) {
  return {name, std::move(shape), TensorType::INT32, {}, {}, wordsOf(values)};
}

} // namespace

std::vector<uint8_t> TinyModel::build() const {
  Builder builder;
  std::vector<flatbuffers::Offset<tfl::Buffer>> buffers{tfl::CreateBuffer(builder)};
  std::vector<flatbuffers::Offset<tfl::Tensor>> tensorTables;
  for (const TinyTensor &tensor : tensors) {
    uint32_t buffer = tensor.buffer;
    if (!tensor.data.empty()) {
      buffer = static_cast<uint32_t>(buffers.size());
      buffers.push_back(tfl::CreateBufferDirect(builder, &tensor.data));
    }
    const auto quantisation = tfl::CreateQuantizationParametersDirect(
        builder, nullptr, nullptr, &tensor.scales, &tensor.zeroPoints, 0, 0, tensor.dimension);
    tensorTables.push_back(tfl::CreateTensorDirect(builder, &tensor.shape, tensor.type, buffer,
                                                   tensor.name.c_str(), quantisation, tensor.isVariable));
  }
  std::vector<flatbuffers::Offset<tfl::OperatorCode>> codes;
  std::vector<flatbuffers::Offset<tfl::Operator>> operatorTables;
  for (const TinyOperator &op : operators) {
    const auto old = static_cast<int8_t>(std::min(static_cast<int32_t>(op.code), 127));
    codes.push_back(tfl::CreateOperatorCode(
        builder, old, op.custom.empty() ? 0 : builder.CreateString(op.custom), 1, op.code));
    const Offset options = op.options ? op.options(builder) : Offset();
    operatorTables.push_back(tfl::CreateOperatorDirect(
        builder, static_cast<uint32_t>(codes.size() - 1), &op.inputs, &op.outputs, op.optionsType, options,
        op.customOptions.empty() ? nullptr : &op.customOptions));
  }
  const std::vector<flatbuffers::Offset<tfl::SubGraph>> graphs{
      tfl::CreateSubGraphDirect(builder, &tensorTables, &inputs, &outputs, &operatorTables, "main")};
  builder.Finish(tfl::CreateModelDirect(builder, version, &codes, &graphs, "tiny", &buffers),
                 tfl::ModelIdentifier());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TinyModel tinyNetwork(uint32_t seed) {
  std::mt19937 random(seed);
  TinyModel model;
  model.tensors = {activation("picture", {1, 8, 8, 3}, 1.0f / 255, -128),           // 0
                   weights("conv/w", {6, 3, 3, 3}, 6, 0, random),                   // 1
                   biases("conv/b", 6, random),                                     // 2
                   activation("conv/Relu;conv/BiasAdd", {1, 4, 4, 6}, 0.02f, -128), // 3
                   weights("depthwise/w", {1, 3, 3, 6}, 6, 3, random),              // 4
                   biases("depthwise/b", 6, random),                                // 5
                   activation("depthwise", {1, 4, 4, 6}, 0.05f, 3),                 // 6
                   activation("add", {1, 4, 4, 6}, 0.06f, -7),                      // 7
                   activation("max", {1, 2, 2, 6}, 0.06f, -7),                      // 8
                   activation("average", {1, 1, 1, 6}, 0.06f, -7),                  // 9
                   integers("shape", {2}, {1, 6}),                                  // 10
                   activation("flat", {1, 6}, 0.06f, -7),                           // 11
                   weights("dense/w", {4, 6}, 1, 0, random),                        // 12
                   biases("dense/b", 4, random),                                    // 13
                   activation("dense", {1, 4}, 0.1f, 5),                            // 14
                   activation("softmax", {1, 4}, 1.0f / 256, -128)};                // 15
  model.outputs = {15};
  const auto convolution = [](Builder &b) {
    return tfl::CreateConv2DOptions(b, Padding::SAME, 2, 2, Activation::RELU).Union();
  };
  const auto depthwise = [](Builder &b) {
    return tfl::CreateDepthwiseConv2DOptions(b, Padding::SAME, 1, 1, 1, Activation::NONE).Union();
  };
  const auto pool = [](Builder &b) {
    return tfl::CreatePool2DOptions(b, Padding::VALID, 2, 2, 2, 2).Union();
  };
  model.operators = {
      {BuiltinOperator::CONV_2D, {0, 1, 2}, {3}, BuiltinOptions::Conv2DOptions, convolution},
      {BuiltinOperator::DEPTHWISE_CONV_2D, {3, 4, 5}, {6}, BuiltinOptions::DepthwiseConv2DOptions, depthwise},
      {BuiltinOperator::ADD,
       {3, 6},
       {7},
       BuiltinOptions::AddOptions,
       [](Builder &b) { return tfl::CreateAddOptions(b, Activation::RELU6).Union(); }},
      {BuiltinOperator::MAX_POOL_2D, {7}, {8}, BuiltinOptions::Pool2DOptions, pool},
      {BuiltinOperator::AVERAGE_POOL_2D, {8}, {9}, BuiltinOptions::Pool2DOptions, pool},
      {BuiltinOperator::RESHAPE, {9, 10}, {11}},
      {BuiltinOperator::FULLY_CONNECTED,
       {11, 12, 13},
       {14},
       BuiltinOptions::FullyConnectedOptions,
       [](Builder &b) { return tfl::CreateFullyConnectedOptions(b).Union(); }},
      {BuiltinOperator::SOFTMAX, {14}, {15}, BuiltinOptions::SoftmaxOptions, [](Builder &b) {
         return tfl::CreateSoftmaxOptions(b, 1.0f).Union();
       }}};
  return model;
}

namespace {

/// The arithmetics besides int8: float32, float16 weights, int8 weights with float32 activations, int16; transposed convolution.
void addArithmetics(std::vector<TinyModel> &models) {
  std::mt19937 random(5);
  const auto add = [&](std::vector<TinyTensor> tensors, std::vector<TinyOperator> operators) {
    TinyModel model;
    model.outputs = operators.back().outputs;
    model.tensors = std::move(tensors);
    model.operators = std::move(operators);
    models.push_back(std::move(model));
  };
  const auto plain = [&](const char *name, std::vector<int32_t> shape, TensorType type, size_t bytes) {
    return TinyTensor{name, std::move(shape), type, {}, {}, randomBytes(bytes, random)};
  };
  const auto wide = [](const char *name, std::vector<int32_t> shape) {
    return TinyTensor{name, std::move(shape), TensorType::INT16, {0.01f}, {0}};
  };
  const TensorType real = TensorType::FLOAT32;
  add({plain("x", {2, 6}, real, 0), plain("h", {4, 6}, TensorType::FLOAT16, 48), plain("w", {4, 6}, real, 0),
       plain("b", {4}, real, 16), plain("y", {2, 4}, real, 0), plain("z", {2, 4}, real, 0)},
      {{BuiltinOperator::DEQUANTIZE, {1}, {2}},
       {BuiltinOperator::FULLY_CONNECTED, {0, 2, 3}, {4}},
       {BuiltinOperator::SOFTMAX, {4}, {5}, BuiltinOptions::SoftmaxOptions, [](Builder &b) {
          return tfl::CreateSoftmaxOptions(b, 2.0f).Union();
        }}});
  add({plain("x", {2, 6}, real, 0), weights("w", {4, 6}, 1, 0, random), plain("b", {4}, real, 16),
       plain("y", {2, 4}, real, 0)},
      {{BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}}});
  add({wide("x", {2, 6}), weights("w", {4, 6}, 4, 0, random), plain("b", {4}, TensorType::INT64, 32),
       wide("y", {2, 4}), wide("z", {2, 4})},
      {{BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}},
       {BuiltinOperator::LEAKY_RELU, {3}, {4}, BuiltinOptions::LeakyReluOptions, [](Builder &b) {
          return tfl::CreateLeakyReluOptions(b, 0.2f).Union();
        }}});
  add({activation("x", {1, 3, 2, 2}, 0.05f, -9), weights("w", {3, 3, 4, 2}, 3, 0, random),
       biases("b", 3, random), activation("y", {1, 6, 6, 3}, 0.1f, 3), integers("shape", {4}, {1, 6, 6, 3})},
      {{BuiltinOperator::TRANSPOSE_CONV,
        {4, 1, 0, 2},
        {3},
        BuiltinOptions::TransposeConvOptions,
        [](Builder &b) { return tfl::CreateTransposeConvOptions(b, Padding::SAME, 3, 2).Union(); }}});
  add({plain("x", {1, 4, 4, 2}, real, 0), plain("w", {3, 3, 3, 2}, real, 216),
       plain("y", {1, 2, 2, 3}, real, 0), plain("z", {1, 1, 1, 3}, real, 0)},
      {{BuiltinOperator::CONV_2D,
        {0, 1, -1},
        {2},
        BuiltinOptions::Conv2DOptions,
        [](Builder &b) {
          return tfl::CreateConv2DOptions(b, Padding::VALID, 1, 1, Activation::RELU).Union();
        }},
       {BuiltinOperator::AVERAGE_POOL_2D, {2}, {3}, BuiltinOptions::Pool2DOptions, [](Builder &b) {
          return tfl::CreatePool2DOptions(b, Padding::VALID, 2, 2, 2, 2).Union();
        }}});
}

/// Operators that keep state.
void addMemories(std::vector<TinyModel> &models) {
  std::mt19937 random(7);
  const auto state = [](std::vector<int32_t> shape, TensorType type, float scale) {
    TinyTensor tensor{"state", std::move(shape), type, {scale}, {0}};
    tensor.isVariable = true;
    return tensor;
  };
  const auto wide = [&](const char *name, std::vector<int32_t> shape, size_t count) {
    return TinyTensor{
        name, std::move(shape), TensorType::INT16, {0.001f}, {0}, randomBytes(2 * count, random)};
  };
  TinyModel svdf;
  svdf.tensors = {activation("x", {2, 5}, 0.05f, -3),
                  weights("f", {6, 5}, 1, 0, random),
                  wide("t", {6, 4}, 24),
                  biases("b", 3, random),
                  state({2, 24}, TensorType::INT16, 0.003f),
                  activation("y", {2, 3}, 0.5f, 4)};
  svdf.outputs = {5};
  svdf.operators = {
      {BuiltinOperator::SVDF, {0, 1, 2, 3, 4}, {5}, BuiltinOptions::SVDFOptions, [](Builder &b) {
         return tfl::CreateSVDFOptions(b, 2).Union();
       }}};
  models.push_back(svdf);
  TinyModel lstm;
  lstm.tensors = {activation("x", {1, 3, 4}, 0.02f, -7)};
  for (int i = 0; i < 8; ++i)
    lstm.tensors.push_back(weights("w", {2, i < 4 ? 4 : 2}, 1, 0, random));
  for (int i = 0; i < 4; ++i)
    lstm.tensors.push_back(biases("b", 2, random));
  lstm.tensors.push_back(state({1, 2}, TensorType::INT8, 0.008f));
  lstm.tensors.push_back(state({1, 2}, TensorType::INT16, 1.0f / 4096));
  lstm.tensors.push_back(activation("y", {1, 3, 2}, 0.008f, 0));
  lstm.outputs = {15};
  lstm.operators = {
      {BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM,
       {0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, 9, 10, 11, 12, -1, -1, 13, 14},
       {15},
       BuiltinOptions::UnidirectionalSequenceLSTMOptions,
       [](Builder &b) {
         return tfl::CreateUnidirectionalSequenceLSTMOptions(b, Activation::TANH, 10, 0, false).Union();
       }}};
  models.push_back(lstm);
}

/// Comparisons, truth values, choices and casts, activations by kernels of their own, the choice of boxes.
void addTruths(std::vector<TinyModel> &models) {
  std::mt19937 random(11);
  const auto add = [&](std::vector<TinyTensor> tensors, TinyOperator op, std::vector<int32_t> inputs) {
    TinyModel model;
    model.tensors = std::move(tensors);
    model.inputs = std::move(inputs);
    model.outputs = op.outputs;
    model.operators = {std::move(op)};
    models.push_back(std::move(model));
  };
  const TinyTensor picture = activation("x", {1, 3, 4, 2}, 0.04f, -11);
  const TinyTensor row = activation("y", {4, 1}, 0.03f, 20);
  const auto truth = [](const char *name, std::vector<int32_t> shape) {
    return TinyTensor{name, std::move(shape), TensorType::BOOL, {}, {}};
  };
  add({picture, row, truth("z", picture.shape)}, {BuiltinOperator::LESS_EQUAL, {0, 1}, {2}}, {0, 1});
  add({truth("x", {3, 2}), truth("y", {2}), truth("z", {3, 2})}, {BuiltinOperator::LOGICAL_AND, {0, 1}, {2}},
      {0, 1});
  add({truth("c", {3, 1, 1}), picture, row, activation("z", picture.shape, 0.04f, -11)},
      {BuiltinOperator::SELECT_V2, {0, 1, 2}, {3}}, {0, 1, 2});
  add({picture, TinyTensor{"z", picture.shape, TensorType::INT64, {}, {}}}, {BuiltinOperator::CAST, {0}, {1}},
      {0});
  add({picture, activation("z", picture.shape, 0.02f, 3)}, {BuiltinOperator::HARD_SWISH, {0}, {1}}, {0});
  add({picture, weights("slopes", {1, 1, 2}, 1, 0, random), activation("z", picture.shape, 0.02f, 3)},
      {BuiltinOperator::PRELU, {0, 1}, {2}}, {0});
  add({picture, integers("begin", {3}, {0, 0, 1}), integers("end", {3}, {0, 0, 2}),
       integers("stride", {3}, {1, 1, 1}), activation("y", {1, 1, 3, 4}, 0.04f, -11)},
      {BuiltinOperator::STRIDED_SLICE,
       {0, 1, 2, 3},
       {4},
       BuiltinOptions::StridedSliceOptions,
       [](Builder &b) { return tfl::CreateStridedSliceOptions(b, 0, 0, 2, 1, 4).Union(); }},
      {0});
  flexbuffers::Builder options;
  options.Map([&] {
    for (const char *key : {"max_detections", "max_classes_per_detection", "num_classes"})
      options.Int(key, 1);
    for (const char *key :
         {"nms_score_threshold", "nms_iou_threshold", "y_scale", "x_scale", "h_scale", "w_scale"})
      options.Float(key, 0.5f);
  });
  options.Finish();
  const auto real = [](const char *name, std::vector<int32_t> shape) {
    return TinyTensor{name, std::move(shape), TensorType::FLOAT32, {}, {}};
  };
  TinyOperator detection{BuiltinOperator::CUSTOM, {0, 1, 2}, {3, 4, 5, 6}};
  detection.custom = "TFLite_Detection_PostProcess";
  detection.customOptions = options.GetBuffer();
  add({real("e", {1, 3, 4}), real("s", {1, 3, 2}), real("a", {3, 4}), real("b", {}), real("c", {}),
       real("d", {}), real("n", {})},
      detection, {0, 1, 2});
}

/// Operators that move values: slices, splits, transposition; and those that look them up.
void addMoves(std::vector<TinyModel> &models) {
  const auto add = [&](std::vector<TinyTensor> tensors, TinyOperator op) {
    TinyModel model;
    model.tensors = std::move(tensors);
    model.outputs = op.outputs;
    model.operators = {std::move(op)};
    models.push_back(std::move(model));
  };
  const TinyTensor picture = activation("x", {1, 6, 7, 3}, 0.04f, -11);
  const auto like = [&](const char *name, std::vector<int32_t> shape) {
    return activation(name, std::move(shape), 0.04f, -11);
  };
  add({picture, integers("begin", {4}, {0, 1, -1, 0}), integers("end", {4}, {1, 6, 0, 3}),
       integers("stride", {4}, {1, 2, -2, 1}), like("y", {3, 3, 3})},
      {BuiltinOperator::STRIDED_SLICE,
       {0, 1, 2, 3},
       {4},
       BuiltinOptions::StridedSliceOptions,
       [](Builder &b) { return tfl::CreateStridedSliceOptions(b, 0, 0, 0, 0, 1).Union(); }});
  add({picture, integers("begin", {4}, {0, 1, 2, 0}), integers("size", {4}, {1, 4, 5, 3}),
       like("y", {1, 4, 5, 3})},
      {BuiltinOperator::SLICE, {0, 1, 2}, {3}});
  add({picture, integers("order", {4}, {0, 3, 1, 2}), like("y", {1, 3, 6, 7})},
      {BuiltinOperator::TRANSPOSE, {0, 1}, {2}});
  add({picture, integers("times", {4}, {1, 2, 1, 3}), like("y", {1, 12, 7, 9})},
      {BuiltinOperator::TILE, {0, 1}, {2}});
  add({picture, integers("axes", {2}, {1, -1}), picture}, {BuiltinOperator::REVERSE_V2, {0, 1}, {2}});
  add({picture, integers("pads", {4, 2}, {0, 0, 1, 2, 3, 0, 0, 0}), like("y", {1, 9, 10, 3})},
      {BuiltinOperator::MIRROR_PAD, {0, 1}, {2}, BuiltinOptions::MirrorPadOptions, [](Builder &b) {
         return tfl::CreateMirrorPadOptions(b, tfl::MirrorPadMode::SYMMETRIC).Union();
       }});
  add({picture, integers("axis", {1}, {1}), like("y", {1, 3, 7, 3}), like("z", {1, 3, 7, 3})},
      {BuiltinOperator::SPLIT, {1, 0}, {2, 3}});
  add({picture, integers("sizes", {2}, {2, -1}), integers("axis", {1}, {2}), like("y", {1, 6, 2, 3}),
       like("z", {1, 6, 5, 3})},
      {BuiltinOperator::SPLIT_V, {0, 1, 2}, {3, 4}});
  add({picture, like("y", {1, 2, 6, 7, 3})},
      {BuiltinOperator::PACK, {0, 0}, {1}, BuiltinOptions::PackOptions, [](Builder &b) {
         return tfl::CreatePackOptions(b, 2, 1).Union();
       }});
  add({picture, like("y", {1, 6, 7}), like("z", {1, 6, 7}), like("w", {1, 6, 7})},
      {BuiltinOperator::UNPACK, {0}, {1, 2, 3}, BuiltinOptions::UnpackOptions, [](Builder &b) {
         return tfl::CreateUnpackOptions(b, 3, 3).Union();
       }});
  add({like("x", {1, 6, 4, 3}), like("y", {1, 3, 2, 12})},
      {BuiltinOperator::SPACE_TO_DEPTH, {0}, {1}, BuiltinOptions::SpaceToDepthOptions, [](Builder &b) {
         return tfl::CreateSpaceToDepthOptions(b, 2).Union();
       }});
  add({picture, integers("block", {2}, {2, 2}), integers("pads", {2, 2}, {0, 0, 1, 0}),
       like("y", {4, 3, 4, 3})},
      {BuiltinOperator::SPACE_TO_BATCH_ND, {0, 1, 2}, {3}});
  add({picture, integers("indices", {3}, {2, 0, 9}), like("y", {1, 3, 7, 3})},
      {BuiltinOperator::GATHER, {0, 1}, {2}, BuiltinOptions::GatherOptions, [](Builder &b) {
         return tfl::CreateGatherOptions(b, 1).Union();
       }});
  TinyTensor number = integers("y", {4}, {});
  add({picture, number}, {BuiltinOperator::SHAPE, {0}, {1}});
  add({picture, activation("y", picture.shape, 1.0f / 256, -128)}, {BuiltinOperator::LOGISTIC, {0}, {1}});
  add({picture, activation("y", picture.shape, 1.0f / 128, 0)}, {BuiltinOperator::TANH, {0}, {1}});
  add({picture, activation("y", picture.shape, 0.03f, 5)},
      {BuiltinOperator::LEAKY_RELU, {0}, {1}, BuiltinOptions::LeakyReluOptions, [](Builder &b) {
         return tfl::CreateLeakyReluOptions(b, 0.2f).Union();
       }});
  // Of unsigned bytes, with a zero point in the weights.
  std::mt19937 random(3);
  const auto bytes = [](TinyTensor tensor) {
    tensor.type = TensorType::UINT8;
    tensor.zeroPoints = {101};
    return tensor;
  };
  add({bytes(activation("x", {2, 6}, 0.1f, 0)), bytes(weights("w", {4, 6}, 1, 0, random)),
       biases("b", 4, random), bytes(activation("y", {2, 4}, 0.1f, 0))},
      {BuiltinOperator::FULLY_CONNECTED, {0, 1, 2}, {3}});
  add({bytes(picture), integers("size", {2}, {9, 4}), bytes(like("y", {1, 9, 4, 3}))},
      {BuiltinOperator::RESIZE_BILINEAR, {0, 1}, {2}, BuiltinOptions::ResizeBilinearOptions, [](Builder &b) {
         return tfl::CreateResizeBilinearOptions(b, 0, 0, true, false).Union();
       }});
  add({picture, integers("size", {2}, {9, 4}), like("y", {1, 9, 4, 3})},
      {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, {0, 1}, {2}});
  add({picture, integers("axis", {1}, {3}), integers("y", {1, 6, 7}, {})},
      {BuiltinOperator::ARG_MAX, {0, 1}, {2}});
  add({picture, integers("axes", {2}, {1, 2}), like("y", {1, 3})},
      {BuiltinOperator::REDUCE_MAX, {0, 1}, {2}});
  addArithmetics(models);
  addMemories(models);
  addTruths(models);
}

} // namespace

std::vector<TinyModel> tinyOperators() {
  std::vector<TinyModel> models;
  const auto add = [&](std::vector<TinyTensor> tensors, TinyOperator op) {
    TinyModel model;
    model.tensors = std::move(tensors);
    model.outputs = op.outputs;
    model.inputs = op.inputs.size() > 1 && model.tensors[1].data.empty() ? std::vector<int32_t>{0, 1}
                                                                         : std::vector<int32_t>{0};
    model.operators = {std::move(op)};
    models.push_back(std::move(model));
  };
  const TinyTensor picture = activation("x", {1, 5, 7, 3}, 0.04f, -11);
  const TinyTensor channel = activation("y", {1, 1, 1, 3}, 0.03f, 20);
  add({picture, channel, activation("z", {1, 5, 7, 3}, 0.09f, 2)},
      {BuiltinOperator::MUL, {0, 1}, {2}, BuiltinOptions::MulOptions, [](Builder &b) {
         return tfl::CreateMulOptions(b, Activation::RELU).Union();
       }});
  add({picture, channel, activation("z", {1, 5, 7, 3}, 0.05f, 2)}, {BuiltinOperator::SUB, {0, 1}, {2}});
  add({picture, integers("pads", {4, 2}, {0, 0, 1, 2, 0, 3, 0, 0}),
       activation("z", {1, 8, 10, 3}, 0.04f, -11)},
      {BuiltinOperator::PAD, {0, 1}, {2}});
  add({picture, integers("axes", {2}, {1, 2}), activation("z", {1, 3}, 0.03f, 4)},
      {BuiltinOperator::MEAN, {0, 1}, {2}});
  add({picture, activation("z", {1, 5, 7, 3}, 0.07f, 4)}, {BuiltinOperator::QUANTIZE, {0}, {1}});
  add({picture, activation("z", {1, 5, 7, 3}, 0.02f, -128)}, {BuiltinOperator::RELU, {0}, {1}});
  TinyTensor real = picture;
  real.type = TensorType::FLOAT32;
  real.scales.clear();
  real.zeroPoints.clear();
  add({real, activation("z", {1, 5, 7, 3}, 0.07f, 4)}, {BuiltinOperator::QUANTIZE, {0}, {1}});
  add({picture, real}, {BuiltinOperator::DEQUANTIZE, {0}, {1}});
  TinyTensor bytes = picture;
  bytes.type = TensorType::UINT8;
  bytes.zeroPoints = {117};
  add({bytes, activation("z", {1, 5, 7, 3}, 0.04f, -11)}, {BuiltinOperator::QUANTIZE, {0}, {1}});
  add({picture, bytes}, {BuiltinOperator::QUANTIZE, {0}, {1}});
  TinyTensor second = picture;
  second.name = "y";
  add({picture, second, activation("z", {1, 5, 14, 3}, 0.04f, -11)},
      {BuiltinOperator::CONCATENATION, {0, 1}, {2}, BuiltinOptions::ConcatenationOptions, [](Builder &b) {
         return tfl::CreateConcatenationOptions(b, 2).Union();
       }});
  add({picture, second, activation("z", picture.shape, 0.2f, -128)},
      {BuiltinOperator::SQUARED_DIFFERENCE, {0, 1}, {2}});
  add({picture, activation("z", picture.shape, 0.03f, 1)}, {BuiltinOperator::ELU, {0}, {1}});
  add({picture, activation("z", picture.shape, 1.0f / 128, 0)},
      {BuiltinOperator::L2_NORMALIZATION, {0}, {1}});
  add({real, real}, {BuiltinOperator::LOG_SOFTMAX, {0}, {1}});
  add({picture, second, activation("z", {1, 5, 7, 7}, 0.2f, 5)},
      {BuiltinOperator::BATCH_MATMUL, {0, 1}, {2}, BuiltinOptions::BatchMatMulOptions, [](Builder &b) {
         return tfl::CreateBatchMatMulOptions(b, false, true, false).Union();
       }});
  addMoves(models);
  return models;
}

} // namespace tessera::test
