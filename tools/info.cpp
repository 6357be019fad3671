#include "info.h"

#include <memory>

namespace tessera::tools {

namespace {

using isa::Expected;

struct Options {
  std::string file;
  std::string machine;
  std::string json;
  std::vector<std::string> extents;
  bool area = false;
};

Expected<void> tellOf(const Expected<Facts> &facts, void (*print)(const Facts &), const Options &options) {
  if (!facts)
    return facts.error();
  return tell(*facts, print, options.json);
}

Expected<void> info(const Options &options) {
  if (options.area)
    return tellOf(areaFacts(options.machine), printArea, options);
  if (options.file.empty()) {
    auto machine = isa::loadMachine(options.machine);
    if (!machine)
      return machine.error();
    return tell(machineFacts(*machine), printMachine, options.json);
  }
  auto file = readFile(options.file);
  if (!file)
    return file.error();
  if (isModel(*file))
    return tellOf(
        modelFacts(*file, options.file, options.machine.empty() ? "pynq" : options.machine, options.extents),
        printImage, options);
  return tellOf(imageFacts(*file, options.file), printImage, options);
}

} // namespace

void addInfo(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "info", "Show a program image, a model and its placement, a machine, or the core's area");
  command->add_option("FILE", options->file, "program image (.tsr), TFLite or ONNX model");
  command->add_option("--machine", options->machine, "machine: a name, or the path of its JSON file");
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  command->add_flag("--area", options->area,
                    "DSP, block RAM and LUT of the synthesised core (Yosys), beside what the chip has");
  addJsonOption(*command, options->json);
  command->footer(
      "\ntessera info net.tsr\ntessera info net.tflite --machine tiny --json -\ntessera info --machine "
      "pynq\ntessera info --area");
  command->callback([options, &status] {
    if (options->file.empty() && options->machine.empty() && !options->area)
      throw CLI::RequiredError("FILE, --machine or --area");
    if (auto done = info(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
