// The image runner: what it refuses, what host code gets, layouts there and back, replay.
#include "tessera/isa/encoding.h"
#include "tessera/isa/image.h"
#include "tessera/runtime.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace tessera::test {

namespace {

constexpr uint32_t kHeight = 3, kWidth = 5;
uint32_t channels = 0; // of the picture that hostCode copies
int recordings = 0;

/// Host code by hand: input to the arena, arena through the core (a load of ACC_8BIT and a store) to its second half, back out.
int32_t hostCode(tsr_runtime *runtime, const void *const *inputs, void *const *outputs) {
  const uint32_t half = 4096, elements = kHeight * kWidth * ((channels + 15) / 16);
  tsr_status status = tsr_runtime_write_blocked(runtime, 0, static_cast<const int8_t *>(inputs[0]), kHeight,
                                                kWidth, channels, -7);
  if (status != TSR_OK)
    return status;
  tsr_recorder *recorder = nullptr;
  int32_t fresh = 0;
  if ((status = tsr_runtime_recorder(runtime, 0, &recorder, &fresh)) != TSR_OK)
    return status;
  if (fresh) {
    ++recordings;
    tsr_record_load(recorder, static_cast<uint32_t>(isa::MemoryType::Acc8bit), 0, 1, 0, 1, elements, elements,
                    0, 0, 0, 0, 0, 0, TSR_PUSH_NEXT);
    tsr_record_mark(recorder, 0);
    if ((status = tsr_record_store(recorder, 0, 1, half, 1, elements, elements, TSR_POP_PREV)) != TSR_OK)
      return status;
    if ((status = tsr_runtime_finish(runtime, 0)) != TSR_OK)
      return status;
  }
  if ((status = tsr_runtime_run(runtime, 0)) != TSR_OK)
    return status;
  return tsr_runtime_read_blocked(runtime, half, static_cast<int8_t *>(outputs[0]), kHeight, kWidth,
                                  channels);
}

std::vector<uint8_t> imageOf(const std::string &metadata, uint64_t configHash, size_t constantBytes = 100) {
  isa::ProgramImage image;
  image.configHash = configHash;
  image.setText(isa::ProgramImage::kMetadata, metadata);
  image.set(isa::ProgramImage::kConstants, std::vector<uint8_t>(constantBytes, 7));
  return *image.serialize();
}

class RuntimeTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    const tsr_device_options options{GetParam(), nullptr, 1 << 20, 0};
    tsr_device *opened = nullptr;
    ASSERT_EQ(tsr_device_open("functional", &options, &opened), TSR_OK) << tsr_open_message();
    device.reset(opened);
    machine = *isa::loadMachine(GetParam());
  }
  tsr_status open(const std::vector<uint8_t> &image, tsr_device *on) {
    tsr_runtime *opened = nullptr;
    const tsr_status status = tsr_runtime_open(on, image.data(), image.size(), hostCode, &opened);
    runtime.reset(opened);
    return status;
  }

  isa::MachineConfig machine;
  std::unique_ptr<tsr_device, void (*)(tsr_device *)> device{nullptr, tsr_device_close};
  std::unique_ptr<tsr_runtime, void (*)(tsr_runtime *)> runtime{nullptr, tsr_runtime_close};
};

} // namespace

TEST_P(RuntimeTest, HostCodeRecordsOnceAndReplays) {
  ASSERT_EQ(open(imageOf(R"({"arena_bytes": 65536, "segments": 1})", machine.hash()), device.get()), TSR_OK)
      << tsr_open_message();
  tsr_segment_report report{};
  EXPECT_EQ(tsr_runtime_report(runtime.get(), 0, &report), TSR_NOT_FOUND);
  recordings = 0;
  channels = 13;
  for (int round = 0; round < 3; ++round) {
    std::vector<int8_t> input(kHeight * kWidth * channels), output(input.size());
    std::iota(input.begin(), input.end(), static_cast<int8_t>(round * 11));
    const void *inputs[] = {input.data()};
    void *outputs[] = {output.data()};
    ASSERT_EQ(tsr_runtime_invoke(runtime.get(), inputs, outputs), TSR_OK)
        << tsr_runtime_message(runtime.get());
    EXPECT_EQ(output, input);
  }
  EXPECT_EQ(recordings, 1);
  ASSERT_EQ(tsr_runtime_report(runtime.get(), 0, &report), TSR_OK);
  EXPECT_EQ(report.launches, 3u);
  EXPECT_EQ(report.markCount, 1u);
  EXPECT_GE(report.instructions, 4u);
}

