// Attention of float32 on the host's CPU, whole: queries times keys, softmax of each row, times values; against plain loops in float64. Extents fall beside whole
// vectors and tiles, and rows are shorter than a vector too.

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

/// One head: rows of softmax(queries * keys^T) * values.
std::vector<double> attended(const float *queries, const float *keys, const float *values, int32_t rows,
                             int32_t places, int32_t depth, int32_t width) {
  std::vector<double> result(static_cast<size_t>(rows * width));
  for (int32_t row = 0; row < rows; ++row) {
    std::vector<double> weights;
    double sum = 0;
    for (int32_t place = 0; place < places; ++place) {
      double score = 0;
      for (int32_t d = 0; d < depth; ++d)
        score += static_cast<double>(queries[row * depth + d]) * static_cast<double>(keys[place * depth + d]);
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
    model.operators = {product({0, 1}, 3, true),
                       {BuiltinOperator::SOFTMAX,
                        {3},
                        {4},
                        BuiltinOptions::SoftmaxOptions,
                        [](FlatBuilder &b) { return tfl::CreateSoftmaxOptions(b, 1.0f).Union(); }},
                       product({4, 2}, 5, false)};
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
