// Launches of raw programs: status, errors, limits, interrupt, counters.
#include "fixture.h"

#include <numeric>

namespace tessera::test {

namespace reg = isa::reg;
using isa::ErrorCode;
using isa::Finish;
using isa::Gemm;
using isa::Load;
using isa::MemoryType;
using isa::Store;

namespace {

Load loadInp(uint32_t sramBase, uint32_t dramBase, uint32_t count, isa::Dependencies dependencies = {}) {
  return {.dependencies = dependencies,
          .memoryType = MemoryType::Inp,
          .sramBase = sramBase,
          .dramBase = dramBase,
          .ySize = 1,
          .xSize = count,
          .xStride = count};
}

} // namespace

TEST_P(DeviceTest, EmptyProgramEnds) {
  tsr_launch_result result{};
  ASSERT_OK(run({Finish{}}, result));
  EXPECT_EQ(result.errorCode, 0u);
  EXPECT_EQ(result.cycles > 0, GetParam().counts);
  uint32_t control = 0;
  ASSERT_OK(tsr_device_read_register(device.get(), reg::kControl, &control));
  EXPECT_EQ(control, 2u); // done
}

TEST_P(DeviceTest, InterruptIsRaisedAndCleared) {
  ASSERT_OK(tsr_device_write_register(device.get(), reg::kIrqEnable, 1));
  tsr_launch_result result{};
  ASSERT_OK(run({Finish{}}, result));
  uint32_t status = 0;
  ASSERT_OK(tsr_device_read_register(device.get(), reg::kIrqStatus, &status));
  EXPECT_EQ(status, 1u);
  ASSERT_OK(tsr_device_write_register(device.get(), reg::kIrqStatus, 1));
  ASSERT_OK(tsr_device_read_register(device.get(), reg::kIrqStatus, &status));
  EXPECT_EQ(status, 0u);
}

struct Mistake {
  const char *name;
  std::vector<isa::Instruction> program;
  ErrorCode code;
  uint32_t index;
};

TEST_P(ComputingDeviceTest, MistakesAreReportedAndTheNextLaunchWorks) {
  const isa::Dependencies popNext{.popNext = true};
  const Mistake mistakes[] = {
      {"load past the buffer",
       {loadInp(0, 0, 1), loadInp(machine.inpDepth - 1, 0, 2), Finish{}},
       ErrorCode::SramBounds,
       1},
      {"load of out",
       {Load{.dependencies = {}, .memoryType = MemoryType::Out, .ySize = 1, .xSize = 1}, Finish{}},
       ErrorCode::BadMemoryType,
       0},
      {"store of acc", {Finish{}, Store{}}, ErrorCode::None, 0}, // FINISH ends it
      {"address past the memory",
       {loadInp(0, (16u << 20) / (machine.batch * machine.blockIn) - 1, 2), Finish{}},
       ErrorCode::DramFault,
       0},
      {"no finish", {loadInp(0, 0, 1)}, ErrorCode::NoFinish, 1},
      {"gemm past acc",
       {Gemm{.dependencies = {},
             .reset = 1,
             .uopBgn = 0,
             .uopEnd = 1,
             .iterOut = 2,
             .iterIn = 1,
             .dstFactorOut = machine.accDepth - 1},
        Gemm{.dependencies = {},
             .reset = 1,
             .uopBgn = 0,
             .uopEnd = 1,
             .iterOut = 3,
             .iterIn = 1,
             .dstFactorOut = machine.accDepth - 1},
        Finish{}},
       ErrorCode::SramBounds,
       1},
      {"deadlock", {loadInp(0, 0, 1), loadInp(1, 0, 1, popNext), Finish{}}, ErrorCode::Deadlock, 1},
  };
  for (const Mistake &mistake : mistakes) {
    SCOPED_TRACE(mistake.name);
    tsr_launch_result result{};
    const tsr_status status = run(mistake.program, result);
    EXPECT_EQ(status, mistake.code == ErrorCode::None ? TSR_OK : TSR_DEVICE_ERROR)
        << tsr_device_message(device.get());
    EXPECT_EQ(result.errorCode, static_cast<uint32_t>(mistake.code));
    if (mistake.code != ErrorCode::None)
      EXPECT_EQ(result.errorIndex, mistake.index);
    ASSERT_OK(run({loadInp(0, 0, 4), Finish{}}, result));
    EXPECT_EQ(result.errorCode, 0u);
  }
}

TEST_P(ComputingDeviceTest, ErrorMessageNamesCodeAndInstruction) {
  tsr_launch_result result{};
  EXPECT_EQ(run({loadInp(0, 0, 1), loadInp(machine.inpDepth, 0, 1), Finish{}}, result), TSR_DEVICE_ERROR);
  EXPECT_STREQ(tsr_device_message(device.get()), "core error SRAM_BOUNDS at instruction 1");
}

TEST_P(ComputingDeviceTest, WaitHasALimit) {
  // 268 million micro-ops an instruction: minutes or more on every model.
  const Gemm slow{
      .dependencies = {}, .reset = 1, .uopBgn = 0, .uopEnd = 1, .iterOut = 16383, .iterIn = 16383};
  std::vector<isa::Instruction> program(1000, slow);
  program.push_back(Finish{});
  tsr_launch_result result{};
  EXPECT_EQ(run(program, result, 0.02), TSR_TIMEOUT);
  EXPECT_NE(std::string(tsr_device_message(device.get())).find("within 0.02 seconds"), std::string::npos);
  EXPECT_EQ(tsr_device_launch(device.get()), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_wait(device.get(), -1, &result), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_wait(device.get(), 0.02, &result), TSR_TIMEOUT); // waiting again goes on
}

TEST_P(DeviceTest, CountersCountWhatTheBusMoves) {
  tsr_launch_result result{};
  ASSERT_OK(run({loadInp(0, 0, 64), Finish{}}, result));
  uint64_t counters[TSR_COUNTERS];
  ASSERT_OK(tsr_device_counters(device.get(), counters));
  const uint64_t readBeats = counters[10], writeBeats = counters[11];
  EXPECT_EQ(writeBeats, 0u);
  if (GetParam().device != "cycle")
    return;
  EXPECT_GE(readBeats, 64 * machine.batch * machine.blockIn / machine.busBytes());
  EXPECT_GT(counters[1], 0u); // load busy
}

TEST_P(DeviceTest, EveryCycleHasOneClassOrTheDeviceSaysThatItCountsNone) {
  tsr_identity identity{};
  ASSERT_OK(tsr_device_identify(device.get(), &identity));
  if (GetParam().device == "cycle")
    EXPECT_EQ(identity.classes, static_cast<uint32_t>(TSR_CYCLE_CLASSES));
  const std::vector<isa::Instruction> programs[] = {{loadInp(0, 0, 64), Finish{}}, {Finish{}}};
  for (const std::vector<isa::Instruction> &program : programs) {
    tsr_launch_result result{};
    ASSERT_OK(run(program, result));
    uint64_t classes[TSR_CYCLE_CLASSES];
    if (identity.classes == 0) {
      EXPECT_EQ(tsr_device_classes(device.get(), classes), TSR_UNSUPPORTED);
      EXPECT_EQ(std::string(tsr_device_message(device.get())),
                "device " + GetParam().device + " does not count where cycles go");
      continue;
    }
    ASSERT_OK(tsr_device_classes(device.get(), classes));
    EXPECT_EQ(std::accumulate(std::begin(classes), std::end(classes), uint64_t{0}), result.cycles);
    EXPECT_EQ(classes[TSR_CYCLE_ARRAY] + classes[TSR_CYCLE_VECTOR], 0u);
    EXPECT_GT(classes[TSR_CYCLE_INSTRUCTION], 0u); // its first must come from memory
  }
}

} // namespace tessera::test
