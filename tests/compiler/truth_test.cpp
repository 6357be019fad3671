// Comparisons, truth values, choices, casts, and the int8 activations that TFLite computes by kernels of their own, on the host's CPU:
// against those kernels written as plain loops.

#include "one_operator.h"

#include <cmath>
#include <limits>

namespace tessera::test {
namespace {

class TruthTest : public OneOperatorTest {
protected:
  Bytes truths(size_t count) {
    Bytes bytes(count);
    for (uint8_t &byte : bytes)
      byte = random_() % 2;
    return bytes;
  }
};

TinyTensor plain(const char *name, std::vector<int32_t> shape, TensorType type) {
  return {name, std::move(shape), type, {}, {}};
}

template <typename T> Bytes bytesOf(const std::vector<T> &values) {
  Bytes bytes(sizeof(T) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T> std::vector<T> valuesOf(const Bytes &bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

constexpr BuiltinOperator kComparisons[] = {BuiltinOperator::EQUAL,   BuiltinOperator::NOT_EQUAL,
                                            BuiltinOperator::LESS,    BuiltinOperator::LESS_EQUAL,
                                            BuiltinOperator::GREATER, BuiltinOperator::GREATER_EQUAL};

template <typename T> bool holds(BuiltinOperator code, T a, T b) {
  switch (code) {
  case BuiltinOperator::EQUAL:
    return a == b;
  case BuiltinOperator::NOT_EQUAL:
    return a != b;
  case BuiltinOperator::LESS:
    return a < b;
  case BuiltinOperator::LESS_EQUAL:
    return a <= b;
  case BuiltinOperator::GREATER:
    return a > b;
  default:
    return a >= b;
  }
}

TEST_F(TruthTest, BytesAreComparedOnTheirScales) {
  const std::vector<int32_t> shape = {2, 3, 100};
  for (int round = 0; round < 12; ++round) {
    const BuiltinOperator code = kComparisons[round % 6];
    TinyTensor a = tensor("a", shape), b = tensor("b", {3, 1});
    if (round % 4 == 0)
      b.scales = a.scales; // where equal numbers are frequent
    if (round >= 6)
      for (TinyTensor *side : {&a, &b}) {
        side->type = TensorType::UINT8;
        side->zeroPoints = {pick(0, 255)};
      }
    const Bytes left = bytes(600), right = bytes(3);
    const Bytes output =
        runOnCpu(single({a, b, plain("out", shape, TensorType::BOOL)}, {code}), {left, right});
    ASSERT_EQ(output.size(), left.size());
    for (size_t i = 0; i < output.size(); ++i) {
      const size_t j = broadcast({3, 1}, shape, i);
      const bool isUnsigned = a.type == TensorType::UINT8;
      const int32_t x = (isUnsigned ? int32_t{left[i]} : at(left, i)) - zeroOf(a);
      const int32_t y = (isUnsigned ? int32_t{right[j]} : at(right, j)) - zeroOf(b);
      ASSERT_EQ(output[i], holds(code, scaled(x * 256, scaleOf(a)), scaled(y * 256, scaleOf(b))))
          << "round " << round << ", element " << i;
    }
  }
}

template <typename T>
void expectComparisons(TensorType type, const std::vector<T> &left, const std::vector<T> &right) {
  const auto count = static_cast<int32_t>(left.size());
  for (const BuiltinOperator code : kComparisons) {
    const Bytes output = runOnCpu(single({plain("a", {count}, type), plain("b", {count}, type),
                                          plain("out", {count}, TensorType::BOOL)},
                                         {code}),
                                  {bytesOf(left), bytesOf(right)});
    ASSERT_EQ(output.size(), left.size());
    for (size_t i = 0; i < left.size(); ++i)
      ASSERT_EQ(output[i], holds(code, left[i], right[i]))
          << EnumNameBuiltinOperator(code) << " of " << left[i] << " and " << right[i];
  }
}

TEST_F(TruthTest, NumbersAreComparedAsTheyAre) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  expectComparisons<float>(TensorType::FLOAT32, {1, 2, 2, nan, nan, -0.0f, infinity, -infinity},
                           {2, 1, 2, nan, 1, 0.0f, infinity, 3});
  expectComparisons<int32_t>(TensorType::INT32, {INT32_MIN, 5, -1, 7}, {INT32_MAX, 5, 1, -7});
  expectComparisons<int64_t>(TensorType::INT64, {INT64_MIN, 1ll << 40, (1ll << 40) + 1, -1},
                             {INT64_MAX, 1ll << 40, 1ll << 40, 0});
}

TEST_F(TruthTest, TruthValuesAreJoined) {
  const std::vector<int32_t> shape = {3, 4}, row = {4};
  const Bytes left = truths(12), right = truths(4);
  for (const BuiltinOperator code : {BuiltinOperator::LOGICAL_AND, BuiltinOperator::LOGICAL_OR,
                                     BuiltinOperator::EQUAL, BuiltinOperator::NOT_EQUAL}) {
    const Bytes output =
        runOnCpu(single({plain("a", shape, TensorType::BOOL), plain("b", row, TensorType::BOOL),
                         plain("out", shape, TensorType::BOOL)},
                        {code}),
                 {left, right});
    ASSERT_EQ(output.size(), left.size());
    for (size_t i = 0; i < left.size(); ++i) {
      const bool a = left[i], b = right[i % 4];
      ASSERT_EQ(output[i], code == BuiltinOperator::LOGICAL_AND  ? a && b
                           : code == BuiltinOperator::LOGICAL_OR ? a || b
                                                                 : holds(code, a, b));
    }
  }
  const Bytes output =
      runOnCpu(single({plain("a", shape, TensorType::BOOL), plain("out", shape, TensorType::BOOL)},
                      {BuiltinOperator::LOGICAL_NOT}),
               {left});
  for (size_t i = 0; i < left.size(); ++i)
    ASSERT_EQ(output[i], !left[i]);
}

TEST_F(TruthTest, AConditionChooses) {
  struct Case {
    BuiltinOperator code;
    std::vector<int32_t> condition, yes, no, out;
  };
  const Case cases[] = {{BuiltinOperator::SELECT, {2, 3, 4}, {2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
                        {BuiltinOperator::SELECT, {2}, {2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
                        {BuiltinOperator::SELECT, {}, {2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
                        {BuiltinOperator::SELECT_V2, {3, 1}, {2, 3, 4}, {4}, {2, 3, 4}},
                        {BuiltinOperator::SELECT_V2, {2, 3, 4}, {1}, {3, 1}, {2, 3, 4}}};
  const auto count = [](const std::vector<int32_t> &shape) {
    size_t product = 1;
    for (int32_t extent : shape)
      product *= static_cast<size_t>(extent);
    return product;
  };
  for (const Case &entry : cases)
    for (const TensorType type : {TensorType::INT8, TensorType::UINT8, TensorType::INT64}) {
      const size_t width = type == TensorType::INT64 ? 8 : 1;
      TinyTensor yes = tensor("yes", entry.yes), no = tensor("no", entry.no), out = tensor("out", entry.out);
      for (TinyTensor *side : {&yes, &no, &out})
        if (type == TensorType::INT64)
          *side = plain(side->name.c_str(), side->shape, type);
        else if (type == TensorType::UINT8)
          side->type = type, side->zeroPoints = {7};
      const Bytes condition = truths(count(entry.condition)), left = bytes(width * count(entry.yes)),
                  right = bytes(width * count(entry.no));
      const Bytes output =
          runOnCpu(single({plain("c", entry.condition, TensorType::BOOL), yes, no, out}, {entry.code}),
                   {condition, left, right});
      ASSERT_EQ(output.size(), width * count(entry.out));
      for (size_t i = 0; i < count(entry.out); ++i) {
        // SELECT's condition of one value a slice stands for the first dimension, not the last.
        const size_t c =
            entry.condition == std::vector<int32_t>{2} ? i / 12 : broadcast(entry.condition, entry.out, i);
        const Bytes &from = condition[c] ? left : right;
        const size_t j = broadcast(condition[c] ? entry.yes : entry.no, entry.out, i);
        for (size_t byte = 0; byte < width; ++byte)
          ASSERT_EQ(output[width * i + byte], from[width * j + byte]);
      }
    }
}

/// What a cast gives as the reference has it: integers wrap, fractions are dropped; out of range, the nearest bound.
template <typename To, typename From> To castTo(From value) {
  if constexpr (std::is_same_v<To, bool>)
    return value != 0;
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    const double whole = std::trunc(static_cast<double>(value));
    if (whole <= static_cast<double>(std::numeric_limits<To>::min()))
      return std::numeric_limits<To>::min();
    if (whole >= static_cast<double>(std::numeric_limits<To>::max()))
      return std::numeric_limits<To>::max();
    return static_cast<To>(whole);
  } else
    return static_cast<To>(value);
}

template <typename To, typename From>
void expectCast(TensorType from, TensorType to, const std::vector<From> &values, bool isQuantised = false) {
  const auto count = static_cast<int32_t>(values.size());
  TinyTensor in = plain("in", {count}, from), out = plain("out", {count}, to);
  for (TinyTensor *side : {&in, &out})
    if (isQuantised && (side->type == TensorType::UINT8 || side->type == TensorType::INT8))
      side->scales = {0.5f}, side->zeroPoints = {3};
  const auto found = valuesOf<To>(runOnCpu(single({in, out}, {BuiltinOperator::CAST}), {bytesOf(values)}));
  ASSERT_EQ(found.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(found[i], castTo<To>(values[i]))
        << EnumNameTensorType(from) << " " << +values[i] << " to " << EnumNameTensorType(to);
}

template <typename From> void expectCasts(TensorType from, const std::vector<From> &values) {
  expectCast<float>(from, TensorType::FLOAT32, values);
  expectCast<int8_t>(from, TensorType::INT8, values);
  expectCast<uint8_t>(from, TensorType::UINT8, values);
  expectCast<int16_t>(from, TensorType::INT16, values);
  expectCast<int32_t>(from, TensorType::INT32, values);
  expectCast<int64_t>(from, TensorType::INT64, values);
  expectCast<int8_t>(from, TensorType::INT8, values, true);
  expectCast<uint8_t>(from, TensorType::UINT8, values, true);
}

TEST_F(TruthTest, NumbersOfOneTypeBecomeThoseOfAnother) {
  expectCasts<float>(TensorType::FLOAT32,
                     {0,   -0.0f, 0.5f,  -0.5f,  1.5f, 2.5f,  -1.9f,    126.99f,   127.5f, -128.7f, 255.9f,
                      256, -1,    40000, -40000, 3e9f, -3e9f, 1.25e18f, -1.25e18f, 1e30f,  -1e30f});
  expectCasts<int8_t>(TensorType::INT8, {0, 1, -1, 127, -128});
  expectCasts<uint8_t>(TensorType::UINT8, {0, 1, 127, 128, 255});
  expectCasts<int16_t>(TensorType::INT16, {0, 300, -300, 32767, -32768});
  expectCasts<int32_t>(TensorType::INT32, {0, 70000, -70000, INT32_MAX, INT32_MIN, 16777217});
  expectCasts<int64_t>(TensorType::INT64, {0, 1ll << 40, -1, INT64_MAX, INT64_MIN, (1ll << 33) + 5});
  expectCasts<uint8_t>(TensorType::BOOL, {0, 1});
  const auto truth = [](TensorType from, const auto &values) {
    const auto count = static_cast<int32_t>(values.size());
    const Bytes found = runOnCpu(single({plain("in", {count}, from), plain("out", {count}, TensorType::BOOL)},
                                        {BuiltinOperator::CAST}),
                                 {bytesOf(values)});
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(found[i], values[i] != 0) << +values[i];
  };
  truth(TensorType::FLOAT32, std::vector<float>{0, -0.0f, 0.25f, -3});
  truth(TensorType::INT32, std::vector<int32_t>{0, 256, -1});
  truth(TensorType::UINT8, std::vector<uint8_t>{0, 128, 255});
}

TEST_F(TruthTest, HalvesAreRoundedToTheEvenOne) {
  std::vector<float> values = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.49999997f, 1e9f, -1e9f, 8388607.5f};
  for (int i = 0; i < 50; ++i)
    values.push_back(static_cast<float>(pick(-4000, 4000)) / 8);
  const auto count = static_cast<int32_t>(values.size());
  const auto found = valuesOf<float>(
      runOnCpu(single({plain("in", {count}, TensorType::FLOAT32), plain("out", {count}, TensorType::FLOAT32)},
                      {BuiltinOperator::ROUND}),
               {bytesOf(values)}));
  ASSERT_EQ(found.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(found[i], std::nearbyint(values[i])) << values[i];
}

// gemmlowp's 16-bit operations, as TFLite's hard swish uses them.
int16_t roundingDoublingHighMul(int16_t a, int16_t b) {
  if (a == b && a == INT16_MIN)
    return INT16_MAX;
  const int32_t product = int32_t{a} * int32_t{b};
  const int16_t nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);
  return static_cast<int16_t>((product + nudge) / (1 << 15));
}
int16_t shiftedLeft(int16_t value, int amount) {
  return static_cast<int16_t>(std::clamp<int64_t>(value * (int64_t{1} << amount), INT16_MIN, INT16_MAX));
}
int16_t dividedByPowerOfTwo(int16_t x, int exponent) {
  const int32_t mask = (1 << exponent) - 1, remainder = x & mask, threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return static_cast<int16_t>((x >> exponent) + (remainder > threshold ? 1 : 0));
}
int16_t narrowMultiplier(uint32_t multiplier) {
  const auto wide = static_cast<int32_t>(multiplier);
  return wide >= INT32_MAX - (1 << 15) ? int16_t{INT16_MAX} : static_cast<int16_t>((wide + (1 << 15)) >> 16);
}

int32_t hardSwish(int32_t steps, float inputScale, float outputScale, int32_t outputZero) {
  const float hires = (1.0f / 128.0f) * inputScale;
  const auto output = isa::quantizeMultiplier(static_cast<double>(hires / outputScale));
  const auto reluish = isa::quantizeMultiplier(static_cast<double>(hires / (3.0f / 32768.0f)));
  const auto input = static_cast<int16_t>(steps * 128);
  const int16_t preshift = roundingDoublingHighMul(input, narrowMultiplier(output.multiplier));
  int16_t gate = input;
  if (reluish.shift > 0)
    gate = shiftedLeft(gate, reluish.shift - 1);
  gate = roundingDoublingHighMul(gate, narrowMultiplier(reluish.multiplier));
  if (reluish.shift > 0)
    gate = shiftedLeft(gate, 1);
  if (reluish.shift < 0)
    gate = dividedByPowerOfTwo(gate, -reluish.shift);
  gate = static_cast<int16_t>((gate + (1 << 15)) >> 1);
  const auto product = static_cast<int16_t>(int32_t{gate} * int32_t{preshift} / (1 << 15));
  return std::clamp(dividedByPowerOfTwo(product, -output.shift) + outputZero, -128, 127);
}

TEST_F(TruthTest, HardSwishOfBytesIsTheKernels) {
  Bytes input(256);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<uint8_t>(i);
  for (int round = 0; round < 20; ++round) {
    TinyTensor in = tensor("in", {256}), out = tensor("out", {256});
    in.scales = {0.001f * static_cast<float>(
                              pick(1, round % 2 ? 50 : 3000))}; // of both directions of the gate's shift
    out.scales = {in.scales[0] * 0.01f * static_cast<float>(pick(2, 300))};
    const Bytes output = runOnCpu(single({in, out}, {BuiltinOperator::HARD_SWISH}), {input});
    ASSERT_EQ(output.size(), input.size());
    for (size_t i = 0; i < input.size(); ++i) {
      const int32_t steps = at(input, i) - zeroOf(in);
      ASSERT_EQ(at(output, i), hardSwish(steps, in.scales[0], out.scales[0], zeroOf(out)))
          << "round " << round << ", steps " << steps << ", scales " << in.scales[0] << ", " << out.scales[0];
      // And near what it stands for: the fixed-point numbers lose at most two steps and 2^-6 of the result.
      const double x = scaleOf(in) * steps, y = x * std::clamp(x + 3, 0.0, 6.0) / 6 / scaleOf(out);
      const double real = std::clamp(y + zeroOf(out), -128.0, 127.0);
      ASSERT_LE(std::abs(at(output, i) - real), 2 + std::abs(y) / 64) << "round " << round << ", " << x;
    }
  }
}

TEST_F(TruthTest, SlopesOfBytesAreTheirOwn) {
  for (int round = 0; round < 10; ++round) {
    TinyTensor in = tensor("in", {2, 3, 4, 5}), slope = tensor("slope", {1, 1, 5}),
               out = tensor("out", in.shape);
    if (round % 2)
      for (TinyTensor *side : {&in, &slope, &out})
        side->type = TensorType::UINT8, side->zeroPoints = {pick(0, 255)};
    const bool isUnsigned = round % 2;
    const Bytes input = bytes(120), slopes = bytes(5);
    const Bytes output = runOnCpu(single({in, slope, out}, {BuiltinOperator::PRELU}), {input, slopes});
    ASSERT_EQ(output.size(), input.size());
    const auto number = [&](const Bytes &bytes, size_t i) {
      return isUnsigned ? int32_t{bytes[i]} : at(bytes, i);
    };
    for (size_t i = 0; i < input.size(); ++i) {
      const int32_t x = number(input, i) - zeroOf(in), a = number(slopes, i % 5) - zeroOf(slope);
      const int32_t steps = x >= 0 ? scaled(x, scaleOf(in) / scaleOf(out))
                                   : scaled(x * a, scaleOf(in) * scaleOf(slope) / scaleOf(out));
      ASSERT_EQ(number(output, i),
                std::clamp(steps + zeroOf(out), isUnsigned ? 0 : -128, isUnsigned ? 255 : 127))
          << "round " << round << ", element " << i;
    }
  }
}

} // namespace
} // namespace tessera::test
