// Recorded programs at both levels, compared with a plain computation; replay.
#include "fixture.h"

#include "tessera/isa/numerics.h"

#include <algorithm>
#include <numeric>

namespace tessera::test {

using isa::MemoryType;

namespace {

constexpr uint32_t kRows = 5, kInBlocks = 3, kOutBlocks = 2;

/// A matrix product on the machine's blocks: rows x (kInBlocks * blockOut) by (kOutBlocks * blockOut).
struct Product {
  explicit Product(const isa::MachineConfig &m)
      : batch(m.batch), bi(m.blockIn), bo(m.blockOut), in(kInBlocks * m.inpPerOut()) {}

  size_t inpBytes() const { return size_t{kRows} * in * batch * bi; }
  size_t wgtBytes() const { return size_t{kOutBlocks} * in * bo * bi; }
  size_t outElements() const { return size_t{kRows} * kOutBlocks; }
  size_t outBytes() const { return outElements() * batch * bo; }

  /// The sum for result element (row, out block) at [b][o]; INP is [row][in][batch][bi], WGT is [out][in][bo][bi].
  int32_t sum(const std::vector<int8_t> &inp, const std::vector<int8_t> &wgt, uint32_t row, uint32_t block,
              uint32_t b, uint32_t o) const {
    int32_t total = 0;
    for (uint32_t c = 0; c < in; ++c)
      for (uint32_t k = 0; k < bi; ++k)
        total += inp[((size_t{row} * in + c) * batch + b) * bi + k] *
                 wgt[((size_t{block} * in + c) * bo + o) * bi + k];
    return total;
  }

