// The driver's traffic and decisions, on the null device: which registers are touched in which order, which instructions are made.
#include "tessera/device.h"
#include "tessera/isa/encoding.h"
#include "tessera/null_device.h"
#include "tessera/record.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tessera::test {

namespace {

namespace reg = isa::reg;
using isa::MemoryType;

std::string openFailure(const char *memory, tsr_status expected, const char *machine = "pynq") {
  tsr_device *device = nullptr;
  const tsr_device_options options{machine, memory, 4096, 0};
  EXPECT_EQ(tsr_device_open("null", &options, &device), expected);
  EXPECT_EQ(device, nullptr);
  return tsr_open_message();
}

class NullTest : public testing::Test {
protected:
  void SetUp() override {
    const tsr_device_options options{"pynq", nullptr, 1 << 20, 0};
    tsr_device *opened = nullptr;
    ASSERT_EQ(tsr_device_open("null", &options, &opened), TSR_OK) << tsr_open_message();
    device.reset(opened);
    tsr_recorder *begun = nullptr;
    ASSERT_EQ(tsr_record_begin(opened, &begun), TSR_OK);
    recorder.reset(begun);
    EXPECT_EQ(tsr_record_region(begun, 0, 0, 1 << 19), TSR_OK);
  }

  /// The emitted instructions.
  std::vector<isa::Instruction> finish() {
    EXPECT_EQ(tsr_record_finish(recorder.get()), TSR_OK) << tsr_record_message(recorder.get());
    const void *words = nullptr;
    uint32_t count = 0;
    EXPECT_EQ(tsr_record_stream(recorder.get(), &words, &count), TSR_OK);
    const isa::Layout layout(*isa::loadMachine("pynq"));
    std::vector<isa::Instruction> instructions;
    for (const isa::Word128 &word : std::span(static_cast<const isa::Word128 *>(words), count))
      instructions.push_back(*layout.decode(word));
    return instructions;
  }
  template <class Kind> static size_t countOf(const std::vector<isa::Instruction> &instructions) {
    size_t count = 0;
    for (const isa::Instruction &i : instructions)
      count += std::holds_alternative<Kind>(i);
    return count;
  }

  uint32_t kernel(std::vector<uint32_t> extents, std::vector<uint32_t> strides, uint32_t reduceLoops = 0) {
    uint32_t number = 0;
    EXPECT_EQ(tsr_record_kernel(recorder.get(), static_cast<uint32_t>(extents.size()), extents.data(),
                                strides.data(), reduceLoops, &number),
              TSR_OK)
        << tsr_record_message(recorder.get());
    return number;
  }
  tsr_status load(MemoryType type, uint32_t count, int32_t padValue = 0, uint32_t pad = 0, uint32_t sram = 0,
                  uint32_t offset = 0) {
    return tsr_record_load(recorder.get(), static_cast<uint32_t>(type), sram, 0, offset, 1, count, count, pad,
                           0, 0, 0, padValue, 0, 0);
  }
  tsr_status reduce(uint32_t k, uint32_t dst, uint32_t overlap = 0) {
    return tsr_record_reduce(recorder.get(), k, 0, 1, 0, static_cast<uint32_t>(isa::Destination::Acc), dst, 0,
                             0, 0, overlap, 0);
  }
  std::string message() const { return tsr_record_message(recorder.get()); }

  std::unique_ptr<tsr_device, void (*)(tsr_device *)> device{nullptr, tsr_device_close};
  std::unique_ptr<tsr_recorder, void (*)(tsr_recorder *)> recorder{nullptr, tsr_record_end};
};

} // namespace

TEST(NullOpenTest, ACoreThatIsNotWhatItShouldBeIsAMismatch) {
  EXPECT_EQ(openFailure("identity=1", TSR_MISMATCH),
            "null: no core answers: identity register is 0x00000001, not 0x54535241");
  EXPECT_EQ(openFailure("version=0x70000", TSR_MISMATCH),
            "null: core version 7.0 does not fit this driver's version 0.1");
  EXPECT_TRUE(openFailure("hash=0x1234", TSR_MISMATCH)
                  .starts_with("null: core has configuration 0x0000000000001234, machine pynq is 0x"));
  EXPECT_TRUE(openFailure("features=1", TSR_MISMATCH)
                  .starts_with("null: core has features 0x1, machine pynq has 0x"));
  EXPECT_EQ(openFailure("version=0x00000000", TSR_MISMATCH),
            "null: core version 0.0 does not fit this driver's version 0.1");
  EXPECT_NE(openFailure("", TSR_NOT_FOUND, "abacus").find("abacus"), std::string::npos);
}

