// What goes row by row in blocks (compiler/cpu/fuse_rows.cpp), on the host's CPU: softmax along any dimension, written out, and layer normalisation, whose first result goes on to be added as well;
// against plain loops in float64. Rows are more than a block and mostly no multiple of one.

#include "one_operator.h"

#include <cmath>

namespace tessera::test {
namespace {

class RowsTest : public OneOperatorTest {
protected:
  TinyTensor real(const char *name, std::vector<int32_t> shape, const std::vector<float> &values = {}) {
    return {name, std::move(shape), TensorType::FLOAT32, {}, {}, bytesOf(values)};
  }
  std::vector<float> reals(int32_t count, float most = 1) {
    std::vector<float> values(static_cast<size_t>(count));
    std::uniform_real_distribution<float> any(-most, most);
    for (float &value : values)
      value = any(random_);
    return values;
  }
  static Bytes bytesOf(const std::vector<float> &values) {
    Bytes bytes(values.size() * sizeof(float));
    if (!bytes.empty())
      std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  static double at(const Bytes &bytes, size_t i) {
    float value = 0;
    std::memcpy(&value, bytes.data() + 4 * i, 4);
    return static_cast<double>(value);
  }
};

TinyOperator reduction(BuiltinOperator code, std::vector<int32_t> inputs, int32_t output) {
  return {code, std::move(inputs), {output}, BuiltinOptions::ReducerOptions, [](FlatBuilder &b) {
            return tfl::CreateReducerOptions(b, true).Union();
          }};
}

TEST_F(RowsTest, SoftmaxAlongAnyDimension) {
  for (int round = 0; round < 9; ++round) {
    const int32_t axis = round % 3;
    std::vector<int32_t> shape{pick(1, 9), pick(2, 70), pick(20, 150)};
    std::swap(shape[static_cast<size_t>(pick(0, 2))], shape[2]);
    std::vector<int32_t> one = shape;
    one[static_cast<size_t>(axis)] = 1;
    TinyModel model;
    model.tensors = {real("x", shape),      integers("axis", {1}, {axis}),
                     real("peaks", one),    real("differences", shape),
                     real("powers", shape), real("sums", one),
                     real("y", shape)};
    model.inputs = {0};
    model.outputs = {6};
    model.operators = {reduction(BuiltinOperator::REDUCE_MAX, {0, 1}, 2),
                       {BuiltinOperator::SUB, {0, 2}, {3}},
                       {BuiltinOperator::EXP, {3}, {4}},
                       reduction(BuiltinOperator::SUM, {4, 1}, 5),
                       {BuiltinOperator::DIV, {4, 5}, {6}}};
    const int32_t count = shape[0] * shape[1] * shape[2];
    const auto x = reals(count, 10);
    const Bytes output = runOnCpu(model, {bytesOf(x)});
    ASSERT_EQ(output.size(), static_cast<size_t>(4 * count));
    const size_t extent = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
    size_t step = 1;
    for (size_t i = static_cast<size_t>(axis) + 1; i < 3; ++i)
      step *= static_cast<size_t>(shape[i]);
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t first = i / (extent * step) * extent * step + i % step;
      double sum = 0;
      for (size_t k = 0; k < extent; ++k)
        sum += std::exp(static_cast<double>(x[first + k * step]) - static_cast<double>(x[i]));
      ASSERT_NEAR(at(output, i), 1 / sum, 2e-6)
          << i << ": " << shape[0] << " x " << shape[1] << " x " << shape[2] << " along " << axis;
    }
  }
}

/// y = normalised(a + b) * gamma + beta + (a + b)
TEST_F(RowsTest, LayerNormalisationBesideItsInput) {
  for (int round = 0; round < 6; ++round) {
    const int32_t batch = pick(1, 3), rows = pick(20, 200), width = pick(3, 300),
                  count = batch * rows * width;
    const std::vector<int32_t> shape{batch, rows, width}, one{batch, rows, 1};
    const auto a = reals(count), b = reals(count), gamma = reals(width), beta = reals(width);
    TinyModel model;
    model.tensors = {real("a", shape),
                     real("b", shape),
                     integers("axis", {1}, {2}),
                     real("gamma", {width}, gamma),
                     real("beta", {width}, beta),
                     real("epsilon", {1}, {1e-3f}),
                     real("x", shape),
                     real("means", one),
                     real("centred", shape),
                     real("squares", shape),
                     real("variances", one),
                     real("raised", one),
                     real("factors", one),
                     real("normalised", shape),
                     real("scaled", shape),
                     real("moved", shape),
                     real("y", shape)};
    model.inputs = {0, 1};
    model.outputs = {16};
    model.operators = {
        {BuiltinOperator::ADD, {0, 1}, {6}},          reduction(BuiltinOperator::MEAN, {6, 2}, 7),
        {BuiltinOperator::SUB, {6, 7}, {8}},          {BuiltinOperator::MUL, {8, 8}, {9}},
        reduction(BuiltinOperator::MEAN, {9, 2}, 10), {BuiltinOperator::ADD, {10, 5}, {11}},
        {BuiltinOperator::RSQRT, {11}, {12}},         {BuiltinOperator::MUL, {8, 12}, {13}},
        {BuiltinOperator::MUL, {13, 3}, {14}},        {BuiltinOperator::ADD, {14, 4}, {15}},
        {BuiltinOperator::ADD, {15, 6}, {16}}};
    const Bytes output = runOnCpu(model, {bytesOf(a), bytesOf(b)});
    ASSERT_EQ(output.size(), static_cast<size_t>(4 * count));
    for (int32_t row = 0; row < batch * rows; ++row) {
      std::vector<double> x;
      double mean = 0, variance = 0;
      for (int32_t i = 0; i < width; ++i) {
        const auto place = static_cast<size_t>(row * width + i);
        x.push_back(static_cast<double>(a[place]) + static_cast<double>(b[place]));
        mean += x.back() / width;
      }
      for (const double value : x)
        variance += (value - mean) * (value - mean) / width;
      for (size_t i = 0; i < x.size(); ++i) {
        const double expected = (x[i] - mean) / std::sqrt(variance + 1e-3) * static_cast<double>(gamma[i]) +
                                static_cast<double>(beta[i]) + x[i];
        ASSERT_NEAR(at(output, static_cast<size_t>(row * width) + i), expected, 1e-5)
            << "row " << row << " of " << batch << " x " << rows << ", " << i << " of " << width;
      }
    }
  }
}

} // namespace
} // namespace tessera::test
