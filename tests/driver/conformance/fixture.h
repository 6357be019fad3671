// The conformance suite's fixture: one open device of one machine, with shorthands. Every device of the build and the machines that
// are built with it take part (instances.cpp); a new device only has to be registered.
#ifndef TESSERA_TESTS_DRIVER_CONFORMANCE_FIXTURE_H
#define TESSERA_TESTS_DRIVER_CONFORMANCE_FIXTURE_H

#include "tessera/device.h"
#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"
#include "tessera/record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tessera::test {

struct Target {
  std::string device, machine, memory;
  bool computes = true; ///< false: null
  bool counts = false;  ///< it has cycles
};
std::ostream &operator<<(std::ostream &stream, const Target &target);

/// The devices and machines of this build.
std::vector<Target> conformanceTargets();

struct DeviceCloser {
  void operator()(tsr_device *device) const { tsr_device_close(device); }
  void operator()(tsr_recorder *recorder) const { tsr_record_end(recorder); }
};
using DevicePointer = std::unique_ptr<tsr_device, DeviceCloser>;
using RecorderPointer = std::unique_ptr<tsr_recorder, DeviceCloser>;

class DeviceTest : public testing::TestWithParam<Target> {
protected:
  void SetUp() override;

  /// A buffer with these bytes (`spare` zero bytes more); its address.
  uint32_t buffer(std::span<const uint8_t> bytes, size_t alignment = 64, size_t spare = 0);
  template <class T> uint32_t buffer(const std::vector<T> &values, size_t alignment = 64) {
    return buffer({reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(T)}, alignment);
  }
  std::vector<int8_t> read(uint32_t address, size_t bytes);

  /// Uploads a program and sets the registers that a launch reads; bases are 0.
  void load(const std::vector<isa::Instruction> &program);
  /// load, launch, wait.
  tsr_status run(const std::vector<isa::Instruction> &program, tsr_launch_result &result,
                 double timeout = 60);

  RecorderPointer recorder();
  std::vector<int8_t> randomBytes(size_t count);

  isa::MachineConfig machine;
  DevicePointer device;
  std::mt19937 random{20261120};
};

/// What only devices that compute can be asked.
class ComputingDeviceTest : public DeviceTest {};

#define ASSERT_OK(call) ASSERT_EQ(call, TSR_OK) << tsr_device_message(device.get())
#define ASSERT_RECORDED(call) ASSERT_EQ(call, TSR_OK) << tsr_record_message(recording.get())

} // namespace tessera::test

#endif
