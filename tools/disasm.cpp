#include "commands.h"
#include "files.h"

#include "tessera/isa/assembler.h"

#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string file;
  std::string machine = "pynq";
  std::string output = "-";
  bool microOps = false;
};

Expected<void> disassembleFile(const Options &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto file = readFile(options.file);
  if (!file)
    return file.error();
  size_t bytes = options.microOps ? 4 : 16;
  if (file->size() % bytes != 0)
    return Error{options.file + ": " + std::to_string(file->size()) + " bytes is no multiple of " +
                 std::to_string(bytes)};
  auto word = [&](size_t at, unsigned count) {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= uint64_t{(*file)[at + i]} << (8 * i);
    return value;
  };
  isa::Program program;
  for (size_t at = 0; at < file->size(); at += bytes) {
    if (options.microOps)
      program.microOps.push_back(static_cast<uint32_t>(word(at, 4)));
    else
      program.instructions.push_back({word(at, 8), word(at + 8, 8)});
  }
  return writeFile(options.output, isa::disassemble(program, *machine));
}

} // namespace

void addDisasm(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "disasm", "Disassemble instruction words or micro-ops; the text assembles to the same bytes");
  command->add_option("FILE", options->file, "instructions, 16 bytes each")->required();
  command->add_option("--machine", options->machine, "machine whose field layout is used")
      ->capture_default_str();
  command->add_flag("--uops", options->microOps, "the file holds micro-ops, 4 bytes each");
  command->add_option("-o,--output", options->output, "file for the text")->capture_default_str();
  command->footer("\ntessera disasm program.bin --machine pynq");
  command->callback([options, &status] {
    if (auto done = disassembleFile(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