TEST_P(RuntimeTest, BlockedLayoutComesBackForAnyChannels) {
  ASSERT_EQ(open(imageOf(R"({"arena_bytes": 65536, "segments": 0})", machine.hash()), device.get()), TSR_OK)
      << tsr_open_message();
  for (uint32_t c : {1u, 15u, 16u, 37u, 64u, 100u}) {
    std::vector<int8_t> input(kHeight * kWidth * c), output(input.size());
    std::iota(input.begin(), input.end(), int8_t{1});
    ASSERT_EQ(tsr_runtime_write_blocked(runtime.get(), 64, input.data(), kHeight, kWidth, c, -7), TSR_OK);
    ASSERT_EQ(tsr_runtime_read_blocked(runtime.get(), 64, output.data(), kHeight, kWidth, c), TSR_OK);
    EXPECT_EQ(output, input);
    // The bytes in device memory, element by element. Constants stand first, so the arena is the second region.
    const uint32_t blocks = (c + machine.blockOut - 1) / machine.blockOut;
    std::vector<int8_t> expected;
    for (uint32_t b = 0; b < blocks; ++b)
      for (uint32_t p = 0; p < kHeight * kWidth; ++p)
        for (uint32_t row = 0; row < machine.batch; ++row)
          for (uint32_t o = 0; o < machine.blockOut; ++o) {
            const uint32_t channel = b * machine.blockOut + o;
            expected.push_back(row == 0 && channel < c ? input[p * c + channel] : int8_t{-7});
          }
    uint32_t alignment = 64;
    for (isa::MemoryType type : {isa::MemoryType::Wgt, isa::MemoryType::Acc, isa::MemoryType::Par})
      alignment = std::lcm(alignment, machine.dramElementBytes(type));
    std::vector<int8_t> got(expected.size());
    ASSERT_EQ(tsr_device_read(device.get(), alignment + 64, got.data(), got.size()), TSR_OK);
    EXPECT_EQ(got, expected) << c << " channels";
  }
}

TEST_P(RuntimeTest, WindowsAreThoseOfTheConvolution) {
  ASSERT_EQ(open(imageOf(R"({"arena_bytes": 65536, "segments": 0})", machine.hash()), device.get()), TSR_OK)
      << tsr_open_message();
  const uint32_t c = 3, kernelHeight = 2, kernelWidth = 3, outHeight = 2, outWidth = 3;
  std::vector<int8_t> input(kHeight * kWidth * c), expected;
  std::iota(input.begin(), input.end(), int8_t{1});
  const auto check = [&](const uint32_t *window) {
    const std::vector<int> w(window, window + 10);
    expected.clear();
    for (int y = 0; y < w[8]; ++y)
      for (int x = 0; x < w[9]; ++x)
        for (int ky = 0; ky < w[0]; ++ky)
          for (int kx = 0; kx < w[1]; ++kx)
            for (uint32_t channel = 0; channel < c; ++channel) {
              const int row = w[2] * y + w[4] * ky - w[6], column = w[3] * x + w[5] * kx - w[7];
              const bool isInside = row >= 0 && row < static_cast<int>(kHeight) && column >= 0 &&
                                    column < static_cast<int>(kWidth);
              expected.push_back(
                  isInside
                      ? input[static_cast<uint32_t>(row * static_cast<int>(kWidth) + column) * c + channel]
                      : int8_t{-9});
            }
    ASSERT_EQ(tsr_runtime_write_windows(runtime.get(), 128, input.data(), kHeight, kWidth, c, window, -9),
              TSR_OK)
        << tsr_runtime_message(runtime.get());
    std::vector<int8_t> output(expected.size());
    ASSERT_EQ(tsr_runtime_read_blocked(runtime.get(), 128, output.data(), window[8], window[9],
                                       window[0] * window[1] * c),
              TSR_OK);
    EXPECT_EQ(output, expected);
  };
  // Neighbouring taps, over all four edges; then strides 2 and 3, dilations 3 and 2, padding 1 above and 2 on the left.
  const uint32_t neighbours[] = {2, 3, 1, 1, 1, 1, 1, 2, 5, 7};
  check(neighbours);
  const uint32_t window[] = {kernelHeight, kernelWidth, 2, 3, 3, 2, 1, 2, outHeight, outWidth};
  tsr_borders before{};
  ASSERT_EQ(tsr_runtime_borders(runtime.get(), &before), TSR_OK);
  check(window);
  tsr_borders borders{};
  ASSERT_EQ(tsr_runtime_borders(runtime.get(), &borders), TSR_OK);
  EXPECT_EQ(borders.convertedBytes - before.convertedBytes, 2 * expected.size())
      << "gathered, and converted back";
  const uint32_t ofABlock[] = {1, 1, 1, 1, 1, 1, 0, 0, 1, 1}; // gathered all the same
  ASSERT_EQ(tsr_runtime_write_windows(runtime.get(), 128, input.data(), 1, 1, 4, ofABlock, 0), TSR_OK);
  ASSERT_EQ(tsr_runtime_borders(runtime.get(), &borders), TSR_OK);
  EXPECT_EQ(borders.convertedBytes - before.convertedBytes, 2 * expected.size() + 4);
  const uint32_t huge[] = {60000, 60000, 1, 1, 1, 1, 0, 0, 60000, 60000};
  EXPECT_EQ(tsr_runtime_write_windows(runtime.get(), 0, input.data(), kHeight, kWidth, c, huge, 0),
            TSR_OUT_OF_RANGE);
}

