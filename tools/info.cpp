#include "info.h"
#include "commands.h"
#include "files.h"

#include <cstring>
#include <memory>

namespace tessera::tools {

namespace {

struct Options {
  std::string file;
  std::string machine;
  bool area = false;
};

int info(const Options &options) {
  if (options.area)
    return printArea(options.machine);
  if (options.file.empty()) {
    auto machine = isa::loadMachine(options.machine);
    if (!machine)
      return fail(machine.error().message);
    printMachine(*machine);
    return 0;
  }
  auto file = readFile(options.file);
  if (!file)
    return fail(file.error().message);
  bool model = file->size() >= 8 && std::memcmp(file->data() + 4, "TFL3", 4) == 0;
  if (model)
    return printModel(*file, options.file, options.machine.empty() ? "pynq" : options.machine);
  return printImage(*file, options.file);
}

} // namespace

void addInfo(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "info", "Show a program image, a model and its placement, a machine, or the core's area");
  command->add_option("FILE", options->file, "program image (.tsr) or TFLite model");
  command->add_option("--machine", options->machine, "machine: a name, or the path of its JSON file");
  command->add_flag("--area", options->area,
                    "DSP, block RAM and LUT of the synthesised core (Yosys), beside what the chip has");
  command->footer("\ntessera info net.tsr\ntessera info net.tflite --machine tiny\ntessera info --machine "
                  "pynq\ntessera info --area");
  command->callback([options, &status] {
    if (options->file.empty() && options->machine.empty() && !options->area)
      throw CLI::RequiredError("FILE, --machine or --area");
    status = info(*options);
  });
}

} // namespace tessera::tools
