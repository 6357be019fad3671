#include "fixture.h"

#include <algorithm>
#include <cctype>
#include <ostream>

namespace tessera::test {

namespace reg = isa::reg;

std::ostream &operator<<(std::ostream &stream, const Target &target) {
  return stream << target.device << " " << target.machine << " " << target.memory;
}

std::vector<Target> conformanceTargets() {
  const char *names[16];
  const size_t count = std::min(tsr_device_list(names, 16), std::size(names));
  const std::vector<std::string> cycleMachines{TESSERA_CYCLE_MACHINES};
  std::vector<Target> targets;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = names[i];
    if (name == "cycle") {
      for (const std::string &machine : cycleMachines)
        for (const char *memory : {"bench", "ddr3", "chaos,seed=5"})
          targets.push_back({name, machine, memory, true, true});
    } else if (name == "systemc") {
      targets.push_back({name, "pynq", "lt", true, true});
      for (const std::string &machine : cycleMachines)
        targets.push_back({name, machine, "cycle", true, true});
    } else {
      for (const std::string &machine : isa::machineNames())
        targets.push_back({name, machine, "", name != "null", name == "functional"});
    }
  }
  return targets;
}

void DeviceTest::SetUp() {
  const isa::Expected<isa::MachineConfig> loaded = isa::loadMachine(GetParam().machine);
  ASSERT_TRUE(loaded) << loaded.error().message;
  machine = *loaded;
  const tsr_device_options options{GetParam().machine.c_str(), GetParam().memory.c_str(), size_t{16} << 20,
                                   0};
  tsr_device *opened = nullptr;
  ASSERT_EQ(tsr_device_open(GetParam().device.c_str(), &options, &opened), TSR_OK) << tsr_open_message();
  device.reset(opened);
}

uint32_t DeviceTest::buffer(std::span<const uint8_t> bytes, size_t alignment, size_t spare) {
  uint32_t address = 0;
  EXPECT_EQ(tsr_device_allocate(device.get(), bytes.size() + spare, alignment, &address), TSR_OK)
      << tsr_device_message(device.get());
  EXPECT_EQ(tsr_device_write(device.get(), address, bytes.data(), bytes.size()), TSR_OK);
  const std::vector<uint8_t> zeros(spare);
  EXPECT_EQ(
      tsr_device_write(device.get(), address + static_cast<uint32_t>(bytes.size()), zeros.data(), spare),
      TSR_OK);
  return address;
}

std::vector<int8_t> DeviceTest::read(uint32_t address, size_t bytes) {
  std::vector<int8_t> data(bytes);
  EXPECT_EQ(tsr_device_read(device.get(), address, data.data(), bytes), TSR_OK)
      << tsr_device_message(device.get());
  return data;
}

void DeviceTest::load(const std::vector<isa::Instruction> &program) {
  const isa::Layout layout(machine);
  std::vector<isa::Word128> words;
  for (const isa::Instruction &instruction : program)
    words.push_back(layout.encode(instruction));
  const uint32_t address = buffer(words);
  for (uint32_t base :
       {reg::kUopBase, reg::kInpBase, reg::kWgtBase, reg::kAccBase, reg::kOutBase, reg::kParBase})
    ASSERT_OK(tsr_device_write_register(device.get(), base, 0));
  ASSERT_OK(tsr_device_write_register(device.get(), reg::kInsnAddress, address));
  ASSERT_OK(tsr_device_write_register(device.get(), reg::kInsnCount, static_cast<uint32_t>(program.size())));
}

tsr_status DeviceTest::run(const std::vector<isa::Instruction> &program, tsr_launch_result &result,
                           double timeout) {
  load(program);
  EXPECT_EQ(tsr_device_launch(device.get()), TSR_OK) << tsr_device_message(device.get());
  return tsr_device_wait(device.get(), timeout, &result);
}

RecorderPointer DeviceTest::recorder() {
  tsr_recorder *made = nullptr;
  EXPECT_EQ(tsr_record_begin(device.get(), &made), TSR_OK);
  return RecorderPointer(made);
}

std::vector<int8_t> DeviceTest::randomBytes(size_t count) {
  std::vector<int8_t> bytes(count);
  for (int8_t &byte : bytes)
    byte = static_cast<int8_t>(random());
  return bytes;
}

namespace {

std::vector<Target> computingTargets() {
  std::vector<Target> targets = conformanceTargets();
  std::erase_if(targets, [](const Target &target) { return !target.computes; });
  return targets;
}

std::string nameOf(const testing::TestParamInfo<Target> &info) {
  std::string name = info.param.device + "_" + info.param.machine;
  if (!info.param.memory.empty())
    name += "_" + info.param.memory;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(All, DeviceTest, testing::ValuesIn(conformanceTargets()), nameOf);
INSTANTIATE_TEST_SUITE_P(All, ComputingDeviceTest, testing::ValuesIn(computingTargets()), nameOf);

} // namespace tessera::test
