// Host work between two launches: where it can do without the order of channels it is done on the arena's blocked layout, nothing is converted, and the
// bytes are those of the host alone. Random shapes, pads and values.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <cstring>

namespace tessera::test {
namespace {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;
using Shape = std::vector<int32_t>;

struct Machine {
  const char *name;
  int32_t block, batch;
};
void PrintTo(const Machine &machine, std::ostream *stream) { *stream << machine.name; }

uint64_t denseBytes(const Shape &shape) {
  return uint64_t(shape[1]) * uint64_t(shape[2]) * uint64_t(shape[3]);
}

class BlockedTest : public testing::TestWithParam<Machine> {
protected:
  int32_t pick(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(random_() % static_cast<uint32_t>(high - low + 1));
  }
  uint64_t blockedBytes(const Shape &shape) const {
    const auto &[name, block, batch] = GetParam();
    return uint64_t(shape[1]) * uint64_t(shape[2]) * uint64_t((shape[3] + block - 1) / block * block * batch);
  }
  /// Whether segments of these tensors are worth it, as npu-blocked has it, and the tensors are not blocked as they are.
  bool isBlocked(const std::vector<Shape> &crossing) const {
    uint64_t dense = 0, blocked = 0;
    for (const Shape &shape : crossing)
      dense += denseBytes(shape), blocked += blockedBytes(shape);
    return blocked != dense && blocked <= 2 * dense;
  }
  size_t add(TinyModel &model, TinyTensor tensor) {
    model.tensors.push_back(std::move(tensor));
    return model.tensors.size() - 1;
  }
  int32_t picture(TinyModel &model, const char *name, Shape shape) {
    return static_cast<int32_t>(add(model, {name, std::move(shape), TensorType::INT8, {0.05f}, {3}}));
  }
  int32_t words(TinyModel &model, const char *name, const Shape &shape, const std::vector<int32_t> &values) {
    Bytes data(4 * values.size());
    std::memcpy(data.data(), values.data(), data.size());
    return static_cast<int32_t>(add(model, {name, shape, TensorType::INT32, {}, {}, data}));
  }
  /// A launch of its own: maxima of 2x2, which keep the shape.
  void pool(TinyModel &model, int32_t from, int32_t to) {
    model.operators.push_back(
        {BuiltinOperator::MAX_POOL_2D, {from}, {to}, BuiltinOptions::Pool2DOptions, [](FlatBuilder &b) {
           return tfl::CreatePool2DOptions(b, tfl::Padding::SAME, 1, 1, 2, 2).Union();
         }});
  }
  Shape anyShape() { return {1, pick(2, 6), pick(2, 6), pick(1, 40)}; }

