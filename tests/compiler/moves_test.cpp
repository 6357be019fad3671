// Operators that move values without changing them, and those that look a byte up, on the host's CPU: against loops that follow
// TFLite's definitions element by element, with random shapes, strides and orders.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include <cmath>
#include <cstring>

namespace tessera::test {
namespace {

using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

using Shape = std::vector<int32_t>;

size_t elements(const Shape &shape) {
  size_t count = 1;
  for (int32_t extent : shape)
    count *= static_cast<size_t>(extent);
  return count;
}

/// The place of an element by its indices.
size_t place(const Shape &shape, const Shape &index) {
  size_t at = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    at = at * static_cast<size_t>(shape[d]) + static_cast<size_t>(index[d]);
  return at;
}

/// Calls `visit` with the indices of every element, the last fastest.
template <typename Visit> void forEach(const Shape &shape, Visit visit) {
  Shape index(shape.size(), 0);
  for (size_t i = 0; i < elements(shape); ++i) {
    visit(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

TinyTensor bytesOf(const char *name, Shape shape) { return {name, std::move(shape), TensorType::INT8}; }

TinyTensor integers(const char *name, const Shape &values) {
  Bytes data(4 * values.size());
  std::memcpy(data.data(), values.data(), data.size());
  return {name, {static_cast<int32_t>(values.size())}, TensorType::INT32, {}, {}, data};
}

class MovesTest : public testing::Test {
protected:
  int32_t pick(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(random_() % static_cast<uint32_t>(high - low + 1));
  }
  Shape shape(size_t rank) {
    Shape result;
    for (size_t d = 0; d < rank; ++d)
      result.push_back(pick(1, 7));
    return result;
  }

  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

struct Masks {
  int32_t begin = 0, end = 0, shrink = 0;
};
Masks masks; // what the options of the next model take; TinyOperator's function has no state

TEST_F(MovesTest, EllipsesAndNewAxesStandForWhatNumPySays) {
  struct Case {
    const char *numpy;
    Shape begin, end, stride, out;
    int32_t beginMask, endMask, ellipsis, newAxis, shrink;
    Shape from; ///< the input's index of the output's first element
    Shape step; ///< the input's dimension of each output dimension; -1: a new axis
  };
  const Shape in = {2, 3, 4, 5};
  // clang-format off
  const Case cases[] = {
      {"x[..., 1:4]", {0, 1}, {0, 4}, {1, 1}, {2, 3, 4, 3}, 0, 0, 1, 0, 0, {0, 0, 0, 1}, {0, 1, 2, 3}},
      {"x[1, ..., ::2]", {1, 0, 0}, {2, 0, 0}, {1, 1, 2}, {3, 4, 3}, 4, 4, 2, 0, 1, {1, 0, 0, 0}, {1, 2, 3}},
      {"x[..., None]", {0, 0}, {0, 0}, {1, 1}, {2, 3, 4, 5, 1}, 0, 0, 1, 2, 0, {0, 0, 0, 0}, {0, 1, 2, 3, -1}},
      {"x[None, 1]", {0, 1}, {0, 2}, {1, 1}, {1, 3, 4, 5}, 0, 0, 0, 1, 2, {1, 0, 0, 0}, {-1, 1, 2, 3}},
      {"x[0, None, ..., None, 2]", {0, 0, 0, 0, 2}, {1, 0, 0, 0, 3}, {1, 1, 1, 1, 1}, {1, 3, 4, 1}, 0, 0, 4, 10, 17, {0, 0, 0, 2}, {-1, 1, 2, -1}},
      {"x[:, ..., -1]", {0, 0, -1}, {0, 0, 0}, {1, 1, 1}, {2, 3, 4}, 1, 1, 2, 0, 4, {0, 0, 0, 4}, {0, 1, 2}},
      {"x[1, 2, 3, 4, ...]", {1, 2, 3, 4, 0}, {2, 3, 4, 5, 0}, {1, 1, 1, 1, 1}, {}, 0, 0, 16, 0, 15, {1, 2, 3, 4}, {}},
  };
  // clang-format on
  static const Case *current;
  for (const Case &entry : cases) {
    current = &entry;
    TinyModel model;
    model.tensors = {bytesOf("x", in), integers("b", entry.begin), integers("e", entry.end),
                     integers("s", entry.stride), bytesOf("y", entry.out)};
    model.outputs = {4};
    model.operators = {{BuiltinOperator::STRIDED_SLICE,
                        {0, 1, 2, 3},
                        {4},
                        BuiltinOptions::StridedSliceOptions,
                        [](FlatBuilder &builder) {
                          return tfl::CreateStridedSliceOptions(builder, current->beginMask, current->endMask,
                                                                current->ellipsis, current->newAxis,
                                                                current->shrink)
                              .Union();
                        }}};
    const Bytes input = randomBytes(elements(in), random_);
    const Bytes output = runOnCpu(model, {input});
    ASSERT_EQ(output.size(), elements(entry.out)) << entry.numpy;
    const bool byTwo = entry.stride.back() == 2;
    forEach(entry.out, [&](const Shape &index) {
      Shape from = entry.from;
      for (size_t d = 0; d < index.size(); ++d)
        if (entry.step[d] >= 0)
          from[static_cast<size_t>(entry.step[d])] += index[d] * (byTwo && d + 1 == index.size() ? 2 : 1);
      ASSERT_EQ(output[place(entry.out, index)], input[place(in, from)]) << entry.numpy;
    });
  }
}

TEST_F(MovesTest, StridedSliceTakesWhatTheFormatSays) {
  for (int repetition = 0; repetition < 12; ++repetition) {
    const Shape in = shape(static_cast<size_t>(pick(1, 4)));
    Shape begin, end, stride, out, first;
    masks = {};
    for (size_t d = 0; d < in.size(); ++d) {
      const int32_t extent = in[d];
      int32_t step = pick(1, 3) * (pick(0, 2) == 0 ? -1 : 1);
      int32_t from = pick(0, extent - 1);
      int32_t count = 1 + pick(0, (step > 0 ? extent - 1 - from : from) / std::abs(step));
      const int kind = pick(0, 5);
      if (kind == 0) { // everything, by the masks
        masks.begin |= 1 << d;
        masks.end |= 1 << d;
        from = step > 0 ? 0 : extent - 1;
        count = (extent - 1) / std::abs(step) + 1;
      } else if (kind == 1) {
        masks.shrink |= 1 << d;
        count = step = 1;
      }
      // Where the last element is not the edge, the end may stand anywhere before the next one.
      const int32_t stop = from + (count - 1) * step + (step > 0 ? 1 : -1);
      begin.push_back(kind == 0 ? 99 : pick(0, 1) ? from : from - extent);
      end.push_back(kind == 0 ? -99 : stop < 0 ? stop - extent : stop);
      stride.push_back(step);
      first.push_back(from);
      if (kind != 1)
        out.push_back(count);
    }
    TinyModel model;
    model.tensors = {bytesOf("x", in), integers("b", begin), integers("e", end), integers("s", stride),
                     bytesOf("y", out)};
    model.outputs = {4};
    model.operators = {
        {BuiltinOperator::STRIDED_SLICE,
         {0, 1, 2, 3},
         {4},
         BuiltinOptions::StridedSliceOptions,
         [](FlatBuilder &b) {
           return tfl::CreateStridedSliceOptions(b, masks.begin, masks.end, 0, 0, masks.shrink).Union();
         }}};
    const Bytes input = randomBytes(elements(in), random_);
    Bytes expected;
    forEach(out, [&](const Shape &index) {
      Shape from = first;
      size_t next = 0;
      for (size_t d = 0; d < in.size(); ++d)
        if (!((masks.shrink >> d) & 1))
          from[d] += index[next++] * stride[d];
      expected.push_back(input[place(in, from)]);
    });
    ASSERT_EQ(runOnCpu(model, {input}), expected)
        << testing::PrintToString(in) << testing::PrintToString(begin) << testing::PrintToString(end)
        << testing::PrintToString(stride);
  }
}

TEST_F(MovesTest, TransposePutsEveryElementInItsPlace) {
  for (size_t rank = 2; rank <= 5; ++rank) {
    const Shape in = shape(rank);
    Shape order, out;
    for (size_t d = 0; d < rank; ++d)
      order.push_back(static_cast<int32_t>(d));
    std::shuffle(order.begin(), order.end(), random_);
    for (int32_t from : order)
      out.push_back(in[static_cast<size_t>(from)]);
    TinyModel model;
    model.tensors = {bytesOf("x", in), integers("order", order), bytesOf("y", out)};
    model.outputs = {2};
    model.operators = {{BuiltinOperator::TRANSPOSE, {0, 1}, {2}}};
    const Bytes input = randomBytes(elements(in), random_);
    Bytes expected;
    forEach(out, [&](const Shape &index) {
      Shape from(rank);
      for (size_t d = 0; d < rank; ++d)
        from[static_cast<size_t>(order[d])] = index[d];
      expected.push_back(input[place(in, from)]);
    });
    ASSERT_EQ(runOnCpu(model, {input}), expected) << testing::PrintToString(order);
  }
}

TEST_F(MovesTest, SplitAndPackAreTransposeOfTheFirstDimensions) {
  // [2, 3, 4] split along its middle dimension and packed again in front is [3, 2, 4].
  TinyModel model;
  model.tensors = {bytesOf("x", {2, 3, 4}), integers("axis", {-2}),  bytesOf("a", {2, 1, 4}),
                   bytesOf("b", {2, 1, 4}), bytesOf("c", {2, 1, 4}), bytesOf("a2", {2, 4}),
                   bytesOf("b2", {2, 4}),   bytesOf("c2", {2, 4}),   bytesOf("y", {3, 2, 4})};
  model.outputs = {8};
  model.operators = {{BuiltinOperator::SPLIT, {1, 0}, {2, 3, 4}},
                     {BuiltinOperator::SQUEEZE, {2}, {5}},
                     {BuiltinOperator::SQUEEZE, {3}, {6}},
                     {BuiltinOperator::SQUEEZE, {4}, {7}},
                     {BuiltinOperator::PACK, {5, 6, 7}, {8}, BuiltinOptions::PackOptions, [](FlatBuilder &b) {
                        return tfl::CreatePackOptions(b, 3, 0).Union();
                      }}};
  const Bytes input = randomBytes(24, random_);
  Bytes expected;
  forEach({3, 2, 4}, [&](const Shape &index) {
    expected.push_back(input[place({2, 3, 4}, {index[1], index[0], index[2]})]);
  });
  EXPECT_EQ(runOnCpu(model, {input}), expected);
}

TEST_F(MovesTest, UnpackAndSplitVGiveTheirParts) {
  TinyModel unpack;
  unpack.tensors = {bytesOf("x", {3, 2, 5}), bytesOf("a", {3, 5}), bytesOf("b", {3, 5})};
  unpack.outputs = {2};
  unpack.operators = {
      {BuiltinOperator::UNPACK, {0}, {1, 2}, BuiltinOptions::UnpackOptions, [](FlatBuilder &b) {
         return tfl::CreateUnpackOptions(b, 2, 1).Union();
       }}};
  TinyModel split;
  split.tensors = {bytesOf("x", {3, 10}), integers("sizes", {4, -1}), integers("axis", {1}),
                   bytesOf("a", {3, 4}), bytesOf("b", {3, 6})};
  split.outputs = {4};
  split.operators = {{BuiltinOperator::SPLIT_V, {0, 1, 2}, {3, 4}}};
  const Bytes input = randomBytes(30, random_);
  Bytes second, rest;
  for (size_t row = 0; row < 3; ++row) {
    second.insert(second.end(), &input[10 * row + 5], &input[10 * row + 10]);
    rest.insert(rest.end(), &input[10 * row + 4], &input[10 * row + 10]);
  }
  EXPECT_EQ(runOnCpu(unpack, {input}), second);
  EXPECT_EQ(runOnCpu(split, {input}), rest);
}

/// All 256 bytes through one operator.
Bytes throughAll(BuiltinOperator code, float scale, int64_t zeroPoint, float outScale, int64_t outZeroPoint) {
  TinyModel model;
  model.tensors = {{"x", {256}, TensorType::INT8, {scale}, {zeroPoint}},
                   {"y", {256}, TensorType::INT8, {outScale}, {outZeroPoint}}};
  model.operators = {{code, {0}, {1}}};
  if (code == BuiltinOperator::LEAKY_RELU) {
    model.operators[0].optionsType = BuiltinOptions::LeakyReluOptions;
    model.operators[0].options = [](FlatBuilder &b) { return tfl::CreateLeakyReluOptions(b, 0.1f).Union(); };
  }
  Bytes input;
  for (int byte = -128; byte <= 127; ++byte)
    input.push_back(static_cast<uint8_t>(byte));
  return runOnCpu(model, {input});
}

TEST_F(MovesTest, LogisticTanhAndLeakyReluAreTheFunctions) {
  for (const float scale : {0.01f, 0.06f, 0.25f}) {
    const int32_t zero = pick(-128, 127);
    const Bytes logistic = throughAll(BuiltinOperator::LOGISTIC, scale, zero, 1.0f / 256, -128);
    const Bytes tanh = throughAll(BuiltinOperator::TANH, scale, zero, 1.0f / 128, 0);
    const Bytes leaky = throughAll(BuiltinOperator::LEAKY_RELU, scale, zero, 2 * scale, -7);
    ASSERT_EQ(logistic.size(), 256u);
    for (int byte = -128; byte <= 127; ++byte) {
      const auto i = static_cast<size_t>(byte + 128);
      const double x = static_cast<double>(scale) * (byte - zero);
      const auto nearest = [](double steps) { return std::clamp(std::round(steps), -128.0, 127.0); };
      EXPECT_LE(std::abs(at(logistic, i) - nearest(256 / (1 + std::exp(-x)) - 128)), 1) << byte;
      EXPECT_LE(std::abs(at(tanh, i) - nearest(128 * std::tanh(x))), 1) << byte;
      EXPECT_EQ(at(leaky, i), requantised(byte - zero, byte >= zero ? 0.5 : 0.05, -7, -128)) << byte;
    }
  }
}

} // namespace
} // namespace tessera::test
