// The vectorised kernels of the functional model give what the portable ones give, which call isa's scalar functions.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "kernels.h"

namespace tessera::simulator {
namespace {

using isa::ExitMode;

KernelShape shapeOf(uint32_t batch, uint32_t blockIn, uint32_t blockOut) {
  const uint32_t groups = (blockIn + 3) / 4;
  return {batch, blockIn, blockOut, groups, batch * blockOut, batch * blockIn, groups * blockOut * 4};
}

const KernelShape kShapes[] = {shapeOf(1, 8, 8),   shapeOf(1, 16, 16), shapeOf(2, 16, 16),
                               shapeOf(1, 16, 32), shapeOf(1, 32, 32), shapeOf(2, 8, 16)};

/// Values at and around every power of two, their negatives, and random ones of every size.
int32_t interesting(std::mt19937_64 &random) {
  const auto size = static_cast<uint32_t>(random() % 33);
  const uint64_t power = uint64_t{1} << size;
  switch (random() % 4) {
  case 0:
    return static_cast<int32_t>(power - 1 + random() % 3);
  case 1:
    return static_cast<int32_t>(-(power - 1 + random() % 3));
  case 2:
    return static_cast<int32_t>(random() % power);
  default:
    return static_cast<int32_t>(random());
  }
}

class KernelsTest : public testing::TestWithParam<KernelShape> {};

TEST_P(KernelsTest, ExitIsIsaExit) {
  const KernelShape &shape = GetParam();
  std::mt19937_64 random(1);
  std::vector<int32_t> v(shape.lanes), bias(shape.blockOut), multiplier(shape.blockOut),
      shift(shape.blockOut);
  std::vector<int8_t> got(shape.lanes), want(shape.lanes);
  for (int round = 0; round < 60000; ++round) {
    for (int32_t &x : v)
      x = interesting(random);
    for (int32_t &x : bias)
      x = interesting(random);
    for (int32_t &x : multiplier)
      x = interesting(random);
    for (int32_t &x : shift)
      x = static_cast<int32_t>(random());
    isa::ExitSettings settings;
    settings.mode = static_cast<ExitMode>(round % 5);
    settings.zeroPoint = static_cast<int8_t>(random());
    // Full range most of the time, so that the requantised value is seen.
    settings.clampMin = random() % 4 ? -128 : static_cast<int8_t>(random());
    settings.clampMax = random() % 4 ? 127 : static_cast<int8_t>(random());
    const ExitRows rows{bias.data(), multiplier.data(), shift.data()};
    portableKernels().exit(shape, v.data(), want.data(), rows, settings);
    bestKernels().exit(shape, v.data(), got.data(), rows, settings);
    for (uint32_t l = 0; l < shape.lanes; ++l)
      ASSERT_EQ(int{got[l]}, int{want[l]})
          << "mode " << round % 5 << " v " << v[l] << " m " << multiplier[l % shape.blockOut] << " s "
          << isa::shiftOfRow(shift[l % shape.blockOut]) << " bias " << bias[l % shape.blockOut]
          << " zero point " << settings.zeroPoint;
  }
}

/// The products of 2^62, whose sum with the rounding takes bit 63, and what is next to them, at every shift.
TEST_P(KernelsTest, ExitOfTheLargestProducts) {
  const KernelShape &shape = GetParam();
  const int32_t edges[] = {INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, -1, 1};
  std::vector<int32_t> v(shape.lanes), bias(shape.blockOut), multiplier(shape.blockOut),
      shift(shape.blockOut);
  std::vector<int8_t> got(shape.lanes), want(shape.lanes);
  for (int32_t s = -32; s < 32; ++s)
    for (int32_t m : edges)
      for (ExitMode mode : {ExitMode::Tflite, ExitMode::TfliteSingle, ExitMode::Average}) {
        for (size_t l = 0; l < v.size(); ++l)
          v[l] = edges[l % std::size(edges)];
        std::fill(multiplier.begin(), multiplier.end(), m);
        std::fill(shift.begin(), shift.end(), s);
        const ExitRows rows{bias.data(), multiplier.data(), shift.data()};
        const isa::ExitSettings settings{mode, 3, -128, 127};
        portableKernels().exit(shape, v.data(), want.data(), rows, settings);
        bestKernels().exit(shape, v.data(), got.data(), rows, settings);
        ASSERT_EQ(got, want) << "mode " << static_cast<int>(mode) << " m " << m << " s " << s;
      }
}

/// Values whose requantised result is near the int8 range, where rounding shows.
TEST_P(KernelsTest, ExitRoundsAsIsa) {
  const KernelShape &shape = GetParam();
  std::mt19937_64 random(2);
  std::vector<int32_t> v(shape.lanes), bias(shape.blockOut), multiplier(shape.blockOut),
      shift(shape.blockOut);
  std::vector<int8_t> got(shape.lanes), want(shape.lanes);
  for (int round = 0; round < 60000; ++round) {
    const isa::ExitSettings settings{static_cast<ExitMode>(round % 5), 0, -128, 127};
    for (uint32_t o = 0; o < shape.blockOut; ++o) {
      const auto right = static_cast<int32_t>(random() % 32);
      bias[o] = static_cast<int32_t>(random() % 4096);
      shift[o] = -right;
      multiplier[o] = static_cast<int32_t>((uint32_t{1} << 30) + random() % (1u << 30));
      if (settings.mode == ExitMode::Onnx)
        multiplier[o] = std::bit_cast<int32_t>(std::ldexp(1.0f, -right) * 1.5f);
      if (random() % 2)
        multiplier[o] = settings.mode == ExitMode::Onnx ? std::bit_cast<int32_t>(0.5f) : 1 << 30;
      for (uint32_t b = 0; b < shape.batch; ++b)
        v[b * shape.blockOut + o] =
            static_cast<int32_t>(static_cast<int64_t>(random() % 512) - 256) * (1 << (right % 23)) +
            static_cast<int32_t>(random() % 5) - 2;
    }
    const ExitRows rows{bias.data(), multiplier.data(), shift.data()};
    portableKernels().exit(shape, v.data(), want.data(), rows, settings);
    bestKernels().exit(shape, v.data(), got.data(), rows, settings);
    ASSERT_EQ(got, want) << "mode " << round % 5;
  }
}

TEST_P(KernelsTest, ScaledAddIsIsaScale) {
  const KernelShape &shape = GetParam();
  std::mt19937_64 random(3);
  std::vector<int32_t> x(shape.lanes), y(shape.lanes), got(shape.lanes), want(shape.lanes);
  for (int round = 0; round < 40000; ++round) {
    for (int32_t &value : x)
      value = interesting(random);
    for (int32_t &value : y)
      value = interesting(random);
    const auto operand = [&] {
      return isa::OperandSettings{static_cast<int8_t>(random()), static_cast<uint32_t>(interesting(random)),
                                  -static_cast<int32_t>(random() % 32)};
    };
    const isa::OperandSettings lhs = operand(), rhs = operand();
    const auto mode = static_cast<ExitMode>(round % 5);
    portableKernels().scaledAdd(shape, x.data(), y.data(), want.data(), lhs, rhs, mode);
    bestKernels().scaledAdd(shape, x.data(), y.data(), got.data(), lhs, rhs, mode);
    ASSERT_EQ(got, want) << "mode " << round % 5 << " shifts " << lhs.shift << ' ' << rhs.shift;
  }
}

TEST_P(KernelsTest, MatmulIsTheSumOfProducts) {
  const KernelShape &shape = GetParam();
  constexpr uint32_t kElements = 16;
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    const bool extremes = round % 3 == 0;
    std::vector<uint8_t> inp(kElements * shape.inpBytes + 128);
    std::vector<int8_t> wgt(kElements * shape.wgtBytes + 128);
    std::vector<int32_t> sums(kElements * shape.blockOut + 32), acc(shape.lanes + 32), want;
    for (uint8_t &value : inp)
      value = extremes ? (random() % 2 ? 0 : 255) : static_cast<uint8_t>(random());
    for (int8_t &value : wgt)
      value = extremes ? (random() % 2 ? -128 : 127) : static_cast<int8_t>(random());
    for (uint32_t n = 0; n < kElements; ++n)
      for (uint32_t o = 0; o < shape.blockOut; ++o) {
        int32_t sum = 0;
        for (uint32_t k = 0; k < shape.blockIn; ++k)
          sum += wgt[n * shape.wgtBytes + (k / 4 * shape.blockOut + o) * 4 + k % 4];
        sums[n * shape.blockOut + o] = sum * 128;
      }
    for (int32_t &value : acc)
      value = interesting(random);
    want = acc;
    std::vector<isa::MicroOp> u(1 + random() % 9);
    for (isa::MicroOp &op : u)
      op = {0, static_cast<uint32_t>(random() % kElements), static_cast<uint32_t>(random() % kElements)};
    const ReduceSources from{inp.data(), wgt.data(), sums.data()};
    portableKernels().matmul(shape, want.data(), u.data(), u.size(), from);
    bestKernels().matmul(shape, acc.data(), u.data(), u.size(), from);
    ASSERT_EQ(acc, want);
  }
}

TEST_P(KernelsTest, LowBytesCutTheSign) {
  const KernelShape &shape = GetParam();
  std::vector<int32_t> acc(shape.lanes);
  for (uint32_t l = 0; l < shape.lanes; ++l)
    acc[l] = static_cast<int32_t>(0x12345678u * (l + 1));
  std::vector<int8_t> out(shape.lanes + 1, 77);
  bestKernels().lowBytes(acc.data(), out.data(), shape.lanes);
  for (uint32_t l = 0; l < shape.lanes; ++l)
    EXPECT_EQ(int{out[l]}, isa::lowByte(acc[l]));
  EXPECT_EQ(out[shape.lanes], 77);
}

INSTANTIATE_TEST_SUITE_P(Shapes, KernelsTest, testing::ValuesIn(kShapes), [](const auto &info) {
  return std::to_string(info.param.batch) + "x" + std::to_string(info.param.blockIn) + "x" +
         std::to_string(info.param.blockOut);
});

} // namespace
} // namespace tessera::simulator