TEST_P(RuntimeTest, BytesOfTheArenaAreUsedWhereTheyLie) {
  const tsr_device_options options{GetParam(), nullptr, 1 << 20, 0};
  tsr_device *blind = nullptr;
  ASSERT_EQ(tsr_device_open("null", &options, &blind), TSR_OK) << tsr_open_message();
  const std::unique_ptr<tsr_device, void (*)(tsr_device *)> closed(blind, tsr_device_close);
  for (const bool isSeen : {true, false}) {
    tsr_device *const on = isSeen ? device.get() : blind;
    ASSERT_EQ(open(imageOf(R"({"arena_bytes": 65536, "segments": 0})", machine.hash(), 0), on), TSR_OK);
    void *shared = nullptr;
    ASSERT_EQ(tsr_runtime_share(runtime.get(), 1000, 5, &shared), TSR_OK);
    std::memcpy(shared, "bytes", 5);
    char seen[6] = {};
    ASSERT_EQ(tsr_device_read(on, 1000, seen, 5), TSR_OK); // the arena stands alone
    EXPECT_STREQ(seen, isSeen ? "bytes" : "");
    ASSERT_EQ(tsr_runtime_give(runtime.get(), 1000, 5), TSR_OK);
    ASSERT_EQ(tsr_device_read(on, 1000, seen, 5), TSR_OK);
    EXPECT_STREQ(seen, "bytes");
    ASSERT_EQ(tsr_device_write(on, 1001, "i", 1), TSR_OK);
    ASSERT_EQ(tsr_runtime_take(runtime.get(), 1000, 5), TSR_OK);
    EXPECT_EQ(std::string(static_cast<char *>(shared), 5), "bites");
    tsr_borders borders{};
    ASSERT_EQ(tsr_runtime_borders(runtime.get(), &borders), TSR_OK);
    EXPECT_EQ(borders.sharedBytes, isSeen ? 10u : 0u);
    EXPECT_EQ(borders.copiedBytes, isSeen ? 0u : 10u);
    EXPECT_EQ(borders.convertedBytes, 0u);
    EXPECT_EQ(tsr_runtime_share(runtime.get(), 65530, 7, &shared), TSR_OUT_OF_RANGE);
    EXPECT_STREQ(tsr_runtime_message(runtime.get()),
                 "7 bytes at offset 65530 end past the arena's 65536 bytes");
    EXPECT_EQ(tsr_runtime_give(runtime.get(), 65530, 7), TSR_OUT_OF_RANGE);
    EXPECT_EQ(tsr_runtime_take(runtime.get(), 65530, 7), TSR_OUT_OF_RANGE);
    // Pictures too, whether the host sees the memory or not.
    std::vector<int8_t> input(kHeight * kWidth * 21), output(input.size());
    std::iota(input.begin(), input.end(), int8_t{3});
    ASSERT_EQ(tsr_runtime_write_blocked(runtime.get(), 128, input.data(), kHeight, kWidth, 21, 0), TSR_OK);
    if (!isSeen) { // what comes back is the device's
      ASSERT_EQ(tsr_runtime_share(runtime.get(), 128, 8192, &shared), TSR_OK);
      std::memset(shared, 0, 8192);
    }
    ASSERT_EQ(tsr_runtime_read_blocked(runtime.get(), 128, output.data(), kHeight, kWidth, 21), TSR_OK);
    EXPECT_EQ(output, input);
    runtime.reset(); // before its device
  }
}

