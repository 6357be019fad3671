// Operators that keep state, on the host's CPU and from none, against loops that follow TFLite's definitions.

#include "../isa/seed.h"
#include "run_on_cpu.h"

#include "tessera/isa/activation.h"

#include <cmath>
#include <cstring>

namespace tessera::test {
namespace {

using tfl::Activation;
using tfl::BuiltinOperator;
using tfl::BuiltinOptions;
using tfl::TensorType;
using FlatBuilder = flatbuffers::FlatBufferBuilder;

template <typename T> Bytes bytesOf(const std::vector<T> &values) {
  Bytes bytes(sizeof(T) * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TinyTensor variable(const char *name, std::vector<int32_t> shape, TensorType type, std::vector<float> scales,
                    std::vector<int64_t> zeroPoints) {
  TinyTensor tensor{name, std::move(shape), type, std::move(scales), std::move(zeroPoints)};
  tensor.isVariable = true;
  return tensor;
}

constexpr size_t kBatch = 2, kSteps = 4, kInputs = 5, kCells = 3;
bool isTimeMajor; // what the options of the next LSTM take

class MemoryTest : public testing::Test {
protected:
  /// An LSTM; the file's operands: input, four weights, four recurrent weights, four biases, states.
  TinyModel lstm(TensorType type) {
    const bool isReal = type == TensorType::FLOAT32;
    const auto sequence = [&](const char *name, size_t last, float scale, int64_t zero) {
      const auto first = static_cast<int32_t>(isTimeMajor ? kSteps : kBatch);
      const auto second = static_cast<int32_t>(isTimeMajor ? kBatch : kSteps);
      TinyTensor tensor{name, {first, second, static_cast<int32_t>(last)}, type, {scale}, {zero}};
      if (isReal)
        tensor.scales = {}, tensor.zeroPoints = {};
      return tensor;
    };
    TinyModel model;
    model.tensors.push_back(sequence("x", kInputs, 0.02f, -7));
    for (int i = 0; i < 12; ++i) {
      const size_t columns = i < 4 ? kInputs : i < 8 ? kCells : 1;
      TinyTensor tensor{"w",
                        {static_cast<int32_t>(kCells), static_cast<int32_t>(columns)},
                        type,
                        {0.006f + 0.001f * static_cast<float>(i)},
                        {0}};
      if (i >= 8)
        tensor.shape.pop_back();
      if (isReal || i >= 8)
        tensor.scales = {}, tensor.zeroPoints = {};
      if (isReal) {
        tensor.data = bytesOf(reals(kCells * columns));
      } else if (i < 8) {
        tensor.data = randomBytes(kCells * columns, random_);
      } else {
        std::vector<int32_t> bias(kCells);
        for (int32_t &value : bias)
          value = static_cast<int32_t>(random_() % 8000) - 4000;
        tensor.type = TensorType::INT32;
        tensor.data = bytesOf(bias);
      }
      model.tensors.push_back(tensor);
    }
    const std::vector<int32_t> state = {static_cast<int32_t>(kBatch), static_cast<int32_t>(kCells)};
    if (isReal) {
      model.tensors.push_back(variable("h", state, type, {}, {}));
      model.tensors.push_back(variable("c", state, type, {}, {}));
    } else {
      model.tensors.push_back(variable("h", state, TensorType::INT8, {kHiddenScale}, {5}));
      model.tensors.push_back(variable("c", state, TensorType::INT16, {1.0f / 2048}, {0}));
    }
    model.tensors.push_back(sequence("y", kCells, kHiddenScale, 5));
    std::vector<int32_t> operands = {0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, 9, 10, 11, 12, -1, -1, 13, 14};
    model.outputs = {15};
    model.operators = {{BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM,
                        operands,
                        {15},
                        BuiltinOptions::UnidirectionalSequenceLSTMOptions,
                        [](FlatBuilder &b) {
                          return tfl::CreateUnidirectionalSequenceLSTMOptions(b, Activation::TANH, kClip, 0,
                                                                              isTimeMajor)
                              .Union();
                        }}};
    return model;
  }
  std::vector<float> reals(size_t count) {
    std::vector<float> values(count);
    std::uniform_real_distribution<float> pick(-1.5f, 1.5f);
    for (float &value : values)
      value = pick(random_);
    return values;
  }
  static size_t place(size_t step, size_t batch, size_t width) {
    return (isTimeMajor ? step * kBatch + batch : batch * kSteps + step) * width;
  }

  static constexpr float kHiddenScale = 0.0081f, kClip = 0.7f;
  const uint32_t seed_ = freshSeed();
  std::mt19937 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_F(MemoryTest, TablesOfSixteenBitsAreTheFunctions) {
  const auto logistic = isa::logisticTable16();
  ASSERT_EQ(logistic.size(), 65536u);
  for (const int power : {-15, -12, -11, -3}) {
    const auto tanh = isa::tanhTable16(power);
    ASSERT_EQ(tanh.size(), 65536u);
    for (int value = -32768; value <= 32767; ++value) {
      const auto i = static_cast<size_t>(value + 32768);
      ASSERT_NEAR(tanh[i], 32768 * std::tanh(value * std::exp2(power)), power < -12 ? 16 : 1.6)
          << power << " " << value;
      ASSERT_NEAR(logistic[i], 32768 / (1 + std::exp(-value / 4096.0)), 1.1) << value;
    }
  }
}

TEST_F(MemoryTest, RealLstmIsItsDefinition) {
  for (const bool timeMajor : {false, true}) {
    isTimeMajor = timeMajor;
    const TinyModel model = lstm(TensorType::FLOAT32);
    const auto x = reals(kBatch * kSteps * kInputs);
    const Bytes output = runOnCpu(model, {bytesOf(x)});
    std::vector<float> y(kBatch * kSteps * kCells);
    ASSERT_EQ(output.size(), 4 * y.size());
    std::memcpy(y.data(), output.data(), output.size());
    const auto weight = [&](size_t tensor, size_t i) {
      float value;
      std::memcpy(&value, model.tensors[tensor].data.data() + 4 * i, 4);
      return static_cast<double>(value);
    };
    for (size_t b = 0; b < kBatch; ++b) {
      std::vector<double> hidden(kCells, 0), cell(kCells, 0);
      for (size_t t = 0; t < kSteps; ++t) {
        std::vector<double> next(kCells);
        for (size_t s = 0; s < kCells; ++s) {
          double gates[4];
          for (size_t g = 0; g < 4; ++g) {
            gates[g] = weight(9 + g, s);
            for (size_t i = 0; i < kInputs; ++i)
              gates[g] += weight(1 + g, s * kInputs + i) * static_cast<double>(x[place(t, b, kInputs) + i]);
            for (size_t i = 0; i < kCells; ++i)
              gates[g] += weight(5 + g, s * kCells + i) * hidden[i];
            gates[g] = g == 2 ? std::tanh(gates[g]) : 1 / (1 + std::exp(-gates[g]));
          }
          cell[s] = std::clamp(gates[1] * cell[s] + gates[0] * gates[2], -static_cast<double>(kClip),
                               static_cast<double>(kClip));
          next[s] = gates[3] * std::tanh(cell[s]);
          EXPECT_NEAR(static_cast<double>(y[place(t, b, kCells) + s]), next[s], 1e-4)
              << timeMajor << t << b << s;
        }
        hidden = next;
      }
    }
  }
}

TEST_F(MemoryTest, ByteLstmIsItsDefinition) {
  const auto logistic = isa::logisticTable16(), gateTanh = isa::tanhTable16(-12),
             cellTanh = isa::tanhTable16(-11);
  const auto clamp16 = [](int32_t value) { return std::clamp(value, -32768, 32767); };
  for (const bool timeMajor : {false, true}) {
    isTimeMajor = timeMajor;
    const TinyModel model = lstm(TensorType::INT8);
    const Bytes x = randomBytes(kBatch * kSteps * kInputs, random_);
    const Bytes y = runOnCpu(model, {x});
    ASSERT_EQ(y.size(), kBatch * kSteps * kCells);
    const double step = std::exp2(-15.0), cellScale = 1.0 / 2048;
    const int32_t limit = static_cast<int32_t>(static_cast<double>(kClip) / cellScale);
    for (size_t b = 0; b < kBatch; ++b) {
      std::vector<int32_t> hidden(kCells, 5), cell(kCells, 0);
      for (size_t t = 0; t < kSteps; ++t) {
        std::vector<int32_t> next(kCells);
        for (size_t s = 0; s < kCells; ++s) {
          int32_t gates[4];
          for (size_t g = 0; g < 4; ++g) {
            int32_t fromInput;
            std::memcpy(&fromInput, model.tensors[9 + g].data.data() + 4 * s, 4);
            int32_t fromHidden = 0;
            for (size_t i = 0; i < kInputs; ++i)
              fromInput +=
                  at(model.tensors[1 + g].data, s * kInputs + i) * (at(x, place(t, b, kInputs) + i) + 7);
            for (size_t i = 0; i < kCells; ++i)
              fromHidden += at(model.tensors[5 + g].data, s * kCells + i) * (hidden[i] - 5);
            const float inputScale = 0.02f * model.tensors[1 + g].scales[0];
            const float hiddenScale = kHiddenScale * model.tensors[5 + g].scales[0];
            const int32_t sum = clamp16(clamp16(scaled(fromInput, static_cast<double>(inputScale) * 4096)) +
                                        clamp16(scaled(fromHidden, static_cast<double>(hiddenScale) * 4096)));
            gates[g] = (g == 2 ? gateTanh : logistic)[static_cast<size_t>(sum + 32768)];
          }
          const int32_t kept = clamp16(scaled(gates[1] * cell[s], step));
          const int32_t added = clamp16(scaled(gates[0] * gates[2], step * step / cellScale));
          cell[s] = std::clamp(clamp16(kept + added), -limit, limit);
          const int32_t product = cellTanh[static_cast<size_t>(cell[s] + 32768)] * gates[3];
          next[s] =
              std::clamp(scaled(product, step * step / static_cast<double>(kHiddenScale)) + 5, -128, 127);
          ASSERT_EQ(at(y, place(t, b, kCells) + s), next[s]) << timeMajor << t << b << s;
        }
        hidden = next;
      }
    }
  }
}

TEST_F(MemoryTest, SvdfFromNoStateSeesItsLastTaps) {
  constexpr size_t kUnits = 3, kRank = 2, kFilters = kUnits * kRank, kTaps = 4;
  const Bytes feature = randomBytes(kFilters * kInputs, random_),
              time = randomBytes(2 * kFilters * kTaps, random_);
  const std::vector<int32_t> bias = {900, -1200, 33};
  TinyModel model;
  model.tensors = {{"x", {2, kInputs}, TensorType::INT8, {0.05f}, {-3}},
                   {"f", {kFilters, kInputs}, TensorType::INT8, {0.01f}, {0}, feature},
                   {"t", {kFilters, kTaps}, TensorType::INT16, {0.0001f}, {0}, time},
                   {"b", {kUnits}, TensorType::INT32, {}, {}, bytesOf(bias)},
                   variable("s", {2, kFilters * kTaps}, TensorType::INT16, {0.003f}, {0}),
                   {"y", {2, kUnits}, TensorType::INT8, {0.5f}, {4}}};
  model.outputs = {5};
  model.operators = {
      {BuiltinOperator::SVDF, {0, 1, 2, 3, 4}, {5}, BuiltinOptions::SVDFOptions, [](FlatBuilder &b) {
         return tfl::CreateSVDFOptions(b, kRank).Union();
       }}};
  const Bytes x = randomBytes(2 * kInputs, random_);
  const Bytes y = runOnCpu(model, {x});
  ASSERT_EQ(y.size(), 2 * kUnits);
  for (size_t i = 0; i < 2 * kUnits; ++i) {
    int32_t sum = bias[i % kUnits];
    for (size_t f = i % kUnits * kRank; f < (i % kUnits + 1) * kRank; ++f) {
      int32_t dot = 0;
      for (size_t c = 0; c < kInputs; ++c)
        dot += at(feature, f * kInputs + c) * (at(x, i / kUnits * kInputs + c) + 3);
      int16_t tap;
      std::memcpy(&tap, time.data() + 2 * (f * kTaps + kTaps - 1), 2);
      sum = isa::wrapAdd(
          sum, tap * std::clamp(scaled(dot, static_cast<double>(0.05f * 0.01f / 0.003f)), -32768, 32767));
    }
    EXPECT_EQ(at(y, i), requantised(sum, static_cast<double>(0.003f * 0.0001f / 0.5f), 4, -128));
  }
}

} // namespace
} // namespace tessera::test
