// Operators that repeat, mirror and fill, on the host's CPU, element by element as TFLite defines them.

#include "one_operator.h"

namespace tessera::test {
namespace {

using Shape = std::vector<int32_t>;

class RepeatTest : public OneOperatorTest {
protected:
  TinyTensor plain(const char *name, Shape shape) { return {name, std::move(shape), TensorType::INT8}; }
  Shape shape() { return {pick(1, 4), pick(2, 5), pick(2, 6)}; }
};

/// Indices of the element at place `i`.
Shape indexOf(const Shape &shape, size_t i) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0; i /= static_cast<size_t>(shape[d]))
    index[d] = static_cast<int32_t>(i % static_cast<size_t>(shape[d]));
  return index;
}
size_t placeOf(const Shape &shape, const Shape &index) {
  size_t at = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    at = at * static_cast<size_t>(shape[d]) + static_cast<size_t>(index[d]);
  return at;
}
size_t countOf(const Shape &shape) {
  size_t count = 1;
  for (int32_t extent : shape)
    count *= static_cast<size_t>(extent);
  return count;
}

TEST_F(RepeatTest, Tiles) {
  for (int round = 0; round < 6; ++round) {
    const Shape from = shape(), times{pick(1, 3), pick(1, 3), pick(1, 3)};
    Shape to = from;
    for (size_t d = 0; d < 3; ++d)
      to[d] *= times[d];
    const Bytes input = bytes(countOf(from));
    const Bytes got = runOnCpu(
        single({plain("in", from), integers("times", {3}, times), plain("out", to)}, {BuiltinOperator::TILE}),
        {input});
    ASSERT_EQ(got.size(), countOf(to));
    for (size_t i = 0; i < got.size(); ++i) {
      Shape index = indexOf(to, i);
      for (size_t d = 0; d < 3; ++d)
        index[d] %= from[d];
      ASSERT_EQ(got[i], input[placeOf(from, index)]) << "round " << round << ", element " << i;
    }
  }
}

TEST_F(RepeatTest, Broadcasts) {
  const Shape to{2, 3, 4, 5};
  for (const Shape &from : {Shape{3, 1, 5}, Shape{2, 1, 1, 1}, Shape{5}, Shape{2, 3, 4, 5}}) {
    const Bytes input = bytes(countOf(from));
    const Bytes got = runOnCpu(single({plain("in", from), integers("shape", {4}, to), plain("out", to)},
                                      {BuiltinOperator::BROADCAST_TO}),
                               {input});
    ASSERT_EQ(got.size(), countOf(to));
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_EQ(got[i], input[broadcast(from, to, i)]) << i;
  }
}

TEST_F(RepeatTest, Reverses) {
  for (const std::vector<int32_t> &axes : {Shape{0}, Shape{1}, Shape{-1}, Shape{0, 2}}) {
    const Shape from = shape();
    const Bytes input = bytes(countOf(from));
    const Bytes got =
        runOnCpu(single({plain("in", from), integers("axes", {static_cast<int32_t>(axes.size())}, axes),
                         plain("out", from)},
                        {BuiltinOperator::REVERSE_V2}),
                 {input});
    ASSERT_EQ(got.size(), input.size());
    for (size_t i = 0; i < got.size(); ++i) {
      Shape index = indexOf(from, i);
      for (int32_t axis : axes) {
        const size_t d = static_cast<size_t>(axis < 0 ? axis + 3 : axis);
        index[d] = from[d] - 1 - index[d];
      }
      ASSERT_EQ(got[i], input[placeOf(from, index)]) << i;
    }
  }
}