  /// Runs it and gives the bytes that were converted.
  void check(const TinyModel &model, uint64_t inputBytes, uint64_t &converted) {
    compiler::SessionOptions options;
    options.device = "functional";
    options.machine = GetParam().name;
    auto session = compiler::Session::open(model.build(), options);
    ASSERT_TRUE(session) << session.error().message;
    const Bytes input = randomBytes(inputBytes, random_);
    const std::span<const uint8_t> view(input);
    for (int round = 0; round < 2; ++round) { // the second finds what the first left in the arena
      auto outputs = (*session)->run(std::span(&view, 1));
      ASSERT_TRUE(outputs) << outputs.error().message;
      ASSERT_EQ((*outputs)[0], runOnCpu(model, {input}));
    }
    converted = (*session)->report().borders.converted;
  }

  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_P(BlockedTest, PadsOfChannelsRowsAndColumns) {
  for (int round = 0; round < 6; ++round) {
    TinyModel model;
    const Shape from = anyShape();
    const bool isOfChannels = round % 2 == 0;
    const std::vector<int32_t> widths{
        0,          0, isOfChannels ? 0 : pick(0, 2),          pick(0, 2), pick(0, 2),
        pick(0, 2), 0, isOfChannels ? pick(1, 30) : pick(0, 1)};
    Shape to = from;
    for (size_t d = 0; d < 4; ++d)
      to[d] += widths[2 * d] + widths[2 * d + 1];
    const int32_t x = picture(model, "x", from), a = picture(model, "a", from), b = picture(model, "b", to),
                  y = picture(model, "y", to), pads = words(model, "pads", {4, 2}, widths);
    TinyTensor value{"value", {1}, TensorType::INT8, {0.05f}, {3}, {static_cast<uint8_t>(random_())}};
    const auto number = static_cast<int32_t>(add(model, value));
    pool(model, x, a);
    model.operators.push_back({BuiltinOperator::PADV2, {a, pads, number}, {b}});
    pool(model, b, y);
    model.outputs = {y};
    uint64_t converted = 0;
    ASSERT_NO_FATAL_FAILURE(check(model, denseBytes(from), converted));
    if (isBlocked({from, to})) {
      EXPECT_LE(converted, denseBytes(from) + denseBytes(to)) << "channels " << from[3] << " to " << to[3];
    }
  }
}

TEST_P(BlockedTest, ElementwiseSlicesAndRowsOnEachOther) {
  for (int round = 0; round < 4; ++round) {
    TinyModel model;
    const Shape shape = anyShape();
    Shape both = shape;
    both[1] *= 2;
    Shape part = both;
    const int32_t first = pick(0, 1);
    part[1] -= first + pick(0, 1);
    part[2] -= pick(0, 1);
    const int32_t x = picture(model, "x", shape), a = picture(model, "a", shape),
                  c = picture(model, "c", shape), most = picture(model, "most", shape),
                  joined = picture(model, "joined", both), cut = picture(model, "cut", part),
                  y = picture(model, "y", part), begin = words(model, "begin", {4}, {0, first, 0, 0}),
                  size = words(model, "size", {4}, part);
    pool(model, x, a);
    pool(model, a, c);
    model.operators.push_back({BuiltinOperator::MAXIMUM, {a, c}, {most}});
    model.operators.push_back({BuiltinOperator::CONCATENATION,
                               {most, c},
                               {joined},
                               BuiltinOptions::ConcatenationOptions,
                               [](FlatBuilder &b) { return tfl::CreateConcatenationOptions(b, 1).Union(); }});
    model.operators.push_back({BuiltinOperator::SLICE, {joined, begin, size}, {cut}});
    pool(model, cut, y);
    model.outputs = {y};
    uint64_t converted = 0;
    ASSERT_NO_FATAL_FAILURE(check(model, denseBytes(shape), converted));
    if (shape[3] > GetParam().block &&
        isBlocked({shape, shape, part})) { // of one block the launch joins rows itself
      EXPECT_LE(converted, denseBytes(shape) + denseBytes(part));
    }
  }
}

TEST_P(BlockedTest, SlicesOfChannelsFromABlockOn) {
  const int32_t block = GetParam().block;
  TinyModel model;
  const int32_t start = block * pick(0, 2);
  const Shape shape{1, pick(2, 5), pick(2, 5), 4 * block},
      part{1, shape[1], shape[2], pick(block + 1, shape[3] - start)};
  const int32_t x = picture(model, "x", shape), a = picture(model, "a", shape),
                cut = picture(model, "cut", part), y = picture(model, "y", part),
                begin = words(model, "begin", {4}, {0, 0, 0, start}), size = words(model, "size", {4}, part);
  pool(model, x, a);
  model.operators.push_back({BuiltinOperator::SLICE, {a, begin, size}, {cut}});
  pool(model, cut, y);
  model.outputs = {y};
  uint64_t converted = 0;
  ASSERT_NO_FATAL_FAILURE(check(model, denseBytes(shape), converted));
  if (isBlocked({shape, part})) {
    EXPECT_LE(converted, denseBytes(shape) + denseBytes(part));
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, BlockedTest,
                         testing::Values(Machine{"pynq", 16, 1}, Machine{"tiny", 8, 1},
                                         Machine{"ultra96", 32, 1}, Machine{"batch2", 16, 2}));

} // namespace
} // namespace tessera::test
