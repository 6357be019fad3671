#include "commands.h"
#include "facts.h"
#include "files.h"
#include "progress.h"

#include "tessera/compiler/ahead_of_time.h"
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
  std::string target;
  std::string cpu; ///< a processor's name
  std::string tuned, memory;
  std::string json;
  bool cpuOnly = false;
};

/// The library and its headers; all of them or none: beside their names first, and what was there before stays where one cannot be written.
Expected<void> writeLibrary(const std::string &folder, const std::vector<compiler::LibraryFile> &files) {
  if (auto made = makeFolder(folder); !made)
    return made;
  const auto pathOf = [&](const compiler::LibraryFile &file) { return folder + "/" + file.name; };
  const auto besideOf = [&](const compiler::LibraryFile &file) { return folder + "/." + file.name + ".new"; };
  std::error_code failed;
  Expected<void> written;
  for (const compiler::LibraryFile &file : files) {
    if (written && std::filesystem::is_directory(pathOf(file), failed))
      written = Error{"cannot write " + pathOf(file) + ": Is a directory"};
    if (written)
      written = writeFile(besideOf(file), file.data);
  }
  failed.clear();
  for (const compiler::LibraryFile &file : files)
    if (written)
      if (std::filesystem::rename(besideOf(file), pathOf(file), failed); failed)
        written = Error{"cannot write " + pathOf(file) + ": " + failed.message()};
  for (const compiler::LibraryFile &file : files)
    std::filesystem::remove(besideOf(file), failed);
  return written;
}

/// The text of the facts: model, machine (of an image; "cpu" where there is none) or target and cpu (of a library), files (name, bytes).
void printFiles(const Facts &facts) {
  for (const Facts &file : facts["files"]) {
    std::printf("%s: %zu bytes", file["name"].get<std::string>().c_str(), file["bytes"].get<size_t>());
    if (facts.contains("machine"))
      std::printf(" for %s",
                  facts["machine"] == "cpu" ? "the CPU" : facts["machine"].get<std::string>().c_str());
    std::printf("\n");
  }
}

using Dump = std::function<void(std::string_view stage, const std::string &text)>;

Expected<void> compileLibrary(const Options &options, std::span<const uint8_t> file,
                              const std::map<std::string, int64_t> &extents, const Dump &dump) {
  compiler::LibraryOptions libraryOptions;
  libraryOptions.target = options.target;
  libraryOptions.cpu = options.cpu;
  libraryOptions.name = std::filesystem::path(options.model).stem();
  libraryOptions.modelFolder = folderOf(options.model);
  libraryOptions.extents = extents;
  libraryOptions.dump = dump;
  libraryOptions.tuned = options.tuned;
  Progress progress(false);
  libraryOptions.warn = [&](const std::string &warning) {
    progress.clear();
    warn(warning);
  };
  progress.show("compiling " + options.model + " ...", true);
  auto files = compiler::makeLibrary(file, libraryOptions);
  progress.clear();
  if (!files)
    return Error{options.model + ": " + files.error().message};
  if (auto written = writeLibrary(options.output, *files); !written)
    return written;
  Facts facts = {
      {"model", options.model}, {"target", options.target}, {"cpu", options.cpu}, {"files", Facts::array()}};
  for (const compiler::LibraryFile &made : *files)
    facts["files"].push_back({{"name", options.output + "/" + made.name}, {"bytes", made.data.size()}});
  return tell(facts, printFiles, options.json);
}

Expected<void> compileModel(const Options &options) {
  if (!options.cpu.empty() || !options.target.empty())
    if (auto known = compiler::processorOf(options.target, options.cpu); !known)
      return known.error();
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  if (options.output == "-" && options.json == "-")
    return Error{"stdout takes one of --output and --json"};
  if (auto checked = checkFiles({}, {options.target.empty() ? options.output : "", options.json}); !checked)
    return checked;
  if (!options.target.empty())
    if (auto checked = checkFolder(options.output); !checked)
      return checked;
  compiler::CompileOptions compileOptions;
  compileOptions.machine = *machine;
  compileOptions.cpuOnly = options.cpuOnly;
  compileOptions.modelName = std::filesystem::path(options.model).stem();
  compileOptions.modelFolder = folderOf(options.model);
  auto extents = readExtents(options.extents);
  if (!extents)
    return extents.error();
  compileOptions.extents = *extents;
  compileOptions.tuned = options.tuned;
  compileOptions.tunedMemory = options.memory;
  Expected<void> dumped;
  if (!options.dump.empty()) {
    if (dumped = makeFolder(options.dump); !dumped)
      return dumped;
    compileOptions.dump = [&](std::string_view stage, const std::string &text) {
      if (dumped)
        dumped = writeFile(options.dump + "/" + std::string(stage) + ".mlir", text);
    };
  }
  if (!options.target.empty()) {
    auto made = compileLibrary(options, *file, *extents, compileOptions.dump);
    return made ? dumped : made;
  }
  if (!options.cpu.empty())
    compileOptions.hostCpu = *compiler::processorOf("", options.cpu);
  Progress progress(options.output == "-");
  compileOptions.warn = [&](const std::string &warning) {
    progress.clear();
    warn(warning);
  };
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
  if (options.output == "-" && options.json.empty())
    return {};
  const Facts facts = {{"model", options.model},
                       {"machine", options.cpuOnly ? "cpu" : machine->name},
                       {"files", {{{"name", options.output}, {"bytes", bytes->size()}}}}};
  return tell(facts, options.output == "-" ? [](const Facts &) {} : printFiles, options.json);
}

} // namespace

void addCompile(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("compile", "Compile a TFLite or ONNX model into a program image");
  command->add_option("MODEL", options->model, "TFLite or ONNX model");
  command->add_option("--machine", options->machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "program image to write (.tsr); with --target the folder for the library")
      ->required();
  command->add_option(
      "--target", options->target,
      "a shared library instead of an image, with a C header (docs/ahead-of-time.md), for x86_64-linux-gnu, "
      "aarch64-linux-gnu or arm-linux-gnueabihf");
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  CLI::Option *cpu =
      command
          ->add_option("--cpu", options->cpu,
                       "everything for the CPU; NAME: for that processor, as native or cortex-a53")
          ->expected(0, 1)
          ->type_name("[NAME]");
  CLI::Option *tuned = command->add_option("--tuned", options->tuned,
                                           "tuning log that tessera tune wrote: plans measured for this "
                                           "machine and memory, or for this processor (--cpu)");
  command
      ->add_option("--memory", options->memory,
                   "memory model that --tuned's plans were measured with (bench)")
      ->needs(tuned);
  addJsonOption(*command, options->json);
  command->add_option("--dump", options->dump, "folder for the module's text after each stage");
  command->footer("\ntessera compile net.tflite --machine tiny -o net.tsr\n"
                  "tessera compile net.tflite --target aarch64-linux-gnu --cpu cortex-a53 -o net_arm64");
  command->callback([options, cpu, &status] {
    options->cpuOnly = cpu->count() > 0;
    if (options->model.empty())
      std::swap(options->model, options->cpu); // `--cpu MODEL`: the name may be left out
    if (options->model.empty())
      throw CLI::RequiredError("MODEL");
    if (auto done = compileModel(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