TEST(NullOpenTest, ANewerCoreOfTheSameVersionFits) {
  tsr_device *device = nullptr;
  const tsr_device_options options{"pynq", "version=0x00000005", 4096, 0};
  EXPECT_EQ(tsr_device_open("null", &options, &device), TSR_OK) << tsr_open_message();
  tsr_device_close(device);
}

TEST_F(NullTest, OpeningReadsTheIdentity) {
  std::vector<tsr_null_access> traffic(tsr_null_traffic(device.get(), nullptr, 0));
  tsr_null_traffic(device.get(), traffic.data(), traffic.size());
  const uint32_t expected[] = {reg::kIdentity,       reg::kVersion,  reg::kConfigHashLow,
                               reg::kConfigHashHigh, reg::kFeatures, reg::kClassCount};
  ASSERT_EQ(traffic.size(), std::size(expected));
  for (size_t i = 0; i < traffic.size(); ++i) {
    EXPECT_EQ(traffic[i].write, 0u);
    EXPECT_EQ(traffic[i].offset, expected[i]);
  }
}

TEST_F(NullTest, ARunWritesThePointersAndLaunches) {
  ASSERT_EQ(tsr_record_sync(recorder.get(), 0), TSR_OK);
  finish();
  for (int round = 0; round < 2; ++round) { // a replay's traffic is that of the first run
    tsr_null_clear(device.get());
    tsr_launch_result result{};
    ASSERT_EQ(tsr_record_run(recorder.get(), 1, &result), TSR_OK) << message();
    std::vector<tsr_null_access> traffic(tsr_null_traffic(device.get(), nullptr, 0));
    tsr_null_traffic(device.get(), traffic.data(), traffic.size());
    struct Expected {
      uint32_t write, offset, value;
    };
    const Expected expected[] = {
        {1, reg::kUopBase, 0},     {1, reg::kInpBase, 0},    {1, reg::kWgtBase, 0},
        {1, reg::kAccBase, 0},     {1, reg::kOutBase, 0},    {1, reg::kParBase, 0},
        {1, reg::kInsnAddress, 0}, {1, reg::kInsnCount, 2},  {1, reg::kControl, 1},
        {0, reg::kControl, 2},     {0, reg::kCycleCount, 0}, {0, reg::kCycleCountHigh, 0},
        {0, reg::kErrorCode, 0},   {0, reg::kErrorIndex, 0}};
    ASSERT_EQ(traffic.size(), std::size(expected));
    for (size_t i = 0; i < traffic.size(); ++i) {
      EXPECT_EQ(traffic[i].write, expected[i].write) << i;
      EXPECT_EQ(traffic[i].offset, expected[i].offset) << i;
      if (traffic[i].offset != reg::kInsnAddress)
        EXPECT_EQ(traffic[i].value, expected[i].value) << i;
    }
  }
}

TEST(NullRunTest, ErrorsAndSilenceAreReported) {
  for (const auto &[memory, status, message] :
       {std::tuple{"error=3,index=0,cycles=0x500000007", TSR_DEVICE_ERROR,
                   "core error SRAM_BOUNDS at instruction 0, of command 0 (sync)"},
        {"silent", TSR_TIMEOUT, "the program did not end within 0.01 seconds"}}) {
    tsr_device *device = nullptr;
    const tsr_device_options options{"pynq", memory, 1 << 16, 0};
    ASSERT_EQ(tsr_device_open("null", &options, &device), TSR_OK) << tsr_open_message();
    tsr_recorder *recorder = nullptr;
    ASSERT_EQ(tsr_record_begin(device, &recorder), TSR_OK);
    EXPECT_EQ(tsr_record_sync(recorder, 0), TSR_OK);
    EXPECT_EQ(tsr_record_finish(recorder), TSR_OK);
    tsr_launch_result result{};
    EXPECT_EQ(tsr_record_run(recorder, 0.01, &result), status);
    EXPECT_EQ(result.cycles, status == TSR_TIMEOUT ? 0u : 0x500000007u);
    EXPECT_STREQ(tsr_record_message(recorder), message);
    tsr_record_end(recorder);
    tsr_device_close(device);
  }
}

