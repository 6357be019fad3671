// Identity, buffers, bounds and registers.
#include "fixture.h"

namespace tessera::test {

namespace reg = isa::reg;

TEST_P(DeviceTest, IdentityIsThatOfTheMachine) {
  tsr_identity identity{};
  ASSERT_OK(tsr_device_identify(device.get(), &identity));
  EXPECT_EQ(identity.device, GetParam().device);
  EXPECT_EQ(identity.machine, machine.name);
  EXPECT_EQ(identity.configHash, machine.hash());
  EXPECT_EQ(identity.version, isa::kVersionMajor << 16 | isa::kVersionMinor);
  EXPECT_EQ(identity.features, machine.features);
}

TEST_P(DeviceTest, BuffersAreAlignedAndDisjoint) {
  uint32_t a = 0, b = 0, c = 0;
  ASSERT_OK(tsr_device_allocate(device.get(), 100, 64, &a));
  ASSERT_OK(tsr_device_allocate(device.get(), 5000, 4096, &b));
  ASSERT_OK(tsr_device_allocate(device.get(), 192, 192, &c));
  EXPECT_EQ(a % 64, 0u);
  EXPECT_EQ(b % 4096, 0u);
  EXPECT_EQ(c % 192, 0u);
  EXPECT_GE(b, a + 100);
  EXPECT_TRUE(c >= b + 5000 || (c >= a + 100 && c + 192 <= b));
  ASSERT_OK(tsr_device_free(device.get(), b));
  uint32_t again = 0;
  ASSERT_OK(tsr_device_allocate(device.get(), 5000, 4096, &again));
  EXPECT_EQ(again, b);
}

TEST_P(DeviceTest, MemoryIsFinite) {
  uint32_t address = 0;
  EXPECT_EQ(tsr_device_allocate(device.get(), size_t{17} << 20, 64, &address), TSR_OUT_OF_MEMORY);
  EXPECT_NE(std::string(tsr_device_message(device.get())).find("17825792 bytes"), std::string::npos);
  ASSERT_OK(tsr_device_allocate(device.get(), size_t{16} << 20, 64, &address));
  EXPECT_EQ(tsr_device_allocate(device.get(), 1, 1, &address), TSR_OUT_OF_MEMORY);
  EXPECT_EQ(tsr_device_allocate(device.get(), 0, 1, &address), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_allocate(device.get(), 1, 0, &address), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_free(device.get(), 12345), TSR_INVALID_ARGUMENT);
}

TEST_P(DeviceTest, MemoryKeepsWhatIsWritten) {
  const std::vector<int8_t> bytes = randomBytes(4099);
  ASSERT_OK(tsr_device_write(device.get(), 77, bytes.data(), bytes.size()));
  EXPECT_EQ(read(77, bytes.size()), bytes);
}

TEST_P(DeviceTest, MemoryThatTheHostSeesIsTheDevices) {
  void *memory = nullptr;
  const tsr_status status = tsr_device_memory(device.get(), 4096, 16, &memory);
  if (status == TSR_UNSUPPORTED) {
    EXPECT_EQ(memory, nullptr);
    EXPECT_EQ(std::string(tsr_device_message(device.get())),
              std::string("the host does not see the memory of device ") + GetParam().device);
    return;
  }
  ASSERT_OK(status);
  std::string seen(16, ' ');
  ASSERT_OK(tsr_device_write(device.get(), 4096, "written by calls", 16));
  EXPECT_EQ(std::string(static_cast<char *>(memory), 16), "written by calls");
  std::copy_n("written in place", 16, static_cast<char *>(memory));
  ASSERT_OK(tsr_device_read(device.get(), 4096, seen.data(), 16));
  EXPECT_EQ(seen, "written in place");
  EXPECT_EQ(tsr_device_memory(device.get(), (16 << 20) - 8, 16, &memory), TSR_OUT_OF_RANGE);
  EXPECT_EQ(memory, nullptr);
}

TEST_P(DeviceTest, AccessesOutsideMemoryAreRefused) {
  uint8_t byte = 0;
  const uint32_t end = 16u << 20;
  EXPECT_EQ(tsr_device_read(device.get(), end - 1, &byte, 1), TSR_OK);
  EXPECT_EQ(tsr_device_read(device.get(), end, &byte, 1), TSR_OUT_OF_RANGE);
  EXPECT_EQ(tsr_device_write(device.get(), 0xffffffff, &byte, 1), TSR_OUT_OF_RANGE);
  EXPECT_EQ(tsr_device_write(device.get(), end, nullptr, 1), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_write(device.get(), end, &byte, 0), TSR_OK);
}

TEST_P(DeviceTest, RegistersKeepWhatIsWritten) {
  for (uint32_t offset : {reg::kInsnCount, reg::kUserCounter, reg::kWatchdogLimit}) {
    ASSERT_OK(tsr_device_write_register(device.get(), offset, 0x12340000 + offset));
    uint32_t value = 0;
    ASSERT_OK(tsr_device_read_register(device.get(), offset, &value));
    EXPECT_EQ(value, 0x12340000 + offset);
  }
  ASSERT_OK(tsr_device_write_register(device.get(), reg::kIdentity, 7));
  uint32_t value = 0;
  ASSERT_OK(tsr_device_read_register(device.get(), reg::kIdentity, &value));
  EXPECT_EQ(value, isa::kIdentity);
}

TEST_P(DeviceTest, RegistersThatDoNotExistAreRefused) {
  uint32_t value = 0;
  EXPECT_EQ(tsr_device_read_register(device.get(), 6, &value), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_read_register(device.get(), 1 << 20, &value), TSR_INVALID_ARGUMENT);
  const uint32_t end = reg::kMarks + 4 * reg::kMarksCount;
  ASSERT_OK(tsr_device_read_register(device.get(), end - 4, &value));
  EXPECT_EQ(tsr_device_read_register(device.get(), end, &value), TSR_INVALID_ARGUMENT);
  EXPECT_EQ(tsr_device_write_register(device.get(), 0xffffffff, 0), TSR_INVALID_ARGUMENT);
}

TEST_P(DeviceTest, WaitingForNothingIsAnError) {
  tsr_launch_result result{};
  EXPECT_EQ(tsr_device_wait(device.get(), 1, &result), TSR_INVALID_ARGUMENT);
  EXPECT_STREQ(tsr_device_message(device.get()), "no launch to wait for");
}

} // namespace tessera::test
