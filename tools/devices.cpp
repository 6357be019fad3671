#include "commands.h"

#include "tessera/device.h"
#include "tessera/isa/machine.h"

#include <cstdio>
#include <vector>

namespace tessera::tools {

void addDevices(CLI::App &app, int &) {
  CLI::App *command = app.add_subcommand("devices", "List the devices and machines of this build");
  command->callback([] {
    std::vector<const char *> names(tsr_device_list(nullptr, 0));
    tsr_device_list(names.data(), names.size());
    std::printf("devices:\n");
    for (const char *name : names)
      std::printf("  %s\n", name);
    std::printf("  cpu (the host, no accelerator; for `tessera run`)\nmachines:\n");
    for (const std::string &name : isa::machineNames())
      if (auto machine = isa::loadMachine(name))
        std::printf("  %-8s %ux%ux%u, %3u-bit bus: %s\n", name.c_str(), machine->batch, machine->blockIn,
                    machine->blockOut, machine->busBits, machine->description.c_str());
  });
}

} // namespace tessera::tools
