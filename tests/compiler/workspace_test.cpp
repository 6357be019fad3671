// How much memory the host's code of a network works in, as the header of its library says it.

#include "run_on_cpu.h"

#include "tessera/compiler/ahead_of_time.h"

namespace tessera::test {
namespace {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

TinyTensor real(const char *name, int32_t columns) {
  return {name, {1, columns}, TensorType::FLOAT32, {}, {}};
}

int64_t workspaceOf(const TinyModel &model) {
  compiler::LibraryOptions options;
  options.target = "x86_64-linux-gnu";
  const auto files = compiler::makeLibrary(model.build(), options);
  EXPECT_TRUE(files) << files.error().message;
  for (const compiler::LibraryFile &file : files ? *files : std::vector<compiler::LibraryFile>()) {
    const std::string text(file.data.begin(), file.data.end()), name = "#define NETWORK_WORKSPACE_BYTES ";
    if (const size_t place = text.find(name); file.name == "network.h" && place != std::string::npos)
      return std::stoll(text.substr(place + name.size()));
  }
  ADD_FAILURE() << "the header tells no workspace";
  return 0;
}

/// Two tensors of 8192 bytes, joined of four of 4096.
TinyModel joins() {
  TinyModel model;
  model.tensors = {real("x", 1024), real("a", 1024), real("b", 1024),  real("ab", 2048),
                   real("c", 1024), real("d", 1024), real("cd", 2048), real("y", 2048)};
  model.outputs = {7};
  const auto join = [](FlatBuilder &builder) { return tfl::CreateConcatenationOptions(builder, 1).Union(); };
  const auto product = [](FlatBuilder &builder) { return tfl::CreateMulOptions(builder).Union(); };
  model.operators = {
      {BuiltinOperator::NEG, {0}, {1}},
      {BuiltinOperator::ABS, {0}, {2}},
      {BuiltinOperator::CONCATENATION, {1, 2}, {3}, BuiltinOptions::ConcatenationOptions, join},
      {BuiltinOperator::SIN, {0}, {4}},
      {BuiltinOperator::COS, {0}, {5}},
      {BuiltinOperator::CONCATENATION, {4, 5}, {6}, BuiltinOptions::ConcatenationOptions, join},
      {BuiltinOperator::MUL, {3, 6}, {7}, BuiltinOptions::MulOptions, product}};
  return model;
}

// The two, and 64 bytes.
TEST(WorkspaceTest, WhatIsJoinedIsWrittenWhereItBelongs) { EXPECT_LE(workspaceOf(joins()), 16448); }

/// softmax(queries * keys^T) * values of 2 heads, 256 places and depth 16.
TinyModel attention() {
  const auto tensor = [](const char *name, int32_t columns) -> TinyTensor {
    return {name, {2, 256, columns}, TensorType::FLOAT32, {}, {}};
  };
  TinyModel model;
  model.tensors = {tensor("queries", 16), tensor("keys", 16),     tensor("values", 16),
                   tensor("scores", 256), tensor("weights", 256), tensor("y", 16)};
  model.inputs = {0, 1, 2};
  model.outputs = {5};
  const auto turned = [](FlatBuilder &b) { return tfl::CreateBatchMatMulOptions(b, false, true).Union(); };
  const auto plain = [](FlatBuilder &b) { return tfl::CreateBatchMatMulOptions(b, false, false).Union(); };
  const auto softmax = [](FlatBuilder &b) { return tfl::CreateSoftmaxOptions(b, 1.0f).Union(); };
  model.operators = {{BuiltinOperator::BATCH_MATMUL, {0, 1}, {3}, BuiltinOptions::BatchMatMulOptions, turned},
                     {BuiltinOperator::SOFTMAX, {3}, {4}, BuiltinOptions::SoftmaxOptions, softmax},
                     {BuiltinOperator::BATCH_MATMUL, {4, 2}, {5}, BuiltinOptions::BatchMatMulOptions, plain}};
  return model;
}

// The keys, turned, and nothing of a row for each place: the matrices of scores are 524288 bytes.
TEST(WorkspaceTest, AttentionHoldsNoMatrixOfScores) { EXPECT_LE(workspaceOf(attention()), 32768 + 64); }

} // namespace
} // namespace tessera::test
