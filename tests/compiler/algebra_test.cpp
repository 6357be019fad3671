// Products of matrices, normalised rows and what goes with them in attention and embeddings, on the host's CPU: bytes against the reference
// kernels' arithmetic, reals against plain loops.

#include "one_operator.h"

#include <cmath>

namespace tessera::test {
namespace {

class AlgebraTest : public OneOperatorTest {
protected:
  TinyTensor real(const char *name, std::vector<int32_t> shape) {
    return {name, std::move(shape), TensorType::FLOAT32, {}, {}};
  }
  Bytes reals(size_t count, float low = -2, float high = 2) {
    std::vector<float> values(count);
    std::uniform_real_distribution<float> any(low, high);
    for (float &value : values)
      value = any(random_);
    Bytes result(count * sizeof(float));
    std::memcpy(result.data(), values.data(), result.size());
    return result;
  }
};

std::vector<float> floats(const Bytes &bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

int currentTurns; // bit 0: the left matrix is turned, bit 1: the right one
TinyOperator matMul() {
  return {BuiltinOperator::BATCH_MATMUL, {}, {}, BuiltinOptions::BatchMatMulOptions, [](FlatBuilder &b) {
            return tfl::CreateBatchMatMulOptions(b, currentTurns & 1, (currentTurns & 2) != 0, false).Union();
          }};
}

TEST_F(AlgebraTest, ProductsOfMatrices) {
  for (int round = 0; round < 12; ++round) {
    currentTurns = round % 4;
    const bool isReal = round >= 8;
    const int32_t batch = pick(1, 3), heads = pick(1, 2), m = pick(1, 6), k = pick(1, 9), n = pick(1, 7);
    const bool isShared = pick(0, 1); // one right matrix for the whole batch
    std::vector<int32_t> a{batch, heads, m, k}, b{batch, heads, k, n}, out{batch, heads, m, n};
    if (currentTurns & 1)
      std::swap(a[2], a[3]);
    if (currentTurns & 2)
      std::swap(b[2], b[3]);
    if (isShared)
      b.erase(b.begin()), b[0] = 1;
    const auto tensorOf = [&](const char *name, const std::vector<int32_t> &shape) {
      return isReal ? real(name, shape) : tensor(name, shape);
    };
    const TinyTensor left = tensorOf("a", a), right = tensorOf("b", b), result = tensorOf("out", out);
    const auto count = [](const std::vector<int32_t> &shape) {
      size_t product = 1;
      for (int32_t extent : shape)
        product *= static_cast<size_t>(extent);
      return product;
    };
    const Bytes x = isReal ? reals(count(a)) : bytes(count(a)),
                y = isReal ? reals(count(b)) : bytes(count(b));
    const Bytes got = runOnCpu(single({left, right, result}, matMul()), {x, y});
    ASSERT_EQ(got.size(), count(out) * (isReal ? 4 : 1));
    for (size_t i = 0; i < count(out); ++i) {
      const size_t column = i % static_cast<size_t>(n),
                   row = i / static_cast<size_t>(n) % static_cast<size_t>(m),
                   matrix = i / static_cast<size_t>(n * m);
      int32_t sum = 0;
      double exact = 0;
      for (size_t j = 0; j < static_cast<size_t>(k); ++j) {
        const size_t p =
            matrix * static_cast<size_t>(m * k) +
            (currentTurns & 1 ? j * static_cast<size_t>(m) + row : row * static_cast<size_t>(k) + j);
        const size_t q =
            (isShared ? 0 : matrix * static_cast<size_t>(k * n)) +
            (currentTurns & 2 ? column * static_cast<size_t>(k) + j : j * static_cast<size_t>(n) + column);
        if (isReal)
          exact += static_cast<double>(floats(x)[p]) * static_cast<double>(floats(y)[q]);
        else
          sum += (at(x, p) - zeroOf(left)) * (at(y, q) - zeroOf(right));
      }
      if (isReal)
        ASSERT_NEAR(static_cast<double>(floats(got)[i]), exact, 1e-5)
            << "round " << round << ", element " << i;
      else
        ASSERT_EQ(at(got, i),
                  requantised(sum, static_cast<double>(left.scales[0] * right.scales[0]) / scaleOf(result),
                              zeroOf(result), -128))
            << "round " << round << ", element " << i;
    }
  }
}

// gemmlowp's functions, as its fixedpoint.h has them.
int32_t highMul(int32_t a, int32_t b) {
  const int64_t product = int64_t{a} * b, nudge = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}
int32_t divided(int32_t x, int exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0 ? 1 : 0) ? 1 : 0);
}
int32_t raised(int32_t x, int exponent) {
  return static_cast<int32_t>(std::clamp<int64_t>(int64_t{x} << exponent, INT32_MIN, INT32_MAX));
}

// GetInvSqrtQuantizedMultiplierExp and MultiplyByQuantizedMultiplier of TensorFlow Lite's common.h.
int32_t normalised(int32_t steps, int32_t sum, bool isUnsigned) {
  int32_t multiplier = INT32_MAX;
  int rightShift = 0;
  if (sum > 1) {
    rightShift = 11;
    while (sum >= 1 << 29)
      sum /= 4, ++rightShift;
    int zeros = 0;
    while (!(static_cast<uint32_t>(sum) << zeros & 0x80000000u))
      ++zeros;
    const int pairs = (zeros - 1) / 2 - 1;
    rightShift -= pairs;
    sum <<= 2 * pairs;
    const int32_t half = divided(sum >> 1, 1), threeHalves = (1 << 28) + (1 << 27);
    int32_t x = 1 << 28;
    for (int i = 0; i < 5; ++i)
      x = raised(highMul(threeHalves, x) - highMul(half, raised(highMul(highMul(x, x), x), 6)), 3);
    multiplier = highMul(x, 1518500250);
    if (rightShift < 0)
      multiplier <<= -rightShift, rightShift = 0;
  }
  if (isUnsigned)
    return divided(highMul(128 * steps, multiplier), rightShift);
  const int shift = 7 - rightShift;
  return divided(highMul(steps * (1 << std::max(shift, 0)), multiplier), std::max(-shift, 0));
}

TEST_F(AlgebraTest, RowsOfBytesAreNormalised) {
  for (int round = 0; round < 30; ++round) {
    const bool isUnsigned = round % 3 == 2;
    const int32_t rows = pick(1, 4), depth = pick(1, 60);
    TinyTensor in = tensor("in", {rows, depth}), out = tensor("out", {rows, depth});
    out.scales = {1.0f / 128}, out.zeroPoints = {isUnsigned ? 128 : 0};
    if (isUnsigned) {
      in.type = out.type = TensorType::UINT8;
      in.zeroPoints[0] += 128;
    }
    Bytes input = bytes(static_cast<size_t>(rows * depth));
    if (round % 5 == 0) // a row of nothing, or of one step
      for (int32_t i = 0; i < depth; ++i)
        input[static_cast<size_t>(i)] = static_cast<uint8_t>(zeroOf(in) + (i == 0 && round % 2));
    const Bytes got = runOnCpu(single({in, out}, {BuiltinOperator::L2_NORMALIZATION}), {input});
    const auto stepsOf = [&](size_t i) { return (isUnsigned ? input[i] : at(input, i)) - zeroOf(in); };
    for (size_t i = 0; i < input.size(); ++i) {
      const size_t row = i / static_cast<size_t>(depth) * static_cast<size_t>(depth);
      int32_t sum = 0;
      for (size_t j = row; j < row + static_cast<size_t>(depth); ++j)
        sum += stepsOf(j) * stepsOf(j);
      const int32_t expected = std::clamp(normalised(stepsOf(i), sum, isUnsigned), -128, 127);
      ASSERT_EQ(isUnsigned ? got[i] - 128 : at(got, i), expected) << "round " << round << ", element " << i;
    }
  }
}

// What TensorFlow Lite's own test of the kernel expects.
TEST_F(AlgebraTest, NormalisedRowOfTheReferencesTest) {
  const TinyTensor in{"in", {1, 6}, TensorType::INT8, {4.0f / 255}, {-1}},
      out{"out", {1, 6}, TensorType::INT8, {1.0f / 128}, {0}};
  const std::vector<int8_t> input{-71, 37, 44, 76, -46, 5}, expected{-70, 38, 45, 77, -45, 6};
  const Bytes got =
      runOnCpu(single({in, out}, {BuiltinOperator::L2_NORMALIZATION}), {Bytes(input.begin(), input.end())});
  EXPECT_EQ(got, Bytes(expected.begin(), expected.end()));
}

TEST_F(AlgebraTest, SquaresOfDifferences) {
  for (int round = 0; round < 12; ++round) {
    const bool isReal = round % 4 == 3;
    const auto tensorOf = [&](const char *name, std::vector<int32_t> shape) {
      return isReal ? real(name, std::move(shape)) : tensor(name, std::move(shape));
    };
    const TinyTensor a = tensorOf("a", {2, 5, 3}), b = tensorOf("b", {2, 1, 3}),
                     out = tensorOf("out", {2, 5, 3});
    const Bytes x = isReal ? reals(30) : bytes(30), y = isReal ? reals(6) : bytes(6);
    const Bytes got = runOnCpu(single({a, b, out}, {BuiltinOperator::SQUARED_DIFFERENCE}), {x, y});
    for (size_t i = 0; i < 30; ++i) {
      const size_t j = broadcast(b.shape, out.shape, i);
      if (isReal) {
        const float difference = floats(x)[i] - floats(y)[j];
        ASSERT_EQ(floats(got)[i], difference * difference);
        continue;
      }
      const double common = 2 * static_cast<double>(std::max(a.scales[0], b.scales[0]));
      const int32_t difference = scaled((at(x, i) - zeroOf(a)) << 7, scaleOf(a) / common) -
                                 scaled((at(y, j) - zeroOf(b)) << 7, scaleOf(b) / common);
      ASSERT_EQ(at(got, i), requantised(difference * difference, common * common / ((1 << 14) * scaleOf(out)),
                                        zeroOf(out), -128))
          << "round " << round << ", element " << i;
    }
  }
}

TEST_F(AlgebraTest, ExponentialLinearUnits) {
  for (int round = 0; round < 4; ++round) {
    const TinyTensor in = tensor("in", {256}), out = tensor("out", {256});
    Bytes input(256);
    for (size_t i = 0; i < 256; ++i)
      input[i] = static_cast<uint8_t>(i);
    const Bytes got = runOnCpu(single({in, out}, {BuiltinOperator::ELU}), {input});
    for (size_t i = 0; i < 256; ++i) {
      const float x = in.scales[0] * static_cast<float>(at(input, i) - zeroOf(in));
      const float steps = std::round((x < 0 ? std::exp(x) - 1 : x) * (1 / out.scales[0]));
      ASSERT_EQ(at(got, i), std::clamp(static_cast<int32_t>(steps) + zeroOf(out), -128, 127)) << i;
    }
  }
  const Bytes input = reals(40, -6, 6);
  const auto got =
      floats(runOnCpu(single({real("in", {40}), real("out", {40})}, {BuiltinOperator::ELU}), {input}));
  for (size_t i = 0; i < 40; ++i) {
    const double x = static_cast<double>(floats(input)[i]);
    ASSERT_NEAR(static_cast<double>(got[i]), x < 0 ? std::expm1(x) : x, 1e-6);
  }
}

TEST_F(AlgebraTest, PowersSumsAndLogarithmsOfSoftmax) {
  const Bytes a = reals(24, 0.1f, 3), b = reals(24);
  const auto powers = floats(runOnCpu(
      single({real("a", {24}), real("b", {24}), real("out", {24})}, {BuiltinOperator::POW}), {a, b}));
  const auto sums =
      floats(runOnCpu(single({real("a", {24}), real("b", {24}), real("c", {24}), real("out", {24})},
                             {BuiltinOperator::ADD_N}),
                      {a, b, a}));
  const auto logarithms =
      floats(runOnCpu(single({real("a", {3, 8}), real("out", {3, 8})}, {BuiltinOperator::LOG_SOFTMAX}), {a}));
  const auto x = floats(a), y = floats(b);
  for (size_t i = 0; i < 24; ++i) {
    ASSERT_NEAR(static_cast<double>(powers[i]),
                std::pow(static_cast<double>(x[i]), static_cast<double>(y[i])), 2e-5);
    ASSERT_EQ(sums[i], x[i] + y[i] + x[i]);
    double sum = 0;
    for (size_t j = i / 8 * 8; j < i / 8 * 8 + 8; ++j)
      sum += std::exp(static_cast<double>(x[j]));
    ASSERT_NEAR(static_cast<double>(logarithms[i]), static_cast<double>(x[i]) - std::log(sum), 2e-6);
  }
}

} // namespace
} // namespace tessera::test
