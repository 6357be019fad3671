#include "commands.h"

#include "tessera/device.h"
#include "tessera/isa/machine.h"

#include <cstdio>
#include <vector>

namespace tessera::tools {

namespace {

struct Description {
  const char *name, *text;
};
constexpr Description kDescriptions[] = {
    {"null", "registers that answer and nothing behind them, for tests of the driver"},
    {"functional", "the functional model: fast, exact, counts no cycles"},
    {"cycle", "the Verilog under Verilator, clock cycle by clock cycle"},
    {"systemc", "a TLM-2.0 platform, loosely timed or clock cycle by clock cycle"}};

const char *describe(const std::string &device) {
  for (const Description &known : kDescriptions)
    if (device == known.name)
      return known.text;
  return "";
}

} // namespace

void addDevices(CLI::App &app, int &) {
  CLI::App *command = app.add_subcommand("devices", "List the devices and machines of this build");
  command->footer("\ntessera devices"); // without one, it would be that of the whole command
  command->callback([] {
    std::vector<const char *> names(tsr_device_list(nullptr, 0));
    tsr_device_list(names.data(), names.size());
    std::printf("devices:\n");
    for (const char *name : names)
      std::printf("  %-10s  %s\n", name, describe(name));
    std::printf("  %-10s  the host without an accelerator, for `tessera run`\nmachines:\n", "cpu");
    for (const std::string &name : isa::machineNames())
      if (auto machine = isa::loadMachine(name))
        std::printf("  %-8s %ux%ux%u, %3u-bit bus: %s\n", name.c_str(), machine->batch, machine->blockIn,
                    machine->blockOut, machine->busBits, machine->description.c_str());
  });
}

} // namespace tessera::tools
