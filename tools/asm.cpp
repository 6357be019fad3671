#include "commands.h"
#include "files.h"

#include "tessera/isa/assembler.h"

#include <cstring>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string source;
  std::string machine = "pynq";
  std::string output;
  std::string microOps;
};

template <class T> std::span<const uint8_t> bytesOf(const std::vector<T> &words) {
  return {reinterpret_cast<const uint8_t *>(words.data()), words.size() * sizeof(T)};
}

Expected<void> assembleFile(const Options &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto source = readFile(options.source);
  if (!source)
    return source.error();
  auto program =
      isa::assemble({reinterpret_cast<const char *>(source->data()), source->size()}, *machine);
  if (!program)
    return Error{options.source + ": " + program.error().message};
  if (!program->microOps.empty() && options.microOps.empty())
    return Error{options.source + ": has " + std::to_string(program->microOps.size()) +
                 " micro-ops: give --uops a file for them"};
  if (!options.microOps.empty())
    if (auto written = writeFile(options.microOps, bytesOf(program->microOps)); !written)
      return written;
  return writeFile(options.output, bytesOf(program->instructions));
}

} // namespace

void addAsm(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("asm", "Assemble instructions and micro-ops from text");
  command->add_option("SOURCE", options->source, "assembler text")->required();
  command->add_option("--machine", options->machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "instructions, 16 bytes each")->required();
  command->add_option("--uops", options->microOps, "micro-ops, 4 bytes each, in the order of the text");
  command->footer("\ntessera asm program.s --machine pynq -o program.bin --uops uops.bin");
  command->callback([options, &status] {
    if (auto done = assembleFile(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
