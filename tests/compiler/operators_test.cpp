// Operators other than convolutions on the host's CPU, against what TFLite's reference kernels do, written as plain loops on isa's
// numerics: random scales, zero points and shapes, no files needed.

#include "one_operator.h"

#include <bit>
#include <cmath>

namespace tessera::test {
namespace {

using tfl::Activation;
using tfl::Padding;

class OperatorsTest : public OneOperatorTest {};

struct Bounds {
  int32_t low = -128, high = 127;
};
/// What an activation leaves of the output's range.
Bounds boundsOf(Activation activation, const TinyTensor &output) {
  const auto quantise = [&](float real) {
    return zeroOf(output) + static_cast<int32_t>(std::round(real / output.scales[0]));
  };
  Bounds bounds;
  if (activation == Activation::RELU || activation == Activation::RELU6)
    bounds.low = std::max(-128, quantise(0));
  if (activation == Activation::RELU6)
    bounds.high = std::min(127, quantise(6));
  return bounds;
}

Activation currentActivation; // options functions carry no state

TEST_F(OperatorsTest, SumsDifferencesAndProducts) {
  const std::vector<std::vector<int32_t>> others = {{1, 3, 4, 5}, {1, 1, 1, 5}, {5}, {1, 3, 1, 1}};
  for (int round = 0; round < 18; ++round) {
    const BuiltinOperator code =
        std::vector{BuiltinOperator::ADD, BuiltinOperator::SUB, BuiltinOperator::MUL}[round % 3];
    currentActivation =
        std::vector{Activation::NONE, Activation::RELU, Activation::RELU6}[static_cast<size_t>(pick(0, 2))];
    const TinyTensor a = tensor("a", {1, 3, 4, 5}), b = tensor("b", others[static_cast<size_t>(pick(0, 3))]);
    const TinyTensor out = tensor("out", a.shape);
    TinyOperator op{code};
    if (code == BuiltinOperator::ADD) {
      op.optionsType = BuiltinOptions::AddOptions;
      op.options = [](FlatBuilder &builder) {
        return tfl::CreateAddOptions(builder, currentActivation).Union();
      };
    } else if (code == BuiltinOperator::SUB) {
      op.optionsType = BuiltinOptions::SubOptions;
      op.options = [](FlatBuilder &builder) {
        return tfl::CreateSubOptions(builder, currentActivation).Union();
      };
    } else {
      op.optionsType = BuiltinOptions::MulOptions;
      op.options = [](FlatBuilder &builder) {
        return tfl::CreateMulOptions(builder, currentActivation).Union();
      };
    }
    const size_t count = 60;
    const Bytes left = bytes(count), right = bytes(b.shape.size() == 4 && b.shape[2] == 4   ? 60
                                                   : b.shape.size() == 4 && b.shape[1] == 3 ? 3
                                                                                            : 5);
    const Bytes output = runOnCpu(single({a, b, out}, op), {left, right});
    ASSERT_EQ(output.size(), count);
    const Bounds bounds = boundsOf(currentActivation, out);
    const double common = 2 * static_cast<double>(std::max(a.scales[0], b.scales[0]));
    for (size_t i = 0; i < count; ++i) {
      const int32_t x = at(left, i) - zeroOf(a), y = at(right, broadcast(b.shape, out.shape, i)) - zeroOf(b);
      int8_t expected;
      if (code == BuiltinOperator::MUL) {
        expected =
            requantised(x * y, scaleOf(a) * scaleOf(b) / scaleOf(out), zeroOf(out), bounds.low, bounds.high);
      } else {
        const int32_t p = scaled(x << 20, scaleOf(a) / common), q = scaled(y << 20, scaleOf(b) / common);
        expected = requantised(code == BuiltinOperator::ADD ? p + q : p - q,
                               common / ((1 << 20) * scaleOf(out)), zeroOf(out), bounds.low, bounds.high);
      }
      ASSERT_EQ(at(output, i), expected) << "round " << round << ", element " << i;
    }
  }
}

TEST_F(OperatorsTest, RectifiersRescaleOrClamp) {
  for (int round = 0; round < 6; ++round) {
    const bool six = round % 2;
    TinyTensor in = tensor("in", {1, 40}), out = tensor("out", {1, 40});
    if (six)
      out.scales = in.scales, out.zeroPoints = in.zeroPoints;
    const Bytes input = bytes(40);
    const Bytes output =
        runOnCpu(single({in, out}, {six ? BuiltinOperator::RELU6 : BuiltinOperator::RELU}), {input});
    ASSERT_EQ(output.size(), input.size());
    const Bounds bounds = boundsOf(six ? Activation::RELU6 : Activation::RELU, out);
    for (size_t i = 0; i < input.size(); ++i) {
      const int8_t expected =
          six ? static_cast<int8_t>(std::clamp<int32_t>(at(input, i), bounds.low, bounds.high))
              : requantised(at(input, i) - zeroOf(in), static_cast<double>(in.scales[0] / out.scales[0]),
                            zeroOf(out), bounds.low);
      ASSERT_EQ(at(output, i), expected) << "round " << round << ", element " << i;
    }
  }
}

TEST_F(OperatorsTest, BytesAreQuantisedAnew) {
  for (int round = 0; round < 9; ++round) {
    TinyTensor in = tensor("in", {64}), out = tensor("out", {64});
    const bool fromUnsigned = round % 3 == 1, toUnsigned = round % 3 == 2;
    if (fromUnsigned)
      in.type = TensorType::UINT8, in.zeroPoints = {pick(0, 255)};
    if (toUnsigned)
      out.type = TensorType::UINT8, out.zeroPoints = {pick(0, 255)};
    const Bytes input = bytes(64);
    const Bytes output = runOnCpu(single({in, out}, {BuiltinOperator::QUANTIZE}), {input});
    ASSERT_EQ(output.size(), input.size());
    for (size_t i = 0; i < input.size(); ++i) {
      const int32_t value = (fromUnsigned ? int32_t{input[i]} : at(input, i)) - zeroOf(in);
      const int32_t whole = scaled(value, scaleOf(in) / scaleOf(out)) + zeroOf(out);
      const int32_t expected = toUnsigned ? std::clamp(whole, 0, 255) : std::clamp(whole, -128, 127);
      ASSERT_EQ(toUnsigned ? int32_t{output[i]} : at(output, i), expected)
          << "round " << round << ", element " << i;
    }
  }
}

TEST_F(OperatorsTest, RealNumbersBecomeBytesAndBack) {
  const TinyTensor quantised = tensor("q", {64});
  TinyTensor real = quantised;
  real.name = "r", real.type = TensorType::FLOAT32, real.scales.clear(), real.zeroPoints.clear();
  std::vector<float> values(64);
  for (float &value : values)
    value = quantised.scales[0] * (static_cast<float>(pick(-2000, 2000)) / 8 + 0.01f); // no halves
  values[0] = 1e30f, values[1] = -1e30f;
  Bytes input(4 * values.size());
  std::memcpy(input.data(), values.data(), input.size());
  const Bytes output = runOnCpu(single({real, quantised}, {BuiltinOperator::QUANTIZE}), {input});
  ASSERT_EQ(output.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double steps = std::clamp(static_cast<double>(values[i]) / scaleOf(quantised), -1000.0, 1000.0);
    ASSERT_EQ(at(output, i), std::clamp(static_cast<int>(std::lround(steps)) + zeroOf(quantised), -128, 127))
        << i;
  }
  const Bytes back = runOnCpu(single({quantised, real}, {BuiltinOperator::DEQUANTIZE}), {output});
  ASSERT_EQ(back.size(), input.size());
  for (size_t i = 0; i < values.size(); ++i) {
    float value;
    std::memcpy(&value, &back[4 * i], 4);
    ASSERT_EQ(value, static_cast<float>(scaleOf(quantised) * (at(output, i) - zeroOf(quantised)))) << i;
  }
}

TEST_F(OperatorsTest, PaddingStandsAround) {
  for (const bool withValue : {false, true}) {
    const TinyTensor in = tensor("in", {1, 2, 3, 2});
    TinyTensor out = in, value = in;
    out.name = "out", out.shape = {1, 5, 4, 4};
    value.name = "value", value.shape = {1}, value.data = {77};
    std::vector<TinyTensor> tensors = {in, integers("pads", {4, 2}, {0, 0, 1, 2, 0, 1, 2, 0})};
    if (withValue)
      tensors.push_back(value);
    tensors.push_back(out);
    const Bytes input = bytes(12);
    const Bytes output =
        runOnCpu(single(tensors, {withValue ? BuiltinOperator::PADV2 : BuiltinOperator::PAD}), {input});
    ASSERT_EQ(output.size(), 80u);
    for (int y = 0; y < 5; ++y)
      for (int x = 0; x < 4; ++x)
        for (int c = 0; c < 4; ++c) {
          const bool isInside = y >= 1 && y < 3 && x < 3 && c >= 2;
          const int expected = isInside    ? at(input, static_cast<size_t>(((y - 1) * 3 + x) * 2 + c - 2))
                               : withValue ? 77
                                           : zeroOf(in);
          ASSERT_EQ(at(output, static_cast<size_t>((y * 4 + x) * 4 + c)), expected)
              << y << ", " << x << ", " << c;
        }
  }
}

TEST_F(OperatorsTest, MeansAreThoseOfTheReferenceKernel) {
  for (int round = 0; round < 6; ++round) {
    const TinyTensor in = tensor("in", {1, 5, 7, 3});
    TinyTensor out = tensor("out", {1, 3});
    if (out.scales[0] * 20 < in.scales[0])
      out.scales = in.scales;
    const Bytes input = bytes(105);
    const Bytes output =
        runOnCpu(single({in, integers("axes", {2}, {1, -2}), out}, {BuiltinOperator::MEAN}), {input});
    ASSERT_EQ(output.size(), 3u);
    // The kernel divides the multiplier by the count, shifted left as far as the count is long.
    const auto factor = isa::quantizeMultiplier(scaleOf(in) / scaleOf(out));
    const int shift =
        std::min(static_cast<int>(std::bit_width(35u)) - 1, 31 + static_cast<int>(factor.shift));
    const auto multiplier = static_cast<int32_t>((int64_t{factor.multiplier} << shift) / 35);
    for (size_t c = 0; c < 3; ++c) {
      int32_t sum = 0;
      for (size_t i = 0; i < 35; ++i)
        sum += at(input, 3 * i + c) - zeroOf(in);
      const int32_t mean = isa::multiplyDoubleRounding(sum, multiplier, factor.shift - shift) + zeroOf(out);
      ASSERT_EQ(at(output, c), std::clamp(mean, -128, 127)) << "round " << round << ", channel " << c;
      // It rounds twice, to 2^-right and to whole steps, so it may be off by half a unit of each: -78.33 is -78.5 with right = 1, then -79.
      // The truncated multiplier gives the last hundredth.
      const int right = std::max(0, shift - static_cast<int>(factor.shift));
      const double bound = 0.5 + (right > 0 ? std::ldexp(0.5, -right) : 0) + 0.01;
      const double real = sum / 35.0 * scaleOf(in) / scaleOf(out) + zeroOf(out);
      ASSERT_NEAR(at(output, c), std::clamp(real, -128.0, 127.0), bound);
    }
  }
}

TEST_F(OperatorsTest, PartsAreJoined) {
  const TinyTensor a = tensor("a", {2, 3, 4});
  TinyTensor b = a, out = a;
  b.name = "b", b.shape = {2, 2, 4};
  out.name = "out", out.shape = {2, 5, 4};
  const Bytes first = bytes(24), second = bytes(16);
  Bytes expected;
  for (size_t outer = 0; outer < 2; ++outer) {
    expected.insert(expected.end(), &first[12 * outer], &first[12 * outer] + 12);
    expected.insert(expected.end(), &second[8 * outer], &second[8 * outer] + 8);
  }
  const TinyOperator op{
      BuiltinOperator::CONCATENATION, {}, {}, BuiltinOptions::ConcatenationOptions, [](FlatBuilder &builder) {
        return tfl::CreateConcatenationOptions(builder, -2).Union();
      }};
  EXPECT_EQ(runOnCpu(single({a, b, out}, op), {first, second}), expected);
}

TEST_F(OperatorsTest, GreatestOfEachWindow) {
  const TinyTensor in = tensor("in", {1, 5, 6, 3});
  TinyTensor out = in;
  out.name = "out", out.shape = {1, 3, 6, 3};
  const Bytes input = bytes(90);
  const TinyOperator op{
      BuiltinOperator::MAX_POOL_2D, {}, {}, BuiltinOptions::Pool2DOptions, [](FlatBuilder &builder) {
        return tfl::CreatePool2DOptions(builder, Padding::SAME, 1, 2, 4, 3).Union(); // width before height
      }};
  const Bytes output = runOnCpu(single({in, out}, op), {input});
  ASSERT_EQ(output.size(), 54u);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 6; ++x)
      for (int c = 0; c < 3; ++c) {
        int greatest = -128;
        for (int row = 2 * y - 1; row < 2 * y + 2; ++row)
          for (int column = x - 1; column < x + 3; ++column)
            if (row >= 0 && row < 5 && column >= 0 && column < 6)
              greatest = std::max<int>(greatest, at(input, static_cast<size_t>((row * 6 + column) * 3 + c)));
        ASSERT_EQ(at(output, static_cast<size_t>((y * 6 + x) * 3 + c)), greatest)
            << y << ", " << x << ", " << c;
      }
}

TEST_F(OperatorsTest, DenseLayersOfOneScaleAndOfMany) {
  for (const bool many : {false, true}) {
    const TinyTensor in = tensor("in", {3, 20}), out = tensor("out", {3, 7});
    TinyTensor weights{"w", {7, 20}, TensorType::INT8, {}, {}, bytes(140)};
    for (int i = 0; i < (many ? 7 : 1); ++i)
      weights.scales.push_back(0.0001f * static_cast<float>(pick(1, 100)));
    weights.zeroPoints.assign(weights.scales.size(), 0);
    std::vector<int32_t> bias(7);
    for (int32_t &value : bias)
      value = pick(-30000, 30000);
    const TinyOperator op{
        BuiltinOperator::FULLY_CONNECTED,
        {},
        {},
        BuiltinOptions::FullyConnectedOptions,
        [](FlatBuilder &builder) { return tfl::CreateFullyConnectedOptions(builder).Union(); }};
    const Bytes input = bytes(60);
    const Bytes output = runOnCpu(single({in, weights, integers("b", {7}, bias), out}, op), {input});
    ASSERT_EQ(output.size(), 21u);
    for (size_t row = 0; row < 3; ++row)
      for (size_t o = 0; o < 7; ++o) {
        int32_t sum = bias[o];
        for (size_t c = 0; c < 20; ++c)
          sum += (at(input, row * 20 + c) - zeroOf(in)) * at(weights.data, o * 20 + c);
        const float weightScale = weights.scales[many ? o : 0];
        const double product =
            many ? scaleOf(in) * static_cast<double>(weightScale)
                 : static_cast<double>(in.scales[0] * weightScale); // that kernel multiplies in float
        ASSERT_EQ(at(output, row * 7 + o), requantised(sum, product / scaleOf(out), zeroOf(out), -128))
            << row << ", " << o;
      }
  }
}

} // namespace
} // namespace tessera::test