TEST_F(NullTest, SetInstructionsAreEmittedOnChange) {
  const uint32_t a = kernel({4, 3}, {3, 3, 0, 1, 0, 1}), b = kernel({4}, {3, 3, 0}),
                 c = kernel({4}, {5, 3, 0});
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(tsr_record_exit(recorder.get(), 1, 3, -128, 127), TSR_OK);
    EXPECT_EQ(tsr_record_operand(recorder.get(), 0, 0, 0, 0), TSR_OK); // what it is already
    EXPECT_EQ(tsr_record_operand(recorder.get(), 1, 5, 1u << 30, -3), TSR_OK);
  }
  EXPECT_EQ(reduce(a, 0), TSR_OK);
  EXPECT_EQ(reduce(a, 20), TSR_OK);
  EXPECT_EQ(reduce(b, 40), TSR_OK); // one loop: a new inner step
  EXPECT_EQ(reduce(b, 60), TSR_OK);
  EXPECT_EQ(reduce(c, 80), TSR_OK);
  EXPECT_EQ(reduce(kernel({}, {}), 99), TSR_OK); // no loop: any steps will do
  const auto instructions = finish();
  EXPECT_EQ(countOf<isa::SetExit>(instructions), 1u);
  EXPECT_EQ(countOf<isa::SetLhs>(instructions), 0u);
  EXPECT_EQ(countOf<isa::SetRhs>(instructions), 1u);
  EXPECT_EQ(countOf<isa::SetGeometry>(instructions), 3u);
  EXPECT_EQ(countOf<isa::Reduce>(instructions), 6u);
}

TEST_F(NullTest, PaddingValueIsSetWhereItCounts) {
  EXPECT_EQ(load(MemoryType::Inp, 4, -5), TSR_OK) << message(); // nothing is padded
  EXPECT_EQ(load(MemoryType::Inp, 4, -5, 1), TSR_OK);
  EXPECT_EQ(load(MemoryType::Inp, 4, -5, 2), TSR_OK);
  EXPECT_EQ(load(MemoryType::Par, 4, 0, 2), TSR_OK); // padded with 0 whatever was set
  EXPECT_EQ(load(MemoryType::Inp, 4, -5, 2), TSR_OK);
  EXPECT_EQ(load(MemoryType::Inp, 4, 0, 2), TSR_OK);
  const auto instructions = finish();
  EXPECT_EQ(countOf<isa::SetPad>(instructions), 2u);
  EXPECT_TRUE(std::holds_alternative<isa::SetPad>(instructions[1]));
}

TEST_F(NullTest, ATransferInPiecesWaitsWithItsFirstAndGivesWithItsLast) {
  EXPECT_EQ(tsr_record_sync(recorder.get(), TSR_PUSH_PREV), TSR_OK);
  EXPECT_EQ(tsr_record_load(recorder.get(), static_cast<uint32_t>(MemoryType::Inp), 0, 0, 0, 2, 4, 4, 20, 0,
                            0, 0, 0, 0, TSR_POP_NEXT | TSR_PUSH_NEXT),
            TSR_OK)
      << message();
  EXPECT_EQ(tsr_record_sync(recorder.get(), TSR_POP_PREV | TSR_PUSH_NEXT), TSR_OK);
  EXPECT_EQ(tsr_record_store(recorder.get(), 0, 0, 0, 3, 1, 70000 / 16, TSR_POP_PREV | TSR_PUSH_PREV), TSR_OK)
      << message();
  EXPECT_EQ(tsr_record_sync(recorder.get(), TSR_POP_NEXT), TSR_OK);
  std::vector<isa::Dependencies> loads;
  for (const isa::Instruction &i : finish())
    if (const auto *load = std::get_if<isa::Load>(&i))
      loads.push_back(load->dependencies);
  ASSERT_GT(loads.size(), 2u);
  EXPECT_EQ(loads.front(), (isa::Dependencies{false, true, false, false}));
  for (size_t i = 1; i + 1 < loads.size(); ++i)
    EXPECT_EQ(loads[i], isa::Dependencies{});
  EXPECT_EQ(loads.back(), (isa::Dependencies{false, false, false, true}));
}

TEST_F(NullTest, EqualNestsAreOneKernel) {
  const uint32_t first = kernel({8, 2}, {1, 2, 0, 0, 1, 1}, 1), other = kernel({8, 3}, {1, 2, 0, 0, 1, 1}, 1);
  EXPECT_EQ(kernel({8, 2}, {1, 2, 0, 0, 1, 1}, 1), first);
  EXPECT_NE(other, first);
  EXPECT_NE(kernel({8, 2}, {1, 2, 0, 0, 1, 1}, 0), first);
}