  uint32_t batch, bi, bo, in;
};

} // namespace

TEST_P(DeviceTest, RecordedGemmWithAlu) {
  const Product p(machine);
  const RecorderPointer recording = recorder();
  std::vector<int8_t> inp = randomBytes(p.inpBytes()), wgt = randomBytes(p.wgtBytes());
  const uint32_t inpAddress = buffer(inp, machine.dramElementBytes(MemoryType::Wgt));
  const uint32_t wgtAddress = buffer(wgt, machine.dramElementBytes(MemoryType::Wgt));
  const uint32_t outAddress = buffer(std::vector<int8_t>(p.outBytes()), 64);
  ASSERT_RECORDED(tsr_record_region(recording.get(), 0, inpAddress, static_cast<uint32_t>(inp.size())));
  ASSERT_RECORDED(tsr_record_region(recording.get(), 1, wgtAddress, static_cast<uint32_t>(wgt.size())));
  ASSERT_RECORDED(tsr_record_region(recording.get(), 2, outAddress, static_cast<uint32_t>(p.outBytes())));

  const uint32_t base = 7; // results do not start at 0, so bases are folded into micro-ops
  const uint32_t productExtents[] = {kRows, kOutBlocks, p.in};
  const uint32_t productStrides[] = {kOutBlocks, p.in, 0, 1, 0, p.in, 0, 1, 1};
  const uint32_t elementExtents[] = {static_cast<uint32_t>(p.outElements())};
  const uint32_t elementStrides[] = {1, 1, 0};
  uint32_t product = 0, element = 0;
  ASSERT_RECORDED(tsr_record_kernel(recording.get(), 3, productExtents, productStrides, 1, &product));
  ASSERT_RECORDED(tsr_record_kernel(recording.get(), 1, elementExtents, elementStrides, 0, &element));
  const auto inpType = static_cast<uint32_t>(MemoryType::Inp),
             wgtType = static_cast<uint32_t>(MemoryType::Wgt);
  ASSERT_RECORDED(
      tsr_record_load(recording.get(), inpType, 3, 0, 0, 1, kRows * p.in, kRows * p.in, 0, 0, 0, 0, 0, 0, 0));
  ASSERT_RECORDED(tsr_record_load(recording.get(), wgtType, 2, 1, 0, 1, kOutBlocks * p.in, kOutBlocks * p.in,
                                  0, 0, 0, 0, 0, 0, TSR_PUSH_NEXT));
  ASSERT_RECORDED(tsr_record_gemm(recording.get(), product, 1, base, 0, 0, 0));
  ASSERT_RECORDED(tsr_record_gemm(recording.get(), product, 0, base, 3, 2, TSR_POP_PREV));
  const auto alu = [&](isa::AluOpcode opcode, int32_t immediate, uint32_t dependencies) {
    return tsr_record_alu(recording.get(), element, static_cast<uint32_t>(opcode), 1, immediate, base, base,
                          dependencies);
  };
  ASSERT_RECORDED(alu(isa::AluOpcode::Shr, 8, 0));
  ASSERT_RECORDED(alu(isa::AluOpcode::Max, 0, 0));
  ASSERT_RECORDED(alu(isa::AluOpcode::Min, 127, TSR_PUSH_NEXT));
  ASSERT_RECORDED(tsr_record_store(recording.get(), base, 2, 0, kRows, kOutBlocks, kOutBlocks,
                                   TSR_POP_PREV | TSR_PUSH_PREV));
  ASSERT_RECORDED(tsr_record_sync(recording.get(), TSR_POP_NEXT));
  ASSERT_RECORDED(tsr_record_finish(recording.get()));

  // Replay: the stream is built once; new inputs give new results.
  for (int round = 0; round < 3; ++round) {
    inp = randomBytes(p.inpBytes());
    ASSERT_OK(tsr_device_write(device.get(), inpAddress, inp.data(), inp.size()));
    tsr_launch_result result{};
    ASSERT_RECORDED(tsr_record_run(recording.get(), 60, &result));
    if (!GetParam().computes)
      continue;
    std::vector<int8_t> expected;
    for (uint32_t row = 0; row < kRows; ++row)
      for (uint32_t block = 0; block < kOutBlocks; ++block)
        for (uint32_t b = 0; b < p.batch; ++b)
          for (uint32_t o = 0; o < p.bo; ++o)
            expected.push_back(
                static_cast<int8_t>(std::clamp(p.sum(inp, wgt, row, block, b, o) >> 8, 0, 127)));
    EXPECT_EQ(read(outAddress, p.outBytes()), expected) << "round " << round;
  }
  tsr_record_statistics statistics{};
  tsr_record_get_statistics(recording.get(), &statistics);
  EXPECT_EQ(statistics.emissions, 1u);
  EXPECT_EQ(statistics.uploads, 2u); // stream, micro-ops
  EXPECT_EQ(statistics.launches, 3u);
  EXPECT_EQ(statistics.uopLoads, 1u);
}

TEST_P(DeviceTest, RecordedReduceWithRequantisation) {
  const Product p(machine);
  const RecorderPointer recording = recorder();
  const std::vector<int8_t> inp = randomBytes(p.inpBytes()), wgt = randomBytes(p.wgtBytes());
  std::vector<int32_t> par; // [out block][bias, multiplier, shift][bo]
  for (uint32_t block = 0; block < kOutBlocks; ++block) {
    for (uint32_t o = 0; o < p.bo; ++o)
      par.push_back(static_cast<int32_t>(random() % 20001) - 10000);
    for (uint32_t o = 0; o < p.bo; ++o)
      par.push_back(static_cast<int32_t>(0x40000000 + random() % 0x3fffffff));
    for (uint32_t o = 0; o < p.bo; ++o)
      par.push_back(-8 - static_cast<int32_t>(random() % 4));
  }
  const uint32_t parBytes = machine.dramElementBytes(MemoryType::Par),
                 wgtElement = machine.dramElementBytes(MemoryType::Wgt);
  const uint32_t inpAddress = buffer(inp, wgtElement), wgtAddress = buffer(wgt, wgtElement),
                 parAddress = buffer(par, parBytes);
  const uint32_t outAddress = buffer(std::vector<int8_t>(p.outBytes()), 64);
  ASSERT_RECORDED(tsr_record_region(recording.get(), 0, inpAddress, static_cast<uint32_t>(inp.size())));
  ASSERT_RECORDED(tsr_record_region(recording.get(), 1, wgtAddress, static_cast<uint32_t>(wgt.size())));
  ASSERT_RECORDED(tsr_record_region(recording.get(), 2, outAddress, static_cast<uint32_t>(p.outBytes())));
  ASSERT_RECORDED(tsr_record_region(recording.get(), 3, parAddress, static_cast<uint32_t>(par.size() * 4)));

  // One output block an instruction: rows outside, reduction inside.
  const uint32_t extents[] = {kRows, p.in};
  const uint32_t strides[] = {kOutBlocks, p.in, 0, 0, 1, 1};
  uint32_t kernel = 0;
  ASSERT_RECORDED(tsr_record_kernel(recording.get(), 2, extents, strides, 1, &kernel));
  const auto load = [&](MemoryType type, uint32_t sram, uint32_t region, uint32_t count,
                        uint32_t dependencies) {
    return tsr_record_load(recording.get(), static_cast<uint32_t>(type), sram, region, 0, 1, count, count, 0,
                           0, 0, 0, 0, 0, dependencies);
  };
  ASSERT_RECORDED(load(MemoryType::Par, 1, 3, kOutBlocks, 0));
  ASSERT_RECORDED(load(MemoryType::Inp, 0, 0, kRows * p.in, 0));
  ASSERT_RECORDED(load(MemoryType::Wgt, 0, 1, kOutBlocks * p.in, TSR_PUSH_NEXT));
  ASSERT_RECORDED(
      tsr_record_exit(recording.get(), static_cast<uint32_t>(isa::ExitMode::Tflite), -3, -100, 90));
  for (uint32_t block = 0; block < kOutBlocks; ++block) {
    const uint32_t dependencies =
        (block == 0 ? TSR_POP_PREV : 0) | (block + 1 == kOutBlocks ? TSR_PUSH_NEXT : 0);
    ASSERT_RECORDED(tsr_record_reduce(recording.get(), kernel, static_cast<uint32_t>(isa::ReduceOp::Matmul),
                                      1, static_cast<uint32_t>(isa::ReduceInit::Bias),
                                      static_cast<uint32_t>(isa::Destination::Out), block, 0, block * p.in,
                                      1 + block, 1, dependencies));
    ASSERT_RECORDED(tsr_record_mark(recording.get(), block));
  }
  ASSERT_RECORDED(
      tsr_record_store(recording.get(), 0, 2, 0, 1, static_cast<uint32_t>(p.outElements()), 0, TSR_POP_PREV));
  ASSERT_RECORDED(tsr_record_finish(recording.get()));
  tsr_record_statistics statistics{};
  tsr_record_get_statistics(recording.get(), &statistics);
  EXPECT_EQ(statistics.kernels, 1u);
  EXPECT_EQ(statistics.microOps, p.in);

  tsr_launch_result result{};
  ASSERT_RECORDED(tsr_record_run(recording.get(), 60, &result));
  if (!GetParam().computes)
    return;
  std::vector<int8_t> expected;
  const isa::ExitSettings exit{isa::ExitMode::Tflite, -3, -100, 90};
  for (uint32_t row = 0; row < kRows; ++row)
    for (uint32_t block = 0; block < kOutBlocks; ++block)
      for (uint32_t b = 0; b < p.batch; ++b)
        for (uint32_t o = 0; o < p.bo; ++o) {
          const int32_t *channel = par.data() + size_t{block} * 3 * p.bo + o;
          const int32_t sum = isa::wrapAdd(p.sum(inp, wgt, row, block, b, o), channel[0]);
          expected.push_back(
              isa::exitValue(sum, static_cast<uint32_t>(channel[p.bo]), channel[2 * p.bo], channel[0], exit));
        }
  EXPECT_EQ(read(outAddress, p.outBytes()), expected);
  uint32_t marks[4], count = 0;
  ASSERT_RECORDED(tsr_record_marks(recording.get(), marks, 4, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_GT(marks[0], 0u);
  EXPECT_GT(marks[1], marks[0]);
  if (GetParam().counts)
    EXPECT_LE(marks[1], result.cycles);
  tsr_identity identity{};
  ASSERT_OK(tsr_device_identify(device.get(), &identity));
  uint32_t classes[2][TSR_CYCLE_CLASSES];
  if (identity.classes == 0) {
    EXPECT_EQ(tsr_device_mark_classes(device.get(), 2, classes[0]), TSR_UNSUPPORTED);
    return;
  }
  ASSERT_OK(tsr_device_mark_classes(device.get(), 2, classes[0]));
  uint64_t counters[TSR_COUNTERS];
  ASSERT_OK(tsr_device_counters(device.get(), counters));
  for (uint32_t mark = 0; mark < 2; ++mark)
    EXPECT_EQ(std::accumulate(std::begin(classes[mark]), std::end(classes[mark]), 0u), marks[mark]);
  // Nothing of the array is left after the last mark; the blocks take as long as each other.
  EXPECT_EQ(classes[1][TSR_CYCLE_ARRAY], counters[4]);
  EXPECT_EQ(classes[1][TSR_CYCLE_ARRAY], kRows * p.in * kOutBlocks);
  EXPECT_EQ(classes[1][TSR_CYCLE_VECTOR], 0u);
  for (uint32_t c = 0; c < TSR_CYCLE_CLASSES; ++c)
    EXPECT_LE(classes[0][c], classes[1][c]);
  uint32_t again[2];
  ASSERT_RECORDED(tsr_record_marks(recording.get(), again, 2, &count));
  EXPECT_EQ(again[0], marks[0]); // they show cycles again
  EXPECT_EQ(tsr_device_mark_classes(device.get(), 257, classes[0]), TSR_INVALID_ARGUMENT);
}

TEST_P(DeviceTest, DeadlockIsRejectedBeforeTheLaunch) {
  const RecorderPointer recording = recorder();
  ASSERT_RECORDED(tsr_record_sync(recording.get(), TSR_POP_PREV));
  EXPECT_EQ(tsr_record_finish(recording.get()), TSR_REJECTED);
  EXPECT_NE(std::string(tsr_record_message(recording.get())).find("command 0 (sync)"), std::string::npos)
      << tsr_record_message(recording.get());
  tsr_launch_result result{};
  EXPECT_EQ(tsr_record_run(recording.get(), 1, &result), TSR_REJECTED);
}

} // namespace tessera::test
