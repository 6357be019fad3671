#include "info.h"

#include "tessera/device.h"
#include "tessera/isa/machine.h"

#include <cstdio>
#include <memory>
#include <vector>

namespace tessera::tools {

namespace {

struct Description {
  const char *name, *text;
};
constexpr Description kDescriptions[] = {
    {"null", "registers that answer and nothing behind them, for tests of the driver"},
    {"functional", "the functional model: fast, exact, cycles by estimate"},
    {"cycle", "the Verilog under Verilator, clock cycle by clock cycle"},
    {"systemc", "a TLM-2.0 platform, loosely timed or clock cycle by clock cycle"}};

const char *describe(const std::string &device) {
  for (const Description &known : kDescriptions)
    if (device == known.name)
      return known.text;
  return "";
}

/// devices (name, description), machines (as `tessera info --machine` has them).
Facts deviceFacts() {
  Facts facts = {{"devices", Facts::array()}, {"machines", Facts::array()}};
  std::vector<const char *> names(tsr_device_list(nullptr, 0));
  tsr_device_list(names.data(), names.size());
  for (const char *name : names)
    facts["devices"].push_back({{"name", name}, {"description", describe(name)}});
  facts["devices"].push_back(
      {{"name", "cpu"}, {"description", "the host without an accelerator, for `tessera run`"}});
  for (const std::string &name : isa::machineNames())
    if (auto machine = isa::loadMachine(name))
      facts["machines"].push_back(machineFacts(*machine));
  return facts;
}

void printDevices(const Facts &facts) {
  std::printf("devices:\n");
  for (const Facts &device : facts["devices"])
    std::printf("  %-10s  %s\n", device["name"].get<std::string>().c_str(),
                device["description"].get<std::string>().c_str());
  std::printf("machines:\n");
  for (const Facts &m : facts["machines"])
    std::printf("  %-8s %ux%ux%u, %3u-bit bus: %s\n", m["name"].get<std::string>().c_str(),
                m["batch"].get<unsigned>(), m["block_in"].get<unsigned>(), m["block_out"].get<unsigned>(),
                m["bus_bits"].get<unsigned>(), m["description"].get<std::string>().c_str());
}

} // namespace

void addDevices(CLI::App &app, int &status) {
  auto json = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand("devices", "List the devices and machines of this build");
  addJsonOption(*command, *json);
  command->footer("\ntessera devices"); // without one, it would be that of the whole command
  command->callback([json, &status] {
    if (auto told = tell(deviceFacts(), printDevices, *json); !told)
      status = fail(told.error().message);
  });
}

} // namespace tessera::tools
