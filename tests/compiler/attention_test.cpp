// Attention of float32 on the host's CPU, whole: queries times keys, scaled, with a mask for all rows or for each, softmax of each row, times values; against plain loops in float64. Extents
// fall beside whole vectors and tiles and beside the blocks of rows that go through all of it at once, and rows are shorter than a vector too.

#include "one_operator.h"

#include <cmath>

namespace tessera::test {
namespace {

class AttentionTest : public OneOperatorTest {
protected:
  TinyTensor real(const char *name, std::vector<int32_t> shape) {
    return {name, std::move(shape), TensorType::FLOAT32, {}, {}};
  }
  std::vector<float> reals(int32_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    std::uniform_real_distribution<float> any(-1, 1);
    for (float &value : values)
      value = any(random_);
    return values;
  }
};

Bytes bytesOf(const std::vector<float> &values) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// One head: rows of softmax(queries * keys^T * factor + mask) * values. The mask is one row, one each, or null.
std::vector<double> attended(const float *queries, const float *keys, const float *values, int32_t rows,
                             int32_t places, int32_t depth, int32_t width, float factor = 1,
                             const float *mask = nullptr, bool isForAll = true) {
  std::vector<double> result(static_cast<size_t>(rows * width));
  for (int32_t row = 0; row < rows; ++row) {
    std::vector<double> weights;
    double sum = 0;
    for (int32_t place = 0; place < places; ++place) {
      double score = 0;
      for (int32_t d = 0; d < depth; ++d)
        score += static_cast<double>(queries[row * depth + d]) * static_cast<double>(keys[place * depth + d]);
      score *= static_cast<double>(factor);
      if (mask)
        score += static_cast<double>(mask[(isForAll ? 0 : row * places) + place]);
      weights.push_back(std::exp(score));
      sum += weights.back();
    }
    for (int32_t place = 0; place < places; ++place)
      for (int32_t w = 0; w < width; ++w)
        result[static_cast<size_t>(row * width + w)] +=
            weights[static_cast<size_t>(place)] / sum * static_cast<double>(values[place * width + w]);
  }
  return result;
}

TinyOperator product(std::vector<int32_t> inputs, int32_t output, bool isTurned) {
  TinyOperator op{
      BuiltinOperator::BATCH_MATMUL, std::move(inputs), {output}, BuiltinOptions::BatchMatMulOptions};
  op.options = isTurned
                   ? [](FlatBuilder &b) { return tfl::CreateBatchMatMulOptions(b, false, true).Union(); }
                   : [](FlatBuilder &b) { return tfl::CreateBatchMatMulOptions(b, false, false).Union(); };
  return op;
}

TinyOperator softmax(int32_t input, int32_t output) {
  return {BuiltinOperator::SOFTMAX, {input}, {output}, BuiltinOptions::SoftmaxOptions, [](FlatBuilder &b) {
            return tfl::CreateSoftmaxOptions(b, 1.0f).Union();
          }};
}

/// The mask is an input: of the last places for all rows, or of those behind each row's own (causal).
TEST_F(AttentionTest, BlocksOfRowsAndMasks) {
  for (int round = 0; round < 6; ++round) {
    const int32_t heads = pick(1, 3), rows = pick(30, 260), places = pick(20, 300), depth = pick(1, 70),
                  width = pick(1, 70);
    const bool isForAll = pick(0, 1) == 0;
    const float factor = 1 / std::sqrt(static_cast<float>(depth));
    std::vector<float> mask(static_cast<size_t>((isForAll ? 1 : rows) * places));
    for (size_t i = 0; i < mask.size(); ++i) {
      const auto place = static_cast<int32_t>(i) % places, row = static_cast<int32_t>(i) / places;
      mask[i] = (isForAll ? place > places / 2 : place > row) ? -1e9f : 0.0f;
    }
    TinyTensor scale = real("scale", {1});
    scale.data = bytesOf({factor});
    TinyModel model;
    model.tensors = {real("queries", {heads, rows, depth}),
                     real("keys", {heads, places, depth}),
                     real("values", {heads, places, width}),
                     real("mask", {1, isForAll ? 1 : rows, places}),
                     scale,
                     real("products", {heads, rows, places}),
                     real("scores", {heads, rows, places}),
                     real("masked", {heads, rows, places}),
                     real("weights", {heads, rows, places}),
                     real("y", {heads, rows, width})};
    model.inputs = {0, 1, 2, 3};
    model.outputs = {9};
    model.operators = {product({0, 1}, 5, true),
                       {BuiltinOperator::MUL, {5, 4}, {6}},
                       {BuiltinOperator::ADD, {6, 3}, {7}},
                       softmax(7, 8),
                       product({8, 2}, 9, false)};
    const auto queries = reals(heads * rows * depth), keys = reals(heads * places * depth),
               values = reals(heads * places * width);
    const Bytes output = runOnCpu(model, {bytesOf(queries), bytesOf(keys), bytesOf(values), bytesOf(mask)});
    ASSERT_EQ(output.size(), static_cast<size_t>(4 * heads * rows * width));
    for (int32_t head = 0; head < heads; ++head) {
      const auto expected = attended(&queries[static_cast<size_t>(head * rows * depth)],
                                     &keys[static_cast<size_t>(head * places * depth)],
                                     &values[static_cast<size_t>(head * places * width)], rows, places, depth,
                                     width, factor, mask.data(), isForAll);
      for (size_t i = 0; i < expected.size(); ++i) {
        float got = 0;
        std::memcpy(&got, output.data() + 4 * (static_cast<size_t>(head) * expected.size() + i), 4);
        ASSERT_NEAR(static_cast<double>(got), expected[i], 2e-5)
            << "head " << head << " of " << heads << ", " << i << ": " << rows << " rows, " << places
            << " places, depth " << depth << ", width " << width << (isForAll ? ", one mask" : ", causal");
      }
    }
  }
}

TEST_F(AttentionTest, RowsAreWeightedMeansOfTheValues) {
  for (int round = 0; round < 8; ++round) {
    const int32_t heads = pick(1, 3), rows = pick(1, 40), places = pick(1, 70), depth = pick(1, 40),
                  width = pick(1, 40);
    TinyModel model;
    model.tensors = {real("queries", {heads, rows, depth}),  real("keys", {heads, places, depth}),
                     real("values", {heads, places, width}), real("scores", {heads, rows, places}),
                     real("weights", {heads, rows, places}), real("y", {heads, rows, width})};
    model.inputs = {0, 1, 2};
    model.outputs = {5};
    model.operators = {product({0, 1}, 3, true), softmax(3, 4), product({4, 2}, 5, false)};
    const auto queries = reals(heads * rows * depth), keys = reals(heads * places * depth),
               values = reals(heads * places * width);
    const Bytes output = runOnCpu(model, {bytesOf(queries), bytesOf(keys), bytesOf(values)});
    ASSERT_EQ(output.size(), static_cast<size_t>(4 * heads * rows * width));
    for (int32_t head = 0; head < heads; ++head) {
      const auto expected =
          attended(&queries[static_cast<size_t>(head * rows * depth)],
                   &keys[static_cast<size_t>(head * places * depth)],
                   &values[static_cast<size_t>(head * places * width)], rows, places, depth, width);
      for (size_t i = 0; i < expected.size(); ++i) {
        float got = 0;
        std::memcpy(&got, output.data() + 4 * (static_cast<size_t>(head) * expected.size() + i), 4);
        ASSERT_NEAR(static_cast<double>(got), expected[i], 2e-5)
            << "head " << head << " of " << heads << ", " << i << ": " << rows << " rows, " << places
            << " places, depth " << depth << ", width " << width;
      }
    }
  }
}

} // namespace
} // namespace tessera::test