TEST_P(RuntimeTest, BordersSayWhatWasCopiedAndWhatConverted) {
  ASSERT_EQ(open(imageOf(R"({"arena_bytes": 65536, "segments": 0})", machine.hash()), device.get()), TSR_OK);
  std::vector<int8_t> data(4096);
  tsr_borders before{};
  const auto kind = [&](uint32_t height, uint32_t width, uint32_t c) {
    EXPECT_EQ(tsr_runtime_write_blocked(runtime.get(), 0, data.data(), height, width, c, 0), TSR_OK);
    tsr_borders now{};
    EXPECT_EQ(tsr_runtime_borders(runtime.get(), &now), TSR_OK);
    const bool isCopied = now.copiedBytes - before.copiedBytes == height * width * c;
    const bool isConverted = now.convertedBytes - before.convertedBytes == height * width * c;
    EXPECT_TRUE(isCopied != isConverted);
    before = now;
    return isCopied;
  };
  const uint32_t block = machine.blockOut;
  EXPECT_TRUE(kind(1, 1, block - 1));
  EXPECT_EQ(kind(1, 1, block + 1), machine.batch == 1);
  EXPECT_EQ(kind(2, 3, block), machine.batch == 1);
  EXPECT_FALSE(kind(2, 3, block - 1));
  EXPECT_FALSE(kind(1, 2, 2 * block));
}

TEST_P(RuntimeTest, FailuresOfHostCodeKeepTheirMessage) {
  ASSERT_EQ(open(imageOf(R"({"arena_bytes": 4096, "segments": 1})", machine.hash()), device.get()), TSR_OK)
      << tsr_open_message();
  channels = 16;
  std::vector<int8_t> data(kHeight * kWidth * channels);
  const void *inputs[] = {data.data()};
  void *outputs[] = {data.data()};
  EXPECT_EQ(tsr_runtime_invoke(runtime.get(), inputs, outputs), TSR_INVALID_ARGUMENT);
  EXPECT_TRUE(std::string(tsr_runtime_message(runtime.get())).starts_with("segment 0: command 2 (store): "))
      << tsr_runtime_message(runtime.get());
  channels = 5000;
  data.resize(kHeight * kWidth * channels);
  const void *larger[] = {data.data()};
  EXPECT_EQ(tsr_runtime_invoke(runtime.get(), larger, outputs), TSR_OUT_OF_RANGE);
  EXPECT_TRUE(std::string(tsr_runtime_message(runtime.get()))
                  .starts_with("activations of 3 x 5 x 5000 at offset 0 end past"))
      << tsr_runtime_message(runtime.get());
}

TEST_P(RuntimeTest, ImagesThatDoNotFitAreRefused) {
  EXPECT_EQ(open(imageOf(R"({"segments": 1})", machine.hash() + 1), device.get()), TSR_MISMATCH);
  EXPECT_NE(std::string(tsr_open_message()).find("configuration"), std::string::npos) << tsr_open_message();
  EXPECT_EQ(open(imageOf(R"({"segments": 1})", machine.hash()), nullptr), TSR_INVALID_ARGUMENT);
  EXPECT_STREQ(tsr_open_message(), "the image has 1 segments for a device, none is open");
  EXPECT_EQ(open(imageOf(R"({"segments": -1})", machine.hash()), device.get()), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(open(imageOf(R"({"segments": 1, "arena_bytes": 4000000000})", machine.hash()), device.get()),
            TSR_OUT_OF_MEMORY);
  EXPECT_EQ(open(imageOf("nonsense", machine.hash()), device.get()), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(open(imageOf("{}", 0), nullptr), TSR_OK) << tsr_open_message();
  std::vector<uint8_t> broken = imageOf("{}", machine.hash());
  broken.resize(broken.size() - 1);
  EXPECT_EQ(open(broken, device.get()), TSR_IO);
}

INSTANTIATE_TEST_SUITE_P(All, RuntimeTest, testing::Values("pynq", "batch2", "ultra96"),
                         [](const auto &info) { return info.param; });

} // namespace tessera::test
