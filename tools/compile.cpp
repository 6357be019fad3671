#include "commands.h"
#include "files.h"
#include "progress.h"

#include "tessera/compiler/compiler.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string model;
  std::string machine = "pynq";
  std::string output;
  std::string dump;
  std::vector<std::string> extents;
  bool cpuOnly = false;
};

Expected<void> compileModel(const Options &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  compiler::CompileOptions compileOptions;
  compileOptions.machine = *machine;
  compileOptions.cpuOnly = options.cpuOnly;
  compileOptions.modelName = std::filesystem::path(options.model).stem();
  compileOptions.modelFolder = folderOf(options.model);
  auto extents = readExtents(options.extents);
  if (!extents)
    return extents.error();
  compileOptions.extents = *extents;
  Expected<void> dumped;
  if (!options.dump.empty()) {
    if (dumped = makeFolder(options.dump); !dumped)
      return dumped;
    compileOptions.dump = [&](std::string_view stage, const std::string &text) {
      if (dumped)
        dumped = writeFile(options.dump + "/" + std::string(stage) + ".mlir", text);
    };
  }
  Progress progress(options.output == "-");
  progress.show("compiling " + options.model + " ...", true);
  auto compiled = compiler::compile(*file, compileOptions);
  progress.clear();
  if (!compiled)
    return Error{options.model + ": " + compiled.error().message};
  if (!dumped)
    return dumped;
  auto bytes = compiled->image.serialize();
  if (!bytes)
    return bytes.error();
  if (auto written = writeFile(options.output, *bytes); !written)
    return written;
  if (options.output != "-")
    std::printf("%s: %zu bytes for %s\n", options.output.c_str(), bytes->size(),
                options.cpuOnly ? "the CPU" : machine->name.c_str());
  return {};
}

} // namespace

void addCompile(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("compile", "Compile a TFLite or ONNX model into a program image");
  command->add_option("MODEL", options->model, "TFLite or ONNX model")->required();
  command->add_option("--machine", options->machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "program image to write (.tsr)")->required();
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  command->add_flag("--cpu", options->cpuOnly, "everything for the host's CPU");
  command->add_option("--dump", options->dump, "folder for the module's text after each stage");
  command->footer("\ntessera compile net.tflite --machine tiny -o net.tsr");
  command->callback([options, &status] {
    if (auto done = compileModel(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