TEST_F(NullTest, AluBasesAreFoldedAndKernelsShared) {
  const uint32_t k = kernel({8}, {1, 1, 0});
  for (uint32_t base : {0u, 8u, 0u, 8u})
    EXPECT_EQ(tsr_record_alu(recorder.get(), k, 1, 1, 0, base, base, 0), TSR_OK);
  const auto instructions = finish();
  tsr_record_statistics statistics{};
  tsr_record_get_statistics(recorder.get(), &statistics);
  EXPECT_EQ(statistics.kernels, 2u);
  EXPECT_EQ(statistics.microOps, 2u);
  EXPECT_EQ(statistics.uopLoads, 1u);
  EXPECT_EQ(std::get<isa::Alu>(instructions[1]).uopBgn, std::get<isa::Alu>(instructions[3]).uopBgn);
  EXPECT_NE(std::get<isa::Alu>(instructions[1]).uopBgn, std::get<isa::Alu>(instructions[2]).uopBgn);
}

TEST_F(NullTest, NothingOverlapsALoadOfItsMicroOps) {
  const uint32_t k = kernel({8, 2}, {1, 2, 0, 0, 1, 1}, 1);
  EXPECT_EQ(reduce(k, 0, 1), TSR_OK);
  EXPECT_EQ(reduce(k, 8, 1), TSR_OK);
  const auto instructions = finish();
  std::vector<uint32_t> overlaps;
  for (const auto &i : instructions)
    if (const auto *r = std::get_if<isa::Reduce>(&i))
      overlaps.push_back(r->overlap);
  EXPECT_EQ(overlaps, (std::vector<uint32_t>{0, 1}));
}

TEST_F(NullTest, MistakesNameTheCommand) {
  EXPECT_EQ(load(MemoryType::Inp, 4), TSR_OK);
  EXPECT_EQ(load(MemoryType::Inp, 2049), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "command 1 (load): 1 x 2049 elements at 0 exceed inp depth 2048");
  EXPECT_EQ(load(MemoryType::Inp, 4), TSR_INVALID_ARGUMENT); // the first failure stays
  EXPECT_EQ(message(), "command 1 (load): 1 x 2049 elements at 0 exceed inp depth 2048");
  EXPECT_EQ(tsr_record_finish(recorder.get()), TSR_INVALID_ARGUMENT);
}

struct MistakeCase {
  const char *message;
  std::function<tsr_status(tsr_recorder *)> call;
};