TEST_F(RepeatTest, MirrorsTheEdges) {
  for (int round = 0; round < 8; ++round) {
    const bool isSymmetric = round % 2;
    const Shape from = shape();
    Shape to = from, amounts;
    for (size_t d = 0; d < 3; ++d)
      for (int side = 0; side < 2; ++side) {
        amounts.push_back(pick(0, from[d] - (isSymmetric ? 0 : 1)));
        to[d] += amounts.back();
      }
    const auto options = [](FlatBuilder &b) {
      return tfl::CreateMirrorPadOptions(b, tfl::MirrorPadMode::REFLECT).Union();
    };
    const auto symmetric = [](FlatBuilder &b) {
      return tfl::CreateMirrorPadOptions(b, tfl::MirrorPadMode::SYMMETRIC).Union();
    };
    TinyOperator op{BuiltinOperator::MIRROR_PAD, {}, {}, BuiltinOptions::MirrorPadOptions, options};
    if (isSymmetric)
      op.options = symmetric;
    const Bytes input = bytes(countOf(from));
    const Bytes got = runOnCpu(
        single({plain("in", from), integers("amounts", {3, 2}, amounts), plain("out", to)}, op), {input});
    ASSERT_EQ(got.size(), countOf(to));
    for (size_t i = 0; i < got.size(); ++i) {
      Shape index = indexOf(to, i);
      for (size_t d = 0; d < 3; ++d) {
        int32_t &at = index[d];
        at -= amounts[2 * d];
        if (at < 0)
          at = isSymmetric ? -1 - at : -at;
        else if (at >= from[d])
          at = isSymmetric ? 2 * from[d] - 1 - at : 2 * from[d] - 2 - at;
      }
      ASSERT_EQ(got[i], input[placeOf(from, index)]) << "round " << round << ", element " << i;
    }
  }
}

TEST_F(RepeatTest, FillsZerosAndRanks) {
  const Bytes value = bytes(1);
  EXPECT_EQ(runOnCpu(single({integers("shape", {2}, {3, 4}), plain("value", {}), plain("out", {3, 4})},
                            {BuiltinOperator::FILL}),
                     {value}),
            Bytes(12, value[0]));
  // A constant is no result, so each is added to the input.
  for (const BuiltinOperator code : {BuiltinOperator::ZEROS_LIKE, BuiltinOperator::RANK}) {
    const bool isRank = code == BuiltinOperator::RANK;
    const auto whole = [](const char *name, Shape shape) {
      return TinyTensor{name, std::move(shape), TensorType::INT32, {}, {}};
    };
    TinyModel model;
    model.tensors = {whole("in", {2, 3, 1}), whole("made", isRank ? Shape{} : Shape{2, 3, 1}),
                     whole("out", {2, 3, 1})};
    model.operators = {{code, {0}, {1}}, {BuiltinOperator::ADD, {0, 1}, {2}}};
    model.outputs = {2};
    std::vector<int32_t> values(6), sums(6);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = pick(-1000, 1000), sums[i] = values[i] + (isRank ? 3 : 0);
    EXPECT_EQ(runOnCpu(model, {integers("", {6}, values).data}), integers("", {6}, sums).data);
  }
}

TEST_F(RepeatTest, WhatDoesNotFitIsAnError) {
  const auto refused = [&](std::vector<TinyTensor> tensors, BuiltinOperator code) {
    compiler::SessionOptions options;
    options.device = "cpu";
    auto session = compiler::Session::open(single(std::move(tensors), {code}).build(), options);
    return session ? std::string("accepted") : session.error().message;
  };
  EXPECT_NE(refused({plain("in", {2, 3}), integers("times", {2}, {2, 2}), plain("out", {4, 5})},
                    BuiltinOperator::TILE)
                .find("do not make 4x5"),
            std::string::npos);
  EXPECT_NE(refused({plain("in", {2, 3}), integers("amounts", {2, 2}, {2, 0, 0, 0}), plain("out", {4, 3})},
                    BuiltinOperator::MIRROR_PAD)
                .find("padding 2 of an extent of 2"),
            std::string::npos);
  EXPECT_NE(refused({plain("in", {2, 3}), integers("axes", {2}, {1, -1}), plain("out", {2, 3})},
                    BuiltinOperator::REVERSE_V2)
                .find("named twice"),
            std::string::npos);
}

} // namespace
} // namespace tessera::test
