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

// What is put into a larger tensor is written there where that tensor's place is known before: c of the second one. Without that it is 4096 bytes more.
TEST(WorkspaceTest, WhatIsJoinedIsWrittenWhereItBelongs) { EXPECT_LE(workspaceOf(joins()), 28736); }

} // namespace
} // namespace tessera::test