TEST(NullMistakesTest, EachIsRefusedWithItsNumbers) {
  const MistakeCase cases[] = {
      {"command 0 (load): offset 8 is not a multiple of the element's 16 bytes",
       [](tsr_recorder *r) { return tsr_record_load(r, 2, 0, 0, 8, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (load): address 0x18 of region 1 is not a multiple of the element's 16 bytes",
       [](tsr_recorder *r) {
         tsr_record_region(r, 1, 24, 160);
         return tsr_record_load(r, 2, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0);
       }},
      {"command 0 (load): region 3 is not bound",
       [](tsr_recorder *r) { return tsr_record_load(r, 2, 0, 3, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (load): 5 elements of 16 bytes from offset 4032 end past the 4096 bytes of region 0",
       [](tsr_recorder *r) { return tsr_record_load(r, 2, 0, 0, 4032, 1, 5, 5, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (load): padding without data",
       [](tsr_recorder *r) { return tsr_record_load(r, 2, 0, 0, 0, 0, 5, 5, 1, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (load): padding value 3, but acc is padded with 0 here",
       [](tsr_recorder *r) { return tsr_record_load(r, 3, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 3, 0, 0); }},
      {"command 0 (load): memory type 4 (out) cannot be loaded",
       [](tsr_recorder *r) { return tsr_record_load(r, 4, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (load): memory type 7 is not below 7",
       [](tsr_recorder *r) { return tsr_record_load(r, 7, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (store): 2 x 2000 elements at 0 exceed out depth 2048",
       [](tsr_recorder *r) { return tsr_record_store(r, 0, 0, 0, 2, 2000, 0, 0); }},
      {"command 0 (gemm): no kernel 5", [](tsr_recorder *r) { return tsr_record_gemm(r, 5, 0, 0, 0, 0, 0); }},
      {"command 0 (reduce): taps - 1 4 is not below 4",
       [](tsr_recorder *r) { return tsr_record_reduce(r, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (vec): op 3 is not below 3",
       [](tsr_recorder *r) { return tsr_record_vec(r, 0, 3, 0, 0, 0, 0, 0, 0, 0); }},
      {"command 0 (kernel): loop 0 has 0 iterations, not 1 to 16777216",
       [](tsr_recorder *r) {
         const uint32_t extents[] = {0}, strides[] = {1, 1, 1};
         uint32_t k = 0;
         return tsr_record_kernel(r, 1, extents, strides, 0, &k);
       }},
      {"command 0 (kernel): reduction loop 0 has dst stride 1, not 0",
       [](tsr_recorder *r) {
         const uint32_t extents[] = {2}, strides[] = {1, 1, 1};
         uint32_t k = 0;
         return tsr_record_kernel(r, 1, extents, strides, 1, &k);
       }},
      {"command 0 (gemm): dst index 2048 exceeds acc depth 2048",
       [](tsr_recorder *r) {
         const uint32_t extents[] = {2}, strides[] = {1, 0, 0};
         uint32_t k = 0;
         tsr_record_kernel(r, 1, extents, strides, 0, &k);
         tsr_record_gemm(r, k, 0, 2047, 0, 0, 0);
         return tsr_record_finish(r);
       }},
      {"command 0 (reduce): src index 2048 exceeds inp depth 2048", // four taps, of which the last is outside
       [](tsr_recorder *r) {
         uint32_t k = 0;
         tsr_record_kernel(r, 0, nullptr, nullptr, 0, &k);
         tsr_record_reduce(r, k, static_cast<uint32_t>(isa::ReduceOp::Sum), 4, 0, 0, 0, 2045, 0, 0, 0, 0);
         return tsr_record_finish(r);
       }},
      {"command 0 (vec): lhs index 2049 exceeds acc depth 2048",
       [](tsr_recorder *r) {
         const uint32_t extents[] = {10}, strides[] = {1, 1, 0};
         uint32_t k = 0;
         tsr_record_kernel(r, 1, extents, strides, 0, &k);
         tsr_record_vec(r, k, static_cast<uint32_t>(isa::VecOp::Add), 0, 0, 2040, 0, 0, 0, 0);
         return tsr_record_finish(r);
       }},
      {"command 0 (exit): set_exit zero_point 300 does not fit 8 bits",
       [](tsr_recorder *r) {
         tsr_record_exit(r, 1, 300, 0, 0);
         return tsr_record_finish(r);
       }},
  };
  tsr_device *device = nullptr;
  const tsr_device_options options{"pynq", nullptr, 1 << 16, 0};
  ASSERT_EQ(tsr_device_open("null", &options, &device), TSR_OK);
  for (const MistakeCase &c : cases) {
    tsr_recorder *recorder = nullptr;
    ASSERT_EQ(tsr_record_begin(device, &recorder), TSR_OK);
    EXPECT_EQ(tsr_record_region(recorder, 0, 0, 4096), TSR_OK);
    EXPECT_EQ(c.call(recorder), TSR_INVALID_ARGUMENT);
    EXPECT_STREQ(tsr_record_message(recorder), c.message);
    tsr_record_end(recorder);
  }
  tsr_device_close(device);
}

TEST_F(NullTest, RecorderGivesItsMemoryBack) {
  uint32_t before = 0, after = 0;
  ASSERT_EQ(tsr_device_allocate(device.get(), 64, 64, &before), TSR_OK);
  ASSERT_EQ(tsr_device_free(device.get(), before), TSR_OK);
  ASSERT_EQ(tsr_record_sync(recorder.get(), 0), TSR_OK);
  finish();
  recorder.reset();
  ASSERT_EQ(tsr_device_allocate(device.get(), 64, 64, &after), TSR_OK);
  EXPECT_EQ(before, after);
}

TEST_F(NullTest, TooManyMarksAreRefused) {
  for (uint32_t i = 0; i < 256; ++i)
    ASSERT_EQ(tsr_record_mark(recorder.get(), i), TSR_OK);
  EXPECT_EQ(tsr_record_mark(recorder.get(), 256), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "command 256 (mark): mark 256 is not below 256");
}

} // namespace tessera::test
